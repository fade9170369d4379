"""Signals that come while a process waits: its handlers run as soon as it may run, not before.

A handler that Python called in the middle of our waiting could not ask the exchange for anything.
The signal of an alarm comes when its time has come at the exchange, and only then.
"""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .baton import Baton

Handlers = dict[int, Callable[[int, Any], object]]


def follow(baton: Baton) -> None:
    """From now on handlers of signals run when the main thread has the baton."""
    real_signal, real_getsignal = signal.signal, signal.getsignal
    handlers: Handlers = {}

    def on_signal(number: int, frame: Any) -> None:
        handler = handlers.get(number)
        if handler is None:
            return
        if baton.is_main_running:
            handler(number, frame)
        else:
            baton.call_main(lambda: handler(number, frame))

    def signal_(number: int, handler: Any) -> Any:
        """As `signal.signal`."""
        before = getsignal(number)
        if callable(handler):
            real_signal(number, on_signal)
            handlers[number] = handler
        else:
            real_signal(number, handler)
            handlers.pop(number, None)
        return before

    def getsignal(number: int) -> Any:
        """As `signal.getsignal`."""
        return handlers.get(number) or real_getsignal(number)

    changed: Any = signal
    changed.signal, changed.getsignal = signal_, getsignal
    # asyncio asks for calls that go on as if there had been no signal: ours would, too.
    changed.siginterrupt = lambda number, flag: None
    if hasattr(signal, "setitimer"):
        _follow_alarms(baton, handlers)
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and real_getsignal(signal.SIGINT) is signal.default_int_handler:
        signal_(signal.SIGINT, signal.default_int_handler)


def _follow_alarms(baton: Baton, handlers: Handlers) -> None:
    changed: Any = signal
    real_set, real_get, real_wakeup = signal.setitimer, signal.getitimer, signal.set_wakeup_fd
    interval_s = 0.0
    wakeup = -1

    def ring() -> None:
        baton.alarm_ns = baton.until(interval_s) if interval_s else None
        handler = handlers.get(signal.SIGALRM)
        if handler is None:
            os.kill(os.getpid(), signal.SIGALRM)
            return
        if wakeup >= 0:
            # An event loop hears of signals there.
            with suppress(OSError):
                os.write(wakeup, bytes([signal.SIGALRM]))
        baton.call_main(lambda: handler(signal.SIGALRM, None))

    def set_wakeup_fd(fd: int, /, **words: bool) -> int:
        """As `signal.set_wakeup_fd`."""
        nonlocal wakeup
        found = real_wakeup(fd, **words)
        wakeup = fd
        return found

    def getitimer(which: int, /) -> tuple[float, float]:
        """As `signal.getitimer`."""
        if which != signal.ITIMER_REAL:
            return real_get(which)
        if baton.alarm_ns is None:
            return 0.0, 0.0
        return max(baton.alarm_ns - baton.line.now_ns, 1_000) / 1e9, interval_s

    def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
        """As `signal.setitimer`."""
        nonlocal interval_s
        if which != signal.ITIMER_REAL:
            return real_set(which, seconds, interval)
        if seconds < 0 or interval < 0:
            raise signal.ItimerError(22, "Invalid argument")
        before = getitimer(which)
        interval_s = interval
        baton.alarm_ns = baton.until(seconds) if seconds else None
        return before

    def alarm(seconds: int, /) -> int:
        """As `signal.alarm`."""
        return math.ceil(setitimer(signal.ITIMER_REAL, seconds)[0])

    def pause() -> None:
        """As `signal.pause`."""
        baton.pause()

    baton.on_alarm = ring
    changed.set_wakeup_fd, changed.pause = set_wakeup_fd, pause
    changed.getitimer, changed.setitimer, changed.alarm = getitimer, setitimer, alarm
