"""Two books that are one: buying one side at `px` is selling the other at `UNIT - px`.

Each book shows the orders of both. An order rests in its own book and, mirrored, in the other; the
two shrink and leave together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .book import OrderBook
from .dataclass import dataclass
from .types import Order, Px, Side, Sz

UNIT = 10**8
"""What a pair of both sides is worth: 1, as a price."""


@dataclass(slots=True, eq=False)
class Mirror(Order):
    """What an order looks like in the other book. Same oid, owner and size."""

    of: Order


def native_of(order: Order) -> Order:
    """The order itself, of a mirror or of itself."""
    return order.of if type(order) is Mirror else order


class MergedBook(OrderBook):
    """One of two books that mirror each other.

    Documented: at one price, orders that sell a side come before orders that buy the other
    (mechanics 14); within each, the older comes first.
    """

    __slots__ = ("dual", "mirrors")

    def __init__(self) -> None:
        super().__init__()
        self.dual: MergedBook = self
        self.mirrors: dict[int, Mirror] = {}
        """Of the orders of this book, by oid; they rest in the other one."""

    @classmethod
    def pair(cls) -> tuple[MergedBook, MergedBook]:
        """Two empty books, each the other's dual."""
        one, other = cls(), cls()
        one.dual, other.dual = other, one
        return one, other

    def rest(self, order: Order, gives_way: Callable[[Order], bool] | None = None) -> None:
        assert gives_way is None, "nobody gives way here"
        px, side = Px(UNIT - order.px), order.side.opposite
        mirror = Mirror(order.oid, order.owner, side, px, order.sz, order)
        self.mirrors[order.oid] = mirror
        self._stand(order)
        self.dual._stand(mirror)

    def cancel(self, order: Order) -> None:
        super().cancel(order)
        if type(order) is Mirror:
            del self.dual.mirrors[order.oid]
            super(MergedBook, self.dual).cancel(order.of)
        else:
            super(MergedBook, self.dual).cancel(self.mirrors.pop(order.oid))

    def reduce(self, order: Order, sz: Sz) -> None:
        super().reduce(order, sz)
        twin = order.of if type(order) is Mirror else self.mirrors[order.oid]
        super(MergedBook, self.dual).reduce(twin, sz)

    def _stand(self, order: Order) -> None:
        """Puts `order` in line: what sells before what buys."""
        ladder = self._bids if order.side is Side.BID else self._asks
        level = ladder.by_px.get(order.px)
        if level is None:
            level = ladder.open(order.px)
        buyer = next((one for one in level if not _sells(one)), None) if _sells(order) else None
        if buyer is None:
            level.append(order)
        else:
            level.insert(order, buyer)
        self._count += 1
        self.version += 1

    def _mirrors(self) -> dict[int, Any]:
        return self.mirrors

    def check(self) -> None:
        super().check()
        natives = [each for side in Side for each in self.orders(side) if type(each) is not Mirror]
        assert {each.oid for each in natives} == self.mirrors.keys()
        for each in natives:
            mirror = self.mirrors[each.oid]
            assert (mirror.of, mirror.sz) == (each, each.sz)
            assert mirror.level is self.dual._level_of(mirror)
            assert mirror.px + each.px == UNIT
        for side in Side:
            for level in self.levels(side):
                buys = [not _sells(each) for each in level]
                assert buys == sorted(buys), "somebody buys before somebody sells"

    def _level_of(self, order: Order) -> Any:
        ladder = self._bids if order.side is Side.BID else self._asks
        return ladder.by_px.get(order.px)

    def __getstate__(self) -> Any:
        return super().__getstate__(), self.dual, self.mirrors

    def __setstate__(self, state: Any) -> None:
        (version, bids, asks), self.dual, self.mirrors = state
        OrderBook.__init__(self)
        for order in (*bids, *asks):
            OrderBook.rest(self, order)
        self.version = version


def _sells(order: Order) -> bool:
    """True when the order itself sells, whichever book it is seen in."""
    return native_of(order).side is Side.ASK
