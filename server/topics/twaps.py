"""A user's TWAPs: their slices, their history, their states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...matching.dataclass import dataclass
from ...sim.events import Event, Fill
from ...sim.fixed import Address
from ...sim.twap_state import TwapUpdate
from ...sim.view import View
from ..info.registry import Json
from ..info.twaps import twap_history, user_twap_slice_fills
from ..shapes.twaps import slice_fill_row, twap_row, twap_states
from .holdings import FIRST_DEX, unless_dex
from .registry import Refusal, Source, Topic, later, topic


@topic("userTwapSliceFills", source="ws 3.17")
@dataclass(frozen=True, slots=True)
class UserTwapSliceFills(Topic):
    """A snapshot, newest first and even if empty; then the slices of each block."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("userTwapSliceFills", self.user),)

    def first(self, view: View) -> Json:
        rows = user_twap_slice_fills(view, self.user)
        return {"isSnapshot": True, "user": self.user, "twapSliceFills": rows}

    def update(self, view: View, events: Sequence[Event]) -> Iterator[Json]:
        rows = [slice_fill_row(event) for event in events if isinstance(event, Fill)]
        yield later(view, self.user, {"twapSliceFills": rows})


@topic("userTwapHistory", source="ws 3.17")
@dataclass(frozen=True, slots=True)
class UserTwapHistory(Topic):
    """A snapshot, newest first (Assumed: as the info type), then the changes of each block."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("userTwapHistory", self.user),)

    def first(self, view: View) -> Json:
        rows = twap_history(view, self.user)
        return {"isSnapshot": True, "user": self.user, "history": rows}

    def update(self, view: View, events: Sequence[Event]) -> Iterator[Json]:
        rows = [twap_row(event) for event in events if isinstance(event, TwapUpdate)]
        yield later(view, self.user, {"history": rows})


@topic("twapStates", source="ws 3.17")
@dataclass(frozen=True, slots=True)
class TwapStates(Topic):
    """All that run or wait, whenever they changed (the cadence is assumed)."""

    user: Address
    dex: str = FIRST_DEX

    def refusal(self, view: View) -> Refusal | None:
        return unless_dex(view, self.dex)

    def sources(self) -> tuple[Source, ...]:
        return (("twapStates", self.user),)

    def first(self, view: View) -> Json:
        states = twap_states(view.account(self.user), view.dex(self.dex) or 0)
        return {"dex": self.dex, "user": self.user, "states": states}

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)
