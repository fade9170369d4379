"""Two books that are one: ranks, mirrors, and agreement with a plain list of orders."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from random import Random

import pytest

from hlsim.matching.merged import UNIT, MergedBook, Mirror, native_of
from hlsim.matching.types import Order, Px, Side, Sz

BID, ASK = Side.BID, Side.ASK


def order(oid: int, side: Side, px: int, sz: int, owner: str = "") -> Order:
    """`px` in per cent."""
    return Order(oid, owner or f"owner {oid}", side, Px(px * UNIT // 100), Sz(sz))


def rows(book: MergedBook, side: Side) -> list[tuple[int, int, bool]]:
    """(oid, price in per cent, is a mirror) in the order in which they would trade."""
    return [(each.oid, each.px * 100 // UNIT, type(each) is Mirror) for each in book.orders(side)]


@dataclass
class Told:
    """A gate that admits all but `barred` and keeps what it is told."""

    barred: tuple[int, ...] = ()
    fills: list[tuple[int, int, int]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)

    def admit(self, maker: Order, sz: Sz) -> object | None:
        return "barred" if maker.oid in self.barred else None

    def settle(self, maker: Order, px: Px, sz: Sz) -> None:
        native_of(maker).sz = maker.sz
        self.fills.append((maker.oid, px, sz))

    def removed(self, maker: Order, reason: object) -> None:
        self.gone.append(maker.oid)


def test_an_order_stands_in_both_books() -> None:
    """Documented: buying one side at p is selling the other at 1 - p (mechanics 14)."""
    yes, no = MergedBook.pair()
    yes.rest(order(1, BID, 40, 5))
    no.rest(order(2, BID, 55, 7))

    assert rows(yes, BID) == [(1, 40, False)]
    assert rows(yes, ASK) == [(2, 45, True)]
    assert rows(no, BID) == [(2, 55, False)]
    assert rows(no, ASK) == [(1, 60, True)]
    yes.check()
    no.check()


def test_who_sells_comes_before_who_buys_the_other_side() -> None:
    """Documented: at equal merged price, whoever came first (mechanics 14)."""
    yes, no = MergedBook.pair()
    no.rest(order(1, BID, 55, 1))
    yes.rest(order(2, ASK, 45, 1))
    no.rest(order(3, BID, 55, 1))
    yes.rest(order(4, ASK, 45, 1))
    assert [oid for oid, _, _ in rows(yes, ASK)] == [2, 4, 1, 3]
    assert [oid for oid, _, _ in rows(no, BID)] == [2, 4, 1, 3]

    gate = Told()
    yes.take(order(5, BID, 45, 3), gate)
    assert [oid for oid, _, _ in gate.fills] == [2, 4, 1]
    yes.check()
    no.check()


def test_both_shrink_and_leave_together() -> None:
    yes, no = MergedBook.pair()
    first, second = order(1, ASK, 45, 9), order(2, BID, 50, 9)
    yes.rest(first)
    no.rest(second)
    versions = yes.version, no.version
    yes.reduce(first, Sz(4))
    yes.take(order(3, BID, 50, 7), Told())
    assert [(each.oid, each.sz) for each in no.orders(BID)] == [(2, 6)]
    assert (first.sz, second.sz, len(yes), len(no)) == (0, 6, 1, 1)
    assert all(now > then for now, then in zip((yes.version, no.version), versions, strict=True))
    no.cancel(second)
    assert (len(yes), len(no), yes.mirrors, no.mirrors) == (0, 0, {}, {})


def test_own_orders_on_the_other_side_are_cancelled_and_barred_ones_removed() -> None:
    """Documented: self-trade cancels what rests (mechanics 2.3)."""
    yes, no = MergedBook.pair()
    no.rest(order(1, BID, 60, 5, "me"))
    no.rest(order(2, BID, 59, 5))
    no.rest(order(3, BID, 58, 5))
    gate = Told(barred=(2,))
    yes.take(order(4, BID, 42, 5, "me"), gate)
    assert gate.gone == [1, 2]
    assert gate.fills == [(3, 42 * UNIT // 100, 5)]
    assert (len(yes), len(no)) == (0, 0)


# -- against a plain list --------------------------------------------------------------------------


@dataclass
class Plain:
    """All resting orders in one list, as (is side 0, order); prices of side 0."""

    resting: list[tuple[bool, Order]] = field(default_factory=list)

    def makers(self, of_yes: bool, taker: Order) -> list[tuple[int, Order]]:
        """(price to the taker, order) of what it reaches, next to trade first."""
        found = []
        for is_yes, each in self.resting:
            same = is_yes == of_yes
            side = each.side if same else each.side.opposite
            px = each.px if same else UNIT - each.px
            reached = px <= taker.px if taker.side is BID else px >= taker.px
            if side is not taker.side and reached:
                rank = (px * taker.side.sign, each.side is BID, each.oid)
                found.append((rank, px, each))
        return [(px, each) for _, px, each in sorted(found, key=lambda row: row[0])]

    def take(self, of_yes: bool, taker: Order) -> list[tuple[int, int, int]]:
        fills = []
        for px, maker in self.makers(of_yes, taker):
            sz = min(taker.sz, maker.sz)
            if not sz:
                break
            taker.sz, maker.sz = Sz(taker.sz - sz), Sz(maker.sz - sz)
            fills.append((maker.oid, px, sz))
        self.resting = [(is_yes, each) for is_yes, each in self.resting if each.sz]
        return fills


@pytest.mark.parametrize("seed", range(20))
def test_both_books_trade_as_one_list_of_orders_would(seed: int) -> None:
    rng, plain, books = Random(seed), Plain(), MergedBook.pair()
    natives: dict[int, tuple[int, Order]] = {}
    for oid in range(1, 250):
        if natives and rng.random() < 0.2:
            gone = rng.choice(list(natives))
            place, native = natives.pop(gone)
            books[place].cancel(native)
            plain.resting = [row for row in plain.resting if row[1].oid != gone]
        place, side = rng.randrange(2), rng.choice((BID, ASK))
        px, sz = rng.randrange(40, 61), rng.randrange(1, 9)
        new, same = order(oid, side, px, sz), order(oid, side, px, sz)
        gate = Told()
        books[place].take(new, gate)
        assert gate.fills == plain.take(place == 0, same)
        natives = {each: row for each, row in natives.items() if row[1].sz}
        if new.sz:
            books[place].rest(new)
            natives[oid] = place, new
            plain.resting.append((place == 0, same))
        for book in books:
            book.check()
        if oid % 50 == 0:
            books = pickle.loads(pickle.dumps(books))
            natives = {
                each.oid: (where, each)
                for where, book in enumerate(books)
                for way in Side
                for each in book.orders(way)
                if type(each) is not Mirror
            }
    assert {oid: each.sz for oid, (_, each) in natives.items()} == {
        each.oid: each.sz for _, each in plain.resting
    }
