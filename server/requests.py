"""What clients sent and what they got, the newest of it: bytes as they came and went.

Entering a request costs next to nothing; whoever asks decodes what is asked for.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from enum import Enum
from typing import Any

import msgspec

from ..matching.dataclass import dataclass
from ..sim.fixed import Address
from .footprint import footprint

REQUESTS_KEPT = 10_000
BYTES_KEPT = 64 * 1024 * 1024
"""Of requests and answers together. Beyond either the oldest are forgotten."""

ACTIONS, QUERIES = ("/exchange", "/ws action"), ("/info", "/ws info")
"""Paths of what is signed, and of what is only asked."""

VALUE_BYTES, ROW_BYTES = 2_000, 300
"""About what a value takes that came decoded, and a row of a list."""


MULTI_SIG = "multiSig"
"""The one action that is no class of its own: the action inside it is what happens."""


def unwrapped(action: Any) -> tuple[Any, str | None]:
    """What an action does, and in whose name where that is told inside: of a multi-sig one the
    inner action and its user, else the action itself. Nothing in it need be as it should.
    """
    if not isinstance(action, dict) or action.get("type") != MULTI_SIG:
        return action, None
    payload = action.get("payload")
    if not isinstance(payload, dict):
        return action, None
    user = payload.get("multiSigUser")
    return payload.get("action"), user.lower() if isinstance(user, str) else None


UNREAD = "not_shaped"
"""The rule by which requests are refused that nobody can read: with 422."""

UNHEARD = 0
"""The status of a request that the exchange never heard of."""


class Fate(Enum):
    """What became of the answer to a request that a fault struck."""

    PENDING = "pending"
    """The client has to wait for it."""
    GIVEN = "given"
    """The client got it."""
    LOST = "lost"
    """The client got something else, or nothing; there may never have been one."""
    PASSED_OVER = "passed over"
    """The client got the answer to the other of two deliveries."""


@dataclass(slots=True)
class Delivery:
    """What a fault makes of a request on its way to the exchange and back."""

    fault: int
    """Its number."""
    plan: str
    got: str = "nothing yet"
    """What the client got."""
    status: int = 0
    """With which the client was answered by what stands before the exchange; 0: it was not."""
    fate: Fate = Fate.PENDING
    refusal: str | None = None
    """By which rule the request is refused in place of the exchange, "" for the usual one; None: it
    is not."""
    late: str = ""
    """The plan of another fault, which had the same request answered from the past."""


DELIVERY: ContextVar[Delivery | None] = ContextVar("hlsim_delivery", default=None)
"""That of the request which the running task answers, if a fault struck it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its answer."""

    number: int
    time_ms: int
    """Exchange time."""
    path: str
    """`/info`, `/exchange`, `/explorer`; of a post over a socket `/ws info` or `/ws action`."""
    status: int
    """HTTP status that the exchange answered with, or UNHEARD. A post over a socket has the one
    that HTTP would have."""
    asked: Any
    """The body, or of a post its decoded payload."""
    answered: Any
    signer: Address | None
    delivery: Delivery | None
    """None: no fault struck it, and the client got the answer."""
    size: int


class Requests:
    """The newest requests, bounded in number and bytes."""

    def __init__(self, *, kept: int = REQUESTS_KEPT, most_bytes: int = BYTES_KEPT) -> None:
        self._kept = kept
        self._most_bytes = most_bytes
        self._rows: deque[tuple[Any, ...]] = deque()
        """Requests as plain tuples, which cost half of what an object does."""
        self.size = 0
        self.seen = 0
        """How many there ever were; their numbers count from 1."""
        self.on_entered: list[Callable[[], None]] = []
        """Is called behind each one that is entered."""
        self.era = 0
        """How often they were cleared. What was asked in another one is none of these."""
        self.counts: defaultdict[tuple[str, int], int] = defaultdict(int)
        """How many by path and status, since the server started."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Request]:
        """Oldest first."""
        return (Request(*row) for row in self._rows)

    def add(
        self,
        path: str,
        time_ms: int,
        status: int,
        asked: Any,
        answered: Any,
        signer: Address | None = None,
        delivery: Delivery | None = None,
    ) -> None:
        """Enters a request that was just answered. `delivery`: how, if a fault had a part in it."""
        self.counts[path, status] += 1
        struck = DELIVERY.get() or delivery
        self._enter(path, time_ms, status, asked, answered, signer, struck)

    def add_unheard(
        self, path: str, time_ms: int, asked: Any, signer: Address | None, delivery: Delivery
    ) -> None:
        """Enters a request that a fault keeps from the exchange."""
        self._enter(path, time_ms, UNHEARD, asked, None, signer, delivery)

    def _enter(self, path: str, time_ms: int, status: int, asked: Any, *rest: Any) -> None:
        """`rest`: answer, signer, delivery."""
        self.seen = number = self.seen + 1
        size = len(asked) if type(asked) is bytes else footprint(asked)
        answered = rest[0]
        size += len(answered) if type(answered) is bytes else _size(answered)
        rows = self._rows
        rows.append((number, time_ms, path, status, asked, *rest, size))
        self.size += size
        if len(rows) > self._kept:
            self.size -= rows.popleft()[-1]
        if self.size > self._most_bytes:
            self._forget()
        for notice in tuple(self.on_entered):  # some of which end themselves
            notice()

    def newer(self, number: int) -> list[Request]:
        """Those behind a number that are still kept, oldest first."""
        count = min(self.seen - number, len(self._rows))
        return [Request(*self._rows[-place]) for place in range(count, 0, -1)]

    def clear(self) -> None:
        """Forgets all, and counts anew; the counts by path and status go on."""
        self._rows.clear()
        self.size = self.seen = 0
        self.era += 1

    def _forget(self) -> None:
        rows = self._rows
        while self.size > self._most_bytes and len(rows) > 1:
            self.size -= rows.popleft()[-1]


def _size(answered: Any) -> int:
    if isinstance(answered, msgspec.Raw):
        return VALUE_BYTES + memoryview(answered).nbytes
    return VALUE_BYTES + (ROW_BYTES * len(answered) if isinstance(answered, list) else 0)
