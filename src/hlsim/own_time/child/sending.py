"""What sockets send: to the exchange, or to those who live in its time and read in their turn."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .baton import Baton
from .sockets import foreign, is_one_ready

AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
"""Windows, where nobody has a clock of his own, does not know it."""
_baton: Baton


def follow(baton: Baton) -> None:
    """From now on whoever waits for room lets others run."""
    global _baton
    _baton = baton
    changed: Any = socket.socket
    ways = {"send": _send, "sendall": _send_all, "sendmsg": _send_message}
    for name, in_turn in ways.items():
        setattr(changed, name, _sending(getattr(changed, name), in_turn))
    changed.shutdown = _shutting(changed.shutdown)
    changed._sendfile_use_sendfile = _sending_files(changed._sendfile_use_send)


_real_send, _real_message = socket.socket.send, socket.socket.sendmsg


def _sending(real: Callable[..., Any], in_turn: Callable[..., Any]) -> Callable[..., Any]:
    def send(self: socket.socket, *args: Any) -> Any:
        line, descriptor = _baton.line, self.fileno()
        line.sends(descriptor)
        if (
            descriptor < 0  # it is closed: who uses it is told
            or descriptor in line.open_ports
            or self.gettimeout() == 0
            or self.type != socket.SOCK_STREAM
        ):
            return real(self, *args)
        return in_turn(self, *args)

    return send


def _shutting(real: Callable[..., None]) -> Callable[..., None]:
    def shutdown(self: socket.socket, how: int, /) -> None:
        _baton.line.sends(self.fileno())
        real(self, how)

    return shutdown


def _sending_files(real: Callable[..., int]) -> Callable[..., int]:
    """Reads and sends: what the system does in one would wait in C."""

    def send_file(self: socket.socket, file: Any, offset: int = 0, count: int | None = None) -> int:
        # That does not go by where the file stands.
        with suppress(AttributeError, OSError):
            file.fileno()
            file.seek(offset)
        return real(self, file, offset, count)

    return send_file


def _send_now(
    self: socket.socket, until_ns: int | None, real: Callable[..., int], *args: Any
) -> int:
    """How much went off, once there was room for some of it."""
    while True:
        fds = ((self.fileno(), select.POLLOUT),)
        is_held = self.fileno() in foreign
        if not is_one_ready(fds) and not _baton.wait(until_ns, fds, is_held=is_held):
            raise TimeoutError("timed out")
        with suppress(BlockingIOError):
            return real(self, *args)


def _send_all(self: socket.socket, said: Any, flags: int = 0, /) -> None:
    left = memoryview(memoryview(said).tobytes())
    until_ns = _baton.until(self.gettimeout())
    while True:
        left = left[_send_now(self, until_ns, _real_send, left, flags | AT_ONCE) :]
        if not left:
            return


def _send(self: socket.socket, said: Any, flags: int = 0, /) -> int:
    timeout = self.gettimeout()
    if timeout is None:
        _send_all(self, said, flags)
        return memoryview(said).nbytes
    return _send_now(self, _baton.until(timeout), _real_send, said, flags | AT_ONCE)


def _send_message(
    self: socket.socket, parts: Any, extras: Any = (), flags: int = 0, /, *where: Any
) -> int:
    parts, timeout = list(parts), self.gettimeout()
    until_ns = _baton.until(timeout)
    sent = _send_now(self, until_ns, _real_message, parts, extras, flags | AT_ONCE, *where)
    left = b"".join(parts)[sent:]
    if timeout is not None or not left:
        return sent
    _send_all(self, left, flags)
    return sent + len(left)
