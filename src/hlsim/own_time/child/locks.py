"""Locks and threads that wait through the baton: what `threading` and `queue` are built on."""

from __future__ import annotations

import _thread
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from .baton import Baton, Strand, Wait

_baton: Baton


class Lock:
    """As `_thread.lock`. Who waits longest gets it next."""

    __slots__ = ("__weakref__", "_is_held", "_waiting")

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: deque[Wait] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As the real one."""
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if not self._is_held:
            self._is_held = True
            return True
        if not blocking or timeout == 0:
            return False
        until_ns = _baton.until(None if timeout == -1 else timeout)
        wait = Wait(_baton.current, until_ns, take=self._take)
        self._waiting.append(wait)
        try:
            return _baton.go_through(wait)
        except BaseException:
            if wait.is_woken:
                # It was handed over just then.
                self.release()
            raise
        finally:
            if wait in self._waiting:
                self._waiting.remove(wait)

    def _take(self) -> bool:
        if self._is_held:
            return False
        self._is_held = True
        return True

    def release(self) -> None:
        """As the real one. A thread that waits has the lock at once, and runs when it is ready."""
        if not self._is_held:
            raise RuntimeError("release unlocked lock")
        for wait in self._waiting:
            # Whoever is in a signal's handler takes it afterwards: the handler may want it, too.
            if wait.is_under_way:
                self._waiting.remove(wait)
                _baton.wake(wait)
                return
        self._is_held = False

    def locked(self) -> bool:
        """As the real one."""
        return self._is_held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._is_held = False
        self._waiting.clear()

    acquire_lock, release_lock, locked_lock = acquire, release, locked


def _refusing_pickle(kind: str) -> Callable[[object], str]:
    def reduce(self: object) -> str:
        raise TypeError(f"cannot pickle '_thread.{kind}' object")

    return reduce


class End(Lock):
    """What `Thread.join` waits for: had until the thread ends, and then nobody's, so that all who
    wait go on at once.
    """

    __slots__ = ("_has_come",)

    def __init__(self) -> None:
        super().__init__()
        self._has_come = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As that of a lock that is free in turn for each of them."""
        return self._has_come or super().acquire(blocking, timeout)

    def _take(self) -> bool:
        return self._has_come

    def release(self) -> None:
        """It has come."""
        self._has_come, self._is_held = True, False
        for wait in tuple(self._waiting):
            if wait.is_under_way:
                _baton.wake(wait)


def _in_turn(function: Callable[..., object], strand: Strand) -> Callable[..., None]:
    def run(*args: Any, **words: Any) -> None:
        _baton.enter(strand)
        try:
            function(*args, **words)
        finally:
            for sentinel in strand.sentinels:
                assert isinstance(sentinel, End)
                sentinel.release()
            _baton.leave()

    return run


def _sentinel() -> End:
    """What is released when the running thread ends."""
    found = End()
    _baton.current.sentinels.append(found)
    return found


def follow(baton: Baton) -> None:
    """From now on every lock and every thread is one of these."""
    global _baton
    _baton = baton
    real_start = _thread.start_new_thread

    def start_new_thread(
        function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any] | None = None
    ) -> int:
        strand = baton.new_strand()
        ident = real_start(_in_turn(function, strand), args, kwargs or {})
        baton.start(strand)
        return ident

    changed: Any = _thread
    changed.allocate_lock = changed.allocate = Lock
    # Since 3.13 `threading.Lock` is this one.
    changed.lock = changed.LockType = Lock
    changed.start_new_thread = changed.start_new = start_new_thread
    changed._set_sentinel = _sentinel
    # Its own wait is written in C; `queue` has the same in Python.
    modules: dict[str, Any] = sys.modules
    modules["_queue"] = None
    import functools
    import threading

    renewed: Any = threading
    if hasattr(_thread, "start_joinable_thread"):
        _follow_handles(baton, renewed)
    renewed._CRLock = None
    again: Any = functools
    changed.RLock = again.RLock = renewed._PyRLock
    likes: dict[str, Any] = {"lock": Lock, "RLock": renewed._PyRLock}
    for kind, ours in likes.items():
        ours.__reduce__ = _refusing_pickle(kind)
    # By that libraries know whether a signal's handler may come in the middle of it.
    Lock.__module__ = End.__module__ = renewed._PyRLock.__module__ = "_thread"


def _follow_handles(baton: Baton, threading: Any) -> None:
    """Since 3.13 a thread is joined by a handle that waits in C."""
    real_start, real_join = threading._start_joinable_thread, threading.Thread.join
    real_shutdown = threading._thread_shutdown
    ends: dict[int, End] = {}

    def start(function: Callable[..., object], handle: Any = None, daemon: bool = True) -> Any:
        strand = baton.new_strand()
        end = End()
        end.acquire()
        strand.sentinels.append(end)
        found = real_start(_in_turn(function, strand), handle=handle, daemon=daemon)
        ends[found.ident] = end
        baton.start(strand)
        return found

    def join(self: Any, timeout: float | None = None) -> None:
        # One that has ended may have left its `ident` to another one.
        end = None if self._handle.is_done() else ends.get(self.ident)
        limit = -1 if timeout is None else max(timeout, 0)
        is_other = self is not threading.current_thread()
        if end is not None and is_other and not end.acquire(True, limit):
            return
        real_join(self, timeout)

    def shutdown() -> None:
        # By now those who keep threads for later, as pools do, have told them to end.
        for thread in threading.enumerate():
            if not thread.daemon and thread is not threading.current_thread():
                thread.join()
        real_shutdown()

    threading._start_joinable_thread = start
    threading.Thread.join = join
    threading._thread_shutdown = shutdown
