"""One price of a book, and one side of it: what stands in line where, and in which order.

Only `book.py` changes these. Nothing here crosses or compares two sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sortedcontainers import SortedDict  # type: ignore[import-untyped]  # no types come with it

from .marks import LadderMark, LevelMark, fields_of
from .types import Order, Px, Sz


class Level:
    """The orders at one price, first in first out; `sz` is their total size, `count` their number.

    A linked list through the orders themselves: leaving costs the same from the head and from the
    middle, however long the line is. A dict would do too, but its deletions at the head leave holes
    that the next look at the head walks over.
    """

    __slots__ = ("count", "head", "mark", "px", "sz", "tail")

    def __init__(self, px: Px) -> None:
        self.px = px
        self.sz = 0
        self.count = 0
        self.head: Order | None = None
        self.tail: Order | None = None
        self.mark: LevelMark | None = None
        """What it is, if it was kept since it changed last and the book holds it."""

    def __iter__(self) -> Iterator[Order]:
        """Oldest first. The order just yielded may leave the level meanwhile, no other one."""
        order = self.head
        while order is not None:
            behind = order.behind
            yield order
            order = behind

    def append(self, order: Order) -> None:
        """Puts `order`, which rests nowhere, last in line."""
        tail = self.tail
        self.mark = None
        order.level = self
        if tail is None:
            self.head = order
        else:
            order.before = tail
            tail.behind = order
        self.tail = order
        self.sz += order.sz
        self.count += 1

    def insert(self, order: Order, behind: Order) -> None:
        """Puts `order`, which rests nowhere, in line just before `behind`."""
        before = behind.before
        self.mark = None
        order.level = self
        order.before, order.behind = before, behind
        behind.before = order
        if before is None:
            self.head = order
        else:
            before.behind = order
        self.sz += order.sz
        self.count += 1

    def remove(self, order: Order) -> None:
        """Takes `order`, which rests here, out of the line; its `sz` stays what it was."""
        before, behind = order.before, order.behind
        self.mark = None
        if before is None:
            self.head = behind
        else:
            before.behind = behind
            order.before = None
        if behind is None:
            self.tail = before
        else:
            behind.before = before
            order.behind = None
        order.level = None
        self.sz -= order.sz
        self.count -= 1

    def reduce(self, order: Order, sz: Sz) -> None:
        """Shrinks `order`, which rests here, in its place."""
        self.mark = None
        self.sz += sz - order.sz
        order.sz = sz

    def keep(self) -> LevelMark:
        """The level and its orders as they are; the same mark while nothing changes."""
        mark = self.mark
        if mark is None:
            orders = list(self)
            cells = _RESTING.cells_of(orders)
            mark = self.mark = LevelMark(self, _LEVEL.get(self), orders, cells)
        return mark

    def put_back(self, mark: LevelMark) -> None:
        """Makes it and its orders what they were."""
        put = _RESTING.put
        for order, row in zip(mark.orders, _RESTING.rows(mark.cells), strict=True):
            put(order, row)
        _LEVEL.put(self, mark.row)
        self.mark = mark


_LEVEL = fields_of(Level, "sz", "count", "head", "tail")
_RESTING = fields_of(Order, "sz", "level", "before", "behind")
"""All that changes of an order from when it rests, also once it has left."""


class Ladder:
    """One side of a book: its levels by price, the best one at hand."""

    __slots__ = ("best", "by_px", "is_bid")

    def __init__(self, *, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.by_px: Any = SortedDict()
        self.best: Level | None = None

    def __iter__(self) -> Iterator[Level]:
        """Best first. No level may come or go meanwhile."""
        by_px = self.by_px
        # Not `reversed(by_px.values())`, which searches the place of every level anew.
        return map(by_px.__getitem__, reversed(by_px) if self.is_bid else by_px)

    def open(self, px: Px) -> Level:
        """A new empty level at `px`, where none is."""
        level = self.by_px[px] = Level(px)
        best = self.best
        if best is None or (px > best.px if self.is_bid else px < best.px):
            self.best = level
        return level

    def mark(self) -> LadderMark:
        """All levels and orders as they are, for `rewind`."""
        return LadderMark(self.best, [level.keep() for level in self._in_order()])

    def rewind(self, mark: LadderMark) -> None:
        """Makes everything again what it was."""
        there = list(self._in_order())
        wanted = [kept.level for kept in mark.levels]
        if there != wanted:
            # Orders of a level that goes may rest at another one again.
            for level in there:
                level.mark = None
            self.by_px.clear()
            self.by_px.update([(level.px, level) for level in wanted])
        for kept in mark.levels:
            if kept.level.mark is not kept:
                kept.level.put_back(kept)
        self.best = mark.best

    def _in_order(self) -> Iterator[Level]:
        return map(self.by_px.__getitem__, self.by_px)

    def close(self, level: Level) -> None:
        """Takes out a level that has become empty."""
        by_px = self.by_px
        del by_px[level.px]
        if level is self.best:
            self.best = by_px.peekitem(-1 if self.is_bid else 0)[1] if by_px else None
