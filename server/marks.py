"""Moments of a node that it can be taken back to, as many as there is room for."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..matching.dataclass import dataclass
from .footprint import footprint
from .pacer import ClockMark

if TYPE_CHECKING:
    from ..sim.rewind import Mark
    from .clients import ClientsMark
    from .replica import LateMark

MARKS_KEPT = 64
BYTES_KEPT = 512 * 1024 * 1024
"""Of kept moments. Beyond either the oldest are forgotten; the newest never is."""


@dataclass(frozen=True, slots=True, eq=False)
class NodeMark:
    """A node as it was at one moment."""

    state: Mark
    scripts: list[Any]
    """Their states."""
    clock: ClockMark

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return self.state.size + sum(map(footprint, self.scripts))


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """Everything that the operator can take back."""

    node: NodeMark
    clients: ClientsMark
    faults: Any
    """Their plain state."""
    reads: tuple[LateMark, ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return self.node.size + sum(len(late.snapshot) for late in self.reads)


class Moments:
    """Kept moments by their ids, which are never used twice."""

    def __init__(self, *, kept: int = MARKS_KEPT, most_bytes: int = BYTES_KEPT) -> None:
        self._kept = kept
        self._most_bytes = most_bytes
        self._found: OrderedDict[int, Moment] = OrderedDict()
        self._last = 0
        self.size = 0
        """About how many bytes all of them take."""

    def __len__(self) -> int:
        return len(self._found)

    def keep(self, moment: Moment) -> int:
        """The id of a moment from now on; the oldest go when there are too many."""
        self._last += 1
        self._found[self._last] = moment
        self.size += moment.size
        while len(self._found) > 1 and (
            len(self._found) > self._kept or self.size > self._most_bytes
        ):
            _, oldest = self._found.popitem(last=False)
            self.size -= oldest.size
        return self._last

    def find(self, name: int) -> Moment:
        """The moment of an id. Raises ValueError for one that is not kept, or not any more."""
        moment = self._found.get(name)
        if moment is not None:
            return moment
        if not 0 < name <= self._last:
            raise ValueError(f"no snapshot {name}; kept: {self._names()}")
        raise ValueError(f"snapshot {name} was forgotten for newer ones; kept: {self._names()}")

    def _names(self) -> str:
        return ", ".join(map(str, self._found)) or "none"
