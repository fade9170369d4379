"""The streams of ccxt for Python, which come with the package: `python ccxt_streams.py [URL]`.

For `hlsim serve --chain mainnet --market static`, like ccxt_driver.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro
from steps import ADDRESS, KEY, OTHER, OTHER_KEY, URL, can, run

BTC, HYPE = "BTC/USDC:USDC", "HYPE/USDC"
PATIENCE_S = 20
LACKS = [
    "streams: user events",
    "streams: funding payments",
    "streams: ledger",
    "streams: TWAPs",
    "streams: best bid and offer",
    "streams: open orders",
    "streams: notifications",
    "streams: room to trade",
    "streams: TWAP history",
    "streams: TWAP slice fills",
]


@asynccontextmanager
async def client(address: str = ADDRESS, key: str = KEY) -> AsyncIterator[Any]:
    """Two lines differ from a client of the exchange: where the API is, and where its socket."""
    exchange = ccxt.pro.hyperliquid(
        {
            "walletAddress": address,
            "privateKey": key,
            "urls": {
                "api": {"public": URL, "private": URL, "ws": {"public": f"ws{URL[4:]}/ws"}},
            },
            "enableRateLimit": False,
        }
    )
    try:
        await exchange.load_markets()
        yield exchange
    finally:
        await exchange.close()


async def begun(watching: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A watch that has asked for its subscription: no reply tells of it, but one turn of the loop
    puts it before all that is sent over the same socket later.
    """
    task = asyncio.create_task(watching)
    await asyncio.sleep(0)
    return task


async def buy(exchange: Any, symbol: str = BTC, amount: float = 0.001) -> Any:
    """Over the same socket, so that it comes after the subscription."""
    px = (await exchange.fetch_ticker(symbol))["last"]
    return await exchange.create_order_ws(symbol, "market", "buy", amount, px)


def streams(capability: str) -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """A step with a client of its own, that must end within `PATIENCE_S`."""

    def register(step: Callable[[Any], Awaitable[None]]) -> None:
        async def alone() -> None:
            async with client() as exchange, asyncio.timeout(PATIENCE_S):
                await step(exchange)

        can(f"streams: {capability}")(lambda: asyncio.run(alone()))

    return register


@streams("order book")
async def _(exchange: Any) -> None:
    book = await exchange.watch_order_book(BTC)
    assert book["bids"][0][0] < book["asks"][0][0]
    await exchange.un_watch_order_book(BTC)


@streams("trades")
async def _(exchange: Any) -> None:
    waiting = await begun(exchange.watch_trades(BTC))
    order = await buy(exchange)
    trades = await waiting
    assert trades[-1]["symbol"] == BTC
    assert order["filled"] == 0.001
    await exchange.un_watch_trades(BTC)


@streams("candles")
async def _(exchange: Any) -> None:
    waiting = await begun(exchange.watch_ohlcv(BTC, "1m"))
    await buy(exchange)
    (*_, candle) = await waiting
    assert candle[2] >= candle[3] > 0
    await exchange.un_watch_ohlcv(BTC, "1m")


@streams("mid prices")
async def _(exchange: Any) -> None:
    tickers = await exchange.watch_tickers([BTC, HYPE])
    assert tickers[BTC]["last"] > 0
    await exchange.un_watch_tickers([BTC, HYPE])


@streams("asset contexts")
async def _(exchange: Any) -> None:
    assert (await exchange.watch_ticker(BTC))["last"] > 0
    assert (await exchange.watch_ticker(HYPE))["last"] > 0
    await exchange.un_watch_ticker(BTC)


@streams("order updates")
async def _(exchange: Any) -> None:
    px = float(exchange.price_to_precision(BTC, (await exchange.fetch_ticker(BTC))["last"] * 0.8))
    waiting = await begun(exchange.watch_orders(BTC))
    order = await exchange.create_order_ws(BTC, "limit", "buy", 0.001, px)
    (update,) = await waiting
    assert (update["id"], update["status"]) == (order["id"], "open")
    waiting = await begun(exchange.watch_orders(BTC))
    await exchange.cancel_order(order["id"], BTC)
    (update,) = await waiting
    assert (update["id"], update["status"]) == (order["id"], "canceled")
    await exchange.un_watch_orders()


@streams("fills")
async def _(exchange: Any) -> None:
    await exchange.watch_my_trades()
    waiting = await begun(exchange.watch_my_trades())
    order = await buy(exchange)
    (*_, newest) = await waiting
    assert (newest["order"], newest["amount"]) == (order["id"], 0.001)
    await exchange.un_watch_my_trades()


@streams("perp balances and positions")
async def _(exchange: Any) -> None:
    assert (await exchange.watch_balance())["USDC"]["total"] > 0
    await exchange.un_watch_balance()
    (position,) = await exchange.watch_positions([BTC])
    assert position["contracts"] > 0
    await exchange.un_watch_positions()


@streams("spot balances")
async def _(exchange: Any) -> None:
    before = (await exchange.watch_balance({"type": "spot"}))["USDC"]["total"]
    await buy(exchange, HYPE, 1)
    while (await exchange.watch_balance({"type": "spot"}))["USDC"]["total"] == before:
        pass  # it comes on the clock, too
    await exchange.un_watch_balance({"type": "spot"})


@can("streams: unified balances")
def _() -> None:
    async def alone() -> None:
        async with client(OTHER, OTHER_KEY) as exchange:
            await exchange.set_user_abstraction("unifiedAccount")
        # A client asks once which kind of account it has.
        async with client(OTHER, OTHER_KEY) as exchange, asyncio.timeout(PATIENCE_S):
            assert (await exchange.watch_balance())["USDC"]["total"] == 110_000

    asyncio.run(alone())


@streams("actions over the socket")
async def _(exchange: Any) -> None:
    px = float(exchange.price_to_precision(BTC, (await exchange.fetch_ticker(BTC))["last"] * 0.8))
    order = await exchange.create_order_ws(BTC, "limit", "buy", 0.001, px)
    edited = await exchange.edit_order_ws(order["id"], BTC, "limit", "buy", 0.002, px)
    assert int(edited["id"]) > int(order["id"])
    cancelled = await exchange.cancel_order_ws(edited["id"], BTC)
    assert cancelled["info"] == "success"


if __name__ == "__main__":
    run(LACKS)
