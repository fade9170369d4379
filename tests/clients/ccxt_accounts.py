"""Balances, transfers and histories with ccxt for Python: `python ccxt_accounts.py [URL]`."""

from __future__ import annotations

import ccxt
from ccxt_bot import BTC, ETH, bot, client, other, price, refused, rests
from steps import ADDRESS, KEY, OTHER, OTHER_KEY, advance, can, run

LACKS = ["transfers: usdSend", "transfers: spotSend", "accounts: approve an agent"]
AGENT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
AGENT_KEY = "0x" + "11" * 32
NO_BUILDER = {"approvedBuilderFee": True, "builderFee": False}
"""ccxt names itself as the builder of orders. Who has not approved its fee trades without one."""

made: dict[str, str] = {}
"""Sub-account and vault, once there are any."""

# -- balances --------------------------------------------------------------------------------------


@can("balances: classic")
def _() -> None:
    assert other.fetch_balance()["USDC"]["total"] == 100_000
    assert other.fetch_balance({"type": "spot"})["USDC"]["total"] == 10_000


@can("balances: unified")
def _() -> None:
    assert other.set_user_abstraction("unifiedAccount")["status"] == "ok"
    unified = client(OTHER, OTHER_KEY)  # a client asks once which kind of account it has
    assert unified.fetch_balance()["USDC"]["total"] == 110_000


# -- transfers -------------------------------------------------------------------------------------


def spot_usdc(address: str) -> float:
    return float(bot.fetch_balance({"type": "spot", "user": address})["USDC"]["total"])


@can("transfers: spot and perp")
def _() -> None:
    before = spot_usdc(ADDRESS)
    bot.transfer("USDC", 100, "swap", "spot")
    assert spot_usdc(ADDRESS) == before + 100
    bot.transfer("USDC", 50, "spot", "swap")
    assert spot_usdc(ADDRESS) == before + 50


@can("transfers: withdraw")
def _() -> None:
    answer = bot.withdraw("USDC", 20, ADDRESS)
    assert answer["info"]["status"] == "ok"
    (row,) = bot.fetch_withdrawals()
    assert (row["amount"], row["fee"]["cost"]) == (19, 1)


@can("transfers: sub-account")
def _() -> None:
    made["sub-account"] = sub = bot.create_sub_account("desk")["response"]["data"]
    bot.transfer("USDC", 1000, "main", sub)
    bot.transfer("USDC", 100, sub, "main")
    assert bot.fetch_balance({"user": sub})["USDC"]["total"] == 900
    bot.transfer("USDC", 30, "main", sub, {"type": "spot"})
    assert spot_usdc(sub) == 30


@can("transfers: vault")
def _() -> None:
    vault = bot.create_vault("ccxt vault", "Made by ccxt, unmodified.", 500)
    made["vault"] = vault["response"]["data"]
    advance(hours=25)  # what was just put in is locked for a day
    bot.withdraw("USDC", 100 * 10**6, ADDRESS, {"vaultAddress": made["vault"]})
    assert bot.fetch_balance({"user": made["vault"]})["USDC"]["total"] == 400


# -- accounts --------------------------------------------------------------------------------------


@can("accounts: trade as an agent")
def _() -> None:
    # There is no method to approve one, but all that it takes.
    nonce = bot.incrementing_nonce()
    chain, name = "Mainnet", "ccxt"
    fields = {"hyperliquidChain": chain, "agentAddress": AGENT, "agentName": name, "nonce": nonce}
    kinds = {"hyperliquidChain": "string", "agentAddress": "address", "agentName": "string"}
    types = [{"name": field, "type": kind} for field, kind in {**kinds, "nonce": "uint64"}.items()]
    signature = bot.sign_user_signed_action({"HyperliquidTransaction:ApproveAgent": types}, fields)
    action = {"type": "approveAgent", "signatureChainId": "0x66eee", **fields}
    bot.privatePostExchange({"action": action, "nonce": nonce, "signature": signature})

    agent = client(ADDRESS, AGENT_KEY, options=NO_BUILDER)
    order = agent.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8))
    assert rests(order)["status"] == "open"
    agent.cancel_order(order["id"], BTC)


@can("accounts: trade for a sub-account")
def _() -> None:
    trades_for(made["sub-account"])


@can("accounts: trade for a vault")
def _() -> None:
    trades_for(made["vault"])


def trades_for(address: str) -> None:
    trader = client(ADDRESS, KEY, options=NO_BUILDER)
    trader.create_order(ETH, "market", "buy", 0.05, price(ETH, 1), {"vaultAddress": address})
    assert bot.fetch_positions([ETH], {"user": address})[0]["contracts"] == 0.05


# -- queries ---------------------------------------------------------------------------------------


@can("queries: open orders")
def _() -> None:
    order = bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8))
    (found,) = bot.fetch_open_orders(BTC)
    assert (found["id"], found["remaining"]) == (order["id"], 0.001)
    bot.cancel_order(order["id"], BTC)


@can("queries: order status")
def _() -> None:
    order = bot.create_order(BTC, "market", "buy", 0.001, price(BTC, 1))
    assert rests(order)["status"] == "closed"
    refused(ccxt.OrderNotFound, bot.fetch_order, "999999999", BTC)


@can("queries: order history")
def _() -> None:
    closed, canceled = bot.fetch_closed_orders(BTC), bot.fetch_canceled_orders(BTC)
    assert {order["status"] for order in closed} == {"closed"}
    assert {order["status"] for order in canceled} == {"canceled"}
    assert len(bot.fetch_orders(BTC)) >= len(closed) + len(canceled)
    both = bot.fetch_canceled_and_closed_orders(BTC)
    assert {order["status"] for order in both} >= {"closed", "canceled"}


@can("queries: fills")
def _() -> None:
    trades = bot.fetch_my_trades(BTC)
    assert {trade["takerOrMaker"] for trade in trades} == {"taker", "maker"}
    assert all(trade["fee"]["cost"] for trade in trades)
    assert bot.fetch_my_liquidations() == []


@can("queries: positions")
def _() -> None:
    assert {position["symbol"] for position in bot.fetch_positions()} == {BTC, ETH}


@can("queries: funding payments")
def _() -> None:
    advance(hours=1)
    assert {BTC, ETH} == {row["symbol"] for row in bot.fetch_funding_history()}


@can("queries: ledger")
def _() -> None:
    kinds = {entry["type"] for entry in bot.fetch_ledger()}
    assert kinds >= {"transfer", "withdraw"}
    assert [row["amount"] for row in bot.fetch_deposits()] == [100_000]


@can("queries: fees")
def _() -> None:
    fee = bot.fetch_trading_fee(BTC)
    assert fee["maker"] < 0 < fee["taker"] < 0.001  # who makes that much of the volume is paid


if __name__ == "__main__":
    run(LACKS)
