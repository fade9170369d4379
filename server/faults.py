"""The faults that are in force, and which of them strikes. What that does to requests stands in
`strikes.py`, what it does to frames in `interference.py`.

Every fault has dice of its own, seeded by its number, so that one more of them shifts no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from random import Random
from typing import Any

from ..matching.dataclass import dataclass
from ..scenarios.faults import CERTAIN, SOCKETS, Effect, Fault
from ..sim.actions import ACTIONS
from .blocks import Closed
from .requests import MULTI_SIG
from .slips import nearest

MOST_FAULTS = 100
"""In force at once."""

MOST_LAGS = 4
"""That differ, at once: each keeps an exchange of its own."""

ANY = "any"
STRUCK = {"/info": "info", "/exchange": "exchange", "/explorer": "explorer"}
"""Paths whose requests can be struck, and what faults call them."""


Later = Callable[[float, Callable[[], object]], object]


def _in_real_time(seconds: float, call: Callable[[], object]) -> None:
    asyncio.get_running_loop().call_later(seconds, call)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about. `types`: its own type and the wider names of it."""

    types: tuple[str, ...]
    coins: Collection[str] = ()
    cloids: Collection[str] = ()
    user: Callable[[], str | None] = lambda: None
    """Who asks, or about whom; found out only when a fault wants to know."""
    request: Any = None
    """What was sent, decoded; None where it cannot be read."""


class Pauses:
    """All who wait for a delay to be over."""

    def __init__(self, later: Later) -> None:
        self.later = later
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._is_closed = False

    async def wait(self, seconds: float) -> None:
        """Returns so many seconds later. Raises Closed when the server stops before."""
        if self._is_closed:
            raise Closed
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[over] = None
        over.add_done_callback(self._waiting.pop)
        self.later(seconds, lambda: _wake(over))
        await over

    def close(self) -> None:
        """Nobody waits any more."""
        self._is_closed = True
        for over in self._waiting:
            if not over.done():
                over.set_exception(Closed())


def _wake(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


@dataclass(slots=True)
class Entry:
    """One fault in force."""

    id: int
    fault: Fault
    dice: Random
    pauses: Pauses
    met: int = 0
    """How often all but chance was given."""
    struck: int = 0

    def delay_s(self) -> float:
        """How long a delay lasts this time, in seconds of the time that clients live in."""
        least, most = self.fault.ms
        return self.dice.randint(least, most) / 1000

    async def pause(self) -> int:
        """Returns after a delay, with how long it was to last, in ms. Raises Closed."""
        seconds = self.delay_s()
        await self.pauses.wait(seconds)
        return round(1000 * seconds)


class Faults:
    """All faults of one server. `requests`, `lags`, `frames` and `openings` are empty while nobody
    wants any: whoever asks first looks whether there is something to ask for.
    """

    def __init__(
        self,
        seed: int,
        now_ms: Callable[[], int],
        later: Later | None = None,
        keep: Callable[[Collection[int]], None] = lambda lags: None,
    ) -> None:
        """`later` calls something after some seconds, by default of real time; `keep` is told by
        how many ms queries may be answered late from now on.
        """
        self.later = later or _in_real_time
        self._keep = keep
        self._pauses = Pauses(self.later)
        self._seed = seed
        self._now_ms = now_ms
        self._next_id = 1
        self.on_strike: list[Callable[[Entry, Any], None]] = []
        """Who is told of each one that strikes, and of the request that it strikes, if it does."""
        self.requests: list[Entry] = []
        self.lags: list[Entry] = []
        self.frames: list[Entry] = []
        self.openings: list[Entry] = []

    def add(self, fault: Fault) -> int:
        """Puts a fault in force. Returns its number. Raises ValueError for what can never strike,
        and when there are too many.
        """
        check_name(fault)
        if len(self.entries()) >= MOST_FAULTS:
            raise ValueError(f"no more than {MOST_FAULTS} faults at once")
        if fault.effect is Effect.LAG and len({*self._lags_ms(), fault.ms[0]}) > MOST_LAGS:
            raise ValueError(f"no more than {MOST_LAGS} lags that differ at once")
        number = self._next_id
        self._next_id += 1
        dice = Random(f"{self._seed}/fault/{number}")
        self._list_of(fault).append(Entry(number, fault, dice, self._pauses))
        self._keep(self._lags_ms())
        return number

    def find(self, number: int) -> Entry:
        """A fault in force. Raises ValueError when there is none of that number."""
        for entry in self.entries():
            if entry.id == number:
                return entry
        raise ValueError(f"no fault {number}")

    def remove(self, number: int) -> None:
        """Lifts one fault. Raises ValueError when there is none of that number."""
        entry = self.find(number)
        self._list_of(entry.fault).remove(entry)
        self._keep(self._lags_ms())

    def close(self) -> None:
        """The server stops: whom a delay still keeps waiting gets no answer."""
        self._pauses.close()

    def clear(self) -> None:
        """Lifts all of them. Numbers go on from where they were."""
        self._empty()
        self._keep(())

    def _empty(self) -> None:
        for entries in (self.requests, self.lags, self.frames, self.openings):
            entries.clear()

    def entries(self) -> list[Entry]:
        """All in force, oldest first."""
        found = [*self.requests, *self.lags, *self.frames, *self.openings]
        return sorted(found, key=lambda one: one.id)

    def _lags_ms(self) -> set[int]:
        return {entry.fault.ms[0] for entry in self.lags}

    def _list_of(self, fault: Fault) -> list[Entry]:
        if fault.effect is Effect.LAG:
            return self.lags
        by_kind = {"request": self.requests, "frame": self.frames, "socket": self.openings}
        return by_kind[fault.kind]

    # -- which one strikes -------------------------------------------------------------------------

    def on_request(self, asked: Asked) -> Entry | None:
        """The first fault that strikes a request. Those behind it do not hear of it."""
        return self._first(self.requests, asked)

    def on_query(self, asked: Asked) -> Entry | None:
        """The first that has a query answered late, whatever else struck the request."""
        return self._first(self.lags, asked)

    def _first(self, entries: list[Entry], asked: Asked) -> Entry | None:
        for entry in entries:
            if self._concerns(entry.fault, asked) and self._strikes(entry, asked.request):
                return entry
        return None

    def on_opening(self) -> Entry | None:
        """The first that strikes a socket that opens."""
        return next((entry for entry in self.openings if self._strikes(entry)), None)

    def on_frame(
        self, channel: str, coin: Callable[[], str | None], user: str | None, *, is_first: bool
    ) -> Entry | None:
        """The first that strikes a frame of `channel`; `user`: whom its subscription is about,
        `is_first`: the first of it.
        """
        for entry in self.frames:
            fault = entry.fault
            if fault.channel not in (ANY, channel):
                continue
            if fault.snapshot not in (None, is_first):
                continue
            if fault.coin is not None and coin() != fault.coin:
                continue
            if fault.user not in (None, user):
                continue
            if self._strikes(entry):
                return entry
        return None

    def _concerns(self, fault: Fault, asked: Asked) -> bool:
        return (
            (fault.on == ANY or fault.on in asked.types)
            and (fault.coin is None or fault.coin in asked.coins)
            and (fault.cloid is None or fault.cloid in asked.cloids)
            and (fault.user is None or fault.user == asked.user())
        )

    def _strikes(self, entry: Entry, request: Any = None) -> bool:
        fault = entry.fault
        if fault.times is not None and entry.struck >= fault.times:
            return False
        if fault.from_ms is not None or fault.until_ms is not None:
            now_ms = self._now_ms()
            if now_ms < (fault.from_ms or 0):
                return False
            if fault.until_ms is not None and now_ms >= fault.until_ms:
                return False
        entry.met += 1
        if fault.nth:
            strikes = entry.met in fault.nth
        else:
            strikes = fault.chance == CERTAIN or entry.dice.randrange(CERTAIN) < fault.chance
        entry.struck += strikes
        if strikes:
            for tell in tuple(self.on_strike):
                tell(entry, request)
        return strikes

    # -- to keep -----------------------------------------------------------------------------------

    def state(self) -> Any:
        """What `restore` takes, and nobody changes."""
        rows = [
            (one.id, one.fault, one.met, one.struck, one.dice.getstate()) for one in self.entries()
        ]
        return [self._next_id, rows]

    def restore(self, state: Any) -> None:
        """Goes on where the faults of `state` stood."""
        self._empty()
        self._next_id, rows = state
        for number, fault, met, struck, dice in rows:
            entry = Entry(number, fault, Random(), self._pauses, met, struck)
            entry.dice.setstate(dice)
            self._list_of(entry.fault).append(entry)
        self._keep(self._lags_ms())


def check_name(fault: Fault) -> None:
    """Raises ValueError for a request or a channel that there is not: it would never strike."""
    if fault.kind == "socket":
        return
    from .info.registry import INFO

    if fault.is_of_frames:
        from .topics import TOPICS

        known = [ANY, "post", "pong", "error", "subscriptionResponse", *TOPICS]
        name, prefix = fault.channel, SOCKETS + "/"
    else:
        known, prefix = [ANY, *STRUCK.values(), MULTI_SIG, *ACTIONS, *INFO], ""
        name = fault.on
    if name not in known:
        raise ValueError(f"unknown {prefix}{name}; nearest: {prefix}{nearest(name, known)}")
    if fault.effect is Effect.LAG and name != STRUCK["/info"] and name not in INFO:
        raise ValueError(f"only queries lag: {name} is neither info nor a type of it")
    if fault.refusal:
        from .refusals import check_rule  # whoever wants none starts sooner

        check_rule(name, fault.refusal)
