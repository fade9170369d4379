"""Between the node and its API servers: signed actions go there, blocks come back, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..matching.dataclass import dataclass
from ..sim.actions import Action
from ..sim.call import CoSigned
from ..sim.events import Event
from ..sim.exchange import Input
from ..sim.fixed import Address
from ..sim.replies import Response


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


@dataclass(frozen=True, slots=True)
class Block:
    """One committed block: what went in and what came of it, in order."""

    height: int
    time_ms: int
    inputs: tuple[Input, ...]
    events: Sequence[Event]
    restored: Restored | None = None
    """What replaces everything before this block."""


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
