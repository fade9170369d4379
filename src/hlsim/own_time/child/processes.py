"""Other processes, for which a bot waits through the baton: children, and semaphores that it shares
with them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

from .baton import Baton

APART = "multiprocessing.resource_tracker"
"""Cleans up after a process of Python's. It waits for the end of that, and needs no time."""


def is_apart(words: Any) -> bool:
    """Whether a command, in texts or bytes, starts a process that lives outside of all time."""
    return any(APART in os.fsdecode(word) for word in words)


def follow(baton: Baton) -> None:
    """From now on whoever waits for a process lets others run."""
    _follow_signals(baton)
    _follow_ends(baton)
    _follow_semaphores(baton)


def _follow_signals(baton: Baton) -> None:
    """The conductor hears who may have something to do, or ends."""
    line = baton.line
    system: Any = os
    real_kill, real_killpg = os.kill, os.killpg

    def kill(process: int, number: int, /) -> None:
        """As `os.kill`."""
        real_kill(process, number)
        if number and process != os.getpid():
            line.signalled(process or -os.getpgrp())

    def killpg(group: int, number: int, /) -> None:
        """As `os.killpg`."""
        real_killpg(group, number)
        if number:
            line.signalled(-(group or os.getpgrp()))

    system.kill, system.killpg = kill, killpg


def _follow_ends(baton: Baton) -> None:
    system: Any = os

    def waiting(real: Callable[..., Any], place: int) -> Callable[..., Any]:
        """`place`: where its options stand."""

        def wait(*args: Any) -> Any:
            options = args[place]
            asked = (*args[:place], options | os.WNOHANG, *args[place + 1 :])
            found = real(*asked)
            if _is_somebody(found):
                return found
            if options & os.WNOHANG:
                baton.current.is_polling = True
                return found
            errors: list[OSError] = []

            def has_ended() -> bool:
                nonlocal found
                try:
                    found = real(*asked)
                except OSError as error:
                    errors.append(error)  # somebody else has waited for it
                return bool(errors) or _is_somebody(found)

            baton.wait(None, watch=has_ended)
            if errors:
                raise errors[0]
            return found

        return wait

    for name, place in (("waitpid", 1), ("wait3", 0), ("wait4", 1), ("waitid", 2)):
        if hasattr(os, name):
            setattr(system, name, waiting(getattr(os, name), place))
    system.wait = lambda: os.waitpid(-1, 0)
    if hasattr(os, "posix_spawn"):
        system.system = _run


def _run(command: Any) -> int:
    """As `os.system`."""
    words = ["/bin/sh", "-c", os.fsdecode(command)]
    return os.waitpid(os.posix_spawn(words[0], words, os.environ), 0)[1]


def _is_somebody(found: Any) -> bool:
    """Of nobody, what is returned begins with 0, or is None."""
    return found is not None and (not isinstance(found, tuple) or found[0] != 0)


def _follow_semaphores(baton: Baton) -> None:
    """What the locks and queues of `multiprocessing` are made of."""
    try:
        module: Any = importlib.import_module("_multiprocessing")
        real: Any = module.SemLock
    except (ImportError, AttributeError):
        return

    class SemLock(real):  # type: ignore[misc]  # a class that only running code knows
        """As `_multiprocessing.SemLock`."""

        def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
            """As the real one."""
            until_ns = None if timeout is None else baton.until(timeout)
            while not super().acquire(False):
                if not block or (timeout is not None and timeout <= 0):
                    return False
                if not baton.wait(until_ns, watch=lambda: not self._is_zero()):
                    return False
            return True

        def __enter__(self) -> bool:
            return self.acquire()

    module.SemLock = SemLock
