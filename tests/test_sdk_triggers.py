"""The official Python SDK, unmodified, against a real server: stops, take-profits and brackets.

One server is empty: bots quote what they need, and while a side of the book is empty the mark is
the oracle, which the test moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bots import ALO, GTC, IOC, Bot, one, statuses
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid
from test_sdk_streams import listening, until

import hlsim
from hlsim.sim.fixed import Px
from hlsim.sim.operations import SetOracle

CLOID = Cloid.from_str("0x" + "00" * 15 + "5e")


def trigger(px: float, tpsl: str, *, is_market: bool = True) -> dict[str, Any]:
    return {"trigger": {"isMarket": is_market, "triggerPx": px, "tpsl": tpsl}}


def request(is_buy: bool, sz: float, px: float, kind: Any, *, reduce_only: bool = False) -> Any:
    return {
        "coin": "BTC",
        "is_buy": is_buy,
        "sz": sz,
        "limit_px": px,
        "order_type": kind,
        "reduce_only": reduce_only,
    }


def status_of(bot: Bot, oid: int) -> tuple[str, Any]:
    found = bot.info.query_order_by_oid(bot.address, oid)["order"]
    return found["status"], found["order"]


@pytest.fixture
def pair() -> Iterator[tuple[Bot, Bot, Any]]:
    """Two bots on an empty exchange, and what sets the oracle of BTC."""
    with hlsim.start(market="empty", clock="manual", accounts=2) as running:
        info = Info(running.url, skip_ws=True)
        metas = (info.meta(), info.spot_meta())
        first, second = (Bot(running, account, metas) for account in running.accounts)

        def oracle(px: float) -> None:
            running.operate(SetOracle(((0, Px(round(px * 10**8))),)))

        oracle(60_000)
        yield first, second, oracle


def test_a_stop_loss_that_fires_closes_the_position(pair: Any) -> None:
    """Its status at each step: `open`, `triggered`, `filled`, all under one oid (mechanics 3.2)."""
    bot, other, oracle = pair
    one(other.exchange.order("BTC", False, 0.1, 60_000, GTC))
    one(bot.exchange.order("BTC", True, 0.1, 60_000, IOC))
    one(other.exchange.order("BTC", True, 0.1, 58_000, GTC))

    stop = trigger(59_000, "sl")
    placed = one(bot.exchange.order("BTC", False, 0.1, 55_000, stop, reduce_only=True, cloid=CLOID))

    oid = placed["resting"]["oid"]
    assert placed["resting"]["cloid"] == CLOID.to_raw()
    (row,) = bot.info.frontend_open_orders(bot.address)
    assert (row["oid"], row["orderType"], row["triggerCondition"], row["tif"]) == (
        oid,
        "Stop Market",
        "Price below 59000",
        None,
    )
    (row,) = bot.info.open_orders(bot.address)
    assert (row["limitPx"], row["reduceOnly"]) == ("55000.0", True)
    assert status_of(bot, oid)[0] == "open"
    subscriptions = [{"type": name, "user": bot.address} for name in ("orderUpdates", "userFills")]
    with listening(bot.server, *subscriptions) as frames:
        until(frames, lambda f: f["channel"] == "userFills")
        oracle(59_001)
        assert status_of(bot, oid)[0] == "open"
        oracle(59_000)
        told = until(frames, lambda f: f["channel"] == "orderUpdates")["data"]
        (fill,) = until(frames, lambda f: f["channel"] == "userFills")["data"]["fills"]

    assert [(u["order"]["oid"], u["status"], u["order"]["sz"]) for u in told] == [
        (oid, "triggered", "0.1"),
        (oid, "filled", "0.0"),
    ]
    assert (fill["oid"], fill["px"], fill["dir"], fill["hash"]) == (
        oid,
        "58000.0",
        "Close Long",
        "0x" + "00" * 32,
    )
    status, order = status_of(bot, oid)
    assert (status, order["triggerCondition"], order["isTrigger"]) == ("filled", "Triggered", False)
    assert bot.info.query_order_by_cloid(bot.address, CLOID)["order"]["order"] == order
    assert bot.positions() == {}


def test_a_bracket_from_its_placement_to_its_take_profit(pair: Any) -> None:
    """Parent, stop and take-profit in one action; the sibling of the one that fills is cancelled
    (mechanics 3.4)."""
    bot, other, oracle = pair
    orders = [
        request(True, 0.1, 59_500, GTC),
        request(False, 0.1, 53_000, trigger(58_000, "sl"), reduce_only=True),
        request(False, 0.1, 60_500, trigger(61_000, "tp", is_market=False), reduce_only=True),
    ]

    parent, *children = statuses(bot.exchange.bulk_orders(orders, grouping="normalTpsl"))

    assert children == ["waitingForFill", "waitingForFill"]
    oid = parent["resting"]["oid"]
    profit, stop, row = bot.info.frontend_open_orders(bot.address)
    assert [profit["oid"], stop["oid"], row["oid"]] == [oid + 2, oid + 1, oid]
    assert row["children"] == [profit, stop]
    assert [status_of(bot, oid + n)[0] for n in range(3)] == ["open", *["waitingForFill"] * 2]

    one(other.exchange.order("BTC", False, 0.1, 59_500, IOC))
    assert [status_of(bot, oid + n)[0] for n in range(3)] == ["filled", "open", "open"]

    one(other.exchange.order("BTC", True, 0.1, 60_800, GTC))
    oracle(61_000)
    assert [status_of(bot, oid + n)[0] for n in range(3)] == [
        "filled",
        "siblingFilledCanceled",
        "filled",
    ]
    assert bot.positions() == {}
    assert bot.info.open_orders(bot.address) == []
    rows = bot.info.historical_orders(bot.address)
    history = [(row["order"]["oid"] - oid, row["status"]) for row in rows]
    assert history == [
        (1, "siblingFilledCanceled"),
        (2, "filled"),
        (2, "triggered"),
        (2, "open"),
        (1, "open"),
        (0, "filled"),
        (2, "waitingForFill"),
        (1, "waitingForFill"),
        (0, "open"),
    ]


def test_a_cancelled_parent_takes_its_children_along(pair: Any) -> None:
    """Observed: a batch with the parent first misses the children (exchange 5.1)."""
    bot, _, _ = pair
    orders = [
        request(True, 0.1, 59_500, ALO),
        request(False, 0.1, 53_000, trigger(58_000, "sl"), reduce_only=True),
    ]
    parent, _ = statuses(bot.exchange.bulk_orders(orders, grouping="normalTpsl"))
    oid = parent["resting"]["oid"]
    with listening(bot.server, {"type": "orderUpdates", "user": bot.address}) as frames:
        cancels = [{"coin": "BTC", "oid": oid}, {"coin": "BTC", "oid": oid + 1}]
        first, second = statuses(bot.exchange.bulk_cancel(cancels))  # type: ignore[arg-type]
        assert first == "success"
        assert second == {"error": "Order was never placed, already canceled, or filled. asset=0"}
        told = until(frames, lambda f: True)["data"]
    assert [(u["order"]["oid"], u["status"]) for u in told] == [
        (oid, "canceled"),
        (oid + 1, "canceled"),
    ]
    assert told[0]["statusTimestamp"] == told[1]["statusTimestamp"]


def test_a_position_tpsl_follows_the_position(bot: Bot, other: Bot) -> None:
    """On a still market: a seller through the book moves the mark, and the clock samples it."""
    one(bot.exchange.market_open("ETH", True, 1.0))
    mid = bot.mid("ETH")
    at, limit = bot.price("ETH", 0.9985), bot.price("ETH", 0.95)
    whole = request(False, 0, limit, trigger(at, "sl"), reduce_only=True) | {"coin": "ETH"}
    assert statuses(bot.exchange.bulk_orders([whole], grouping="positionTpsl")) == [
        "waitingForTrigger"
    ]
    (row,) = bot.info.frontend_open_orders(bot.address)
    assert (row["sz"], row["origSz"], row["isPositionTpsl"]) == ("0.0", "0.0", True)
    one(bot.exchange.market_open("ETH", True, 0.5))

    one(other.exchange.market_open("ETH", False, round(500_000 / mid, 2)))
    bot.server.clock.advance(seconds=60)

    assert bot.positions() == {}
    status, order = status_of(bot, row["oid"])
    assert (status, order["origSz"]) == ("filled", "1.5")
    assert bot.info.user_fills(bot.address)[0]["oid"] == row["oid"]


def test_refusals_have_the_exchanges_words(bot: Bot) -> None:
    """Observed: exchange 7.2."""
    px = bot.price("BTC", 1.0)
    stop = request(False, 0.01, px, trigger(bot.price("BTC", 0.9), "sl"), reduce_only=True)
    entry = request(True, 0.01, px, trigger(bot.price("BTC", 0.9), "sl"))
    limit = request(True, 0.01, bot.price("BTC", 0.9), GTC)
    spot = entry | {"coin": "HYPE/USDC", "limit_px": bot.price("HYPE/USDC", 1.0)}
    spot["order_type"] = trigger(bot.price("HYPE/USDC", 1.1), "sl")
    table: list[tuple[list[Any], str, str]] = [
        ([entry], "na", "Invalid TP/SL price. asset=0"),
        ([stop], "na", "Reduce only order would increase position. asset=0"),
        ([stop, stop], "normalTpsl", "Main order cannot be trigger order."),
        ([limit], "normalTpsl", "Unexpected number of trigger orders"),
        ([spot], "na", "Placing trigger orders is not enabled on spot trading yet."),
    ]
    for orders, grouping, text in table:
        reply = bot.exchange.bulk_orders(orders, grouping=grouping)  # type: ignore[arg-type]
        assert statuses(reply) == [{"error": text}]
    assert bot.info.open_orders(bot.address) == []


def test_a_stop_is_modified_only_by_a_modify_that_always_places(bot: Bot) -> None:
    """Documented: without `a` the SDK's modify is refused for triggers (mechanics 5)."""
    px, at = bot.price("BTC", 1.2), bot.price("BTC", 1.1)
    kind = trigger(at, "sl")
    oid = one(bot.exchange.order("BTC", True, 0.01, px, kind))["resting"]["oid"]

    reply = bot.exchange.modify_order(oid, "BTC", True, 0.02, px, kind)

    assert one(reply) == {"error": "Attempted to modify to invalid new order"}
    assert status_of(bot, oid)[0] == "open"
    assert one(bot.exchange.cancel("BTC", oid)) == "success"
