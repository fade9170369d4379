"""The book again, so plain that it is right by reading. For tests and nothing else.

Two lists in price-time order, searched and sorted from scratch at every step. It shares no code and
no structure with `book.py`, and leaves the links of its orders alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .types import SELF_TRADE, Gate, Order, Px, Side, Sz


class NaiveBook:
    """Does what `OrderBook` does, with the same names."""

    def __init__(self) -> None:
        self.bids: list[Order] = []
        self.asks: list[Order] = []

    def __len__(self) -> int:
        return len(self.bids) + len(self.asks)

    def __contains__(self, order: Order) -> bool:
        return order in self._line(order.side)

    def _line(self, side: Side) -> list[Order]:
        return self.bids if side is Side.BID else self.asks

    def rest(self, order: Order, gives_way: Callable[[Order], bool] | None = None) -> None:
        """The sort is stable: whoever came first at a price stays first."""
        line = self._line(order.side)
        line.append(order)
        line.sort(key=lambda each: each.px, reverse=order.side is Side.BID)
        place = line.index(order)
        while gives_way and place and line[place - 1].px == order.px and gives_way(line[place - 1]):
            line[place - 1 : place + 1] = [order, line[place - 1]]
            place -= 1

    def cancel(self, order: Order) -> None:
        self._line(order.side).remove(order)

    def reduce(self, order: Order, sz: Sz) -> None:
        assert order in self
        assert 0 < sz <= order.sz
        order.sz = sz

    def take(self, taker: Order, gate: Gate) -> None:
        while taker.sz > 0 and self.crosses(taker.side, taker.px):
            maker = self._line(taker.side.opposite)[0]
            if maker.owner == taker.owner:
                self.cancel(maker)
                gate.removed(maker, SELF_TRADE)
                continue
            reason = gate.admit(maker, min(maker.sz, taker.sz))
            if maker not in self:
                continue
            if reason is not None:
                self.cancel(maker)
                gate.removed(maker, reason)
                continue
            sz = min(maker.sz, taker.sz)
            if sz == maker.sz:
                self.cancel(maker)
            maker.sz = Sz(maker.sz - sz)
            taker.sz = Sz(taker.sz - sz)
            gate.settle(maker, maker.px, sz)

    def crosses(self, side: Side, px: Px) -> bool:
        if side is Side.BID:
            return any(ask.px <= px for ask in self.asks)
        return any(bid.px >= px for bid in self.bids)

    def best_bid(self) -> Px | None:
        return max((bid.px for bid in self.bids), default=None)

    def best_ask(self) -> Px | None:
        return min((ask.px for ask in self.asks), default=None)

    def orders(self, side: Side) -> Iterator[Order]:
        return iter(list(self._line(side)))

    def rows(self, side: Side) -> list[tuple[Px, int, int]]:
        """`(px, sz, count)` of every price, best first."""
        line = self._line(side)
        return [
            (
                px,
                sum(order.sz for order in line if order.px == px),
                sum(order.px == px for order in line),
            )
            for px in dict.fromkeys(order.px for order in line)
        ]

    def total_sz(self, side: Side) -> int:
        return sum(order.sz for order in self._line(side))
