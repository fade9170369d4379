"""An order with everything that clients see of it. It is also the object that rests in the book."""

from __future__ import annotations

from enum import Enum

from ..matching.dataclass import dataclass
from ..matching.types import Order as BookOrder
from ..matching.types import Px, Side, Tif
from .fixed import Address, Cloid, Sz
from .rules import Rules


class OrderStatus:
    """Statuses that are no rejection. Rejections are `OrderReject.status`."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    MARGIN_CANCELED = "marginCanceled"
    SELF_TRADE_CANCELED = "selfTradeCanceled"
    REDUCE_ONLY_CANCELED = "reduceOnlyCanceled"
    SCHEDULED_CANCEL = "scheduledCancel"
    VAULT_WITHDRAWAL_CANCELED = "vaultWithdrawalCanceled"
    TRIGGERED = "triggered"
    WAITING_FOR_FILL = "waitingForFill"
    SIBLING_FILLED_CANCELED = "siblingFilledCanceled"
    DELISTED_CANCELED = "delistedCanceled"
    OPEN_INTEREST_CAP_CANCELED = "openInterestCapCanceled"
    LIQUIDATED_CANCELED = "liquidatedCanceled"
    OUTCOME_SETTLED_CANCELED = "outcomeSettledCanceled"


TOLD_BY_USER_EVENTS = frozenset(
    {
        OrderStatus.SELF_TRADE_CANCELED,
        OrderStatus.MARGIN_CANCELED,
        OrderStatus.LIQUIDATED_CANCELED,
        OrderStatus.DELISTED_CANCELED,
        OrderStatus.OPEN_INTEREST_CAP_CANCELED,
        OrderStatus.OUTCOME_SETTLED_CANCELED,
    }
)
"""Cancels by the engine that `userEvents` names (contested 2)."""
_NOT_BY_THE_ENGINE = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED})


def is_told(status: str, rules: Rules) -> bool:
    """True when `userEvents` tells that an order ended as `status` (contested 2)."""
    if rules.non_user_cancel == "engine":
        return status in TOLD_BY_USER_EVENTS
    return rules.non_user_cancel == "all" and status not in _NOT_BY_THE_ENGINE


@dataclass(frozen=True, slots=True)
class Builder:
    """Who else earns on an order: `fee` in tenths of a basis point."""

    address: Address
    fee: int


class Stage(Enum):
    """Where an open order stands."""

    LIVE = "live"
    """In the book, or on its way into it."""
    ARMED = "armed"
    """Asleep until the mark reaches its trigger price."""
    WAITING = "waiting"
    """For its parent to fill; no price arms it."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a trigger order sleeps for."""

    px: Px
    is_market: bool
    is_take_profit: bool
    is_position_tpsl: bool = False
    """Tied to the position. When the order's size is 0, the whole of it (mechanics 3.4)."""

    def is_above(self, side: Side) -> bool:
        """True for an order of `side` that a mark at or above `px` wakes (mechanics 3.1)."""
        return self.is_take_profit is (side is Side.ASK)

    def is_reached(self, side: Side, mark_px: Px) -> bool:
        """True when an order of `side` fires at `mark_px`. Assumed: at equality too (contested
        65).
        """
        return mark_px >= self.px if self.is_above(side) else mark_px <= self.px


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
    trigger: Trigger | None = None
    """Of a trigger order, also once it fired."""
    stage: Stage = Stage.LIVE
    group: int | None = None
    """Of a child its parent's oid, of a positionTpsl the oid of the first beside it: a key of
    `Account.brackets`."""
    children: tuple[Order, ...] = ()
    """The TP/SL orders that were placed with it, newest first."""
    priority: int = 0
    """What it pays for its place, in 1e-8 of its notional."""
