"""Blocks: what is in one, in which order, when it is made, and who hears of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nodes import BOB, RealTime, Ticks, blocks_of, node, one_block, order, run, signed, trade
from stories import START_MS, address, px, usd

from hlsim.matching.types import Tif
from hlsim.server.blocks import Block, Closed
from hlsim.server.node import HEARTBEAT_MS
from hlsim.server.pacer import AUTO_WAIT_MS, Clock, Pacer
from hlsim.sim.actions.cancels import Cancel, CancelOid
from hlsim.sim.actions.misc import Noop, SetReferrer
from hlsim.sim.events import BookChanged, Trade
from hlsim.sim.exchange import Advanced, Applied, Operated, Sealed
from hlsim.sim.operations import DepositUsd, SetOracle
from hlsim.sim.replies import Done, Refused

# -- a block for each action -----------------------------------------------------------------------


def test_an_action_is_a_block_of_its_own_at_once() -> None:
    """Block time 0: no action waits for another."""
    made = node()
    blocks = blocks_of(made)

    async def work() -> list[Any]:
        return [await made.submit(signed(Noop())), await made.submit(signed(order()))]

    first, second = run(work)

    assert first == Done()
    assert second.statuses[0].oid == 1
    assert [block.height for block in blocks] == [2, 3]
    assert [type(item) for item in blocks[1].inputs] == [Applied, Sealed]
    assert BookChanged("BTC") in blocks[1].events
    assert made.exchange.state.height == 4


def test_the_nonce_clock_is_written_down_with_the_action() -> None:
    """A replay must judge nonces as they were judged (exchange 4)."""
    real = RealTime()
    made = node(real=real)
    blocks = blocks_of(made)
    real.go(1234)
    run(lambda: made.submit(signed(Noop())))
    applied = blocks[0].inputs[0]
    assert isinstance(applied, Applied)
    assert applied.call.nonce_clock_ms == START_MS + 1234
    assert applied.time_ms == START_MS


def test_an_action_that_is_not_admitted_makes_no_block() -> None:
    """Failures before the nonce is used leave no trace (exchange 1.3)."""
    made = node()
    blocks = blocks_of(made)
    before = made.exchange.state_hash()
    answer = run(lambda: made.submit(signed(Noop(), address("nobody"))))
    assert isinstance(answer, Refused)
    assert blocks == []
    assert made.exchange.state_hash() == before


def test_an_action_that_a_rule_refuses_is_in_a_block() -> None:
    """Every business rejection consumes the nonce (exchange 1.3)."""
    made = node()
    blocks = blocks_of(made)
    answer = run(lambda: made.submit(signed(SetReferrer("NOSUCH"))))
    assert isinstance(answer, Refused)
    assert [type(item) for item in blocks[0].inputs] == [Applied, Sealed]


def test_under_a_wall_clock_time_comes_before_the_action() -> None:
    real = RealTime()
    made = node(clock=Clock.WALL, real=real)
    blocks = blocks_of(made)
    real.go(50)
    run(lambda: made.submit(signed(Noop())))
    assert blocks[0].inputs[0] == Advanced(START_MS + 50)
    assert blocks[0].time_ms == START_MS + 50


# -- batches ---------------------------------------------------------------------------------------


def test_a_block_is_sorted_by_class_and_first_come_within_one() -> None:
    """No Gtc or Ioc, then cancels, then the rest (exchange 1.4, contested 9)."""
    cancel = Cancel((CancelOid(0, 9),))  # type: ignore[arg-type]
    gtc, ioc = order(), order(tif=Tif.IOC)
    alo = order("0.01 BTC @ 41000", tif=Tif.ALO)

    block, answers = one_block(node(block_time_ms=1), gtc, cancel, ioc, alo, Noop(), cancel)

    done = [item.action for item in block.inputs if isinstance(item, Applied)]
    assert done == [alo, Noop(), cancel, cancel, gtc, ioc]
    assert isinstance(block.inputs[-1], Sealed)
    assert answers[3].statuses[0].oid == 1
    assert answers[0].statuses[0].oid == 2
    assert answers[4] == Done()


def test_nothing_is_answered_before_the_block() -> None:
    """Documented: an API server answers when the block is committed (ws 9)."""
    made = node(block_time_ms=50)

    async def work() -> None:
        waiting = asyncio.ensure_future(made.submit(signed(Noop())))
        await asyncio.sleep(0)
        assert not waiting.done()
        made.advance(0)
        assert await waiting == Done()

    run(work)


def test_closing_refuses_what_still_waits() -> None:
    made = node(block_time_ms=3_600_000)

    async def work() -> None:
        made.run()
        waiting = asyncio.ensure_future(made.submit(signed(Noop())))
        await asyncio.sleep(0)
        made.close()
        with pytest.raises(Closed):
            await waiting

    run(work)


# -- time and scripts ------------------------------------------------------------------------------


def test_advance_runs_scripts_at_their_own_times_each_in_its_block() -> None:
    ticks, slow = Ticks(1000), Ticks(1500)
    made = node(scripts=[ticks, slow])
    blocks = blocks_of(made)

    assert made.advance(3200) == START_MS + 3200

    assert ticks.ran == [1000, 2000, 3000]
    assert slow.ran == [1500, 3000]
    assert [block.time_ms - START_MS for block in blocks] == [1000, 1500, 2000, 3000, 3000, 3200]
    assert made.exchange.state.time_ms == START_MS + 3200


def test_a_script_that_is_due_runs_before_the_action() -> None:
    real = RealTime()
    made = node(clock=Clock.WALL, scripts=[Ticks(10)], real=real)
    blocks = blocks_of(made)
    real.go(12)
    run(lambda: made.submit(signed(Noop())))
    kinds = [[type(item) for item in block.inputs] for block in blocks]
    assert kinds == [[Advanced, Operated, Sealed], [Advanced, Applied, Sealed]]


@pytest.mark.breaks
def test_a_failing_script_is_stopped_and_the_exchange_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad, good = Ticks(1000, fails_at=START_MS + 2000), Ticks(1000)
    made = node(scripts=[bad, good])
    made.advance(5000)
    assert bad.ran == [1000]
    assert good.ran == [1000, 2000, 3000, 4000, 5000]
    assert "a bug in a script" in caplog.text


@pytest.mark.breaks
def test_a_script_that_stays_due_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    stuck = Ticks(0)
    made = node(scripts=[stuck])
    made.advance(10)
    assert stuck.ran == [0]
    assert "due again at once" in caplog.text


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="time does not go back"):
        node().advance(-1)


def test_a_wall_clock_node_makes_blocks_by_itself_and_sleeps_in_between() -> None:
    """It wakes for what is due and for the heartbeat, and for nothing else."""
    made = node(clock=Clock.WALL)
    made.pacer = Pacer(Clock.WALL, start_ms=START_MS, speed=1000.0)
    blocks = blocks_of(made)

    async def work() -> int:
        made.run()
        while made.exchange.state.time_ms < START_MS + 20 * HEARTBEAT_MS:
            await asyncio.sleep(0.001)
        made.close()
        return made.exchange.state.time_ms - START_MS

    passed_ms = run(work)
    # A heartbeat is rarer than the timers of the exchange at this speed, and those 3 s apart.
    assert 1 <= len(blocks) <= passed_ms // 1000 + 2
    assert all(isinstance(block.inputs[0], Advanced) for block in blocks)


def test_an_auto_clock_jumps_from_one_event_to_the_next() -> None:
    ticks = Ticks(3_600_000)
    made = node(clock=Clock.AUTO, scripts=[ticks])
    made.exchange.state.timers.heap.clear()

    async def work() -> None:
        made.run()
        while len(ticks.ran) < 3:
            await asyncio.sleep(0.001)
        made.close()

    run(work)
    assert ticks.ran[:3] == [3_600_000, 7_200_000, 10_800_000]


def test_an_auto_clock_leaves_a_start_at_which_a_timer_is_due() -> None:
    """The first premium sample is due at a start on a full hour, where every auto clock starts."""
    made = node(clock=Clock.AUTO)
    assert made.exchange.state.timers.next_due_ms() == START_MS

    async def work() -> None:
        made.run()
        async with asyncio.timeout(10):
            while made.exchange.state.time_ms < START_MS + 9_000:
                await asyncio.sleep(0.001)
        made.close()

    run(work)
    assert made.exchange.state.time_ms >= START_MS + 9_000


def test_an_auto_clock_goes_step_by_step_while_somebody_acts() -> None:
    """Real time stands still here but for its waits, so whoever acts watches for ever."""
    ticks = Ticks(3_600_000)
    real = RealTime()
    made = node(clock=Clock.AUTO, scripts=[ticks], real=real)
    made.exchange.state.timers.heap.clear()
    seen: list[int] = []

    async def work() -> None:
        made.run()
        await made.submit(signed(order()))
        made.subscribe(lambda block: seen.append(len(ticks.ran)))
        while len(ticks.ran) < 3:
            before = len(ticks.ran)
            made.attend()
            real.go(AUTO_WAIT_MS)
            await asyncio.sleep(0)
            assert len(ticks.ran) - before <= 1
        made.close()

    run(work)
    assert seen[:3] == [1, 2, 3]


def test_an_auto_clock_does_not_jump_while_somebody_asked_since_its_alarm_was_set() -> None:
    real = RealTime()
    made = node(clock=Clock.AUTO, scripts=[Ticks(3_600_000)], real=real)
    made.set_auto_wait(1)
    seen = blocks_of(made)

    async def work() -> None:
        made.run()
        real.go(5)
        # Its alarm rings in a real millisecond, again and again; by the time that counts somebody
        # asked just now.
        made.attend()
        for _ in range(5):
            await asyncio.sleep(0.002)
        assert seen == []
        real.go(1)
        while not seen:
            await asyncio.sleep(0)
        made.close()

    run(work)


def test_an_auto_clock_that_nobody_watches_jumps_many_times_at_a_go() -> None:
    """An hour of a quiet exchange has two thousand timers, and takes a moment."""
    made = node(clock=Clock.AUTO)
    goes = 0

    async def work() -> None:
        nonlocal goes
        made.run()
        while made.exchange.state.time_ms < START_MS + 3_600_000:
            goes += 1
            await asyncio.sleep(0)
        made.close()

    run(work)
    assert goes < 1_000


def test_a_manual_clock_stands_until_it_is_told() -> None:
    made = node()

    async def work() -> None:
        made.run()
        await asyncio.sleep(0.02)

    run(work)
    assert made.exchange.state.time_ms == START_MS


# -- operations, subscriptions, snapshots ----------------------------------------------------------


def test_an_operation_is_a_block_and_a_bad_one_raises() -> None:
    made = node()
    blocks = blocks_of(made)
    made.operate(SetOracle(((0, px("51000")),)))
    assert [type(item) for item in blocks[0].inputs] == [Operated, Sealed]
    with pytest.raises(ValueError, match=r"."):
        made.operate(SetOracle(((0, px("0")),)))


def test_an_unsubscribed_consumer_hears_no_more() -> None:
    made = node()
    first: list[Block] = []
    second: list[Block] = []
    stop = made.subscribe(first.append)
    made.subscribe(second.append)
    made.operate(DepositUsd(BOB, usd("1")))
    stop()
    made.operate(DepositUsd(BOB, usd("1")))
    assert (len(first), len(second)) == (1, 2)


def test_events_tell_of_thetrade() -> None:
    made = node()
    blocks = blocks_of(made)
    run(lambda: trade(made))
    assert [event.px for event in blocks[-1].events if isinstance(event, Trade)] == [px("50000")]
