"""TWAPs as they are asked for and streamed: what is told where, and how much of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from stories import START_MS, Story, Trader, address, px, sz
from streams import Stage
from twaps import cancel_twap, deep, opened, reprice, rows, slices, twap

from hlsim.server.info import answer_value
from hlsim.server.topics.activity import OrderUpdates, UserEvents, UserFills
from hlsim.server.topics.registry import Refusal
from hlsim.server.topics.twaps import TwapStates, UserTwapHistory, UserTwapSliceFills
from hlsim.sim.operations import KeepHistory
from hlsim.sim.twap_state import TWAP_ROWS_KEPT

ALICE = address("alice")


def ask(m: Story, name: str, user: str = ALICE, **fields: Any) -> Any:
    return answer_value(m.view, {"type": name, "user": user, **fields})


# -- info types ------------------------------------------------------------------------------------


def test_slices_are_not_among_the_fills_of_their_owner_but_of_the_maker() -> None:
    """Inferred: `userFills` leaves slices out (info 6.5); the maker's fill is as any other."""
    m, maker, alice = opened()
    alice.buys("0.01 BTC @ 50010")
    twap(alice, "buy 0.2 BTC")
    m.advance(seconds=60)

    plain = [fill["twapId"] for fill in ask(m, "userFills")]
    by_time = ask(m, "userFillsByTime", startTime=START_MS)
    merged = ask(m, "userFills", aggregateByTime=True)
    assert (plain, len(by_time), len(merged)) == ([None], 1, 1)
    assert len(ask(m, "userTwapSliceFills")) == 3
    made = ask(m, "userFills", maker.address)
    assert Counter(fill["hash"] == "0x" + 64 * "0" for fill in made) == {True: 3, False: 1}
    assert ask(m, "userTwapSliceFills", maker.address) == []


def test_the_newest_or_the_oldest_two_thousand_slices_are_told() -> None:
    """Documented: info 2.6, info 6.6; both bounds of a range are inclusive."""
    m, _, alice = opened()
    twap(alice, "buy 0.2 BTC")
    (one,) = slices(alice)
    alice.account.fills.extend(replace(one, time_ms=START_MS + n) for n in range(1, 2_500))

    def times(name: str, **fields: int) -> list[int]:
        return [row["fill"]["time"] - START_MS for row in ask(m, name, **fields)]

    assert times("userTwapSliceFills") == list(range(2_499, 499, -1))
    assert times("userTwapSliceFillsByTime", startTime=START_MS) == list(range(2_000))
    start, end = START_MS + 7, START_MS + 9
    assert times("userTwapSliceFillsByTime", startTime=start, endTime=end) == [7, 8, 9]


def test_the_history_keeps_so_many_rows() -> None:
    """Assumed: 2000; an operator may keep fewer."""
    m, _, alice = opened()
    for _ in range(TWAP_ROWS_KEPT // 2):
        cancel_twap(alice, "BTC", twap(alice, "buy 0.01 BTC", above="60000"))  # type: ignore[arg-type]
    assert len(ask(m, "twapHistory")) == TWAP_ROWS_KEPT
    twap(alice, "buy 0.01 BTC", above="60000")

    told = ask(m, "twapHistory")

    assert (len(told), told[0]["twapId"], told[-1]["twapId"]) == (2_000, 1_001, 1)
    assert told[-1]["status"] == {"status": "terminated"}
    m.ex.operate(KeepHistory(ALICE, 3))
    cancel_twap(alice, "BTC", 1_001)
    assert [row["twapId"] for row in ask(m, "twapHistory")] == [1_001, 1_001, 1_000]


def test_what_slices_traded_is_counted_however_short_the_history() -> None:
    """An account that keeps one fill still knows how much its TWAP did."""
    m = opened()[0]
    thin = Trader(m, ALICE)
    m.ex.operate(KeepHistory(ALICE, 1))
    maker = m.account("other", usd="1000000")
    for step in range(3):
        maker.sells(f"0.001 BTC @ {50_001 + step}")

    twap(thin, "buy 1.21 BTC")

    running = thin.account.twaps[1]
    ntl = 50_001 + 50_002 + 50_003 + 7 * 50_010
    assert (running.executed_sz, running.executed_ntl) == (sz("0.01"), sz("0.001") * ntl)


def test_running_and_waiting_ones_are_states() -> None:
    """Documented: keys and their order (info 6.6, ws 3.17)."""
    m, _, alice = opened()
    twap(alice, "sell 0.2 BTC", above="60000.0", stop="70000", minutes=1440, randomize=True)
    twap(alice, "buy 0.2 BTC")

    waiting, running = ask(m, "webData2")["twapStates"]

    assert (waiting[0], running[0]) == (1, 2)
    assert list(waiting[1].items()) == [
        ("coin", "BTC"),
        ("user", ALICE),
        ("side", "A"),
        ("sz", "0.2"),
        ("executedSz", "0.0"),
        ("executedNtl", "0.0"),
        ("minutes", 1440),
        ("reduceOnly", False),
        ("randomize", True),
        ("timestamp", START_MS),
        ("trigger", {"px": "60000.0", "above": True}),
        ("stopPx", "70000.0"),
    ]
    assert (running[1]["executedSz"], running[1]["executedNtl"]) == ("0.00165", "82.5165")
    assert (running[1]["trigger"], running[1]["stopPx"]) == (None, None)


# -- streams ---------------------------------------------------------------------------------------


def staged() -> Stage:
    stage = Stage()
    deep(stage.story)
    stage.commit()
    return stage


def test_slices_come_by_streams_of_their_own() -> None:
    """Observed: ws 3.13, 3.14 and 3.17."""
    stage = staged()
    twap(stage.alice, "buy 0.2 BTC")
    stage.commit()
    listener = stage.listen(
        UserEvents(ALICE), UserFills(ALICE), UserTwapSliceFills(ALICE), TwapStates(ALICE)
    )
    orders = stage.listen(OrderUpdates(ALICE))

    stage.wait(30_000)

    told = listener.take()
    assert [(channel, list(data)) for channel, data in told] == [
        ("user", ["twapSliceFills"]),
        ("userTwapSliceFills", ["user", "twapSliceFills"]),
        ("twapStates", ["dex", "user", "states"]),
    ]
    assert told[0][1]["twapSliceFills"] == told[1][1]["twapSliceFills"]
    assert told[2][1]["states"][0][1]["executedSz"] == "0.0033"
    assert [row["status"] for _, data in orders.take() for row in data] == ["open", "filled"]


def test_changes_of_status_come_by_events_history_and_states() -> None:
    """Observed: ws 3.13 and 3.17."""
    stage = staged()
    topics = (UserEvents(ALICE), UserTwapHistory(ALICE), TwapStates(ALICE))
    listener = stage.listen(*topics)
    twap(stage.alice, "buy 0.2 BTC", above="60000")
    stage.commit()

    told = dict(listener.take())

    (row,) = told["user"]["twapHistory"]
    assert row["status"] == {"status": "waitingForTrigger"}
    assert told["userTwapHistory"] == {"user": ALICE, "history": [row]}
    assert [twap_id for twap_id, _ in told["twapStates"]["states"]] == [1]
    cancel_twap(stage.alice, "BTC", 1)
    stage.commit()
    assert dict(listener.take())["twapStates"]["states"] == []


def test_first_frames_are_snapshots_newest_first() -> None:
    """Observed: ws 3.17. Assumed: the order, as of the info types."""
    stage = staged()
    twap(stage.alice, "buy 0.002 BTC", minutes=5)
    stage.wait(300_000)
    view = stage.story.view

    fills = UserTwapSliceFills(ALICE).first(view)
    history = UserTwapHistory(ALICE).first(view)

    assert (fills["isSnapshot"], history["isSnapshot"]) == (True, True)
    assert fills["twapSliceFills"] == ask(stage.story, "userTwapSliceFills")
    assert history["history"] == ask(stage.story, "twapHistory")
    assert [row["status"]["status"] for row in history["history"]] == ["finished", "activated"]
    nobody = address("nobody")
    assert UserTwapSliceFills(nobody).first(view)["twapSliceFills"] == []
    assert TwapStates(nobody).first(view)["states"] == []


def test_the_states_of_a_dex_that_does_not_exist_are_refused() -> None:
    """Assumed: as an unknown coin (ws 2.2)."""
    view = staged().story.view

    assert TwapStates(ALICE).refusal(view) is None
    assert TwapStates(ALICE, "nope").refusal(view) is Refusal.INVALID


def test_a_trigger_is_told_in_the_block_of_its_mark() -> None:
    stage = staged()
    maker = Trader(stage.story, address("maker"))
    twap(stage.alice, "sell 0.2 BTC", above="51000")
    stage.commit()
    listener = stage.listen(UserTwapHistory(ALICE))

    reprice(maker, "BTC", "51000")
    stage.commit()

    ((_, data),) = listener.take()
    assert [row["status"]["status"] for row in data["history"]] == ["activated"]
    assert (rows(stage.alice)[-1], px("51000")) == (
        (1, "activated"),
        stage.story.market("BTC").mark_px,
    )
