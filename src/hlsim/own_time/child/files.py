"""Locks of files, for which processes of a bot wait through the baton, and the one descriptor that
is none of the bot's.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from .baton import Baton


def follow(baton: Baton) -> None:
    """From now on whoever waits for another one's lock lets others run, and time go on. Whoever
    closes all that is open, as daemons do, leaves our line.
    """
    _follow_locks(baton)
    _follow_closes(baton)


def _follow_closes(baton: Baton) -> None:
    real_close, real_range = os.close, os.closerange
    line = baton.line
    system: Any = os

    def close(fd: int) -> None:
        """As `os.close`."""
        if fd == line.descriptor:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real_close(fd)

    def closerange(fd_low: int, fd_high: int, /) -> None:
        """As `os.closerange`."""
        ours = line.descriptor
        if fd_low <= ours < fd_high:
            real_range(fd_low, ours)
            fd_low = ours + 1
        real_range(fd_low, fd_high)

    system.close, system.closerange = close, closerange


def _follow_locks(baton: Baton) -> None:
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
