"""An order with everything that clients see of it. It is also the object that rests in the book."""

from __future__ import annotations

from dataclasses import dataclass

from ..matching.types import Order as BookOrder
from ..matching.types import Tif
from .fixed import Address, Cloid, Sz


class OrderStatus:
    """Statuses that are no rejection. Rejections are `OrderReject.status`."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    MARGIN_CANCELED = "marginCanceled"
    SELF_TRADE_CANCELED = "selfTradeCanceled"
    REDUCE_ONLY_CANCELED = "reduceOnlyCanceled"
    SCHEDULED_CANCEL = "scheduledCancel"
    DELISTED_CANCELED = "delistedCanceled"
    OPEN_INTEREST_CAP_CANCELED = "openInterestCapCanceled"
    OUTCOME_SETTLED_CANCELED = "outcomeSettledCanceled"


TOLD_BY_USER_EVENTS = frozenset(
    {
        OrderStatus.SELF_TRADE_CANCELED,
        OrderStatus.MARGIN_CANCELED,
        OrderStatus.DELISTED_CANCELED,
        OrderStatus.OPEN_INTEREST_CAP_CANCELED,
        OrderStatus.OUTCOME_SETTLED_CANCELED,
    }
)
"""Cancels by the engine that `userEvents` names (contested 2)."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Who else earns on an order: `fee` in tenths of a basis point."""

    address: Address
    fee: int


@dataclass(slots=True, eq=False)
class Order(BookOrder):
    """A book order and its story. Inherited: oid, owner (an `Address`), side, px, sz
    (remaining).
    """

    asset_id: int
    coin: str
    orig_sz: Sz
    tif: Tif
    reduce_only: bool
    cloid: Cloid | None
    time_ms: int
    builder: Builder | None = None
    twap_id: int | None = None
    """The TWAP that sent it as a slice."""
