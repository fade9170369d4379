"""The order book of one market: price-time priority over integers.

It knows neither money nor coins, users, wire words or time: owners are opaque, and whatever the
rules of the house have to say at a match comes through a `Gate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .level import Ladder, Level
from .marks import BookMark
from .types import SELF_TRADE, Gate, Order, Px, Side, Sz

_NOTHING = Sz(0)


class OrderBook:
    """Resting orders, best price first and oldest first at one price.

    Documented: price-time priority per book (mechanics 2.1). `version` grows with every change, so
    that a reader can tell whether what it computed from the book still holds. Pickles flat, in
    price-time order. No iterator of a book outlives a change of it.
    """

    __slots__ = ("_asks", "_bids", "_count", "_mark", "version")

    def __init__(self) -> None:
        self._bids = Ladder(is_bid=True)
        self._asks = Ladder(is_bid=False)
        self._count = 0
        self.version = 0
        self._mark: BookMark | None = None
        """The one last taken or gone back to. Nothing changed since then while it has the version
        of the book: whatever rests changes through the book only.
        """

    def __len__(self) -> int:
        """How many orders rest."""
        return self._count

    # -- changes -----------------------------------------------------------------------------------

    def rest(self, order: Order, gives_way: Callable[[Order], bool] | None = None) -> None:
        """Puts `order` last in line at its price, but before those at the end who give way to it.

        It rests nowhere yet, has something left, and does not cross: `take` has come before.
        """
        assert order.level is None, "the order rests already"
        ladder = self._bids if order.side is Side.BID else self._asks
        level = ladder.by_px.get(order.px)
        if level is None:
            level = ladder.open(order.px)
        behind = None
        if gives_way is not None:
            last = level.tail
            while last is not None and gives_way(last):
                behind, last = last, last.before
        if behind is None:
            level.append(order)
        else:
            level.insert(order, behind)
        self._count += 1
        self.version += 1

    def cancel(self, order: Order) -> None:
        """Takes a resting `order` out, wherever it stands; its `sz` stays what it was."""
        level = order.level
        assert level is not None, "the order does not rest"
        level.remove(order)
        if level.head is None:
            (self._bids if order.side is Side.BID else self._asks).close(level)
        self._count -= 1
        self.version += 1

    def reduce(self, order: Order, sz: Sz) -> None:
        """Shrinks a resting `order` to `sz`, above zero, in place: it keeps its turn."""
        level = order.level
        assert level is not None, "the order does not rest"
        assert 0 < sz <= order.sz, "only a smaller size keeps the turn"
        level.reduce(order, sz)
        self.version += 1

    def take(self, taker: Order, gate: Gate) -> None:
        """Trades `taker` against what it reaches, always at the maker's price.

        Ends when `taker.sz` is zero or nothing on the other side is at `taker.px` or better; what
        is left is the caller's to rest or to drop. A maker with the taker's owner is cancelled as a
        whole and the taker goes on behind it (mechanics 2.3), and so is one that the gate does not
        admit (mechanics 2.10). A maker that `admit` has itself cancelled is passed over, and
        `removed` is not called for it.
        """
        ladder = self._asks if taker.side is Side.BID else self._bids
        limit, owner = taker.px, taker.owner
        # Each call of the gate may shrink or cancel anything that rests: nothing is kept between.
        while taker.sz:
            level = ladder.best
            if level is None:
                return
            px = level.px
            if px < limit if ladder.is_bid else px > limit:
                return
            maker = level.head
            assert maker is not None
            if maker.owner == owner:
                self.cancel(maker)
                gate.removed(maker, SELF_TRADE)
                continue
            sz = taker.sz if taker.sz < maker.sz else maker.sz
            reason = gate.admit(maker, sz)
            if maker.level is None:
                continue
            if reason is not None:
                self.cancel(maker)
                gate.removed(maker, reason)
                continue
            if maker.sz > sz:
                self.reduce(maker, Sz(maker.sz - sz))
            else:
                sz = maker.sz
                self.cancel(maker)
                maker.sz = _NOTHING
            taker.sz = Sz(taker.sz - sz)
            gate.settle(maker, px, sz)

    # -- reads -------------------------------------------------------------------------------------

    def best(self, side: Side) -> Level | None:
        """The level at the top of `side`, None when nothing rests there."""
        return self._bids.best if side is Side.BID else self._asks.best

    def best_bid(self) -> Px | None:
        """The highest price that is bid."""
        level = self._bids.best
        return None if level is None else level.px

    def best_ask(self) -> Px | None:
        """The lowest price that is asked."""
        level = self._asks.best
        return None if level is None else level.px

    def crosses(self, side: Side, px: Px) -> bool:
        """True when an order of `side` at `px` would meet a resting one."""
        if side is Side.BID:
            level = self._asks.best
            return level is not None and level.px <= px
        level = self._bids.best
        return level is not None and level.px >= px

    def levels(self, side: Side) -> Iterator[Level]:
        """Levels of `side`, best first."""
        return iter(self._bids if side is Side.BID else self._asks)

    def orders(self, side: Side) -> Iterator[Order]:
        """Orders of `side` in price-time order: the next to trade comes first."""
        for level in self.levels(side):
            yield from level

    def total_sz(self, side: Side) -> Sz:
        """Everything that rests on `side`."""
        return Sz(sum(level.sz for level in self.levels(side)))

    # -- marks -------------------------------------------------------------------------------------

    def mark(self) -> BookMark:
        """The book as it is, for `rewind`; the same one while nothing changes."""
        mark = self._mark
        if mark is None or mark.version != self.version:
            sides = self._bids.mark(), self._asks.mark()
            mark = BookMark(self.version, self._count, *sides, self._mirrors().copy())
            self._mark = mark
        return mark

    def rewind(self, mark: BookMark) -> None:
        """Makes the book what it was when `mark` was taken of it: its orders are the same objects.

        Versions come again, so whoever keeps something by them has to know of it.
        """
        if self._mark is mark and self.version == mark.version:
            return
        self._bids.rewind(mark.bids)
        self._asks.rewind(mark.asks)
        mirrors = self._mirrors()
        mirrors.clear()
        mirrors.update(mark.mirrors)
        self._count, self.version, self._mark = mark.count, mark.version, mark

    def _mirrors(self) -> dict[int, Any]:
        """What else the book keeps of its orders."""
        return {}

    # -- proof and pickling ------------------------------------------------------------------------

    def check(self) -> None:
        """Asserts every invariant of the structure. Walks all orders: for tests and replays."""
        count = 0
        for side in Side:
            ladder = self._bids if side is Side.BID else self._asks
            levels = list(ladder)
            prices = [level.px for level in levels]
            assert prices == sorted(ladder.by_px, reverse=side is Side.BID)
            assert ladder.best is (levels[0] if levels else None)
            for level in levels:
                _check_level(level, side)
                count += level.count
        assert count == self._count
        bid, ask = self.best_bid(), self.best_ask()
        assert bid is None or ask is None or bid < ask, "the book is crossed"

    def __getstate__(self) -> tuple[int, list[Order], list[Order]]:
        return self.version, list(self.orders(Side.BID)), list(self.orders(Side.ASK))

    def __setstate__(self, state: tuple[int, list[Order], list[Order]]) -> None:
        version, bids, asks = state
        self._bids, self._asks = Ladder(is_bid=True), Ladder(is_bid=False)
        self._count = 0
        self.version = 0
        self._mark = None
        for order in (*bids, *asks):
            self.rest(order)
        self.version = version


def _check_level(level: Level, side: Side) -> None:
    before = None
    count = sz = 0
    for order in level:
        assert order.level is level
        assert order.side is side
        assert order.px == level.px
        assert order.sz > 0
        assert order.before is before
        before = order
        count += 1
        sz += order.sz
    assert level.tail is before
    assert (level.count, level.sz) == (count, sz)
    assert count > 0, "an empty level"
