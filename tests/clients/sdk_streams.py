"""The streams of the official SDK: `python sdk_streams.py [URL]`."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from typing import Any

from hyperliquid.info import Info
from sdk_bot import OK, bot, only, rests
from steps import ADDRESS, URL, advance, can, run

PATIENCE_S = 20
LACKS = [
    "streams: open orders",
    "streams: perp balances and positions",
    "streams: spot balances",
    "streams: unified balances",
    "streams: TWAPs",
    "streams: TWAP history",
    "streams: TWAP slice fills",
    "streams: notifications",
    "streams: actions over the socket",
]


def streams(capability: str, **subscription: str) -> Callable[[Callable[[Any], None]], None]:
    """A step with a socket of its own, which gets a function that gives the next frame."""

    def register(step: Callable[[Any], None]) -> None:
        def alone() -> None:
            info = Info(URL)
            frames: Queue[Any] = Queue()
            others: Queue[Any] = Queue()
            try:
                info.subscribe(subscription, frames.put)
                # A snapshot of another one tells that the first is in place.
                info.subscribe({"type": "bbo", "coin": "SOL"}, others.put)
                others.get(timeout=PATIENCE_S)
                step(lambda: frames.get(timeout=PATIENCE_S)["data"])
            finally:
                info.disconnect_websocket()

        can(f"streams: {capability}")(alone)

    return register


@streams("order book", type="l2Book", coin="BTC")
def _(next_frame: Any) -> None:
    bids, asks = next_frame()["levels"]
    assert float(bids[0]["px"]) < float(asks[0]["px"])


@streams("best bid and offer", type="bbo", coin="BTC")
def _(next_frame: Any) -> None:
    bid, ask = next_frame()["bbo"]
    assert float(bid["px"]) < float(ask["px"])


@streams("trades", type="trades", coin="BTC")
def _(next_frame: Any) -> None:
    only(bot.market_open("BTC", True, 0.001))
    while (frame := next_frame())[-1]["sz"] != "0.001":
        pass
    assert ADDRESS in frame[-1]["users"]


@streams("candles", type="candle", coin="BTC", interval="1m")
def _(next_frame: Any) -> None:
    only(bot.market_open("BTC", True, 0.001))
    candle = next_frame()
    assert (candle["s"], candle["i"], float(candle["v"]) > 0) == ("BTC", "1m", True)


@streams("mid prices", type="allMids")
def _(next_frame: Any) -> None:
    assert float(next_frame()["mids"]["BTC"]) > 0


@streams("asset contexts", type="activeAssetCtx", coin="BTC")
def _(next_frame: Any) -> None:
    assert float(next_frame()["ctx"]["oraclePx"]) > 0


@streams("order updates", type="orderUpdates", user=ADDRESS)
def _(next_frame: Any) -> None:
    oid = rests()
    (update,) = next_frame()
    assert (update["order"]["oid"], update["status"]) == (oid, "open")
    only(bot.cancel("BTC", oid))
    (update,) = next_frame()
    assert (update["order"]["oid"], update["status"]) == (oid, "canceled")


@streams("fills", type="userFills", user=ADDRESS)
def _(next_frame: Any) -> None:
    assert next_frame()["isSnapshot"]
    oid = only(bot.market_open("BTC", True, 0.001))["filled"]["oid"]
    assert [fill["oid"] for fill in next_frame()["fills"]] == [oid]


@streams("user events", type="userEvents", user=ADDRESS)
def _(next_frame: Any) -> None:
    oid = only(bot.market_open("BTC", True, 0.001))["filled"]["oid"]
    assert [fill["oid"] for fill in next_frame()["fills"]] == [oid]


@streams("ledger", type="userNonFundingLedgerUpdates", user=ADDRESS)
def _(next_frame: Any) -> None:
    assert next_frame()["isSnapshot"]
    assert bot.usd_class_transfer(1, False) == OK
    (row,) = next_frame()["nonFundingLedgerUpdates"]
    assert row["delta"]["type"] == "accountClassTransfer"


@streams("room to trade", type="activeAssetData", user=ADDRESS, coin="BTC")
def _(next_frame: Any) -> None:
    before = float(next_frame()["availableToTrade"][0])
    assert bot.usd_class_transfer(1000, False) == OK
    while float(next_frame()["availableToTrade"][0]) >= before:
        pass  # the mark moves it, too


@streams("funding payments", type="userFundings", user=ADDRESS)
def _(next_frame: Any) -> None:
    assert next_frame()["isSnapshot"]
    advance(hours=1)
    assert {row["coin"] for row in next_frame()["fundings"]} <= {"BTC", "ETH"}


if __name__ == "__main__":
    run(LACKS)
