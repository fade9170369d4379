"""The gate of a taker on a side of an outcome, where makers may stand on the other side."""

from __future__ import annotations

from ..matching.merged import UNIT, Mirror, native_of
from ..matching.types import Order as BookOrder
from ..matching.types import Side
from . import clearinghouse, outcomes
from .assets import OutcomeSide
from .fixed import Px, Sz
from .orders import Order
from .take import Take


class OutcomeTake(Take):
    """Two buyers of both sides make new tokens of what they pay; two sellers get what theirs stood
    for.

    Documented: buying one side at p is selling the other at 1 - p (mechanics 14). Assumed: the
    public trade is told once, of the taker's side.
    """

    __slots__ = ()

    def admit(self, maker: BookOrder, sz: Sz) -> object | None:
        """What is held pays for it, so nothing is asked again."""
        return None

    def settle(self, maker: BookOrder, px: Px, sz: Sz) -> None:
        side = self.market.asset
        assert isinstance(side, OutcomeSide)
        desk, state = self.desk, self.desk.ex.state
        dual = state.markets[side.dual_id]
        if type(maker) is not Mirror:
            super().settle(maker, px, sz)
        else:
            native = maker.of
            assert isinstance(native, Order)
            native.sz = maker.sz
            self.sz += sz
            self.ntl += px * sz
            desk.weigh(native, -sz)
            made = sz if self.taker.side is Side.BID else -sz
            outcomes.make(state, side.outcome, made)
            clearinghouse.settle(desk.ex, self.market, self.taker, native, px, sz, self.cause, dual)
            desk.matched(native)
        dual.last_px = Px(UNIT - px)

    def removed(self, maker: BookOrder, reason: object) -> None:
        super().removed(native_of(maker), reason)
