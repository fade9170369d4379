"""What clients see of trigger orders: lists of open orders, statuses, histories, frames."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stories import START_MS, Story, Trader, market, px, sz

from hlsim.server.info import answer
from hlsim.server.shapes.orders import full_order, order_update
from hlsim.server.topics.holdings import OpenOrders
from hlsim.sim.events import OrderUpdate
from hlsim.sim.rules import Rules

CLOID = "0x" + "0c" * 16


def ask(m: Story, trader: Trader, name: str, **fields: Any) -> Any:
    """The answer to one request, through the bytes of a body."""
    body = json.dumps({"type": name, "user": trader.address, **fields})
    return json.loads(answer(m.view, body.encode()))


def bracket(rules: Rules | None = None, *, bid: str = "49000") -> tuple[Story, Trader, Trader]:
    """alice bids 0.1 BTC under oid 2, with a stop (3) and a take-profit (4) as children."""
    m = market(rules)
    alice, bob = m.account("alice"), m.account("bob", usd="10000000")
    bob.sells("0.1 BTC @ 50000")
    alice.place(
        alice.new_order(f"0.1 BTC @ {bid}", is_buy=True),
        alice.trigger("0.1 BTC @ 42000.0", at="47000", cloid=CLOID),
        alice.trigger("0.1 BTC @ 48000", at="52999.0", tpsl="tp", is_market=False),
        grouping="normalTpsl",
    )
    return m, alice, bob


def child(oid: int, **changes: Any) -> dict[str, Any]:
    row = {
        "coin": "BTC",
        "side": "A",
        "limitPx": "42000.0",
        "sz": "0.1",
        "oid": oid,
        "timestamp": START_MS,
        "triggerCondition": "Price below 47000",
        "isTrigger": True,
        "triggerPx": "47000.0",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": True,
        "orderType": "Stop Market",
        "origSz": "0.1",
        "tif": None,
        "cloid": CLOID,
    }
    assert changes.keys() <= row.keys()
    return row | changes


STOP = child(3)
PROFIT = child(
    4,
    limitPx="48000.0",
    triggerCondition="Price above 52999",
    triggerPx="52999.0",
    orderType="Take Profit Limit",
    cloid=None,
)


def as_text(value: Any) -> str:
    """For comparing with the order of the keys."""
    return json.dumps(value)


# -- a bracket that waits --------------------------------------------------------------------------


def test_open_orders_lists_children_as_plain_reduce_only_orders() -> None:
    """Observed: three rows, newest first, without trigger fields (info 6.1)."""
    m, alice, _ = bracket()

    assert as_text(ask(m, alice, "openOrders")) == as_text(
        [
            {
                "coin": "BTC",
                "side": "A",
                "limitPx": "48000.0",
                "sz": "0.1",
                "oid": 4,
                "timestamp": START_MS,
                "origSz": "0.1",
                "reduceOnly": True,
            },
            {
                "coin": "BTC",
                "side": "A",
                "limitPx": "42000.0",
                "sz": "0.1",
                "oid": 3,
                "timestamp": START_MS,
                "origSz": "0.1",
                "cloid": CLOID,
                "reduceOnly": True,
            },
            {
                "coin": "BTC",
                "side": "B",
                "limitPx": "49000.0",
                "sz": "0.1",
                "oid": 2,
                "timestamp": START_MS,
                "origSz": "0.1",
            },
        ]
    )


@pytest.mark.parametrize("rule", ["both", "nested"])
def test_waiting_children_stand_in_their_parent_and_beside_it(rule: Any) -> None:
    """Observed: newest first (info 6.2); in one capture nested only (contested 28)."""
    m, alice, _ = bracket(Rules(tpsl_children=rule))

    rows = ask(m, alice, "frontendOpenOrders")

    beside = [PROFIT, STOP] if rule == "both" else []
    assert as_text(rows[:-1]) == as_text(beside)
    parent = rows[-1]
    assert (parent["oid"], parent["isTrigger"], parent["orderType"]) == (2, False, "Limit")
    assert as_text(parent["children"]) == as_text([PROFIT, STOP])
    assert ask(m, alice, "webData2")["openOrders"] == rows
    assert json.loads(bytes(OpenOrders(alice.address).first(m.view)["orders"])) == rows
    assert len(ask(m, alice, "openOrders")) == 3


@pytest.mark.parametrize("rule", ["both", "nested"])
def test_armed_children_are_orders_of_their_own(rule: Any) -> None:
    m, alice, bob = bracket(Rules(tpsl_children=rule))

    bob.sells("0.1 BTC @ 49000")

    assert ask(m, alice, "frontendOpenOrders") == [PROFIT, STOP]


def test_a_child_that_was_cancelled_is_gone_from_its_parent() -> None:
    m, alice, _ = bracket()
    topic = OpenOrders(alice.address)
    topic.first(m.view)

    alice.cancel("BTC", 4)

    rows = ask(m, alice, "frontendOpenOrders")
    assert [row["oid"] for row in rows] == [3, 2]
    assert rows[1]["children"] == [STOP]
    assert json.loads(bytes(topic.first(m.view)["orders"])) == rows


def test_the_status_of_a_child_is_found_by_oid_and_cloid() -> None:
    """Observed: `waitingForFill` while the parent has not filled (ws 4.2)."""
    m, alice, bob = bracket()
    waiting = {"order": STOP, "status": "waitingForFill", "statusTimestamp": START_MS}

    for name in (3, CLOID):
        found = ask(m, alice, "orderStatus", oid=name)
        assert as_text(found) == as_text({"status": "order", "order": waiting})
    parent = ask(m, alice, "orderStatus", oid=2)["order"]
    assert (parent["status"], parent["order"]["children"]) == ("open", [PROFIT, STOP])

    m.advance(ms=70)
    bob.sells("0.1 BTC @ 49000")
    assert ask(m, alice, "orderStatus", oid=3)["order"] == {
        "order": STOP,
        "status": "open",
        "statusTimestamp": START_MS + 70,
    }


# -- after the trigger -----------------------------------------------------------------------------


def test_a_row_shows_what_the_order_was_then() -> None:
    """Inferred: `open` and `triggered` show the trigger order, later rows the live one (mechanics
    3.2, info 6.2)."""
    m, alice, bob = bracket()
    bob.cancel("BTC", 1)  # the mark follows the oracle while a side is empty
    bob.sells("0.1 BTC @ 49000")
    bob.buys("0.06 BTC @ 45000")
    m.advance(ms=500)

    m.oracle("BTC", "46990")

    fired = {
        "timestamp": START_MS + 500,
        "triggerCondition": "Triggered",
        "isTrigger": False,
        "triggerPx": "0.0",
        "tif": "Gtc",
    }
    live = child(3, sz="0.04", **fired)
    rows = [row for row in ask(m, alice, "historicalOrders") if row["order"]["oid"] == 3]
    assert as_text(rows) == as_text(
        [
            {"order": live, "status": "open", "statusTimestamp": START_MS + 500},
            {"order": STOP, "status": "triggered", "statusTimestamp": START_MS + 500},
            {"order": STOP, "status": "open", "statusTimestamp": START_MS},
            {"order": STOP, "status": "waitingForFill", "statusTimestamp": START_MS},
        ]
    )
    assert ask(m, alice, "frontendOpenOrders") == [PROFIT, live]
    assert ask(m, alice, "orderStatus", oid=CLOID)["order"] == rows[0]

    bob.buys("0.04 BTC @ 45000")
    assert ask(m, alice, "orderStatus", oid=3)["order"]["order"] == live | {"sz": "0.0"}


def test_a_whole_position_tpsl_has_no_size_until_it_fires() -> None:
    """Observed: `sz` and `origSz` "0.0", `isPositionTpsl` (mechanics 3.4, info 6.2)."""
    m, alice, bob = bracket(bid="50000")
    for oid in (3, 4):
        alice.cancel("BTC", oid)

    alice.place(alice.trigger("0 BTC @ 42000", at="47000"), grouping="positionTpsl")

    expected = child(5, sz="0.0", origSz="0.0", isPositionTpsl=True, cloid=None)
    assert ask(m, alice, "frontendOpenOrders") == [expected]
    bob.buys("1 BTC @ 45000")
    m.oracle("BTC", "46990")
    row = ask(m, alice, "orderStatus", oid=5)["order"]["order"]
    assert (row["sz"], row["origSz"], row["isPositionTpsl"]) == ("0.0", "0.1", True)


@pytest.mark.parametrize(
    ("is_buy", "tpsl", "is_market", "condition", "kind"),
    [
        (False, "tp", True, "Price above 71", "Take Profit Market"),
        (False, "sl", False, "Price below 71", "Stop Limit"),
        (True, "tp", False, "Price below 71", "Take Profit Limit"),
        (True, "sl", True, "Price above 71", "Stop Market"),
    ],
)
def test_the_words_of_a_trigger_order(
    is_buy: bool, tpsl: str, is_market: bool, condition: str, kind: str
) -> None:
    """Observed: no forced decimal in the condition (info 6.2), the table of mechanics 3.1."""
    m = market()
    alice = m.account("alice")
    terms = alice.trigger("1 SOL @ 70", at="71", tpsl=tpsl, is_buy=is_buy, is_market=is_market)

    row = full_order(m.ex.desk.draft(alice.account, terms))

    assert (row["triggerCondition"], row["triggerPx"]) == (condition, "71.0")
    assert (row["orderType"], row["tif"], row["isTrigger"]) == (kind, None, True)


def test_updates_have_no_trigger_fields() -> None:
    """Observed: the short order, as `openOrders` shows it (ws 3.12)."""
    m, alice, _ = bracket()
    update = OrderUpdate(alice.account.orders[3], sz("0.1"), "waitingForFill", START_MS)

    assert order_update(update) == {
        "order": {
            "coin": "BTC",
            "side": "A",
            "limitPx": "42000.0",
            "sz": "0.1",
            "oid": 3,
            "timestamp": START_MS,
            "origSz": "0.1",
            "cloid": CLOID,
            "reduceOnly": True,
        },
        "status": "waitingForFill",
        "statusTimestamp": START_MS,
    }
    assert m.market("BTC").book.best_ask() == px("50000")


def test_a_child_that_waits_for_long_is_still_found() -> None:
    """As an open order is, however many rows came after its own (info 6.3)."""
    m, alice, _ = bracket()
    alice.account.history.keep(3)
    for _ in range(3):
        alice.cancel("BTC", alice.buys("0.1 BTC @ 40000").oid)

    assert ask(m, alice, "orderStatus", oid=3)["order"]["status"] == "waitingForFill"
    alice.cancel("BTC", 3)
    for _ in range(3):
        alice.cancel("BTC", alice.buys("0.1 BTC @ 40000").oid)
    assert ask(m, alice, "orderStatus", oid=3) == {"status": "unknownOid"}
