"""The official Python SDK's own WebSocket manager against a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import pytest
from bots import ALO, GTC, IOC, Bot, one
from hyperliquid.info import Info


@contextmanager
def listening(server: Any, *subscriptions: dict[str, Any]) -> Iterator[Queue[Any]]:
    """Frames of some subscriptions through the SDK's own manager, once all of them stand.

    The manager tells nobody of a `subscriptionResponse`, and some channels have no first frame.
    One socket's requests are answered in order: the first frame of the last one tells.
    """
    frames: Queue[Any] = Queue()
    standing: Queue[Any] = Queue()
    info = Info(server.url)
    try:
        for subscription in subscriptions:
            info.subscribe(subscription, frames.put)  # type: ignore[arg-type]
        info.subscribe({"type": "l2Book", "coin": "BTC"}, standing.put)
        standing.get(timeout=10)
        yield frames
    finally:
        info.disconnect_websocket()


def until(frames: Queue[Any], wanted: Callable[[Any], bool]) -> Any:
    """The first frame that is `wanted`."""
    end = time.monotonic() + 10
    seen = []
    while True:
        try:
            frame = frames.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            raise AssertionError(f"no such frame among {seen}") from None
        if wanted(frame):
            return frame
        seen.append(frame)


def test_fills_and_order_updates_arrive(bot: Bot) -> None:
    with listening(
        bot.server,
        {"type": "userFills", "user": bot.address},
        {"type": "orderUpdates", "user": bot.address},
        {"type": "userEvents", "user": bot.address},
    ) as frames:
        snapshot = until(frames, lambda f: f["channel"] == "userFills")
        assert snapshot["data"] == {
            "isSnapshot": True,
            "user": bot.address.lower(),
            "fills": [],
        }

        oid = one(bot.exchange.market_open("BTC", True, 0.02))["filled"]["oid"]

        fill = until(frames, lambda f: f["channel"] == "userFills")
    assert "isSnapshot" not in fill["data"]
    assert [row["oid"] for row in fill["data"]["fills"]] == [oid]


def test_order_updates_of_an_arrival_come_in_one_frame(bot: Bot) -> None:
    """Observed: `open` then `filled`, same frame, same time (ws 4.2)."""
    with listening(bot.server, {"type": "orderUpdates", "user": bot.address}) as frames:
        one(bot.exchange.order("BTC", True, 0.02, bot.price("BTC", 0.8), GTC))
        first = until(frames, lambda f: f["channel"] == "orderUpdates")
        assert [u["status"] for u in first["data"]] == ["open"]
        one(bot.exchange.market_open("BTC", True, 0.02))
        second = until(frames, lambda f: f["channel"] == "orderUpdates")

    assert [u["status"] for u in second["data"]] == ["open", "filled"]
    assert [u["order"]["sz"] for u in second["data"]] == ["0.02", "0.0"]


@pytest.mark.parametrize(
    ("subscription", "channel"),
    [
        ({"type": "allMids"}, "allMids"),
        ({"type": "l2Book", "coin": "ETH"}, "l2Book"),
        ({"type": "bbo", "coin": "ETH"}, "bbo"),
        ({"type": "trades", "coin": "ETH"}, "trades"),
        ({"type": "candle", "coin": "ETH", "interval": "1m"}, "candle"),
        ({"type": "activeAssetCtx", "coin": "ETH"}, "activeAssetCtx"),
        ({"type": "activeAssetCtx", "coin": "@107"}, "activeSpotAssetCtx"),
        ({"type": "activeAssetData", "coin": "ETH"}, "activeAssetData"),
        ({"type": "userFundings"}, "userFundings"),
        ({"type": "userNonFundingLedgerUpdates"}, "userNonFundingLedgerUpdates"),
    ],
)
def test_every_stream_of_the_manager_speaks(
    bot: Bot, subscription: dict[str, Any], channel: str
) -> None:
    if subscription["type"] in (
        "activeAssetData",
        "userFundings",
        "userNonFundingLedgerUpdates",
    ):
        subscription = subscription | {"user": bot.address}
    with listening(bot.server, subscription) as frames:
        deadline = time.monotonic() + 10
        while frames.empty() and time.monotonic() < deadline:
            bot.exchange.market_open("ETH", True, 0.01)
            time.sleep(0.01)
        frame = until(frames, lambda f: f["channel"] == channel)
    assert frame["data"]


def test_two_clients_meet_in_the_book(bot: Bot, other: Bot) -> None:
    """The maker hears of its fill too."""
    bid = float(bot.info.l2_snapshot("AAVE")["levels"][0][0]["px"])
    ask = float(bot.info.l2_snapshot("AAVE")["levels"][1][0]["px"])
    inside = bot.price("AAVE", 1.0)
    assert bid < inside < ask
    with listening(other.server, {"type": "userFills", "user": other.address}) as frames:
        until(frames, lambda f: f["data"].get("isSnapshot"))
        resting = one(other.exchange.order("AAVE", False, 1.0, inside, ALO))["resting"]

        filled = one(bot.exchange.order("AAVE", True, 1.0, inside, IOC))["filled"]

        (made,) = until(frames, lambda f: True)["data"]["fills"]
    assert filled["avgPx"] == made["px"]
    assert (made["oid"], made["crossed"], made["dir"]) == (resting["oid"], False, "Open Short")
    (taken,) = bot.info.user_fills(bot.address)
    assert (taken["tid"], taken["hash"]) == (made["tid"], made["hash"])
