"""What happens to one user: orders, fills, payments. Nothing here is repeated for a latecomer
unless it is said to be a snapshot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from ...matching.dataclass import dataclass
from ...sim.assets import SpotPair
from ...sim.events import (
    AccountLiquidated,
    Event,
    Fill,
    FundingPaid,
    LedgerRow,
    NonUserCancel,
    OrderShrunk,
    OrderUpdate,
)
from ...sim.fixed import Address, bare_text
from ...sim.twap_state import TwapUpdate
from ...sim.view import View
from ..info.fills import own_fills
from ..info.orders import historical_orders
from ..info.registry import Json
from ..shapes.fills import fill_row, merged_by_block, merged_fill_row
from ..shapes.ledger import funding_event, ledger_row, liquidation_event
from ..shapes.orders import order_update, status_row
from ..shapes.twaps import slice_fill_row, twap_row
from .registry import Source, Topic, later, topic

MOST_FILLS = 2000
"""Assumed: the snapshot is as long as the answer of the info type (contested, unknown points)."""
MOST_FUNDINGS = 2000
MOST_LEDGER_ROWS = 500
"""Assumed: as the info types without a start time (info 2.6)."""

T = TypeVar("T")


def _newest(rows: deque[T], most: int) -> list[T]:
    """The last `most` rows, oldest first."""
    return list(islice(rows, max(0, len(rows) - most), None))


# NB: userEvents stands before orderUpdates. Observed: `nonUserCancel` comes slightly before the
# order
# update that it belongs to (ws 4.3).
@topic("userEvents", source="ws 3.13")
@dataclass(frozen=True, slots=True)
class UserEvents(Topic):
    """Unions of one key, without the user, on the channel "user"."""

    user: Address

    def channel(self, view: View) -> str:
        return "user"

    def sources(self) -> tuple[Source, ...]:
        return (("userEvents", self.user),)

    def update(self, view: View, events: Sequence[Event]) -> Iterator[Json]:
        """A frame for each kind; funding has one for each coin, liquidation for each of them."""
        cancels = [event for event in events if isinstance(event, NonUserCancel)]
        if cancels:
            yield {"nonUserCancel": [{"coin": gone.coin, "oid": gone.oid} for gone in cancels]}
        for event in events:
            if isinstance(event, AccountLiquidated):
                yield {"liquidation": liquidation_event(event)}
        fills = [event for event in events if isinstance(event, Fill)]
        own = [fill_row(fill) for fill in fills if fill.twap_id is None]
        if own:
            yield {"fills": own}
        slices = [slice_fill_row(fill) for fill in fills if fill.twap_id is not None]
        if slices:
            yield {"twapSliceFills": slices}
        twaps = [twap_row(event) for event in events if isinstance(event, TwapUpdate)]
        if twaps:
            yield {"twapHistory": twaps}
        for event in events:
            if isinstance(event, FundingPaid):
                yield {"funding": funding_event(event)}


@topic("orderUpdates", source="ws 3.12")
@dataclass(frozen=True, slots=True)
class OrderUpdates(Topic):
    """A bare array for each block, without the user; no snapshot."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("orderUpdates", self.user),)

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        rows = [event for event in events if isinstance(event, OrderUpdate | OrderShrunk)]
        return ([order_update(row) for row in rows],)


@topic("userHistoricalOrders", source="ws 3.18")
@dataclass(frozen=True, slots=True)
class UserHistoricalOrders(Topic):
    """A snapshot, newest first (Assumed: as the info type), then the changes of each block."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("orderUpdates", self.user),)

    def first(self, view: View) -> Json:
        rows = historical_orders(view, self.user)
        return {"isSnapshot": True, "user": self.user, "orderHistory": rows}

    def update(self, view: View, events: Sequence[Event]) -> Iterator[Json]:
        rows = [status_row(event) for event in events if isinstance(event, OrderUpdate)]
        if rows:
            yield later(view, self.user, {"orderHistory": rows})


@topic("userFills", source="ws 3.14")
@dataclass(frozen=True, slots=True)
class UserFills(Topic):
    """A snapshot, newest first and even if empty; then the fills of each block as they happened."""

    user: Address
    aggregate_by_time: bool = False

    def sources(self) -> tuple[Source, ...]:
        return (("userFills", self.user),)

    def first(self, view: View) -> Json:
        # Observed: slice fills come by userEvents and userTwapSliceFills only (ws 3.13).
        fills = list(own_fills(view.account(self.user)))
        rows = self._rows(fills if self.aggregate_by_time else fills[-MOST_FILLS:])
        return {"isSnapshot": True, "user": self.user, "fills": rows[::-1][:MOST_FILLS]}

    def update(self, view: View, events: Sequence[Event]) -> Iterator[Json]:
        fills = [event for event in events if isinstance(event, Fill)]
        if fills:
            yield later(view, self.user, {"fills": self._rows(fills)})

    def _rows(self, fills: list[Fill]) -> list[Json]:
        """Oldest first."""
        if self.aggregate_by_time:
            return [merged_fill_row(group) for group in merged_by_block(fills)]
        return [fill_row(fill) for fill in fills]


@topic("notification", source="ws 3.11")
@dataclass(frozen=True, slots=True)
class Notification(Topic):
    """Texts of the exchange's own web page. Only that of a resting order's fill is known."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("notification", self.user),)

    def update(self, view: View, events: Sequence[Event]) -> Iterator[Json]:
        for event in events:
            if isinstance(event, Fill) and not event.crossed and not _is_handover(event):
                yield {"notification": _filled_text(view, event)}


def _is_handover(fill: Fill) -> bool:
    """True for what the book did not match: there was no resting order."""
    return fill.liquidation is not None and fill.liquidation.method == "backstop"


def _filled_text(view: View, fill: Fill) -> str:
    """Observed: "Resting order filled: Bought 1017.6 ARB at $0.20138" (ws 3.11).

    Assumed: a spot pair is called by its base token.
    """
    asset = view.market_of(fill.asset_id).asset
    name = asset.base.name if isinstance(asset, SpotPair) else asset.coin
    verb = "Bought" if fill.side.sign > 0 else "Sold"
    return (
        f"Resting order filled: {verb} {bare_text(fill.sz, 8)} {name} at ${bare_text(fill.px, 8)}"
    )


@topic("userFundings", source="ws 3.15")
@dataclass(frozen=True, slots=True)
class UserFundings(Topic):
    """A snapshot, oldest first, then one frame on the hour."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("userFundings", self.user),)

    def first(self, view: View) -> Json:
        rows = _newest(view.account(self.user).fundings, MOST_FUNDINGS)
        return {
            "isSnapshot": True,
            "user": self.user,
            "fundings": [funding_event(row) for row in rows],
        }

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        paid = [funding_event(event) for event in events if isinstance(event, FundingPaid)]
        return (later(view, self.user, {"fundings": paid}),)


@topic("userNonFundingLedgerUpdates", source="ws 3.16")
@dataclass(frozen=True, slots=True)
class UserNonFundingLedgerUpdates(Topic):
    """A snapshot, oldest first (assumed), then a frame for each block with transfers.

    Observed: an empty frame whenever the user pays or gets funding.
    """

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("userNonFundingLedgerUpdates", self.user), ("userFundings", self.user))

    def first(self, view: View) -> Json:
        rows = _newest(view.account(self.user).ledger, MOST_LEDGER_ROWS)
        return {
            "isSnapshot": True,
            "user": self.user,
            "nonFundingLedgerUpdates": [ledger_row(row) for row in rows],
        }

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        rows = [ledger_row(event) for event in events if isinstance(event, LedgerRow)]
        return (later(view, self.user, {"nonFundingLedgerUpdates": rows}),)
