"""The hub: who gets which frame, when, and in what order; without any socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from stories import START_MS, address, px
from streams import Listener, Stage, run

from hlsim.server.blocks import Block
from hlsim.server.frames import text_frame
from hlsim.server.topics import Topic
from hlsim.server.topics.activity import Notification, OrderUpdates, UserEvents, UserFills
from hlsim.server.topics.holdings import ActiveAssetData, ClearinghouseState, OpenOrders, SpotState
from hlsim.server.topics.markets import ActiveAssetCtx, AllMids, Bbo, Candle, L2Book, Trades
from hlsim.sim.events import Event, Trade
from hlsim.sim.view import View

ALICE = address("alice")


@pytest.fixture
def stage() -> Stage:
    return Stage()


# -- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "8100"),
        (125, "817d"),
        (126, "817e007e"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
    ],
)
def test_a_text_frame_has_the_head_of_its_length(size: int, head: str) -> None:
    """Evidence: RFC 6455 5.2; a server does not mask."""
    assert text_frame(b"x" * size) == bytes.fromhex(head) + b"x" * size


def test_a_frame_is_built_once_for_everybody(stage: Stage) -> None:
    first, second = stage.listen(Bbo("BTC")), stage.listen(Bbo("BTC"))

    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()

    assert len(first.frames) == 1
    assert first.frames[0] is second.frames[0]


# -- cadences --------------------------------------------------------------------------------------


def times(listener: Listener) -> list[int]:
    return [data["time"] for _, data in listener.take()]


def test_books_are_sent_on_one_clock_changed_or_not(stage: Stage) -> None:
    """Evidence: ws 3.2, 5.4 s for all coins at the same time."""
    listener = stage.listen(L2Book("BTC"), L2Book("ETH"))

    for _ in range(108):
        stage.wait(100)

    # The clock stands on multiples of 5400 ms since the epoch: START_MS is one of 1800 more.
    first = START_MS + 5_400 - START_MS % 5_400
    assert times(listener) == [
        time for time in (first - first % -100, first + 5_400) for _ in range(2)
    ]


def test_the_fast_book_comes_ten_times_as_often_and_says_so(stage: Stage) -> None:
    """Evidence: ws 3.2, 0.54 s, five levels, `fast` as the last key."""
    for level in range(7):
        stage.alice.buys(f"0.01 BTC @ {49000 - level}")
    stage.commit()
    listener = stage.listen(L2Book("BTC", fast=True), L2Book("BTC"))

    for _ in range(27):
        stage.wait(200)

    frames = listener.take()
    fast = [data for _, data in frames if "fast" in data]
    assert [len(fast), len(frames) - len(fast)] == [10, 1]
    assert list(fast[0]) == ["coin", "time", "levels", "fast"]
    assert [len(side) for side in fast[0]["levels"]] == [5, 0]


def test_one_big_step_of_a_manual_clock_sends_each_book_once(stage: Stage) -> None:
    """Evidence: assumed; there is one state to show, however many ticks were passed."""
    listener = stage.listen(L2Book("BTC"))

    stage.wait(60_000)

    assert times(listener) == [START_MS + 60_000]


def test_mids_contexts_and_account_states_have_their_cadences(stage: Stage) -> None:
    """Evidence: ws 3: 5.05 s, 1 s, 5 s."""
    topics = (AllMids(), ActiveAssetCtx("BTC"), ClearinghouseState(ALICE), SpotState(ALICE))
    listener = stage.listen(*topics)

    for _ in range(300):
        stage.wait(100)

    found = listener.channels()
    assert {channel: found.count(channel) for channel in found} == {
        "allMids": 6,
        "activeAssetCtx": 30,
        "clearinghouseState": 6,
        "spotState": 6,
    }


def test_a_change_on_the_tick_is_told_once(stage: Stage) -> None:
    listener = stage.listen(ClearinghouseState(ALICE))

    stage.node.pacer.move_to(START_MS + 5_000)
    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()

    assert listener.channels() == ["clearinghouseState"]


def test_candles_are_held_back_and_none_is_lost(stage: Stage) -> None:
    """Evidence: ws 3.5: at most two a second, and the next bar's arrival closes the last one."""
    listener = stage.listen(Candle("1m", "BTC"))  # type: ignore[arg-type]
    stage.wait(59_800)

    for price in (49_000, 49_001):
        stage.alice.sells(f"0.01 BTC @ {price}")
        stage.bob.buys(f"0.01 BTC @ {price}")
        stage.commit()
    assert [(data["c"], data["n"]) for _, data in listener.take()] == [("49000.0", 1)]

    stage.wait(300)
    assert listener.take() == []
    stage.wait(200)

    closed = [(data["t"] - START_MS, data["c"], data["n"]) for _, data in listener.take()]
    assert closed == [(0, "49001.0", 2)]


@dataclass(frozen=True, slots=True)
class Counted(Topic):
    """How many events each update is told of."""

    spec: ClassVar[Any] = Trades.spec
    gap_ms: ClassVar[int] = 500

    def sources(self) -> tuple[tuple[str, str], ...]:
        return (("trades", "BTC"),)

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Any]:
        yield [event.px for event in events if isinstance(event, Trade)]


def test_what_is_held_back_while_the_clock_stands_does_not_grow(stage: Stage) -> None:
    """Evidence: ours; a candle needs to know when the trades began and ended, no more."""
    listener = stage.listen(Counted())

    for price in range(49_000, 49_010):
        stage.alice.sells(f"0.01 BTC @ {price}")
        stage.bob.buys(f"0.01 BTC @ {price}")
        stage.commit()
    stage.wait(500)

    assert [data for _, data in listener.take()] == [[px("49000")], [px("49001"), px("49009")]]


# -- blocks ----------------------------------------------------------------------------------------


def test_everything_of_a_block_is_in_one_frame_of_its_topic(stage: Stage) -> None:
    """Evidence: ws 4.3, all user channels are batches of one block."""
    stage.alice.sells("0.01 BTC @ 50001")
    stage.alice.sells("0.01 BTC @ 50002")
    stage.commit()
    listener = stage.listen(Trades("BTC"), UserFills(ALICE), OrderUpdates(ALICE))

    stage.bob.buys("0.015 BTC @ 50002")
    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()

    found = dict(listener.take())
    assert [trade["px"] for trade in found["trades"]] == ["50001.0", "50002.0"]
    assert [fill["sz"] for fill in found["userFills"]["fills"]] == ["0.01", "0.005"]
    assert [update["status"] for update in found["orderUpdates"]] == ["filled", "open"]


def test_a_cancel_by_the_engine_is_told_before_the_order_update(stage: Stage) -> None:
    """Evidence: ws 4.3: `nonUserCancel` slightly before the matching update."""
    stage.alice.sells("0.01 BTC @ 50001")
    stage.commit()
    listener = stage.listen(OrderUpdates(ALICE), UserEvents(ALICE), Bbo("BTC"))

    stage.alice.buys("0.01 BTC @ 50001")
    stage.commit()

    assert listener.channels() == ["user", "orderUpdates", "bbo"]


def test_the_best_prices_are_sent_only_when_they_changed(stage: Stage) -> None:
    """Evidence: ws 3.3: when px, sz or n changed in a block."""
    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()
    listener = stage.listen(Bbo("BTC"))

    stage.alice.buys("0.01 BTC @ 48000")
    stage.commit()
    assert listener.take() == []
    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()

    (sent,) = listener.take()
    assert sent[1]["bbo"] == [{"px": "49000.0", "sz": "0.02", "n": 2}, None]


def test_a_partial_fill_renews_the_open_orders(stage: Stage) -> None:
    """Evidence: ws 3.19: an absolute list; a partial fill makes no order update (contested 35)."""
    stage.alice.sells("0.02 BTC @ 50001")
    stage.commit()
    listener = stage.listen(OpenOrders(ALICE), OrderUpdates(ALICE))

    stage.bob.buys("0.01 BTC @ 50001")
    stage.commit()

    (sent,) = listener.take()
    assert [(row["sz"], row["origSz"]) for row in sent[1]["orders"]] == [("0.01", "0.02")]


def test_room_to_trade_is_told_when_the_mark_moves(stage: Stage) -> None:
    listener = stage.listen(ActiveAssetData(ALICE, "BTC"), ActiveAssetData(ALICE, "ETH"))

    stage.story.oracle("BTC", "51000")
    stage.commit()

    assert [data["coin"] for _, data in listener.take()] == ["BTC"]


def test_the_same_story_makes_the_same_frames_in_the_same_order() -> None:
    def told() -> list[bytes]:
        stage = Stage()
        users = [UserEvents(ALICE), OrderUpdates(ALICE), UserFills(ALICE), Notification(ALICE)]
        listener = stage.listen(Trades("BTC"), L2Book("BTC"), Bbo("BTC"), AllMids(), *users)
        for price in (50_000, 50_010, 50_020):
            stage.alice.sells(f"0.01 BTC @ {price}")
            stage.bob.buys(f"0.01 BTC @ {price}")
            stage.wait(3_000)
        return listener.frames

    assert len(told()) == 18
    assert told() == told()


# -- subscribers -----------------------------------------------------------------------------------


def test_whoever_left_gets_nothing_and_leaves_nothing_behind(stage: Stage) -> None:
    topics = (L2Book("BTC"), Bbo("BTC"), OrderUpdates(ALICE), Candle("1m", "BTC"))  # type: ignore[arg-type]
    listener = stage.listen(*topics)
    assert len(stage.hub) == 4

    for topic in topics:
        stage.hub.leave(listener, topic)
        stage.hub.leave(listener, topic)
    stage.alice.buys("0.01 BTC @ 49000")
    stage.wait(60_000)

    assert (listener.frames, len(stage.hub)) == ([], 0)


def test_one_leaves_and_the_other_stays(stage: Stage) -> None:
    leaver, stayer = stage.listen(Bbo("BTC")), stage.listen(Bbo("BTC"))

    stage.hub.leave(leaver, Bbo("BTC"))
    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()

    assert (len(leaver.frames), len(stayer.frames)) == (0, 1)


def test_a_snapshot_of_the_exchange_that_is_restored_is_shown_to_all(stage: Stage) -> None:
    """Evidence: assumed; a state that jumped must not look as if it had not."""
    saved = stage.node.save()
    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()
    listener = stage.listen(Bbo("BTC"), OpenOrders(ALICE), OrderUpdates(ALICE))

    stage.node.load(saved)

    assert listener.take() == [
        ("bbo", {"coin": "BTC", "time": START_MS, "bbo": [None, None]}),
        ("openOrders", {"dex": "", "user": ALICE, "orders": []}),
    ]


@dataclass(frozen=True, slots=True)
class Broken(Topic):
    """A topic with a bug."""

    spec: ClassVar[Any] = Bbo.spec

    def sources(self) -> tuple[tuple[str, str], ...]:
        return (("bbo", "BTC"),)

    def period_ms(self, view: View) -> int:
        return 1_000

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Any]:
        raise ZeroDivisionError

    def tick(self, view: View) -> Any:
        raise ZeroDivisionError


@pytest.mark.breaks
def test_a_bug_in_one_topic_stops_neither_the_exchange_nor_the_others(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    listener = stage.listen(Broken(), Bbo("BTC"))

    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()
    stage.wait(1_000)

    assert listener.channels() == ["bbo"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError,
        ZeroDivisionError,
    ]


def test_a_block_that_nobody_listens_to_costs_nothing(stage: Stage) -> None:
    def events() -> Iterator[Event]:
        raise AssertionError("the events were looked at")
        yield

    stage.hub.on_block(Block(1, START_MS, (), events()))  # type: ignore[arg-type]


def test_frames_leave_one_turn_of_the_loop_later_in_the_order_they_were_built() -> None:
    """Evidence: contested 39; whoever came back meanwhile gets one first frame, not two."""

    async def test() -> None:
        stage = Stage()
        stage.hub.run()
        listener = Listener()
        for topic in (Bbo("BTC"), OpenOrders(ALICE)):
            stage.hub.join(listener, topic)
        stage.hub.leave(listener, Bbo("BTC"))
        stage.hub.join(listener, Bbo("BTC"))
        stage.alice.buys("0.01 BTC @ 49000")
        stage.commit()
        stage.hub.leave(listener, OpenOrders(ALICE))
        assert listener.frames == []

        await asyncio.sleep(0)

        told = [data["bbo"][0] for _, data in listener.take()]
        assert told == [None, {"px": "49000.0", "sz": "0.01", "n": 1}]

    run(test)


def test_a_closed_hub_sends_nothing_and_may_be_left(stage: Stage) -> None:
    listener = stage.listen(Bbo("BTC"))

    stage.hub.close()
    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()
    stage.hub.leave(listener, Bbo("BTC"))

    assert (listener.frames, len(stage.hub)) == ([], 0)
