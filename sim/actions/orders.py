"""order, modify, batchModify: the actions that place orders."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NewType

from ...matching.dataclass import dataclass
from ...matching.types import Tif
from .. import priority, trading
from ..fixed import Address, Cloid, Px, Sz
from ..modifying import modify, modify_batch
from ..replies import OrderReplies, Response
from .registry import BlockClass, action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange

U32 = NewType("U32", int)
U64 = NewType("U64", int)


@dataclass(frozen=True, slots=True)
class LimitTerms:
    """`{"tif": …}`."""

    tif: Tif


@dataclass(frozen=True, slots=True)
class TriggerTerms:
    """`{"isMarket": …, "triggerPx": …, "tpsl": …}`."""

    is_market: bool
    trigger_px: Px
    tpsl: str = field(metadata={"choices": ("tp", "sl")})


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """`t` of an order: `{"limit": …}` or `{"trigger": …}`, one of the two."""

    limit: LimitTerms | None = field(default=None, metadata={"variant": True, "omit": True})
    trigger: TriggerTerms | None = field(default=None, metadata={"variant": True, "omit": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """One order as it is asked for. The fields stand in the order of the signed form."""

    asset: U32 = field(metadata={"wire": "a"})
    is_buy: bool = field(metadata={"wire": "b"})
    px: Px = field(metadata={"wire": "p"})
    sz: Sz = field(metadata={"wire": "s"})
    reduce_only: bool = field(default=False, metadata={"wire": "r"})
    terms: OrderTerms = field(metadata={"wire": "t"})
    cloid: Cloid | None = field(default=None, metadata={"wire": "c", "omit": True})


@dataclass(frozen=True, slots=True)
class BuilderTerms:
    """Who else earns: `f` in tenths of a basis point."""

    address: Address = field(metadata={"wire": "b"})
    fee: U32 = field(metadata={"wire": "f"})


@dataclass(frozen=True, slots=True)
class Priority:
    """`{"p": rate}` for a grouping: what to pay for being early, in 1e-8 of the notional."""

    rate: U32 = field(metadata={"wire": "p"})


def _class_of(orders: tuple[NewOrder, ...]) -> BlockClass:
    """Assumed: a trigger order sends nothing to a book when it is placed (mechanics 2.1)."""
    for order in orders:
        limit = order.terms.limit
        if limit is not None and limit.tif is not Tif.ALO:
            return BlockClass.TAKER
    return BlockClass.NO_TAKER


@action(
    "order",
    vault=True,
    block_class=lambda action: _class_of(action.orders),
    weight=lambda action: len(action.orders),
    priority=lambda action: action.grouping.rate if type(action.grouping) is Priority else 0,
)
@dataclass(frozen=True, slots=True)
class PlaceOrders:
    orders: tuple[NewOrder, ...]
    grouping: str | Priority = field(
        default="na", metadata={"choices": ("na", "normalTpsl", "positionTpsl")}
    )
    builder: BuilderTerms | None = field(default=None, metadata={"omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        trading.check_post_only(ex.state, self.orders)
        if isinstance(self.grouping, Priority):
            rate = self.grouping.rate
            priority.check(ex, acting, self.orders, rate)
            placed = ex.desk.place_batch(acting, self.orders, self.builder, priority_rate=rate)
            return OrderReplies(placed)
        return OrderReplies(ex.desk.place_batch(acting, self.orders, self.builder, self.grouping))


@dataclass(frozen=True, slots=True)
class Modification:
    """One entry of batchModify. `oid` is an oid or a cloid."""

    oid: U64 | Cloid
    order: NewOrder


@action("modify", vault=True, block_class=lambda action: _class_of((action.order,)))
@dataclass(frozen=True, slots=True)
class Modify:
    oid: U64 | Cloid
    order: NewOrder
    always_place: bool = field(default=False, metadata={"wire": "a", "omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        if self.always_place:
            trading.check_post_only(ex.state, (self.order,))
        return modify(ex.desk, acting, self.oid, self.order, always_place=self.always_place)


@action(
    "batchModify",
    vault=True,
    block_class=lambda action: _class_of(tuple(entry.order for entry in action.modifies)),
    weight=lambda action: len(action.modifies),
)
@dataclass(frozen=True, slots=True)
class BatchModify:
    modifies: tuple[Modification, ...]
    always_place: bool = field(default=False, metadata={"wire": "a", "omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        if self.always_place:
            trading.check_post_only(ex.state, (entry.order for entry in self.modifies))
        return modify_batch(ex.desk, acting, self.modifies, always_place=self.always_place)
