"""Sockets that are read, and selectors, that wait through the baton."""

from __future__ import annotations

import select
import selectors
import socket
from collections.abc import Callable
from typing import Any

from .baton import Baton, Wish, real_poll
from .peers import lives_here

_real_epoll: Any = getattr(select, "epoll", None)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
foreign: set[int] = set()
"""Descriptors of connections to anybody else, whose answers take no time of the exchange."""


def follow(baton: Baton) -> None:
    """From now on whoever waits for a socket lets others run."""
    _follow_sockets(baton)
    _follow_select(baton)


# -- sockets ---------------------------------------------------------------------------------------


def _follow_sockets(baton: Baton) -> None:
    line, changed = baton.line, socket.socket

    def connecting(real: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            line.settle()
            try:
                return real(self, address)
            finally:
                descriptor = self.fileno()
                if isinstance(address, tuple) and _is_exchange(baton, address):
                    line.opened(descriptor, self.getsockname()[1])
                elif not _is_of_the_bot(baton, address):
                    foreign.add(descriptor)

        return connect

    def receiving(real: Callable[..., Any], events: int) -> Callable[..., Any]:
        def receive(self: socket.socket, *args: Any, **words: Any) -> Any:
            line.settle()
            timeout = self.gettimeout()
            if timeout != 0 and self.fileno() >= 0:
                fds = ((self.fileno(), events),)
                if not wait_for_fds(baton, fds, timeout, is_held=self.fileno() in foreign):
                    raise TimeoutError("timed out")
            return real(self, *args, **words)

        return receive

    def ending(real: Callable[..., Any]) -> Callable[..., Any]:
        def end(self: socket.socket, *args: Any) -> Any:
            descriptor = self.fileno()
            foreign.discard(descriptor)
            line.closed(descriptor)
            return real(self, *args)

        return end

    wrapped: Any = changed
    for name in ("connect", "connect_ex"):
        setattr(wrapped, name, connecting(getattr(changed, name)))
    for name in ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "accept"):
        setattr(wrapped, name, receiving(getattr(changed, name), select.POLLIN))
    for name in ("_real_close", "detach"):
        setattr(wrapped, name, ending(getattr(changed, name)))


def _is_exchange(baton: Baton, address: tuple[Any, ...]) -> bool:
    return address[0] in LOOPBACK and address[1] == baton.line.exchange_port


def _is_of_the_bot(baton: Baton, address: Any) -> bool:
    is_near = isinstance(address, tuple) and address[0] in LOOPBACK
    return is_near and lives_here(baton.line, address[1])


def wait_for_fds(
    baton: Baton, fds: tuple[Wish, ...], timeout: float | None, *, is_held: bool = False
) -> bool:
    """True when one is ready. Whoever finds it ready at once goes on without letting others run.

    With `is_held` it is chance whether it is there at once: others run first in any case, and time
    stands.
    """
    if is_held:
        return baton.wait(baton.until(timeout), fds, is_held=True)
    return is_one_ready(fds) or baton.wait(baton.until(timeout), fds)


def is_one_ready(fds: tuple[Wish, ...]) -> bool:
    """True when one of them is, just now."""
    assert real_poll is not None
    poll = real_poll()
    for fd, events in fds:
        poll.register(fd, events)
    return bool(poll.poll(0))


# -- selectors -------------------------------------------------------------------------------------


def _number(fd: Any) -> int:
    return fd if isinstance(fd, int) else int(fd.fileno())


class Poll:
    """As `select.poll()`."""

    baton: Baton

    def __init__(self) -> None:
        assert real_poll is not None
        self._real = real_poll()
        self._events: dict[int, int] = {}

    def register(
        self, fd: Any, events: int = select.POLLIN | select.POLLPRI | select.POLLOUT
    ) -> None:
        """As the real one."""
        self._real.register(fd, events)
        self._events[_number(fd)] = events

    def modify(self, fd: Any, events: int) -> None:
        """As the real one."""
        self._real.modify(fd, events)
        self._events[_number(fd)] = events

    def unregister(self, fd: Any) -> None:
        """As the real one."""
        self._real.unregister(fd)
        del self._events[_number(fd)]

    def poll(self, timeout: float | None = None) -> Any:
        """As the real one: `timeout` in ms."""
        self.baton.line.settle()
        found = self._real.poll(0)
        if found or timeout == 0:
            return found
        seconds = None if timeout is None or timeout < 0 else timeout / 1000
        self.baton.wait(self.baton.until(seconds), tuple(self._events.items()))
        return self._real.poll(0)


class Epoll:
    """As `select.epoll`."""

    baton: Baton

    def __init__(self, sizehint: int = -1, flags: int = 0) -> None:
        self._real = _real_epoll(sizehint, flags)

    @classmethod
    def fromfd(cls, fd: int, /) -> Epoll:
        """As the real one."""
        found = cls.__new__(cls)
        found._real = _real_epoll.fromfd(fd)
        return found

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> Any:
        """As the real one: `timeout` in seconds."""
        self.baton.line.settle()
        found = self._real.poll(0, maxevents)
        if found or timeout == 0:
            return found
        until_ns = self.baton.until(None if timeout is None or timeout < 0 else timeout)
        self.baton.wait(until_ns, ((self._real.fileno(), select.POLLIN),))
        return self._real.poll(0, maxevents)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __enter__(self) -> Epoll:
        self._real.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._real.__exit__(*error)


def _is_own_call(data: Any) -> bool:
    """Whether it is asyncio's, by which threads and signals of this process wake its loop."""
    reader = data[0] if isinstance(data, tuple) and data else None
    return getattr(getattr(reader, "_callback", None), "__name__", "") == "_read_from_self"


def _follow_select(baton: Baton) -> None:
    line = baton.line
    real_select: Callable[..., Any] = select.select

    def select_(readers: Any, writers: Any, others: Any, timeout: float | None = None) -> Any:
        """As `select.select`."""
        if timeout is not None and timeout < 0:
            raise ValueError("timeout must be non-negative")
        line.settle()
        lists = [list(readers), list(writers), list(others)]
        found = real_select(*lists, 0)
        if any(found) or timeout == 0:
            return found
        events = (select.POLLIN, select.POLLOUT, select.POLLPRI)
        wished = zip(lists, events, strict=True)
        fds = tuple((_number(one), event) for group, event in wished for one in group)
        baton.wait(baton.until(timeout), fds)
        return real_select(*lists, 0)

    def waiting(real: Callable[..., Any]) -> Callable[..., Any]:
        def select_events(self: Any, timeout: float | None = None) -> Any:
            line.settle()
            found = real(self, 0)
            if found or (timeout is not None and timeout <= 0):
                return found
            descriptor = self.fileno()
            wished = self.get_map().values()
            if all(key.fd in line.open_ports or _is_own_call(key.data) for key in wished):
                baton.inner.add(descriptor)
            try:
                baton.wait(baton.until(timeout), ((descriptor, select.POLLIN),))
            finally:
                baton.inner.discard(descriptor)
            return real(self, 0)

        return select_events

    Poll.baton = baton
    changed: Any = select
    changed.select, changed.poll = select_, Poll
    renewed: Any = selectors
    renewed.SelectSelector._select = staticmethod(select_)
    renewed.PollSelector._selector_cls = Poll
    if hasattr(selectors, "EpollSelector"):
        Epoll.baton = baton
        changed.epoll = renewed.EpollSelector._selector_cls = Epoll
        renewed.EpollSelector.select = waiting(selectors.EpollSelector.select)
