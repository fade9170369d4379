"""The explorer's feeds, which the exchange has on a host of its own: bare lists, no envelope."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from ...matching.dataclass import dataclass
from ...sim.events import BlockEnded, Event, Transaction
from ...sim.view import View
from ..info.registry import Json
from ..shapes.blocks import block_row, transaction_row
from .registry import Source, Topic, topic


class _Explorer(Topic):
    """Observed: on the API host an empty list follows the ack (ws 3.23). Assumed: on the other one,
    too; what came before the subscription is not repeated.
    """

    __slots__ = ()

    is_bare: ClassVar[bool] = True

    def first(self, view: View) -> Json:
        return []


@topic("explorerBlock", source="ws 3.23")
@dataclass(frozen=True, slots=True)
class ExplorerBlock(_Explorer):
    """Each block that holds something."""

    def sources(self) -> tuple[Source, ...]:
        return (("explorerBlock", ""),)

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        count = sum(isinstance(event, Transaction) for event in events)
        blocks = [event for event in events if isinstance(event, BlockEnded)]
        return ([block_row(view, block, count) for block in blocks],)


@topic("explorerTxs", source="ws 3.23")
@dataclass(frozen=True, slots=True)
class ExplorerTxs(_Explorer):
    """The signed actions of each block, done or refused, in order."""

    def sources(self) -> tuple[Source, ...]:
        return (("explorerTxs", ""),)

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return ([transaction_row(event) for event in events if isinstance(event, Transaction)],)
