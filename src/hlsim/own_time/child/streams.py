"""Pipes and the like that wait through the baton: what is read and written by descriptor."""

from __future__ import annotations

import builtins
import functools
import io
import os
import select
import stat
import sys
import threading
from collections.abc import Callable
from typing import Any

from .baton import Baton
from .sockets import is_one_ready, wait_for_fds

_MODES = {"r", "rb", "br", "rt", "tr", "w", "wb", "bw", "wt", "tw"}
_baton: Baton
_outside: set[tuple[int, int]] = set()
"""Devices and inodes of what the bot was started with: the other end does not live in its time."""


def _may_wait(descriptor: int) -> bool:
    """Whether reading or writing may have to wait for somebody."""
    try:
        kind = os.fstat(descriptor).st_mode
        return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)) and os.get_blocking(descriptor)
    except OSError:
        return False  # who uses it is told


def _wait(descriptor: int, events: int) -> None:
    fds = ((descriptor, events),)
    is_held = _whose(descriptor) in _outside
    if is_held and events == select.POLLOUT and is_one_ready(fds):
        return  # what is written in parts stays together where it can
    wait_for_fds(_baton, fds, None, is_held=is_held)


def _whose(descriptor: int) -> tuple[int, int] | None:
    try:
        told = os.fstat(descriptor)
    except OSError:
        return None  # who uses it is told
    return told.st_dev, told.st_ino


class Stream(io.FileIO):
    """A file that is a pipe, a socket or a terminal, below what `open` returns."""

    def readinto(self, buffer: Any, /) -> Any:
        """As the real one."""
        if _may_wait(self.fileno()):
            _wait(self.fileno(), select.POLLIN)
        return super().readinto(buffer)

    def read(self, size: int | None = -1, /) -> Any:
        """As the real one."""
        if size is None or size < 0:
            return self.readall()
        if _may_wait(self.fileno()):
            _wait(self.fileno(), select.POLLIN)
        return super().read(size)

    def readall(self) -> Any:
        """As the real one."""
        parts: list[bytes] = []
        while part := self.read(io.DEFAULT_BUFFER_SIZE):
            parts.append(part)
        return b"".join(parts) if parts or part is not None else None

    def write(self, buffer: Any, /) -> Any:
        """As the real one; writes all."""
        return os.write(self.fileno(), buffer)


def _in_turn(real: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a buffer, called by one thread after the other."""

    @functools.wraps(real)
    def call(self: Any, *args: Any) -> Any:
        with self.turn:
            return real(self, *args)

    return call


class Reader(io.BufferedReader):
    """A buffer over a `Stream`.

    The lock of C that the real one has is held while the stream waits. Whoever met it would wait
    with the baton in hand, and nobody could run; so `turn` comes first, which passes the baton.
    """

    def __init__(self, raw: io.RawIOBase, size: int) -> None:
        self.turn = threading.RLock()
        super().__init__(raw, size)


class Writer(io.BufferedWriter):
    """As `Reader`."""

    def __init__(self, raw: io.RawIOBase, size: int) -> None:
        self.turn = threading.RLock()
        super().__init__(raw, size)


for _kind, _names in (
    (Reader, ("read", "read1", "readinto", "readinto1", "readline", "peek")),
    (Writer, ("write",)),
):
    for _name in (*_names, "flush", "close", "detach"):
        setattr(_kind, _name, _in_turn(getattr(_kind, _name)))


class _Opening:
    """As `open`. An object, since a function would be a method where a class has it."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self._real = real
        self.__doc__ = real.__doc__
        self.__name__ = "open"

    def __call__(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        is_binary = "b" in mode
        if (
            not isinstance(file, int)
            or mode not in _MODES
            or (is_binary and (encoding, errors, newline) != (None, None, None))
            or (buffering == 0 and not is_binary)
            or not _may_wait(file)
        ):
            return self._real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        is_reading = "r" in mode
        raw = Stream(file, "r" if is_reading else "w", closefd)
        if buffering == 0:
            return raw
        size = io.DEFAULT_BUFFER_SIZE if buffering in (-1, 1) else buffering
        buffer = Reader(raw, size) if is_reading else Writer(raw, size)
        if is_binary:
            return buffer
        is_by_line = buffering == 1 or (buffering == -1 and raw.isatty())
        text: Any = io.TextIOWrapper(buffer, encoding, errors, newline, is_by_line)
        text.mode = mode
        return text


def follow(baton: Baton) -> None:
    """From now on whoever waits for a pipe lets others run."""
    global _baton
    _baton = baton
    if baton.line.number == "0":
        # Others may have pipes to their parents there.
        _outside.update(filter(None, map(_whose, range(3))))
    real_read, real_write = os.read, os.write

    def read(descriptor: int, size: int, /) -> bytes:
        """As `os.read`."""
        if _may_wait(descriptor):
            _wait(descriptor, select.POLLIN)
        return real_read(descriptor, size)

    def write(descriptor: int, said: Any, /) -> int:
        """As `os.write`. In parts that find room as soon as there is some."""
        if not _may_wait(descriptor):
            return real_write(descriptor, said)
        left = memoryview(said).cast("B")
        while True:
            _wait(descriptor, select.POLLOUT)
            left = left[real_write(descriptor, left[: select.PIPE_BUF]) :]
            if not left:
                return memoryview(said).nbytes

    changed: Any = os
    changed.read, changed.write = read, write
    files: Any = io
    names: Any = builtins
    files.open = names.open = _Opening(io.open)
    _follow_input()


def _follow_input() -> None:
    """A bot may be told what to do through a pipe. Terminals stay: `input` is written for them."""
    said: Any = sys.stdin
    if said is None or said.isatty() or not _may_wait(0):
        return
    changed: Any = sys
    raw: Any = Stream(0, "r", closefd=False)
    raw.name = said.name
    text: Any = io.TextIOWrapper(
        Reader(raw, io.DEFAULT_BUFFER_SIZE), said.encoding, said.errors, newline="\n"
    )
    text.mode = said.mode
    changed.stdin = changed.__stdin__ = text
