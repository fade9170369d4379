"""Signals that come while a process waits: its handlers run as soon as it may run, not before.

A handler that Python called in the middle of our waiting could not ask the exchange for anything.
The signal of an alarm comes when its time has come at the exchange, and only then.
"""

from __future__ import annotations

import _thread
import math
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .baton import Baton, Wait

Handlers = dict[int, Callable[[int, Any], object]]
HandOver = Callable[[int], bool]
"""Gives a signal to a thread that waits for it. False: there is none."""
FROM_KERNEL = 128
"""Linux's SI_KERNEL."""


def follow(baton: Baton) -> None:
    """From now on handlers of signals run when the main thread has the baton."""
    real_signal, real_getsignal = signal.signal, signal.getsignal
    handlers: Handlers = {}
    hand_over = _follow_waits(baton) if hasattr(signal, "sigtimedwait") else lambda number: False

    def on_signal(number: int, frame: Any) -> None:
        handler = handlers.get(number)
        if handler is None:
            return

        def call() -> None:
            if not hand_over(number):
                handler(number, frame)

        if baton.is_main_running:
            call()
        else:
            baton.call_main(call)

    def signal_(number: int, handler: Any) -> Any:
        """As `signal.signal`."""
        before = getsignal(number)
        if callable(handler):
            real_signal(number, on_signal)
            handlers[number] = handler
        else:
            real_signal(number, handler)
            handlers.pop(number, None)
        baton.minds_children = getattr(signal, "SIGCHLD", None) in handlers
        return before

    def getsignal(number: int) -> Any:
        """As `signal.getsignal`."""
        return handlers.get(number) or real_getsignal(number)

    changed: Any = signal
    changed.signal, changed.getsignal = signal_, getsignal
    _follow_interrupts(baton)
    # asyncio asks for calls that go on as if there had been no signal: ours would, too.
    changed.siginterrupt = lambda number, flag: None
    if hasattr(signal, "setitimer"):
        _follow_alarms(baton, handlers, hand_over)
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and real_getsignal(signal.SIGINT) is signal.default_int_handler:
        signal_(signal.SIGINT, signal.default_int_handler)


def _follow_interrupts(baton: Baton) -> None:
    real: Callable[..., None] = _thread.interrupt_main

    def interrupt_main(number: int = signal.SIGINT, /) -> None:
        """As `_thread.interrupt_main`."""
        real(number)
        # The main thread has its handler called when it runs, and nothing has waked it.
        baton.call_main(lambda: None)

    changed: Any = _thread
    changed.interrupt_main = interrupt_main


class _Waiting:
    """A thread that waits for one of the signals `awaited`, and what it gets."""

    __slots__ = ("awaited", "found", "thread", "wait")

    def __init__(self, wait: Wait, awaited: set[int]) -> None:
        self.wait = wait
        self.awaited = awaited
        self.thread = threading.get_ident()
        self.found: Any = None


def _follow_waits(baton: Baton) -> HandOver:
    changed: Any = signal
    real_wait, real_kill, block = signal.sigtimedwait, signal.pthread_kill, signal.pthread_sigmask
    waiting: list[_Waiting] = []

    def hand_over(number: int) -> bool:
        for one in waiting:
            if one.found is None and number in one.awaited:
                one.found = signal.struct_siginfo((number, FROM_KERNEL, 0, 0, 0, 0, 0))
                baton.wake(one.wait)
                return True
        return False

    def wait_for(signals: Any, until_ns: int | None) -> Any:
        def has_come() -> bool:
            if me.found is None:
                me.found = real_wait(me.awaited, 0)
            return me.found is not None

        # A signal that comes meanwhile is not for its handler.
        awaited = set(signals)
        before = block(signal.SIG_BLOCK, awaited)
        wait = Wait(baton.current, until_ns, watch=has_come, take=has_come)
        me = _Waiting(wait, awaited)
        waiting.append(me)
        try:
            # `pthread_kill` wakes it, and what that sends only it can take.
            while baton.go_through(wait) and not has_come():
                wait.is_woken = False
        finally:
            waiting.remove(me)
            block(signal.SIG_SETMASK, before)
        return me.found

    def sigwait(signals: Any, /) -> signal.Signals | int:
        """As `signal.sigwait`."""
        number = int(wait_for(signals, None).si_signo)
        with suppress(ValueError):
            return signal.Signals(number)
        return number

    def sigtimedwait(signals: Any, timeout: float, /) -> Any:
        """As `signal.sigtimedwait`."""
        if timeout < 0:
            raise ValueError("timeout must be non-negative")
        return wait_for(signals, baton.until(timeout)) if timeout else real_wait(signals, 0)

    def pthread_kill(thread: int, number: int, /) -> None:
        """As `signal.pthread_kill`."""
        real_kill(thread, number)
        for one in waiting:
            if one.thread == thread and number in one.awaited:
                baton.wake(one.wait)

    changed.sigwait, changed.sigtimedwait = sigwait, sigtimedwait
    changed.sigwaitinfo = lambda signals: wait_for(signals, None)
    changed.pthread_kill = pthread_kill
    return hand_over


def _follow_alarms(baton: Baton, handlers: Handlers, hand_over: HandOver) -> None:
    changed: Any = signal
    real_set, real_get, real_wakeup = signal.setitimer, signal.getitimer, signal.set_wakeup_fd
    interval_s = 0.0
    wakeup = -1

    def ring() -> None:
        baton.alarm_ns = baton.until(interval_s) if interval_s else None
        if hand_over(signal.SIGALRM):
            return
        handler = handlers.get(signal.SIGALRM)
        if handler is None or signal.SIGALRM in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
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
