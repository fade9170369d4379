"""ccxt, unmodified, in one environment with hlsim and the official SDK.

`.ci/run` installs all three beside the wheel; elsewhere these tests are skipped.
"""

from __future__ import annotations

from typing import Any

import pytest

import hlsim

ccxt = pytest.importorskip("ccxt", reason="ccxt is not installed; .ci/run runs this file with it")

BTC = "BTC/USDC:USDC"


@pytest.fixture(scope="module")
def bot() -> Any:
    """A bot as its user writes it: the address replaced, and the testnet's signatures."""
    with hlsim.start(market="static", clock="manual") as server:
        account = server.accounts[0]
        found = ccxt.hyperliquid({"walletAddress": account.address, "privateKey": account.key})
        found.enableRateLimit = False
        found.options["sandboxMode"] = True
        found.urls["api"] = {"public": server.url, "private": server.url}
        found.load_markets()
        yield found


def test_the_official_sdk_can_be_imported_beside_it() -> None:
    from hyperliquid.exchange import Exchange

    assert Exchange.__module__ == "hyperliquid.exchange"


def test_markets_prices_and_books_are_read(bot: Any) -> None:
    ticker = bot.fetch_ticker(BTC)
    book = bot.fetch_order_book(BTC)

    assert {BTC, "ETH/USDC:USDC", "HYPE/USDC"} <= set(bot.markets)
    assert ticker["bid"] == book["bids"][0][0] < ticker["last"] < book["asks"][0][0]


def test_balances_are_read(bot: Any) -> None:
    assert bot.fetch_balance()["USDC"]["total"] == 100_000
    assert bot.fetch_balance({"type": "spot"})["USDC"]["total"] == 10_000


def test_an_order_rests_and_is_cancelled(bot: Any) -> None:
    oid = bot.create_order(BTC, "limit", "buy", 0.001, 50_000)["id"]

    assert [order["id"] for order in bot.fetch_open_orders(BTC)] == [oid]
    bot.cancel_order(oid, BTC)
    assert bot.fetch_open_orders(BTC) == []


def test_an_order_trades_and_is_a_position(bot: Any) -> None:
    bot.create_order(BTC, "market", "buy", 0.001, bot.fetch_ticker(BTC)["ask"])

    assert [trade["amount"] for trade in bot.fetch_my_trades(BTC)] == [0.001]
    assert [position["contracts"] for position in bot.fetch_positions([BTC])] == [0.001]
