"""Real time to exchange time. Real time is an argument here: nothing sleeps."""

from __future__ import annotations

import time
from functools import partial

import pytest
from asking import ask
from websockets.sync.client import connect

import hlsim
from hlsim.server.pacer import AUTO_GRACE_S, START_MS, Clock, Pacer


class RealTime:
    """Real time that stands until it is told to go."""

    def __init__(self) -> None:
        self.ns = 5_000_000_000

    def go(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)

    def monotonic(self) -> int:
        return self.ns

    def wall(self) -> int:
        return 1_790_000_000_000_000_000 + self.ns


@pytest.fixture
def real() -> RealTime:
    return RealTime()


def pacer(real: RealTime, clock: Clock, **words: object) -> Pacer:
    return Pacer(clock, monotonic_ns=real.monotonic, wall_ns=real.wall, **words)  # type: ignore[arg-type]


def test_a_wall_clock_starts_now_and_runs_with_real_time(real: RealTime) -> None:
    wall = pacer(real, Clock.WALL)
    assert wall.now_ms() == real.wall() // 1_000_000

    real.go(1.5)

    assert wall.now_ms() == real.wall() // 1_000_000


def test_a_wall_clock_starts_where_it_is_told(real: RealTime) -> None:
    wall = pacer(real, Clock.WALL, start_ms=1000)
    real.go(0.25)
    assert wall.now_ms() == 1250


@pytest.mark.parametrize(("speed", "passed_ms"), [(1.0, 2000), (60.0, 120_000), (0.5, 1000)])
def test_speed_multiplies_real_time(real: RealTime, speed: float, passed_ms: int) -> None:
    wall = pacer(real, Clock.WALL, start_ms=0, speed=speed)
    real.go(2)
    assert wall.now_ms() == passed_ms


@pytest.mark.parametrize("clock", [Clock.MANUAL, Clock.AUTO])
def test_other_clocks_start_at_a_fixed_hour_and_stand(real: RealTime, clock: Clock) -> None:
    still = pacer(real, clock)
    real.go(3600)
    assert still.now_ms() == START_MS
    assert START_MS % 3_600_000 == 0


def test_the_nonce_clock_is_wall_time_and_skew_under_any_clock(real: RealTime) -> None:
    """Unmodified clients stamp nonces with their own clock (exchange 4)."""
    for clock in Clock:
        skewed = pacer(real, clock, start_ms=0, skew_ms=-500)
        assert skewed.nonce_clock_ms() == real.wall() // 1_000_000 - 500


def test_a_moved_wall_clock_runs_on_from_there(real: RealTime) -> None:
    wall = pacer(real, Clock.WALL, start_ms=0)
    real.go(1)
    wall.move_to(500_000)
    real.go(2)
    assert wall.now_ms() == 502_000


@pytest.mark.parametrize(
    ("clock", "speed", "due_ms", "seconds"),
    [
        (Clock.WALL, 1.0, 3000, 3.0005),
        (Clock.WALL, 10.0, 3000, 0.3005),
        (Clock.WALL, 1.0, -10, 0.0),
        (Clock.WALL, 1.0, None, None),
        (Clock.MANUAL, 1.0, 3000, None),
        (Clock.AUTO, 1.0, 3_600_000, 0.0),
        (Clock.AUTO, 1.0, None, None),
    ],
)
def test_how_long_to_wait(
    real: RealTime, clock: Clock, speed: float, due_ms: int | None, seconds: float | None
) -> None:
    found = pacer(real, clock, start_ms=0, speed=speed).seconds_until(due_ms)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_an_auto_clock_waits_for_whoever_asked_a_moment_ago(real: RealTime) -> None:
    auto = pacer(real, Clock.AUTO)
    assert not auto.is_watched
    auto.attend()
    real.go(0.999)
    assert (auto.is_watched, auto.seconds_until(1)) == (True, AUTO_GRACE_S)
    real.go(0.001)
    assert (auto.is_watched, auto.seconds_until(1)) == (False, 0.0)


def test_waking_when_told_is_never_too_early(real: RealTime) -> None:
    """A wake-up before its time would only set the same alarm again."""
    wall = pacer(real, Clock.WALL, start_ms=0, speed=3.0)
    for due_ms in range(1, 50):
        seconds = wall.seconds_until(wall.now_ms() + due_ms)
        target_ms = wall.now_ms() + due_ms
        assert seconds is not None
        real.go(seconds)
        assert wall.now_ms() >= target_ms


def test_an_auto_clock_waits_for_whoever_reads_or_listens() -> None:
    """An hour takes a moment while nobody is there, and some seconds while somebody is."""
    with hlsim.start(market="empty", clock="auto", port=0) as server:
        watched = partial(server.call, lambda running: running.node.pacer.is_watched)
        assert not watched()
        ask(server)
        assert watched()
    with hlsim.start(market="empty", clock="auto", port=0) as server:
        watched = partial(server.call, lambda running: running.node.pacer.is_watched)
        with connect(server.ws_url):
            end = time.monotonic() + 10
            while not watched() and time.monotonic() < end:
                pass
            assert watched()


def test_clients_with_a_clock_of_their_own_stamp_and_wait_in_exchange_time() -> None:
    pacer = Pacer(Clock.MANUAL, start_ms=5_000, skew_ms=3, own_time=True)
    rung: list[str] = []
    pacer.later(2.0, lambda: rung.append("second"))
    pacer.later(1.0, lambda: rung.append("first"))

    assert (pacer.nonce_clock_ms(), pacer.client_s(), pacer.next_alarm_ms) == (5_003, 5.0, 6_000)
    pacer.ring()
    assert rung == []
    pacer.go_back_to(4_000)
    assert pacer.next_alarm_ms == 5_000
    pacer.move_to(6_000)
    pacer.ring()
    assert rung == ["first", "second"]
    assert pacer.next_alarm_ms is None
