"""Refusals of leverage, isolated margin, transfers and referrals (exchange 7.4, 7.5)."""

from __future__ import annotations

from typing import Any

from refusals import BTC, ETH, FRESH, ISOLATED, PURR_ID, USDC_ID, World, earns

from hlsim.sim.errors import ActionReject
from hlsim.sim.operations import SetReferralCode


def _leverage(asset: int, leverage: int, *, cross: bool = True) -> dict[str, Any]:
    return {"type": "updateLeverage", "asset": asset, "isCross": cross, "leverage": leverage}


def _margin(asset: int, ntli: int) -> dict[str, Any]:
    return {"type": "updateIsolatedMargin", "asset": asset, "isBuy": True, "ntli": ntli}


def _isolated_long(w: World) -> None:
    """Alice holds 0.1 BTC at 66000, isolated 10x."""
    w.alice.l1(_leverage(BTC, 10, cross=False))
    w.trade(BTC, "0.1", "66000")


@earns(ActionReject.INVALID_LEVERAGE, "Invalid leverage value")
def _(w: World) -> Any:
    return w.alice.l1(_leverage(BTC, 41))


@earns(ActionReject.LEVERAGE_SWITCH, "Cannot switch leverage type with open position.")
def _(w: World) -> Any:
    w.trade(ETH, "1", "1900")
    return w.alice.l1(_leverage(ETH, 20, cross=False))


@earns(
    ActionReject.LEVERAGE_MARGIN,
    "Isolated position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, add margin to the position.",
)
def _(w: World) -> Any:
    _isolated_long(w)
    return w.alice.l1(_leverage(BTC, 5, cross=False))


@earns(ActionReject.CROSS_NOT_ALLOWED, "Cross margin is not allowed for this asset.")
def _(w: World) -> Any:
    return w.alice.l1(_leverage(ISOLATED, 1))


@earns(ActionReject.NOT_ISOLATED, "Position does not use isolated margin.")
def _(w: World) -> Any:
    w.trade(ETH, "1", "1900")
    return w.alice.l1(_margin(ETH, 1_000_000))


@earns(ActionReject.ISOLATED_ZERO, "Update to isolated margin cannot be zero.")
def _(w: World) -> Any:
    return w.alice.l1(_margin(BTC, 0))


@earns(ActionReject.ISOLATED_EMPTY, "Cannot update margin for empty position.")
def _(w: World) -> Any:
    return w.alice.l1(_margin(BTC, 1_000_000))


@earns(
    ActionReject.ISOLATED_INCREASE,
    "Account does not have sufficient margin available for increase.",
)
def _(w: World) -> Any:
    _isolated_long(w)
    return w.alice.l1(_margin(BTC, 200_000_000_000))


@earns(
    ActionReject.ISOLATED_REDUCE,
    "Position does not have sufficient margin for reduction.",
)
def _(w: World) -> Any:
    _isolated_long(w)
    return w.alice.l1(_margin(BTC, -100_000_000))


@earns(ActionReject.NOT_STRICT, "Asset not strict isolated")
def _(w: World) -> Any:
    return w.alice.l1({"type": "topUpIsolatedOnlyMargin", "asset": BTC, "leverage": "5"})


# -- transfers -------------------------------------------------------------------------------------


def _spot_send(w: World, **more: Any) -> Any:
    fields = {"destination": w.bob.address, "token": PURR_ID, "amount": "5", **more}
    return w.alice.user("spotSend", **fields)


def _send_asset(w: World, **more: Any) -> Any:
    fields = {
        "destination": w.bob.address,
        "sourceDex": "",
        "destinationDex": "spot",
        "token": USDC_ID,
        "amount": "5",
        "fromSubAccount": "",
        **more,
    }
    return w.alice.user("sendAsset", **fields)


@earns(ActionReject.AMOUNT_INVALID, "Invalid decimal number")
def _(w: World) -> Any:
    return _spot_send(w, amount="five")


@earns(ActionReject.AMOUNT_ZERO, "Send amount cannot be zero")
def _(w: World) -> Any:
    return _spot_send(w, amount="0.0")


@earns(ActionReject.AMOUNT_DECIMALS, "Invalid number of decimals")
def _(w: World) -> Any:
    return _spot_send(w, amount="0.000001")


@earns(ActionReject.WITHDRAW_BALANCE, "Insufficient balance for withdrawal.")
def _(w: World) -> Any:
    fields = {"destination": w.alice.address, "amount": "100000.000001"}
    return w.alice.user("withdraw3", **fields)


@earns(ActionReject.WITHDRAW_FEE, "Withdrawal is smaller than fee.")
def _(w: World) -> Any:
    fields = {"destination": w.alice.address, "amount": "1"}
    return w.alice.user("withdraw3", **fields)


@earns(ActionReject.WITHDRAW_ZERO, "Withdrawal amount cannot be zero")
def _(w: World) -> Any:
    fields = {"destination": w.alice.address, "amount": "0"}
    return w.alice.user("withdraw3", **fields)


@earns(ActionReject.USD_SEND_FEE, "Usd transfer is smaller than fee.")
def _(w: World) -> Any:
    fields = {"destination": w.bob.address, "amount": "0.0005"}
    return w.alice.user("usdSend", **fields)


@earns(ActionReject.SELF_TRANSFER, "Cannot self-transfer.")
def _(w: World) -> Any:
    return _spot_send(w, destination=w.alice.address)


@earns(ActionReject.INVALID_SEND, "Invalid send")
def _(w: World) -> Any:
    return _send_asset(w, destination=w.alice.address, destinationDex="")


@earns(ActionReject.TOKEN_BALANCE, "Insufficient balance for token transfer")
def _(w: World) -> Any:
    return _spot_send(w, amount="10000.1")


@earns(
    ActionReject.TRANSFER_GAS,
    "Insufficient quote token (e.g., 1 USDC or USDT) balance for token transfer gas.",
)
def _(w: World) -> Any:
    fields = {"amount": "10000", "toPerp": True}
    assert w.alice.user("usdClassTransfer", **fields)["status"] == "ok"
    return _spot_send(w, destination=FRESH)


@earns(
    ActionReject.TRANSFER_GAS_QUOTE,
    "Insufficient USDC balance for token transfer gas.",
)
def _(w: World) -> Any:
    return _spot_send(w, destination=FRESH, token=USDC_ID, amount="9999.5")


@earns(ActionReject.UNKNOWN_TOKEN, "Unknown token HYPE")
def _(w: World) -> Any:
    return _spot_send(w, token="HYPE")


@earns(ActionReject.INVALID_DEX, "Invalid perp DEX")
def _(w: World) -> Any:
    return _send_asset(w, destinationDex="nope")


@earns(ActionReject.SUB_ACCOUNT_FOREIGN, f"Sub-account {FRESH} is not registered to …")
def _(w: World) -> Any:
    fields = {"amount": f"1 subaccount:{FRESH}", "toPerp": False}
    return w.alice.user("usdClassTransfer", **fields)


# -- referrals -------------------------------------------------------------------------------------


def _refer(w: World, code: str) -> Any:
    return w.alice.l1({"type": "setReferrer", "code": code})


@earns(ActionReject.REFERRAL_UNKNOWN, "Referral code not registered")
def _(w: World) -> Any:
    return _refer(w, "NOBODY")


@earns(ActionReject.REFERRAL_SELF, "Cannot self-refer")
def _(w: World) -> Any:
    w.server.operate(SetReferralCode(w.alice.address, "MINE"))  # type: ignore[arg-type]
    return _refer(w, "MINE")


@earns(ActionReject.REFERRAL_SET, "Referrer already set")
def _(w: World) -> Any:
    w.server.operate(SetReferralCode(w.bob.address, "BOB"))  # type: ignore[arg-type]
    assert _refer(w, "BOB")["status"] == "ok"
    return _refer(w, "BOB")
