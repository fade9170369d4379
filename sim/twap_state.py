"""TWAP orders as plain data: what was asked for, how far it is, and each row of its history."""

from __future__ import annotations

from collections import deque
from enum import Enum

from ..matching.dataclass import dataclass
from ..matching.types import Side
from .errors import Reject
from .events import Event, Topic
from .fixed import Address, Px, Sz

TWAP_ROWS_KEPT = 2000
"""Assumed: as many rows of `twapHistory` as of slice fills are reachable (info 2.6)."""


class TwapStatus(Enum):
    """Values are the wire's words (info 6.6)."""

    WAITING = "waitingForTrigger"
    ACTIVATED = "activated"
    FINISHED = "finished"
    TERMINATED = "terminated"
    STOPPED = "stopped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class PxWait:
    """A mark to wait for: at or above `px`, or at or below it."""

    px: Px
    is_above: bool

    def is_met(self, mark_px: Px) -> bool:
        """Assumed: equality counts, as for trigger orders (contested 65)."""
        return mark_px >= self.px if self.is_above else mark_px <= self.px


@dataclass(frozen=True, slots=True)
class TwapTerms:
    """What was asked for; never changes."""

    id: int
    user: Address
    asset_id: int
    coin: str
    side: Side
    sz: Sz
    minutes: int
    reduce_only: bool
    randomize: bool
    trigger: PxWait | None
    stop_px: Px | None
    time_ms: int
    """When it was placed."""


@dataclass(slots=True)
class Twap:
    """A TWAP that runs or waits for its trigger. One that ended is in the history only."""

    terms: TwapTerms
    slices: int
    """How many it is cut into; never below ten, as $100 is the least."""
    started_ms: int | None = None
    """When it was activated."""
    due_ms: int | None = None
    """When its next slice goes out, while it runs."""
    tried: int = 0
    """Slices whose time came, traded or not."""
    executed_sz: Sz = Sz(0)
    executed_ntl: int = 0
    """1e-8 USD, or units of the pair's quote token."""
    waits_for: PxWait | None = None
    """The price that it sleeps on: its trigger, then its stop."""


@dataclass(frozen=True, slots=True)
class TwapUpdate(Event):
    """A change of status: a row of `twapHistory`, with the state at that moment."""

    terms: TwapTerms
    executed_sz: Sz
    executed_ntl: int
    status: TwapStatus
    error: Reject | None
    """Why it ended, for `ERROR`."""
    time_ms: int

    def topics(self) -> tuple[Topic, ...]:
        user = self.terms.user
        return (("userTwapHistory", user), ("userEvents", user), ("twapStates", user))


def empty_history() -> deque[TwapUpdate]:
    """The bounded history of a new account, oldest row first."""
    return deque(maxlen=TWAP_ROWS_KEPT)
