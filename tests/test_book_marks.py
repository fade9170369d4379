"""Marks of a book: whichever one it goes back to, it is what it was, and goes on from there."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from hlsim.matching.book import OrderBook
from hlsim.matching.types import Order, Px, Side, Sz

ROUNDS, OPERATIONS = 40, 12


class Keeper:
    """A book under random orders. An order that was cancelled may rest again, elsewhere."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.book = OrderBook()
        self.orders: list[Order] = []

    def seen(self) -> list[Any]:
        """All that there is to see."""
        book = self.book
        book.check()
        sides = [[(o.oid, o.px, o.sz) for o in book.orders(side)] for side in Side]
        rows = [[(one.px, one.sz, one.count) for one in book.levels(side)] for side in Side]
        return [len(book), book.best_bid(), book.best_ask(), sides, rows]

    def act(self) -> None:
        chance, book = self.chance, self.book
        resting = [order for order in self.orders if order.level is not None]
        idle = [order for order in self.orders if order.level is None]
        kind = chance.randrange(10)
        if resting and kind < 3:
            book.cancel(chance.choice(resting))
        elif resting and kind < 5:
            order = chance.choice(resting)
            book.reduce(order, Sz(chance.randrange(1, order.sz + 1)))
        elif idle and kind < 8:
            order = chance.choice(idle)
            order.px = self.px(order.side)
            book.rest(order)
        else:
            side = chance.choice(list(Side))
            order = Order(len(self.orders), "0x", side, self.px(side), Sz(chance.randrange(1, 9)))
            self.orders.append(order)
            book.rest(order)

    def px(self, side: Side) -> Px:
        far = self.chance.randrange(6)
        return Px(100 - far if side is Side.BID else 101 + far)


@pytest.mark.parametrize("seed", range(8))
def test_a_book_goes_back_to_any_of_many_marks(seed: int) -> None:
    keeper = Keeper(seed)
    kept: list[tuple[Any, list[Any], list[Px]]] = []
    for _ in range(ROUNDS):
        for _ in range(keeper.chance.randrange(OPERATIONS)):
            keeper.act()
        if keeper.chance.randrange(3):
            # What a level does not keep of an order is kept by whoever owns it.
            prices = [order.px for order in keeper.orders]
            kept.append((keeper.book.mark(), keeper.seen(), prices))
        elif kept:
            mark, seen, prices = keeper.chance.choice(kept)
            keeper.book.rewind(mark)
            for order, px in zip(keeper.orders, prices, strict=False):
                order.px = px
            assert keeper.seen() == seen
            for order in keeper.orders:
                if all(order is not each for side in Side for each in keeper.book.orders(side)):
                    order.level = order.before = order.behind = None


def test_what_did_not_change_is_kept_once() -> None:
    keeper = Keeper(0)
    for _ in range(60):
        keeper.act()
    first = keeper.book.mark()
    order = next(keeper.book.orders(Side.BID))
    keeper.book.reduce(order, Sz(order.sz))
    second = keeper.book.mark()

    assert keeper.book.mark() is second
    for before, after in zip(first.bids.levels, second.bids.levels, strict=True):
        assert (before is after) is (before.level.px != order.px)
    assert all(map(lambda a, b: a is b, first.asks.levels, second.asks.levels))
