"""Refusals of staking and of referrers (exchange 5.2, 5.3, 7.6)."""

from __future__ import annotations

from typing import Any

from refusals import BTC, FRESH, World, earns
from wire import IOC, Pen, order

from hlsim.sim.errors import ActionReject

OPEN = "0x5ac99df645f3414876c816caa18b2d234024b487"
CLOSED = "0x15458aae65e0a2d6d2e8a4d3d6c64a2cc29a1e10"
HYPE = 10**8
"""In wei."""


def _stake(w: World) -> None:
    """Alice has 10 HYPE on her staking account."""
    assert w.alice.user("cDeposit", wei=10 * HYPE)["status"] == "ok"


def _delegate(w: World, validator: str, hype: int, *, back: bool = False) -> Any:
    return w.alice.user("tokenDelegate", validator=validator, wei=hype * HYPE, isUndelegate=back)


@earns(ActionReject.VALIDATOR_UNKNOWN, "Unknown validator")
def _(w: World) -> Any:
    _stake(w)
    return _delegate(w, FRESH, 1)


@earns(ActionReject.VALIDATOR_UNKNOWN, "Unknown validator")
def _(w: World) -> Any:
    return w.alice.l1({"type": "CValidatorAction", "unregister": None})


@earns(ActionReject.VALIDATOR_CLOSED, "Validator has delegations disabled")
def _(w: World) -> Any:
    _stake(w)
    return _delegate(w, CLOSED, 1)


@earns(
    ActionReject.DELEGATION_LOCKED,
    "Cannot undelegate during lockup period after delegating or voting.",
)
def _(w: World) -> Any:
    _stake(w)
    assert _delegate(w, OPEN, 10)["status"] == "ok"
    return _delegate(w, OPEN, 1, back=True)


@earns(ActionReject.DELEGATABLE, "Insufficient delegatable balance")
def _(w: World) -> Any:
    _stake(w)
    return _delegate(w, OPEN, 11)


@earns(
    ActionReject.PRIORITY_BALANCE,
    "Insufficient delegatable balance for priority order",
)
def _(w: World) -> Any:
    """Spot HYPE pays for nothing, nor does what is delegated."""
    _stake(w)
    assert _delegate(w, OPEN, 10)["status"] == "ok"
    return w.alice.orders(order(BTC, "0.1", "66000", IOC), grouping={"p": 12345})


@earns(ActionReject.PRIORITY_RATE, "Priority rate cannot be greater than 100%.")
def _(w: World) -> Any:
    return w.alice.orders(order(BTC, "0.1", "66000", IOC), grouping={"p": 100_000_001})


@earns(
    ActionReject.PRIORITY_ORDERS,
    "Priority grouping is only supported when every order is IOC, or every order is a "
    "non-reduce-only ALO, on a non-outcome asset.",
)
def _(w: World) -> Any:
    return w.alice.orders(order(BTC, "0.1", "66000"), grouping={"p": 1})


@earns(ActionReject.STAKE_SHORT, "Insufficient stake")
def _(w: World) -> Any:
    _stake(w)
    assert _delegate(w, OPEN, 9)["status"] == "ok"
    return _delegate(w, OPEN, 10, back=True)


@earns(ActionReject.UNSTAKING_TOO_MANY, "Too many pending withdrawals.")
def _(w: World) -> Any:
    _stake(w)
    return [w.alice.user("cWithdraw", wei=HYPE) for _ in range(6)][-1]


@earns(ActionReject.TOKEN_BALANCE, "Insufficient balance for token transfer")
def _(w: World) -> Any:
    return w.alice.user("cDeposit", wei=101 * HYPE)


@earns(ActionReject.WITHDRAW_BALANCE, "Insufficient balance for withdrawal.")
def _(w: World) -> Any:
    return w.alice.user("cWithdraw", wei=HYPE)


# -- links -----------------------------------------------------------------------------------------


def _link(pen: Pen, other: str, *, finalize: bool = False) -> Any:
    return pen.user("linkStakingUser", user=other, isFinalize=finalize)


def _disable(w: World) -> Any:
    return w.bob.user("stakingLinkDisableTradingUser", tradingUser=w.alice.address)


def _linked(w: World) -> None:
    """Bob stakes, alice trades."""
    assert _link(w.alice, w.bob.address)["status"] == "ok"
    assert _link(w.bob, w.alice.address, finalize=True)["status"] == "ok"


@earns(ActionReject.LINK_USER, "Staking link error: invalid user")
def _(w: World) -> Any:
    return _link(w.alice, FRESH)


@earns(ActionReject.LINK_TAKEN, "Staking link error: user is already linked")
def _(w: World) -> Any:
    _linked(w)
    return _link(w.carol, w.bob.address)


@earns(ActionReject.LINK_UNASKED, "Staking link error: user has not requested a link")
def _(w: World) -> Any:
    return _link(w.bob, w.alice.address, finalize=True)


@earns(ActionReject.LINK_MISSING, "Staking link error: user is not a linked trading user")
def _(w: World) -> Any:
    assert _link(w.alice, w.bob.address)["status"] == "ok"
    return _disable(w)


@earns(ActionReject.LINK_DISABLED, "Staking link error: trading user is disabled")
def _(w: World) -> Any:
    _linked(w)
    assert _disable(w)["status"] == "ok"
    return w.alice.l1({"type": "noop"})


# -- referrers -------------------------------------------------------------------------------------


def _register(code: str) -> dict[str, Any]:
    return {"type": "registerReferrer", "code": code}


@earns(
    ActionReject.REFERRAL_VOLUME,
    "Cannot generate referral code until enough volume traded. Required: $10000. Traded: $0.",
)
def _(w: World) -> Any:
    return w.alice.l1(_register("ALICE"))


def _code_of_bob(w: World) -> None:
    w.traded(w.bob, 10_000)
    assert w.bob.l1(_register("BOB"))["status"] == "ok"


@earns(ActionReject.REFERRAL_TAKEN, "Referral code already registered")
def _(w: World) -> Any:
    _code_of_bob(w)
    w.traded(w.alice, 10_000)
    return w.alice.l1(_register("BOB"))


@earns(
    ActionReject.REFERRAL_CODE,
    "Referral code must be between 1 and 20 characters long.",
)
def _(w: World) -> Any:
    return w.alice.l1(_register("X" * 21))


@earns(ActionReject.REWARDS_NONE, "No rewards to claim")
def _(w: World) -> Any:
    return w.alice.l1({"type": "claimRewards"})


@earns(
    ActionReject.REWARDS_FEW,
    "Must have at least 1 USDC in rewards to claim",
)
def _(w: World) -> Any:
    _code_of_bob(w)
    assert w.alice.l1({"type": "setReferrer", "code": "BOB"})["status"] == "ok"
    w.trade(BTC, "0.1", "66000")
    return w.bob.l1({"type": "claimRewards"})
