"""The processes that live in exchange time, and what they do for each other.

They wait for each other through pipes, locks and the ends of children, which the exchange does not
see. So whoever waits for something of that kind looks again when others have done something, before
time moves. And it looks again and again, while time stands, when one of them has begun a process
that has not said yet whether it lives in exchange time, has sent a signal, or when nothing but what
is waited for from elsewhere can go on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import field
from pathlib import Path

from hlsim.matching.dataclass import dataclass
from hlsim.own_time.kin import group_of, is_running, line_of
from hlsim.own_time.pythons import is_python

LOOK_S = 0.001
"""Real time from one look at what is no process of exchange time to the next."""
SELDOM_S = 0.02
"""The same while nothing has been done for long."""
SIGNAL_MS = 500
"""Real time in which a process that was sent a signal ends, or says that it has something to do."""
CHILD_MS = 100
"""The same of a process whose child has ended."""
HELD_MS = 10_000
"""Real time for which time stands for a child process that has not said that it follows."""


@dataclass(slots=True, eq=False)
class Party:
    """One process. Times in ms."""

    writer: asyncio.StreamWriter
    number: tuple[int, ...]
    """By descent: its parent's, and which child of it this is, from 1."""
    process: int
    """Its id in the system."""
    above: set[int] = field(default_factory=set)
    """Who is not expected while it is there: shells perhaps, which go on when it has ended."""
    ports: frozenset[int] = frozenset()
    has_begun: bool = False
    """Whether it was ever told to go on."""
    is_waiting: bool = False
    is_called: bool = False
    """Whether it does not want to wait for anything just now."""
    until_ms: int | None = None
    """What it waits for besides its sockets; None: for nothing else."""
    is_watching: bool = False
    """Whether it waits for something that is not seen here, too."""
    is_holding: bool = False
    """Whether time may stand until that comes."""
    minds_children: bool = False
    """Whether it has something to do when a child of it ends."""
    signal_ms: float | None = None
    """For how long, of real time, time still stands for a signal of which nothing came yet."""
    acted: int = 0
    """Which deed of all was its last one."""
    looked: int = 0
    """Which one was the last before it was woken."""
    seen: dict[int, int] = field(default_factory=dict)
    """What it had been told when it was woken last."""

    def has_news(self, told: dict[int, int]) -> bool:
        """True when one of its connections was told something since, or ended."""
        return any(told.get(port) != self.seen.get(port) for port in sorted(self.ports))


class Company:
    """Those who are there. Everything here runs in the exchange's event loop."""

    def __init__(self, real_ms: Callable[[], float]) -> None:
        self.parties: list[Party] = []
        self._real_ms = real_ms
        self._seen: Counter[tuple[int, ...]] = Counter()
        """How many processes came with which number."""
        self._deeds = 0
        """Counts what processes do that others may wait for."""
        self._stirred = 0
        """Which one was the last of somebody who is no process here."""
        self._unmet: dict[int, float] = {}
        """For how many ms of real time time stood for these processes, children of those here."""
        self._still_ms = 0.0
        """Real time in which time stood since somebody did something."""
        self._first: int | None = None
        self.is_over = False
        """Whether the bot's first process has ended, and so the bot: time stands, since how long
        others of it are left is a race of real time."""

    @property
    def has_met(self) -> bool:
        """Whether there ever was one."""
        return bool(self._seen)

    def number(self, told: list[bytes]) -> tuple[int, ...]:
        """Of a process that says which one it is. The second one with the same number, of a shell
        that starts two or of one that goes on as another program, gets a number below it.
        """
        found = tuple(int(part) for part in b".".join(told or [b"0"]).split(b"."))
        count = self._seen[found]
        self._seen[found] += 1
        return found if count == 0 else (*found, 0, count)

    def begin(self, process: int) -> None:
        """This is the bot's first process."""
        self._first = process
        self.expect(process)

    def join(self, party: Party) -> None:
        """It has said that it follows, and so nobody else that it is a child of need do."""
        self.parties.append(party)
        party.above = self._unmet.keys() & line_of(party.process)
        for process in sorted(party.above):
            del self._unmet[process]

    def leave(self, party: Party) -> None:
        """It is on its way out, or goes on as another program."""
        self.parties.remove(party)
        self._unmet[party.process] = 0.0
        for process in sorted(party.above):
            self.expect(process, without=party.process)
        self.stir()

    def on_deed(self, party: Party) -> None:
        """It has done something that others may wait for."""
        party.acted = self._next_deed()
        self._still_ms = 0.0

    def on_look(self, party: Party) -> None:
        """It sees now what others have done."""
        party.looked = self._deeds

    def _next_deed(self) -> int:
        self._deeds += 1
        return self._deeds

    def stir(self) -> None:
        """Has all who watch for something look again."""
        self._stirred = self._next_deed()

    def onlooker(self) -> Party | None:
        """One of those for whom another one may have done something."""
        for party in self.parties:
            if party.is_watching and (
                self._stirred > party.looked
                or any(one.acted > party.looked for one in self.parties if one is not party)
            ):
                return party
        return None

    def expect(self, process: int, *, without: int | None = None) -> None:
        """A child was born. It may have said who it is before its parent told of it.

        `without`: who is about to end. What it leaves behind is below nobody here then.
        """
        for party in self.parties:
            line = line_of(party.process)
            if process in line and without not in line:
                party.above.add(process)
                return
        self._unmet[process] = 0.0

    def on_signal(self, target: int) -> None:
        """Whoever was sent one has its turn before time moves."""
        for party in self.parties:
            if target in (party.process, -group_of(party.process)):
                party.signal_ms = SIGNAL_MS
        if target > 0:
            self.expect(target)

    async def hold(self, *, is_due: bool) -> bool:
        """Lets a moment of real time pass when somebody may have something to do after that.

        `is_due`: there is something for which time has to move. Where there is not, it stands for
        as long as somebody waits for something that is not seen here.

        False: nobody does. True: they have to look again before time moves.
        """
        signalled = [party for party in self.parties if party.signal_ms is not None]
        if signalled:
            passed_ms = await self._pass()
            for party in signalled:
                if party.signal_ms is not None:
                    party.signal_ms -= passed_ms
                    if party.signal_ms < 0:
                        party.signal_ms = None
            return True
        is_watched = any(party.is_watching for party in self.parties)
        ended = [process for process in self._unmet if not is_running(process)]
        self.is_over = self.is_over or self._first in ended
        for process in ended:
            # What it did last may be what is waited for.
            del self._unmet[process]
        if ended:
            # The kernel's signal of it may still be on its way, or have been heard.
            minding = [party for party in self.parties if party.minds_children]
            for party in minding:
                party.signal_ms = max(party.signal_ms or 0, CHILD_MS)
            return is_watched or bool(minding) or self.is_over
        awaited = [
            one for one in self._unmet if is_watched or one == self._first or _is_of_python(one)
        ]
        is_holding = bool(awaited) or any(party.is_holding for party in self.parties)
        if not is_holding and (is_due or not is_watched):
            return False
        passed_ms = await self._pass()
        for process in awaited:
            # It may have come meanwhile.
            if process in self._unmet:
                self._unmet[process] += passed_ms
                if self._unmet[process] > HELD_MS:
                    del self._unmet[process]
        return True

    async def _pass(self) -> float:
        """Lets a moment of real time pass. Returns how many ms it took."""
        began_ms = self._real_ms()
        await asyncio.sleep(min(max(LOOK_S, self._still_ms / 100_000), SELDOM_S))
        passed_ms = self._real_ms() - began_ms
        self._still_ms += passed_ms
        return passed_ms


def _is_of_python(process: int) -> bool:
    """Whether it may be about to say that it follows. It has not, or left, when this is asked."""
    try:
        told = Path(f"/proc/{process}/cmdline").read_bytes()
        # It has no words yet while it becomes another program.
        words = told.decode("utf-8", "replace").rstrip("\0").split("\0")
        return not told or is_python(words)
    except OSError:
        return False  # it has just ended, or is another one's
