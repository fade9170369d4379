"""The gate of a taker: what the book asks and tells while an incoming order crosses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.types import SELF_TRADE
from ..matching.types import Order as BookOrder
from . import clearinghouse, margin
from .assets import px_decimals
from .clearinghouse import Cause
from .fixed import TEN, Address, Px, Sz, div_down, floor_to
from .orders import Order, OrderStatus
from .state import Market

if TYPE_CHECKING:
    from .desk import Desk


class Take:
    """The gate of one taker: judges makers again at the match and settles at once."""

    __slots__ = ("cause", "desk", "market", "ntl", "sz", "taker")

    def __init__(self, desk: Desk, market: Market, taker: Order, cause: Cause) -> None:
        self.desk = desk
        self.market = market
        self.taker = taker
        self.cause = cause
        self.sz = 0
        self.ntl = 0

    def admit(self, maker: BookOrder, sz: Sz) -> object | None:
        """None, or the status with which a maker that cannot pay is cancelled.

        Documented: margin is checked "again for the resting side at the matching" (mechanics 2.10).
        It matters most for what goes through zero: beside a position, such an order reserves
        nothing while it rests. Assumed: without what the maker's other resting orders reserve.
        """
        assert isinstance(maker, Order)
        if self.market.asset.is_spot or maker.reduce_only:
            return None
        state = self.desk.ex.state
        account = state.accounts[Address(maker.owner)]
        perp = margin.perp_of(state, maker.asset_id)
        clearing = account.of(perp)
        position = clearing.positions.get(perp.id)
        if position is not None and position.szi * maker.side.sign <= -sz:
            return None
        free = margin.unused_value(state, clearing)
        if margin.pays_for(state, clearing, perp, maker.side, sz, maker.px * sz, free):
            return None
        return OrderStatus.MARGIN_CANCELED

    def settle(self, maker: BookOrder, px: Px, sz: Sz) -> None:
        """Books the match on both sides, then tells what became of the maker and its other orders.

        Those of the taker follow when it was told what became of the taker: see `Desk.execute`.
        """
        assert isinstance(maker, Order)
        desk, market = self.desk, self.market
        self.sz += sz
        self.ntl += px * sz
        desk.weigh(maker, -sz)
        clearinghouse.settle(desk.ex, market, self.taker, maker, px, sz, self.cause)
        desk.matched(maker)
        if not market.asset.is_spot:
            desk.fit_reduce_only(desk.ex.state.accounts[Address(maker.owner)], market)

    def removed(self, maker: BookOrder, reason: object) -> None:
        """The book took `maker` out; the rest of the house follows."""
        assert isinstance(maker, Order)
        status = OrderStatus.SELF_TRADE_CANCELED if reason is SELF_TRADE else str(reason)
        self.desk.weigh(maker, -maker.sz)
        self.desk.forget(maker, status)

    def average_px(self) -> Px:
        """VWAP of what was taken, truncated to the decimals that a price may have.

        Observed on spot: 8 - szDecimals places (exchange 5.1). Assumed: perps likewise, 6 -
        szDecimals.
        """
        exact = div_down(self.ntl, self.sz)
        return Px(floor_to(exact, TEN[8 - px_decimals(self.market.asset)]))
