"""`time` and `datetime` that tell exchange time."""

from __future__ import annotations

import errno
import gc
import os
import time
from collections.abc import Callable
from typing import Any

from .baton import Baton

UPTIME_NS = 100_000 * 10**9
"""What the monotonic clocks show at the start: some measure from a zero that is long ago."""


def follow(baton: Baton) -> None:
    """From now on all clocks are the exchange's."""
    changed: Any = time
    look = baton.look
    started_ns = baton.line.now_ns - UPTIME_NS

    def sleep(seconds: float, /) -> None:
        """As the real one; others run meanwhile."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        baton.wait(baton.until(seconds))

    changed.time_ns = look
    changed.time = lambda: look() / 1e9
    changed.monotonic_ns = changed.perf_counter_ns = lambda: look() - started_ns
    changed.monotonic = changed.perf_counter = lambda: (look() - started_ns) / 1e9
    changed.sleep = sleep
    _follow_calendar(changed)
    _follow_dates(changed.time)


def _follow_calendar(changed: Any) -> None:
    """What takes the time now for one that is left out."""

    def now_for_none(real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda seconds=None: real(changed.time() if seconds is None else seconds)

    for name in ("gmtime", "localtime", "ctime"):
        setattr(changed, name, now_for_none(getattr(changed, name)))
    real_strftime, real_asctime = changed.strftime, changed.asctime
    changed.strftime = lambda form, moment=None: real_strftime(form, moment or changed.localtime())
    changed.asctime = lambda moment=None: real_asctime(moment or changed.localtime())
    real_gettime, real_gettime_ns = changed.clock_gettime, changed.clock_gettime_ns
    shown = {changed.CLOCK_REALTIME: changed.time_ns, changed.CLOCK_MONOTONIC: changed.monotonic_ns}

    def clock_gettime_ns(clock: int) -> int:
        found = shown.get(clock)
        return int(real_gettime_ns(clock)) if found is None else int(found())

    def clock_gettime(clock: int) -> float:
        return clock_gettime_ns(clock) / 1e9 if clock in shown else float(real_gettime(clock))

    changed.clock_gettime_ns, changed.clock_gettime = clock_gettime_ns, clock_gettime

    def setting(real: Callable[..., None]) -> Callable[..., None]:
        def set_clock(clock: int, moment: Any, /) -> None:
            if clock in shown:
                # Nobody but the exchange moves it; the machine's would be set by what ours shows.
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            real(clock, moment)

        return set_clock

    for name in ("clock_settime", "clock_settime_ns"):
        if hasattr(changed, name):
            setattr(changed, name, setting(getattr(changed, name)))


def _follow_dates(now: Callable[[], float]) -> None:
    """The classes stay what they are, for C code that knows them; their methods are others."""
    import ctypes
    import datetime

    def now_of(cls: Any, tz: Any = None) -> Any:
        return cls.fromtimestamp(now(), tz)

    def utcnow(cls: Any) -> Any:
        return cls.fromtimestamp(now(), datetime.timezone.utc).replace(tzinfo=None)  # noqa: UP017  # as of 3.10

    def today(cls: Any) -> Any:
        return cls.fromtimestamp(now())

    methods = {"now": now_of, "utcnow": utcnow, "today": today}
    for cls, names in (
        (datetime.datetime, ("now", "utcnow", "today")),
        (datetime.date, ("today",)),
    ):
        # The dictionary behind the read-only view of it.
        (table,) = (one for one in gc.get_referents(cls.__dict__) if isinstance(one, dict))
        for name in names:
            table[name] = classmethod(methods[name])
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
