"""Locks of files, for which processes of a bot wait through the baton."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from .baton import Baton


def follow(baton: Baton) -> None:
    """From now on whoever waits for another one's lock lets others run, and time go on."""
    try:
        import fcntl
    except ImportError:
        return

    def await_lock(attempt: Callable[[], Any]) -> Any:
        """What an attempt returns that does not have to wait any more, or the error that it has."""
        found: Any = None
        wrong: OSError | None = None

        def is_decided() -> bool:
            nonlocal found, wrong
            try:
                found = attempt()
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    return False
                wrong = error
            return True

        if not is_decided():
            baton.wait(None, watch=is_decided)
        if wrong is not None:
            raise wrong
        return found

    def locking(real: Callable[..., Any]) -> Callable[..., Any]:
        def lock(fd: Any, operation: int, /, *rest: Any) -> Any:
            if operation & (fcntl.LOCK_UN | fcntl.LOCK_NB):
                return real(fd, operation, *rest)
            return await_lock(lambda: real(fd, operation | fcntl.LOCK_NB, *rest))

        return lock

    real_control: Callable[..., Any] = fcntl.fcntl

    def control(fd: Any, command: int, /, *argument: Any) -> Any:
        """As `fcntl.fcntl`."""
        if command != fcntl.F_SETLKW:
            return real_control(fd, command, *argument)
        return await_lock(lambda: real_control(fd, fcntl.F_SETLK, *argument))

    changed: Any = fcntl
    changed.flock, changed.lockf = locking(fcntl.flock), locking(fcntl.lockf)
    changed.fcntl = control
