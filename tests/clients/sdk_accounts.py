"""Balances, transfers and histories with the official SDK: `python sdk_accounts.py [URL]`."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action
from sdk_bot import GTC, OK, bot, client, info, only, position, price, rests, status_of, trade
from steps import ADDRESS, FRIEND, KEY, OTHER, OTHER_KEY, advance, can, run

MILLIONTHS = 10**6
made: dict[str, str] = {}
"""Sub-account and vault, once there are any."""


def usd(user: str) -> float:
    return float(info.user_state(user)["marginSummary"]["accountValue"])


def spot(user: str, coin: str = "USDC") -> float:
    rows = {row["coin"]: row["total"] for row in info.spot_user_state(user)["balances"]}
    return float(rows.get(coin, 0))


# -- balances --------------------------------------------------------------------------------------


@can("balances: classic")
def _() -> None:
    assert (usd(OTHER), spot(OTHER)) == (100_000, 10_000)


@can("balances: unified")
def _() -> None:
    assert client(OTHER_KEY).user_set_abstraction(OTHER, "unifiedAccount") == OK
    assert info.query_user_abstraction_state(OTHER) == "unifiedAccount"
    assert spot(OTHER) == 110_000


# -- transfers -------------------------------------------------------------------------------------


@can("transfers: spot and perp")
def _() -> None:
    before = spot(ADDRESS)
    assert bot.usd_class_transfer(100, False) == OK
    assert spot(ADDRESS) == before + 100
    assert bot.usd_class_transfer(50, True) == OK
    assert spot(ADDRESS) == before + 50


@can("transfers: usdSend")
def _() -> None:
    before = usd(FRIEND)
    assert bot.usd_transfer(10, FRIEND) == OK
    assert round(usd(FRIEND) - before, 6) == 10


@can("transfers: spotSend")
def _() -> None:
    before = spot(FRIEND, "HYPE")
    (token,) = [token for token in info.spot_meta()["tokens"] if token["name"] == "HYPE"]
    assert bot.spot_transfer(2, FRIEND, f"HYPE:{token['tokenId']}") == OK
    assert spot(FRIEND, "HYPE") == before + 2


@can("transfers: withdraw")
def _() -> None:
    assert bot.withdraw_from_bridge(20, ADDRESS) == OK
    (*_, row) = info.user_non_funding_ledger_updates(ADDRESS, 0)
    assert (row["delta"]["type"], row["delta"]["usdc"], row["delta"]["fee"]) == (
        "withdraw",
        "19.0",
        "1.0",
    )


@can("transfers: sub-account")
def _() -> None:
    trade(1)  # the exchange wants a hundred thousand of volume first
    made["sub-account"] = sub = bot.create_sub_account("desk")["response"]["data"]
    assert bot.sub_account_transfer(sub, True, 1000 * MILLIONTHS) == OK
    assert bot.sub_account_transfer(sub, False, 100 * MILLIONTHS) == OK
    token = info.spot_meta()["tokens"][0]["tokenId"]
    assert bot.sub_account_spot_transfer(sub, True, f"USDC:{token}", 30) == OK
    assert (usd(sub), spot(sub)) == (900, 30)
    assert [row["name"] for row in info.query_sub_accounts(ADDRESS)] == ["desk"]


@can("transfers: vault")
def _() -> None:
    made["vault"] = vault = new_vault(500)
    assert bot.vault_usd_transfer(vault, True, 100 * MILLIONTHS) == OK
    advance(hours=25)  # what was just put in is locked for a day
    assert bot.vault_usd_transfer(vault, False, 200 * MILLIONTHS) == OK
    assert usd(vault) == 400
    (row,) = info.user_vault_equities(ADDRESS)
    assert (row["vaultAddress"], row["equity"]) == (vault, "400.0")


def new_vault(dollars: int) -> str:
    """There is no method to make one, but all that it takes."""
    nonce = get_timestamp_ms()
    action: dict[str, Any] = {
        "type": "createVault",
        "name": "SDK vault",
        "description": "Made with the official SDK.",
        "initialUsd": dollars * MILLIONTHS,
        "nonce": nonce,
    }
    signature = sign_l1_action(bot.wallet, action, None, nonce, None, False)
    payload = {"action": action, "nonce": nonce, "signature": signature}
    address: str = bot.post("/exchange", payload)["response"]["data"]
    return address


# -- accounts --------------------------------------------------------------------------------------


@can("accounts: approve an agent")
def _() -> None:
    reply, made["key"] = bot.approve_agent("sdk")
    assert reply == OK
    (row,) = info.extra_agents(ADDRESS)
    assert (row["name"], row["address"]) == ("sdk", Account.from_key(made["key"]).address.lower())


@can("accounts: trade as an agent")
def _() -> None:
    agent = client(made["key"], account_address=ADDRESS)
    oid = only(agent.order("BTC", True, 0.001, price("BTC", 0.8), GTC))["resting"]["oid"]
    assert status_of(oid) == "open"
    only(agent.cancel("BTC", oid))


def trades_for(address: str) -> None:
    trader = client(KEY, vault_address=address)
    only(trader.market_open("ETH", True, 0.05))
    assert position("ETH", address)["szi"] == "0.05"


@can("accounts: trade for a sub-account")
def _() -> None:
    trades_for(made["sub-account"])


@can("accounts: trade for a vault")
def _() -> None:
    trades_for(made["vault"])


# -- queries ---------------------------------------------------------------------------------------


@can("queries: open orders")
def _() -> None:
    oid = rests()
    (plain,), (full,) = info.open_orders(ADDRESS), info.frontend_open_orders(ADDRESS)
    assert (plain["oid"], full["oid"], full["tif"]) == (oid, oid, "Gtc")
    only(bot.cancel("BTC", oid))


@can("queries: order status")
def _() -> None:
    oid = only(bot.market_open("BTC", True, 0.001))["filled"]["oid"]
    assert status_of(oid) == "filled"
    assert info.query_order_by_oid(ADDRESS, 999_999_999) == {"status": "unknownOid"}


@can("queries: order history")
def _() -> None:
    assert {row["status"] for row in info.historical_orders(ADDRESS)} >= {"filled", "canceled"}


@can("queries: fills")
def _() -> None:
    fills = info.user_fills(ADDRESS)
    assert {fill["crossed"] for fill in fills} == {True, False}
    assert info.user_fills_by_time(ADDRESS, fills[0]["time"])[-1] == fills[0]
    assert info.user_twap_slice_fills(ADDRESS) == []


@can("queries: positions")
def _() -> None:
    only(bot.market_open("BTC", True, 0.01))
    assert float(position("BTC")["szi"]) > 0


@can("queries: funding payments")
def _() -> None:
    advance(hours=1)
    (*_, newest) = info.user_funding_history(ADDRESS, 0)
    assert newest["delta"]["coin"] in ("BTC", "ETH")


@can("queries: ledger")
def _() -> None:
    rows = info.user_non_funding_ledger_updates(ADDRESS, 0)
    kinds = {row["delta"]["type"] for row in rows}
    assert kinds >= {"accountClassTransfer", "withdraw", "vaultDeposit", "subAccountTransfer"}


@can("queries: fees")
def _() -> None:
    assert float(info.user_fees(ADDRESS)["userCrossRate"]) == 0.00045
    assert info.user_role(made["vault"])["role"] == "vault"
    assert info.user_rate_limit(ADDRESS)["nRequestsUsed"] > 0
    assert info.portfolio(ADDRESS)[0][0] == "day"


if __name__ == "__main__":
    run([])
