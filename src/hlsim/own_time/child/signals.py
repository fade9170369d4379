"""Signals that come while a process waits: its handlers run as soon as it may run, not before.

A handler that Python called in the middle of our waiting could not ask the exchange for anything.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

from .baton import Baton


def follow(baton: Baton) -> None:
    """From now on handlers of signals run when the main thread has the baton."""
    real_signal, real_getsignal = signal.signal, signal.getsignal
    handlers: dict[int, Callable[[int, Any], object]] = {}

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
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and real_getsignal(signal.SIGINT) is signal.default_int_handler:
        signal_(signal.SIGINT, signal.default_int_handler)
