"""Candles of one market, folded from its trades. Bounded: the newest 5000 of every interval."""

from __future__ import annotations

from array import array
from dataclasses import field
from functools import lru_cache

from ..matching.dataclass import dataclass
from .fixed import Px, Sz

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MONTH = 0
"""Stands for the one interval that has no fixed length."""

INTERVALS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": MONTH,
}
"""Length in ms by wire name, in the order of the documentation (info 4.9)."""

BARS_KEPT = 5_000
"""Documented: only the newest 5000 bars of an interval exist (info 4.9)."""
_SLACK = 500
"""Bars above that before the oldest are cut off, so that cutting is rare."""
_T, _O, _H, _L, _C, _V, _N = range(7)
_WIDTH = 7
_WORD = 2**63 - 1


FEEDS = {
    "1m": ("3m", "5m"),
    "5m": ("15m",),
    "15m": ("30m",),
    "30m": ("1h",),
    "1h": ("2h",),
    "2h": ("4h",),
    "4h": ("8h", "12h"),
    "12h": ("1d",),
    "1d": ("3d", "1w", "1M"),
}
"""Which intervals a finished bar of another is folded into: each from the longest that fits."""
FED_BY = {longer: shorter for shorter, fed in FEEDS.items() for longer in fed}


@dataclass(slots=True)
class Candle:
    """One bar, made anew for each read: [t, T] in ms, prices and volume scaled by 1e8, n trades."""

    t: int
    T: int
    o: Px
    c: Px
    h: Px
    l: Px  # noqa: E741  # the wire's name
    v: Sz
    n: int


@lru_cache(maxsize=8192)
def month_start(month: int) -> int:
    """The ms at which a month begins; months are counted from January 1970.

    Days before a civil date by the usual rule: years that begin in March, eras of 400 years.
    """
    year, index = 1970 + month // 12, month % 12  # not money
    since_march = (index + 10) % 12
    if index < 2:
        year -= 1
    day_of_year = (153 * since_march + 2) // 5  # not money
    days = 365 * year + year // 4 - year // 100 + year // 400 + day_of_year  # not money
    return (days - 719_468) * DAY_MS


def month_of(time_ms: int) -> int:
    """The month that holds `time_ms`, counted from January 1970."""
    month = time_ms // (31 * DAY_MS)
    while month_start(month + 1) <= time_ms:
        month += 1
    return month


def bar_start(interval: str, time_ms: int) -> int:
    """The beginning of the bar that holds `time_ms`.

    Inferred: weeks and three days count from the Unix epoch, months by the calendar (contested
    63).
    """
    step = INTERVALS[interval]
    return time_ms - time_ms % step if step else month_start(month_of(time_ms))


def next_bar(interval: str, start_ms: int, bars: int = 1) -> int:
    """The beginning of the bar `bars` after the one that begins at `start_ms`; may be negative."""
    step = INTERVALS[interval]
    return start_ms + bars * step if step else month_start(month_of(start_ms) + bars)


@dataclass(slots=True)
class Bars:
    """Bars of one interval that had trades: the finished ones, oldest first, and the running one.

    Finished ones are flat, seven numbers each, in machine words while they fit: a quarter of the
    memory of tuples. Plain integers from the first number on that does not fit, such as the
    monthly volume of a meme.
    """

    running: list[int]
    """t, o, h, l, c, v, n."""
    end_ms: int
    """When the running bar ends."""
    flat: array[int] | list[int] = field(default_factory=lambda: array("q"))

    def finish(self) -> None:
        """Stores the running bar and lets the oldest fall out when there are too many."""
        flat, running = self.flat, self.running
        if (running[_V] > _WORD or running[_H] > _WORD) and isinstance(flat, array):
            flat = self.flat = flat.tolist()
        flat.extend(running)
        if len(flat) > (BARS_KEPT + _SLACK) * _WIDTH:
            del flat[: _SLACK * _WIDTH]

    def since(self, start_ms: int) -> list[list[int]]:
        """Copies of the bars from the last one that began at or before `start_ms` on."""
        flat = self.flat
        count = len(flat) // _WIDTH  # not money
        found = [self.running[:]]
        for index in range(count - 1, -1, -1):
            if found[-1][_T] <= start_ms:
                break
            found.append(list(flat[index * _WIDTH : (index + 1) * _WIDTH]))
        found.reverse()
        return found


def _merge(bar: list[int], later: list[int]) -> None:
    """Adds a later bar, or part of one, to `bar`."""
    if later[_H] > bar[_H]:
        bar[_H] = later[_H]
    if later[_L] < bar[_L]:
        bar[_L] = later[_L]
    bar[_C] = later[_C]
    bar[_V] += later[_V]
    bar[_N] += later[_N]


@dataclass(slots=True)
class CandleSeries:
    """All candles of one market. Trades must come in the order of time.

    A trade only touches the running minute. A bar that is over is folded into the next longer
    interval when the first trade after it comes, so most trades cost the same however many
    intervals there are; reads add what is not folded yet.
    """

    minute: list[int] = field(default_factory=list)
    """The running bar of "1m", shared with `bars`; empty before the first trade."""
    minute_end_ms: int = 0
    first_ms: int = 0
    """The minute of the first trade."""
    bars: dict[str, Bars] = field(default_factory=dict)

    def add_trade(self, time_ms: int, px: int, sz: int) -> None:
        """Counts one trade."""
        if time_ms >= self.minute_end_ms:
            self._begin(time_ms, px, sz)
            return
        minute = self.minute
        if px > minute[2]:
            minute[2] = px
        elif px < minute[3]:
            minute[3] = px
        minute[4] = px
        minute[5] += sz
        minute[6] += 1

    def _begin(self, time_ms: int, px: int, sz: int) -> None:
        """Closes the running minute and begins the one of `time_ms`."""
        start_ms = time_ms - time_ms % MINUTE_MS
        if not self.minute:
            self.first_ms = start_ms
        self._fold("1m", [start_ms, px, px, px, px, sz, 1])
        self.minute = self.bars["1m"].running
        self.minute_end_ms = start_ms + MINUTE_MS

    def _fold(self, interval: str, bar: list[int]) -> None:
        """Adds `bar` to the running bar of `interval`, or finishes that and begins another."""
        bars = self.bars.get(interval)
        if bars is not None and bar[_T] < bars.end_ms:
            _merge(bars.running, bar)
            return
        start_ms = bar_start(interval, bar[_T])
        running, end_ms = [start_ms, *bar[1:]], next_bar(interval, start_ms)
        if bars is None:
            self.bars[interval] = Bars(running, end_ms)
            return
        bars.finish()
        for longer in FEEDS.get(interval, ()):
            self._fold(longer, bars.running)
        bars.running, bars.end_ms = running, end_ms

    def rows(self, interval: str, start_ms: int, end_ms: int, now_ms: int) -> list[Candle]:
        """Every bar that overlaps [start_ms, end_ms], oldest first, the one of `now_ms` included.

        A bar without trades repeats the close before it; there is none before the first trade and
        none but the newest BARS_KEPT (info 4.9, contested 63). `interval` is one of INTERVALS.
        """
        newest = bar_start(interval, now_ms)
        if not self.minute or start_ms > end_ms or start_ms >= next_bar(interval, newest):
            return []
        oldest = next_bar(interval, newest, 1 - BARS_KEPT)
        start = bar_start(interval, max(start_ms, self.first_ms, oldest))
        last = min(end_ms, now_ms)
        return _filled(interval, self._known(interval, start), start, last)

    def current(self, interval: str, now_ms: int) -> Candle | None:
        """The bar that `now_ms` falls in; None before the first trade."""
        rows = self.rows(interval, now_ms, now_ms, now_ms)
        return rows[0] if rows else None

    def _known(self, interval: str, start_ms: int) -> list[list[int]]:
        """The bars with trades from the last one at or before `start_ms` to the running one."""
        parts: list[list[int]] = []
        shorter: str | None = interval
        known: list[list[int]] = []
        while shorter is not None:
            bars = self.bars.get(shorter)
            if bars is not None and shorter == interval:
                known = bars.since(start_ms)
            elif bars is not None:
                parts.append(bars.running)
            shorter = FED_BY.get(shorter)
        # The longer the interval, the older the trades that its running bar holds.
        for part in parts:
            if known and part[_T] < next_bar(interval, known[-1][_T]):
                _merge(known[-1], part)
            else:
                known.append([bar_start(interval, part[_T]), *part[1:]])
        return known


def _filled(interval: str, known: list[list[int]], start_ms: int, last_ms: int) -> list[Candle]:
    """One candle for every interval from `start_ms` to `last_ms`; gaps are flat at the last close.

    The first of `known` begins at or before `start_ms`.
    """
    found: list[Candle] = []
    step = INTERVALS[interval]
    t, place = start_ms, 0
    close = known[0][_C]
    while t <= last_ms:
        end = t + step if step else next_bar(interval, t)
        while place < len(known) and known[place][_T] < t:
            close = known[place][_C]
            place += 1
        if place < len(known) and known[place][_T] == t:
            _, o, h, l, close, v, n = known[place]  # noqa: E741
            found.append(Candle(t, end - 1, Px(o), Px(close), Px(h), Px(l), Sz(v), n))
        else:
            flat = Px(close)
            found.append(Candle(t, end - 1, flat, flat, flat, flat, Sz(0), 0))
        t = end
    return found
