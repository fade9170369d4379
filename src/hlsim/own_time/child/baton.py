"""One thread runs at a time, and only a thread that waits lets another one run.

That makes a process with threads repeat itself. Whoever waits passes the baton: to the thread that
became ready first, and when none is ready, time moves. Every file here that begins to wait does it
through `Baton.wait`.
"""

from __future__ import annotations

import _thread
import select
import time
from collections import deque
from collections.abc import Callable

from .line import Line

allocate_real_lock = _thread.allocate_lock
get_ident = _thread.get_ident
real_poll = getattr(select, "poll", None)
real_s = time.monotonic

TICK_NS = 1_000
"""What a look at a clock takes, so that time goes on for whoever does nothing but look."""
LOOKS = 1_000
"""After so many looks without waiting others get their turn."""

HELD_S = 10.0
"""Real time for which exchange time stands for an answer from elsewhere."""

Wish = tuple[int, int]
"""A file descriptor and the events of `poll` that are waited for."""


class Strand:
    """One thread. `number` counts in the order in which they were started."""

    __slots__ = ("gate", "is_polling", "number", "sentinels", "wait")

    def __init__(self, number: int) -> None:
        self.number = number
        self.gate = allocate_real_lock()
        self.gate.acquire()
        self.wait: Wait | None = None
        """In which it lets others run."""
        self.is_polling = False
        """Whether it has just found a child process at work and may look again after a while."""
        self.sentinels: list[object] = []


class Wait:
    """What one thread waits for. Where a signal's handler waits in the middle of it, that is
    another one.

    `take` is tried before it begins, and again after a handler: True when there is nothing to wait
    for. `watch` tells whether something has come that no descriptor shows.
    """

    __slots__ = (
        *("fds", "held_until_s", "is_polling", "is_woken", "strand", "take", "until_ns", "watch"),
    )

    def __init__(
        self,
        strand: Strand,
        until_ns: int | None = None,
        *,
        fds: tuple[Wish, ...] = (),
        watch: Callable[[], bool] | None = None,
        take: Callable[[], bool] | None = None,
    ) -> None:
        self.strand = strand
        self.until_ns = until_ns
        self.fds = fds
        self.watch = watch
        self.take = take
        self.held_until_s = 0.0
        """Until when, of real time, it wants no time to pass."""
        self.is_polling, strand.is_polling = strand.is_polling, False
        self.is_woken = False

    @property
    def is_under_way(self) -> bool:
        """False before and after it, while a signal's handler runs, and in a forked process."""
        return self.strand.wait is self


class Baton:
    """Who runs, who is ready to, and who waits for what."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._count = 0
        self._looks = 0
        self._strands: dict[int, Strand] = {}
        self._ready: deque[Strand] = deque()
        self._waiting: dict[Wait, None] = {}
        self._main = self._strands[get_ident()] = self.new_strand()
        self._calls: list[Callable[[], object]] = []
        self.minds_children = False
        """Whether a handler is called when a child ends."""
        self.alarm_ns: int | None = None
        """When `on_alarm` is called, which sets it anew."""
        self.on_alarm: Callable[[], None] = lambda: None
        self.inner: set[int] = set()
        """Descriptors on which nothing comes but what this process does, or the exchange."""
        line.on_settled = self._on_settled

    def begin_anew(self) -> None:
        """In a forked process: of all threads there is only the one that forked."""
        me = self._main = self.current
        for strand in self._strands.values():
            strand.wait = None
        self._ready.clear()
        self._waiting.clear()
        self._calls.clear()
        self.inner.clear()
        self.alarm_ns = None
        self._strands = {get_ident(): me}
        self.line.connect()

    # -- threads -----------------------------------------------------------------------------------

    @property
    def current(self) -> Strand:
        """The running thread. One that C code started joins when it first gets here."""
        found = self._strands.get(get_ident())
        if found is None:
            found = self._strands[get_ident()] = self.new_strand()
        return found

    def new_strand(self) -> Strand:
        """For a thread that will be started."""
        self._count += 1
        return Strand(self._count)

    def start(self, strand: Strand) -> None:
        """Its thread runs when its turn comes."""
        self._ready.append(strand)

    def enter(self, strand: Strand) -> None:
        """The first thing a new thread does."""
        self._strands[get_ident()] = strand
        strand.gate.acquire()

    def leave(self) -> None:
        """The last thing a thread does."""
        del self._strands[get_ident()]
        if self._ready or self._waiting:
            self._next().gate.release()

    # -- waiting -----------------------------------------------------------------------------------

    def look(self) -> int:
        """The time now, in ns since 1970."""
        line = self.line
        line.now_ns += TICK_NS
        self._looks += 1
        if self._looks >= LOOKS:
            self.wait(line.now_ns)
        return line.now_ns

    def until(self, seconds: float | None) -> int | None:
        """The moment that is `seconds` from now, None for never."""
        if seconds is None:
            return None
        return self.line.now_ns + max(TICK_NS, int(min(seconds, 1e9) * 1e9))

    def wait(
        self,
        until_ns: int | None,
        fds: tuple[Wish, ...] = (),
        watch: Callable[[], bool] | None = None,
        *,
        is_held: bool = False,
    ) -> bool:
        """Lets others run until `wake`, until one of `fds` is ready, `watch` says so, or it is
        `until_ns`. With `is_held` time stands meanwhile, to a limit.

        False: it was the time.
        """
        wait = Wait(self.current, until_ns, fds=fds, watch=watch)
        wait.held_until_s = real_s() + HELD_S if is_held else 0.0
        return self.go_through(wait)

    def go_through(self, wait: Wait) -> bool:
        """As `wait`, of the running thread."""
        while not self._wait_once(wait):
            if wait.until_ns is not None and self.line.now_ns >= wait.until_ns:
                return False
        return True

    def pause(self) -> None:
        """Lets others run until there was a call for the main thread, which asks this itself."""
        self._wait_once(Wait(self.current))

    def _wait_once(self, wait: Wait) -> bool:
        """As `wait`, or until there was a call for the main thread."""
        me = wait.strand
        me.wait = wait
        self._looks = 0
        try:
            # From here on no handler runs that could wake it before it waits.
            if wait.take is not None and wait.take():
                wait.is_woken = True
                return True
            self._waiting[wait] = None
            following = self._next()
            if following is not me:
                following.gate.release()
                self._pause(wait)
        except BaseException:
            # A signal's handler raised while we were the one who asks for the time.
            self._unwait(wait)
            raise
        finally:
            me.wait = None
        if me is self._main:
            self._run_calls()
        return wait.is_woken

    def wake(self, wait: Wait) -> None:
        """What a thread waits for has come. It runs after those that are ready."""
        if wait in self._waiting:
            del self._waiting[wait]
            self._ready.append(wait.strand)
        wait.is_woken = True

    # -- signals -----------------------------------------------------------------------------------

    @property
    def is_main_running(self) -> bool:
        """True while the main thread has the baton and is about nothing of ours."""
        return not (self._main.wait is not None or self.line.is_asking)

    def call_main(self, call: Callable[[], object]) -> None:
        """Has the main thread, which asks this itself, call something before it goes on."""
        self._calls.append(call)
        # Somebody may be in the middle of looking who is ready: no more than a word to him.
        if self._main.wait in self._waiting:
            self.line.call()

    def _on_settled(self) -> None:
        if self._strands.get(get_ident()) is self._main and self._main.wait is None:
            self._run_calls()

    def _run_calls(self) -> None:
        while self._calls:
            self._calls.pop(0)()

    def _unwait(self, wait: Wait) -> None:
        self._waiting.pop(wait, None)
        if wait.strand in self._ready:
            self._ready.remove(wait.strand)

    def _pause(self, wait: Wait) -> None:
        me = wait.strand
        try:
            me.gate.acquire()
        except BaseException:
            # Others run: a signal's handler raised, but the baton has to come first.
            if wait in self._waiting:
                del self._waiting[wait]
                self._ready.appendleft(me)
            while True:
                try:
                    me.gate.acquire()
                    break
                except BaseException:
                    continue
            raise

    # -- who is next -------------------------------------------------------------------------------

    def _next(self) -> Strand:
        self.line.settle()
        has_acted = True
        while not self._ready:
            has_acted = self._move(has_acted=has_acted)
        return self._ready.popleft()

    def _move(self, *, has_acted: bool) -> bool:
        """Nobody can run: sockets first, then whose time has come, then time moves.

        Returns whether this process has done something that others may wait for since it asked for
        the time.
        """
        self.line.settle()
        called = self._main.wait
        if self._calls and called in self._waiting:
            del self._waiting[called]
            self._ready.appendleft(self._main)
            return has_acted
        if self._ready_by_sockets() or self._ready_by_watch() or self._ready_by_time():
            return has_acted
        dues = [one.until_ns for one in self._waiting if one.until_ns is not None]
        dues += [] if self.alarm_ns is None else [self.alarm_ns]
        self.line.wait(
            min(dues, default=None),
            has_acted=has_acted,
            is_watching=any(self._is_watching(one) for one in self._waiting),
            is_held=any(one.held_until_s > real_s() for one in self._waiting if one.held_until_s),
            minds_children=self.minds_children,
        )
        return False

    def _is_watching(self, one: Wait) -> bool:
        """Whether it waits for something that the exchange does not know of."""
        ours = self.line.open_ports.keys() | self.inner
        return one.is_polling or one.watch is not None or any(fd not in ours for fd, _ in one.fds)

    def _ready_by_watch(self) -> bool:
        watching = [one for one in self._waiting if one.watch is not None]
        ready = [one for one in watching if one.watch is not None and one.watch()]
        for one in sorted(ready, key=lambda one: one.strand.number):
            self.wake(one)
        return bool(ready)

    def _ready_by_sockets(self) -> bool:
        wished = [(one, fd, events) for one in self._waiting for fd, events in one.fds]
        if not wished or real_poll is None:
            return False
        poll = real_poll()
        masks: dict[int, int] = {}
        for _, fd, events in wished:
            masks[fd] = masks.get(fd, 0) | events
        for fd, events in masks.items():
            poll.register(fd, events)
        found = dict(poll.poll(0))
        ends = select.POLLHUP | select.POLLERR | select.POLLNVAL
        ready = [one for one, fd, events in wished if found.get(fd, 0) & (events | ends)]
        for one in sorted(ready, key=lambda one: one.strand.number):
            self.wake(one)
        return bool(ready)

    def _ready_by_time(self) -> bool:
        now_ns = self.line.now_ns
        if self.alarm_ns is not None and self.alarm_ns <= now_ns:
            self.on_alarm()
            return True
        due = [
            (one.until_ns, one.strand.number, one)
            for one in self._waiting
            if one.until_ns is not None
        ]
        due = sorted(entry for entry in due if entry[0] <= now_ns)
        for _, _, one in due:
            del self._waiting[one]
            self._ready.append(one.strand)
        return bool(due)
