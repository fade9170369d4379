"""What clients are told of a liquidation: frames in their order, rows of ledger, fills, orders."""

from __future__ import annotations

from typing import Any

from stories import Trader, address
from streams import Stage

from hlsim.matching.types import Tif
from hlsim.server.info import answer_value
from hlsim.server.topics.activity import (
    Notification,
    OrderUpdates,
    UserEvents,
    UserFills,
    UserNonFundingLedgerUpdates,
)
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.ids import ZERO_HASH

CAROL = address("carol")


def long_carol() -> tuple[Stage, Trader]:
    """Carol is long 1 ETH from 2000 with 500.45 and bids for BTC; alice was the seller."""
    stage = Stage()
    carol = stage.story.account("carol", usd="510.9")
    stage.alice.sells("1 ETH @ 2000", tif=Tif.ALO)
    carol.buys("1 ETH @ 2000")
    carol.buys("0.001 BTC @ 20000")
    stage.commit()
    return stage, carol


def ask(stage: Stage, type_: str, user: str) -> Any:
    return answer_value(stage.story.view, {"type": type_, "user": user})


def liquidated_at_1520() -> tuple[Stage, int, list[tuple[str, Any]]]:
    """Carol's position met bob's bid: what she was told, and her order that went before."""
    stage, carol = long_carol()
    stage.bob.buys("1 ETH @ 1520")
    stage.commit()
    oid = next(iter(carol.account.orders))
    topics = (UserEvents, OrderUpdates, UserFills, UserNonFundingLedgerUpdates)
    listener = stage.listen(*(topic(CAROL) for topic in topics))
    stage.story.oracle("ETH", "1520.4")
    stage.commit()
    return stage, oid, listener.take()


def test_a_market_liquidation_is_told_in_order() -> None:
    """Evidence: ws 3.13 (key order, snake case), 4.2 and 4.3; info 6.5."""
    _, oid, told = liquidated_at_1520()

    events = [data for channel, data in told if channel == "user"]
    assert [list(data) for data in events] == [["nonUserCancel"], ["liquidation"], ["fills"]]
    assert events[0] == {"nonUserCancel": [{"coin": "BTC", "oid": oid}]}
    assert events[1]["liquidation"] == {
        "lid": 1,
        "liquidator": LIQUIDATOR,
        "liquidated_user": CAROL,
        "liquidated_ntl_pos": "1520.4",
        "liquidated_account_value": "30.4",
    }
    (fill,) = events[2]["fills"]
    assert list(fill.items())[10:] == [
        ("crossed", True),
        ("fee", "0.684"),
        ("tid", fill["tid"]),
        ("liquidation", {"liquidatedUser": CAROL, "markPx": "1520.4", "method": "market"}),
        ("feeToken", "USDC"),
        ("twapId", None),
    ]
    assert (fill["dir"], fill["closedPnl"]) == ("Close Long", "-480.0")
    updates = [update for channel, data in told if channel == "orderUpdates" for update in data]
    assert [(update["order"]["oid"], update["status"]) for update in updates] == [
        (oid, "liquidatedCanceled"),
        (fill["oid"], "open"),
        (fill["oid"], "filled"),
    ]
    channels = [channel for channel, _ in told]
    assert channels.index("user") < channels.index("orderUpdates")


def test_a_market_liquidation_is_found_in_the_histories() -> None:
    """Evidence: info 6.2, 6.5 and 7.2: the same rows as streamed."""
    stage, _, told = liquidated_at_1520()

    data = dict(told)
    (fill,) = data["userFills"]["fills"]
    (row,) = data["userNonFundingLedgerUpdates"]["nonFundingLedgerUpdates"]
    assert row == {
        "time": stage.story.ex.state.time_ms,
        "hash": fill["hash"],
        "delta": {
            "type": "liquidation",
            "liquidatedNtlPos": "1520.4",
            "accountValue": "30.4",
            "leverageType": "Cross",
            "liquidatedPositions": [{"coin": "ETH", "szi": "1.0"}],
        },
    }
    assert ask(stage, "userNonFundingLedgerUpdates", CAROL)[-1] == row
    assert ask(stage, "userFills", CAROL)[0] == fill
    newest = ask(stage, "historicalOrders", CAROL)[0]["order"]
    shown = (newest["orderType"], newest["tif"], newest["reduceOnly"])
    assert shown == ("Market", "LiquidationMarket", True)


def test_the_maker_sees_whom_it_met() -> None:
    """Observed: the counterparty gets the same object, and an ordinary fill (ws 3.13)."""
    stage, _ = long_carol()
    stage.bob.buys("1 ETH @ 1520")
    stage.commit()
    listener = stage.listen(UserEvents(stage.bob.address), Notification(stage.bob.address))

    stage.story.oracle("ETH", "1520.4")
    stage.commit()

    (_, events), (_, notified) = listener.take()
    (fill,) = events["fills"]
    assert fill["liquidation"] == {
        "liquidatedUser": CAROL,
        "markPx": "1520.4",
        "method": "market",
    }
    assert (fill["dir"], fill["crossed"], fill["fee"]) == ("Open Long", False, "0.228")
    assert notified == {"notification": "Resting order filled: Bought 1 ETH at $1520"}


def test_deleveraging_as_both_sides_see_it() -> None:
    """Evidence: mechanics 8.4; nobody's resting order was filled, so nobody is notified of one."""
    stage, _ = long_carol()
    stage.alice.buys("0.4 ETH @ 2000", tif=Tif.ALO)
    stage.bob.sells("0.4 ETH @ 2000")
    stage.commit()
    stage.story.oracle("ETH", "1530")
    stage.commit()
    short = stage.alice.address
    listener = stage.listen(
        *(UserFills(user) for user in (CAROL, short)), Notification(CAROL), Notification(short)
    )

    stage.story.oracle("ETH", "1470")
    stage.commit()

    told = listener.take()
    assert [channel for channel, _ in told] == ["userFills"] * 2
    rows = {data["user"]: fill for _, data in told for fill in data["fills"]}
    shown = {"liquidatedUser": CAROL, "markPx": "1470.0", "method": "backstop"}
    for fill in rows.values():
        assert (fill["px"], fill["sz"], fill["fee"]) == ("1530.0", "0.6", "0.0")
        assert (fill["hash"], fill["liquidation"]) == (ZERO_HASH, shown)
    assert {user: (fill["dir"], fill["crossed"]) for user, fill in rows.items()} == {
        short: ("Auto-Deleveraging", True),
        CAROL: ("Liquidated Cross Long", False),
    }
    assert ask(stage, "clearinghouseState", CAROL)["marginSummary"]["accountValue"] == "16.0"


def test_the_liquidator_can_be_asked_like_anybody() -> None:
    """Documented: the liquidator vault takes position and margin (mechanics 8.2)."""
    stage, _ = long_carol()

    stage.story.oracle("ETH", "1500")
    stage.commit()

    state = ask(stage, "clearinghouseState", LIQUIDATOR)
    (row,) = state["assetPositions"]
    assert (row["position"]["coin"], row["position"]["szi"]) == ("ETH", "1.0")
    assert row["position"]["leverage"] == {"type": "cross", "value": 25}
    assert state["marginSummary"]["accountValue"] == "10.0"
    assert ask(stage, "userFills", LIQUIDATOR)[0]["dir"] == "Open Long"
    assert ask(stage, "clearinghouseState", CAROL)["marginSummary"]["accountValue"] == "0.0"
