"""A clock that runs faster than the exchange can follow: clients are answered all the same."""

from __future__ import annotations

from typing import Any

import pytest
from nodes import ALICE, RealTime, Ticks, blocks_of, node, order, run, signed
from stories import START_MS, usd

from hlsim.server.blocks import Closed
from hlsim.server.node import CATCH_UP_MS, LocalNode
from hlsim.server.pacer import END_MS, Clock, Pacer
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import DepositUsd

COSTS_MS = 3


class Toil(Ticks):
    """A script that is due every second and takes its time."""

    def __init__(self, real: RealTime) -> None:
        super().__init__(1000)
        self.real = real

    def run(self, ex: Exchange, time_ms: int) -> None:
        super().run(ex, time_ms)
        self.real.go(COSTS_MS)


def toiling(speed: float) -> tuple[LocalNode, Toil, RealTime]:
    real = RealTime()
    toil = Toil(real)
    made = node(clock=Clock.WALL, scripts=[toil], real=real)
    made.pacer = Pacer(
        Clock.WALL, start_ms=START_MS, speed=speed, monotonic_ns=real.now, wall_ns=real.now
    )
    return made, toil, real


def deposit(made: LocalNode) -> None:
    made.operate(DepositUsd(ALICE, usd("1")))


def test_a_go_at_a_clock_that_is_far_ahead_is_short() -> None:
    made, toil, real = toiling(1000.0)
    real.go(1000)
    before_ns = real.ns

    deposit(made)

    assert CATCH_UP_MS <= (real.ns - before_ns) // 10**6 < CATCH_UP_MS + COSTS_MS
    assert len(toil.ran) == 4


def test_a_clock_that_is_too_fast_goes_on_from_where_the_exchange_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made, toil, real = toiling(1000.0)
    for _ in range(3):
        real.go(2000)
        deposit(made)
        assert made.pacer.now_ms() == made.exchange.state.time_ms
    assert toil.ran == [1000 * count for count in range(1, 13)]
    assert caplog.messages == ["speed 1000 is more than this machine can do"]


def test_a_short_hitch_of_a_fast_clock_is_caught_up_with(caplog: pytest.LogCaptureFixture) -> None:
    made, _, real = toiling(60.0)
    real.go(900)
    for _ in range(20):
        deposit(made)
    assert made.exchange.state.time_ms == made.pacer.now_ms() >= START_MS + 54_000
    assert caplog.messages == []


def test_after_a_long_sleep_real_time_is_caught_up_with() -> None:
    """A machine slept, a debugger held the process: the exchange comes back to the wall clock."""
    made, _, real = toiling(1.0)
    real.go(100_000)
    deposit(made)
    assert made.exchange.state.time_ms == START_MS + 4000
    for _ in range(30):
        deposit(made)
    assert made.exchange.state.time_ms == made.pacer.now_ms() >= START_MS + 100_000


def test_an_explicit_step_is_done_whole_whatever_it_takes() -> None:
    made, toil, _ = toiling(1.0)
    made.advance(60_000)
    assert toil.ran == [1000 * count for count in range(1, 61)]


def test_time_ends_with_the_year_9999() -> None:
    made = node()
    with pytest.raises(ValueError, match="time ends with the year 9999"):
        made.advance(END_MS)
    assert made.exchange.state.time_ms == START_MS


@pytest.mark.parametrize("block_time_ms", [0, 70])
def test_a_closed_node_takes_no_action(block_time_ms: int) -> None:
    """With a block time it would wait for a block that never comes."""
    made = node(block_time_ms=block_time_ms)
    blocks = blocks_of(made)

    async def work() -> Any:
        made.close()
        with pytest.raises(Closed):
            await made.submit(signed(order()))

    run(work)
    assert blocks == []
