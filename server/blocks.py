"""Between the node and its API servers: signed actions go there, blocks come back, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..matching.dataclass import dataclass
from ..scenarios.director import Direction
from ..sim.actions import Action
from ..sim.call import CoSigned
from ..sim.events import Event
from ..sim.exchange import Input
from ..sim.fixed import Address
from ..sim.replies import Response
from .pacer import Clock


@dataclass(frozen=True, slots=True)
class Signed:
    """One signed action on its way to the node: the signature was checked, nothing else was."""

    action: Action
    signer: Address
    nonce: int
    vault: Address | None = None
    expires_after: int | None = None
    multi_sig: CoSigned | None = None


class Restored:
    """The exchange that a block puts in the place of what was before it."""

    def __init__(self, take: Callable[[], bytes]) -> None:
        self._take = take
        self._snapshot: bytes | None = None

    @property
    def snapshot(self) -> bytes:
        """Its bytes. First to be asked for while the block is told: they are made only then, for
        most consumers look at the node's own state.
        """
        if self._snapshot is None:
            self._snapshot = self._take()
        return self._snapshot


# -- what else happens to a node than that time passes and actions come ----------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """The script that was first due had its turn."""


@dataclass(frozen=True, slots=True)
class ClockHanded:
    """Somebody else moves exchange time from here on."""

    clock: Clock
    speed: float


@dataclass(frozen=True, slots=True)
class ClockSkewed:
    """The nonce clock is so many ms ahead of clients' from here on."""

    ms: int


@dataclass(frozen=True, slots=True)
class AutoWaitSet:
    """An auto clock waits so many ms of real time for another request from here on."""

    ms: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The operator kept this moment."""

    id: int


@dataclass(frozen=True, slots=True)
class WentBack:
    """Everything became what it was at a kept moment."""

    id: int


@dataclass(frozen=True, slots=True)
class WasReset:
    """Everything became what it was at the start."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything became what was saved, here or elsewhere."""

    saved: bytes


Deed = (
    Turn | Direction | ClockHanded | ClockSkewed | AutoWaitSet | Kept | WentBack | WasReset | Loaded
)
"""As data, so that it can be written down and done again."""


@dataclass(frozen=True, slots=True)
class Block:
    """One committed block: what went in and what came of it, in order."""

    height: int
    time_ms: int
    inputs: tuple[Input, ...]
    events: Sequence[Event]
    restored: Restored | None = None
    """What replaces everything before this block."""
    replies: tuple[Response | None, ...] = ()
    """What clients got for their actions among the inputs; None where we failed."""
    deed: Deed | None = None
    """What this block was made for, unless for time and clients' actions alone."""
    began: int = 0
    """From here on the inputs are what the deed did."""
    refusal: str = ""
    """Why the deed was refused, if it was. What it did before that stands among the inputs."""


class Closed(Exception):
    """The node stopped before it made a block of the action."""


Consumer = Callable[[Block], None]


class Node(Protocol):
    """All that an API server knows of its node."""

    async def submit(self, signed: Signed) -> Response:
        """Answers when the block that holds the action is committed. Raises Closed."""
        ...

    def subscribe(self, consumer: Consumer) -> Callable[[], None]:
        """Calls `consumer` with every block from now on, in order; the result ends that."""
        ...

    def snapshot(self) -> bytes:
        """The state of the exchange after the last block."""
        ...

    def attend(self) -> None:
        """Says that somebody asks or listens, for whom an auto clock waits between two jumps."""
        ...
