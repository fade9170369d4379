"""Real time to exchange time. The only file that reads a clock: all else is told the time."""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections.abc import Callable
from enum import Enum

from ..matching.dataclass import dataclass

logger = logging.getLogger("hlsim.pacer")

START_MS = 1_767_225_600_000
"""Where a manual or auto clock starts unless told: 2026-01-01T00:00:00Z. A fixed hour, so that the
same test crosses the same funding hours on every run."""

END_MS = 253_402_300_799_999
"""Where exchange time ends: with the year 9999, beyond which there is no calendar."""

AUTO_WAIT_MS = 10
"""How long an auto clock waits for another request before it jumps to the next timer, unless it is
told otherwise. Of real time."""
AUTO_WAITS = 100
"""After so many times as long it jumps though somebody asks all the time: a client may be waiting
for time to move."""
ATTENTION_MS = 1000
"""How long after a request somebody still watches, of real time. An auto clock that nobody watches
does not wait between two jumps."""


def wall_ms() -> int:
    """Real time, in ms since 1970."""
    return time.time_ns() // 1_000_000


def real_s() -> float:
    """Real time since anywhere, in seconds: for what happens outside the exchange."""
    return time.monotonic()


class Clock(Enum):
    """How exchange time moves. Values are the words of `--clock`."""

    WALL = "wall"
    MANUAL = "manual"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class ClockMark:
    """Exchange time at one moment, and how it went on."""

    time_ms: int
    clock: Clock
    speed: float
    skew_ms: int
    auto_wait_ms: int


class Pacer:
    """What exchange time it is now, and how long to wait for a later one.

    Exchange time never goes back. `nonce_clock_ms` is apart from it: unmodified clients stamp
    nonces with their own wall clock, whatever time the exchange lives in, unless they were given
    exchange time for their own.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        start_ms: int | None = None,
        speed: float = 1.0,
        auto_wait_ms: int = AUTO_WAIT_MS,
        skew_ms: int = 0,
        own_time: bool = False,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.clock = clock
        self.speed = speed
        self.auto_wait_ms = auto_wait_ms
        """How long nobody asks for anything before an auto clock jumps."""
        self.skew_ms = skew_ms
        """Clients' time plus this is the nonce clock."""
        self.own_time = own_time
        """Whether clients live in exchange time, too."""
        self._alarms: list[tuple[int, int, Callable[[], object]]] = []
        self._alarms_set = 0
        self._is_too_fast = False
        self._asked_ms: int | None = None
        """When the last request came, of real time."""
        self._busy_ms = 0
        """When requests began that came one soon after the other."""
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        if start_ms is None:
            start_ms = wall_ns() // 1_000_000 if clock is Clock.WALL else START_MS
        self.start_ms = start_ms
        self._origin_ms = start_ms
        self._origin_ns = monotonic_ns()

    def time_after(self, milliseconds: int) -> int:
        """Exchange time so much later. Raises ValueError for a way back, and beyond its end."""
        if milliseconds < 0:
            raise ValueError(f"time does not go back: {milliseconds} ms")
        time_ms = self.now_ms() + milliseconds
        if time_ms > END_MS:
            raise ValueError(f"time ends with the year 9999: {milliseconds} ms are too many")
        return time_ms

    def now_ms(self) -> int:
        """Exchange time now."""
        if self.clock is not Clock.WALL:
            return self._origin_ms
        elapsed_ns = self._monotonic_ns() - self._origin_ns
        if self.speed != 1.0:
            elapsed_ns = int(elapsed_ns * self.speed)
        return self._origin_ms + elapsed_ns // 1_000_000

    def nonce_clock_ms(self) -> int:
        """What nonces and `expiresAfter` are judged against: the time that clients stamp."""
        client_ms = self.now_ms() if self.own_time else self._wall_ns() // 1_000_000
        return client_ms + self.skew_ms

    def client_s(self) -> float:
        """The time by which clients pace themselves, in seconds since anywhere."""
        return self.now_ms() / 1000 if self.is_conducted else self._monotonic_ns() / 1e9

    @property
    def is_conducted(self) -> bool:
        """Whether clients wait in exchange time, too, and it moves when they do. Where another
        clock moves it, theirs only shows it.
        """
        return self.own_time and self.clock is Clock.MANUAL

    def move_to(self, time_ms: int) -> None:
        """Makes it `time_ms` now. A wall clock runs on from there."""
        self._origin_ms = time_ms
        self._origin_ns = self._monotonic_ns()

    def go_back_to(self, time_ms: int) -> None:
        """As `move_to`, and what waits has still to wait as long as it had."""
        back_ms = self.now_ms() - time_ms
        self._alarms = [(due - back_ms, number, call) for due, number, call in self._alarms]
        self.move_to(time_ms)

    def switch(self, clock: Clock, speed: float) -> None:
        """Lets `clock` move exchange time from now on, which goes on from where it is."""
        now_ms = self.now_ms()
        self.clock = clock
        self.speed = speed
        self._is_too_fast = False
        self.move_to(now_ms)

    def mark(self) -> ClockMark:
        """What time it is and who moves it, for `rewind`."""
        return ClockMark(self.now_ms(), self.clock, self.speed, self.skew_ms, self.auto_wait_ms)

    def rewind(self, mark: ClockMark) -> None:
        """Exchange time goes on from `mark` as it did then."""
        self.clock, self.speed, self.skew_ms = mark.clock, mark.speed, mark.skew_ms
        self.auto_wait_ms = mark.auto_wait_ms
        self._is_too_fast = False
        self.go_back_to(mark.time_ms)

    def real_ms(self) -> int:
        """Real time since anywhere, to measure how long something takes."""
        return self._monotonic_ns() // 1_000_000

    # -- what comes later --------------------------------------------------------------------------

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Calls after `seconds` of the time in which clients wait, in the running event loop.

        That is exchange time where nobody but they move it, and real time else.
        """
        if not self.is_conducted:
            asyncio.get_running_loop().call_later(seconds, call)
            return
        self.at(self.now_ms() + max(1, round(1000 * seconds)), call)

    def at(self, time_ms: int, call: Callable[[], object]) -> None:
        """Calls at an exchange time, from `ring`."""
        self._alarms_set += 1
        heapq.heappush(self._alarms, (time_ms, self._alarms_set, call))

    @property
    def next_alarm_ms(self) -> int | None:
        """Exchange time at which `ring` has something to call."""
        return self._alarms[0][0] if self._alarms else None

    def ring(self) -> None:
        """Calls what is due by now, in the order in which it falls due."""
        while self._alarms and self._alarms[0][0] <= self.now_ms():
            heapq.heappop(self._alarms)[2]()

    # -- whoever watches ---------------------------------------------------------------------------

    def attend(self) -> None:
        """Somebody asked for something just now."""
        now_ms = self.real_ms()
        if self._asked_ms is None or now_ms - self._asked_ms >= self.auto_wait_ms:
            self._busy_ms = now_ms
        self._asked_ms = now_ms

    @property
    def is_watched(self) -> bool:
        """True while the last request is not long ago."""
        attention_ms = max(ATTENTION_MS, self.auto_wait_ms)
        return self._asked_ms is not None and self.real_ms() - self._asked_ms < attention_ms

    def fall_behind(self, time_ms: int) -> None:
        """The exchange came no further than `time_ms` by now.

        It is caught up with, say after the machine slept. But a clock that is faster than real time
        and a real second ahead goes on from there, slower than it was asked to be.
        """
        if self.speed <= 1.0 or self.now_ms() - time_ms <= 1000 * self.speed:
            return
        self.move_to(time_ms)
        if not self._is_too_fast:
            self._is_too_fast = True
            logger.warning("speed %g is more than this machine can do", self.speed)

    def seconds_until(self, time_ms: int | None) -> float | None:
        """Real seconds until exchange time `time_ms` comes by itself; None: it does not."""
        if time_ms is None or self.clock is Clock.MANUAL:
            return None
        if self.clock is Clock.AUTO:
            return self._quiet_ms_left() / 1000 if self.is_watched else 0.0
        # One millisecond of rounding: waking early would mean waking twice.
        return max(0.0, (time_ms - self.now_ms()) / self.speed / 1000 + 0.0005)

    def _quiet_ms_left(self) -> int:
        """How long an auto clock still waits for whoever asked: after the last request, and after
        its last jump.
        """
        now_ms, moved_ms = self.real_ms(), self._origin_ns // 1_000_000
        quiet_ms = now_ms - max(moved_ms, self._asked_ms or 0)
        busy_ms = now_ms - max(moved_ms, self._busy_ms)
        return max(0, min(self.auto_wait_ms - quiet_ms, AUTO_WAITS * self.auto_wait_ms - busy_ms))
