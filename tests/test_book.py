"""The order book, story by story. Prices and sizes are small bare numbers here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from hlsim.matching.book import OrderBook
from hlsim.matching.types import SELF_TRADE, Order, Px, Side, Sz

BID, ASK = Side.BID, Side.ASK
REFUSED = "refused"


@dataclass
class Gate:
    """Lets everyone trade but the oids in `refuse`; writes down what it is told."""

    refuse: tuple[int, ...] = ()
    seen: list[tuple[object, ...]] = field(default_factory=list)

    def admit(self, maker: Order, sz: Sz) -> object | None:
        return REFUSED if maker.oid in self.refuse else None

    def settle(self, maker: Order, px: Px, sz: Sz) -> None:
        self.seen.append(("trade", maker.oid, px, sz, maker.sz))

    def removed(self, maker: Order, reason: object) -> None:
        self.seen.append(("removed", maker.oid, maker.sz, reason))


def order(oid: int, side: Side, px: int, sz: int, owner: str = "") -> Order:
    """An order of an owner of its own, unless one is named."""
    return Order(oid, owner or f"owner {oid}", side, Px(px), Sz(sz))


def book_of(*orders: Order) -> OrderBook:
    book = OrderBook()
    for each in orders:
        book.rest(each)
    return book


def rows(book: OrderBook, side: Side) -> list[tuple[int, int, int]]:
    book.check()
    return [(level.px, level.sz, level.count) for level in book.levels(side)]


def oids(book: OrderBook, side: Side) -> list[int]:
    book.check()
    return [each.oid for each in book.orders(side)]


# -- priority --------------------------------------------------------------------------------------


def test_the_best_price_stands_first_and_then_the_oldest() -> None:
    """Price-time priority (mechanics 2.1)."""
    book = book_of(
        order(1, BID, 99, 5), order(2, BID, 100, 1), order(3, BID, 99, 7), order(4, BID, 100, 2),
        order(5, ASK, 103, 4), order(6, ASK, 102, 3), order(7, ASK, 103, 1),
    )  # fmt: skip

    assert oids(book, BID) == [2, 4, 1, 3]
    assert oids(book, ASK) == [6, 5, 7]
    assert rows(book, BID) == [(100, 3, 2), (99, 12, 2)]
    assert rows(book, ASK) == [(102, 3, 1), (103, 5, 2)]
    assert (book.best_bid(), book.best_ask(), len(book)) == (100, 102, 7)
    assert (book.total_sz(BID), book.total_sz(ASK)) == (15, 8)


def test_an_empty_book_has_no_best_price_and_crosses_nothing() -> None:
    book = OrderBook()

    assert (book.best_bid(), book.best_ask(), book.best(BID), book.best(ASK)) == (None,) * 4
    assert not book.crosses(BID, Px(10**18))
    assert not book.crosses(ASK, Px(1))
    assert (len(book), rows(book, BID), rows(book, ASK)) == (0, [], [])


@pytest.mark.parametrize(
    ("side", "px", "crosses"),
    [(BID, 101, False), (BID, 102, True), (BID, 103, True),
     (ASK, 101, False), (ASK, 100, True), (ASK, 99, True)],
)  # fmt: skip
def test_an_order_crosses_from_the_best_opposite_price_on(
    side: Side, px: int, crosses: bool
) -> None:
    """Equal prices meet (mechanics 2.2: a post-only order there is refused)."""
    book = book_of(order(1, BID, 100, 1), order(2, ASK, 102, 1), order(3, ASK, 104, 1))

    assert book.crosses(side, Px(px)) is crosses


def test_the_best_level_follows_what_comes_and_goes() -> None:
    book = OrderBook()
    seen = []
    for each in (order(1, BID, 10, 1), order(2, BID, 12, 1), order(3, BID, 11, 1)):
        book.rest(each)
        seen.append(book.best_bid())
    for oid in (2, 1, 3):
        book.cancel(next(each for each in book.orders(BID) if each.oid == oid))
        book.check()
        seen.append(book.best_bid())

    assert seen == [10, 12, 12, 11, 11, None]


# -- taking ----------------------------------------------------------------------------------------


def test_a_taker_walks_the_book_at_the_makers_prices() -> None:
    """Best price first, oldest first, always the maker's price (mechanics 2.1, 2.2)."""
    book = book_of(
        order(1, ASK, 102, 3), order(2, ASK, 101, 2), order(3, ASK, 102, 4), order(4, ASK, 103, 9)
    )
    taker, gate = order(5, BID, 102, 8), Gate()

    book.take(taker, gate)

    assert gate.seen == [("trade", 2, 101, 2, 0), ("trade", 1, 102, 3, 0), ("trade", 3, 102, 3, 1)]
    assert taker.sz == 0
    assert rows(book, ASK) == [(102, 1, 1), (103, 9, 1)]


def test_a_selling_taker_walks_the_bids_downwards() -> None:
    """The mirror image (mechanics 2.1)."""
    book = book_of(order(1, BID, 98, 3), order(2, BID, 99, 2), order(3, BID, 97, 4))
    taker, gate = order(4, ASK, 98, 10), Gate()

    book.take(taker, gate)

    assert gate.seen == [("trade", 2, 99, 2, 0), ("trade", 1, 98, 3, 0)]
    assert taker.sz == 5
    assert rows(book, BID) == [(97, 4, 1)]


def test_a_taker_that_reaches_nothing_changes_nothing() -> None:
    book = book_of(order(1, ASK, 102, 3), order(2, BID, 100, 3))
    version = book.version
    taker, gate = order(3, BID, 101, 8), Gate()

    book.take(taker, gate)

    assert (taker.sz, gate.seen, book.version) == (8, [], version)


def test_a_partly_filled_maker_keeps_its_turn() -> None:
    """Time priority goes by arrival, not by what is left (mechanics 2.1)."""
    book = book_of(order(1, ASK, 100, 5), order(2, ASK, 100, 5))
    gate = Gate()

    book.take(order(3, BID, 100, 2), gate)
    book.take(order(4, BID, 100, 4), gate)

    assert gate.seen == [
        ("trade", 1, 100, 2, 3),
        ("trade", 1, 100, 3, 0),
        ("trade", 2, 100, 1, 4),
    ]


def test_the_makers_remainder_is_booked_before_the_gate_settles() -> None:
    """Whoever settles sees the book as it is after the match."""
    book = book_of(order(1, ASK, 100, 5), order(2, ASK, 100, 1))

    class Looking(Gate):
        def settle(self, maker: Order, px: Px, sz: Sz) -> None:
            self.seen.append((maker.oid, maker.sz, rows(book, ASK), len(book), taker.sz))

    taker, gate = order(3, BID, 100, 6), Looking()
    book.take(taker, gate)

    assert gate.seen == [(1, 0, [(100, 1, 1)], 1, 1), (2, 0, [], 0, 0)]


def test_ones_own_resting_order_is_cancelled_whole_and_the_taker_goes_on() -> None:
    """No trade with oneself; no decrement, no stop (mechanics 2.3)."""
    book = book_of(
        order(1, ASK, 100, 2, "bob"), order(2, ASK, 100, 9, "alice"), order(3, ASK, 101, 3, "carol")
    )
    taker, gate = order(4, BID, 101, 4, "alice"), Gate()

    book.take(taker, gate)

    assert gate.seen == [
        ("trade", 1, 100, 2, 0),
        ("removed", 2, 9, SELF_TRADE),
        ("trade", 3, 101, 2, 1),
    ]
    assert (taker.sz, rows(book, ASK)) == (0, [(101, 1, 1)])


def test_ones_own_order_behind_the_last_match_is_left_alone() -> None:
    """Only what stands in the way is cancelled (mechanics 2.3)."""
    book = book_of(order(1, ASK, 100, 2, "bob"), order(2, ASK, 100, 9, "alice"))
    gate = Gate()

    book.take(order(3, BID, 100, 2, "alice"), gate)

    assert (gate.seen, oids(book, ASK)) == ([("trade", 1, 100, 2, 0)], [2])


def test_ones_own_order_is_not_judged_by_the_gate() -> None:
    """Self-trade prevention comes before the maker's margin (mechanics 2.3)."""
    book = book_of(order(1, ASK, 100, 2, "alice"))
    gate = Gate(refuse=(1,))

    book.take(order(2, BID, 100, 2, "alice"), gate)

    assert gate.seen == [("removed", 1, 2, SELF_TRADE)]


def test_a_maker_that_the_gate_refuses_is_cancelled_and_passed_over() -> None:
    """The resting side is judged again at the match (mechanics 2.10)."""
    book = book_of(order(1, ASK, 100, 2), order(2, ASK, 101, 3))
    taker, gate = order(3, BID, 101, 2), Gate(refuse=(1,))

    book.take(taker, gate)

    assert gate.seen == [("removed", 1, 2, REFUSED), ("trade", 2, 101, 2, 1)]
    assert (taker.sz, rows(book, ASK)) == (0, [(101, 1, 1)])


# -- a gate that changes the book ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "traded", "rests"),
    [(3, [("trade", 1, 100, 3, 0), ("trade", 2, 100, 1, 4)], [2]),
     (4, [("trade", 1, 100, 4, 0)], [2]),
     (6, [("trade", 1, 100, 4, 2)], [1, 2])],
)  # fmt: skip
def test_a_maker_that_shrinks_while_it_is_admitted_trades_what_is_left(
    left: int, traded: list[tuple[object, ...]], rests: list[int]
) -> None:
    """A resting reduce-only order shrinks with its position (mechanics 2.4)."""
    book = book_of(order(1, ASK, 100, 9), order(2, ASK, 100, 5))

    class Shrinking(Gate):
        def admit(self, maker: Order, sz: Sz) -> object | None:
            if maker.oid == 1:
                book.reduce(maker, Sz(left))
            return None

    gate = Shrinking()
    book.take(order(3, BID, 100, 4), gate)

    assert (gate.seen, oids(book, ASK)) == (traded, rests)


@pytest.mark.parametrize("reason", [None, REFUSED])
def test_a_maker_that_admit_itself_cancels_is_passed_over_in_silence(reason: str | None) -> None:
    """Whoever cancels an order also says so: the book does not say it twice."""
    book = book_of(order(1, ASK, 100, 9), order(2, ASK, 100, 5))

    class Cancelling(Gate):
        def admit(self, maker: Order, sz: Sz) -> object | None:
            if maker.oid != 1:
                return None
            book.cancel(maker)
            return reason

    gate = Cancelling()
    book.take(order(3, BID, 100, 4), gate)

    assert (gate.seen, oids(book, ASK)) == ([("trade", 2, 100, 4, 1)], [2])


def test_orders_that_vanish_while_a_match_settles_are_not_met() -> None:
    """A fill may cancel the next reduce-only order in line (mechanics 2.4)."""
    makers = [order(oid, ASK, 99 + oid, 5) for oid in (1, 2, 3)]
    book = book_of(*makers)

    class Sweeping(Gate):
        def settle(self, maker: Order, px: Px, sz: Sz) -> None:
            super().settle(maker, px, sz)
            if maker.oid == 1:
                book.cancel(makers[1])
                book.reduce(makers[2], Sz(2))

    taker, gate = order(4, BID, 110, 12), Sweeping()
    book.take(taker, gate)

    assert gate.seen == [("trade", 1, 100, 5, 0), ("trade", 3, 102, 2, 0)]
    assert (taker.sz, len(book)) == (5, 0)


# -- cancelling and reducing -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gone", "left"),
    [([1], [2, 3, 4]), ([2], [1, 3, 4]), ([4], [1, 2, 3]), ([2, 3], [1, 4]), ([1, 4, 2], [3]),
     ([4, 3, 2, 1], []), ([1, 2, 3, 4], [])],
)  # fmt: skip
def test_any_order_of_a_line_can_leave_it(gone: list[int], left: list[int]) -> None:
    orders = {oid: order(oid, BID, 100, oid) for oid in (1, 2, 3, 4)}
    book = book_of(*orders.values())

    for oid in gone:
        book.cancel(orders[oid])
        book.check()

    assert oids(book, BID) == left
    assert rows(book, BID) == ([(100, sum(left), len(left))] if left else [])
    for oid in gone:
        left_over = orders[oid]
        assert (left_over.level, left_over.before, left_over.behind) == (None, None, None)
        assert left_over.sz == oid


def test_an_order_that_left_may_rest_again_and_is_last_then() -> None:
    first, second = order(1, BID, 100, 1), order(2, BID, 100, 1)
    book = book_of(first, second)

    book.cancel(first)
    book.rest(first)

    assert oids(book, BID) == [2, 1]


def test_a_reduced_order_keeps_its_turn() -> None:
    """Resting reduce-only orders shrink in place (mechanics 2.4)."""
    first = order(1, BID, 100, 9)
    book = book_of(first, order(2, BID, 100, 5))

    book.reduce(first, Sz(4))

    assert (oids(book, BID), rows(book, BID), first.sz) == ([1, 2], [(100, 9, 2)], 4)


def test_misuse_is_an_error_at_once() -> None:
    book, resting = OrderBook(), order(1, BID, 100, 5)
    with pytest.raises(AssertionError, match="does not rest"):
        book.cancel(resting)
    with pytest.raises(AssertionError, match="does not rest"):
        book.reduce(resting, Sz(1))
    book.rest(resting)
    with pytest.raises(AssertionError, match="rests already"):
        book.rest(resting)
    for sz in (0, -1, 6):
        with pytest.raises(AssertionError, match="smaller"):
            book.reduce(resting, Sz(sz))


def test_the_version_tells_every_change_and_nothing_else() -> None:
    maker, other = order(1, ASK, 100, 5), order(2, ASK, 101, 5)
    book = OrderBook()
    versions = [book.version]
    changes: tuple[Callable[[], None], ...] = (
        lambda: book.rest(maker),
        lambda: book.rest(other),
        lambda: book.reduce(maker, Sz(4)),
        lambda: book.take(order(3, BID, 100, 1), Gate()),
        lambda: book.take(order(4, BID, 100, 3), Gate()),
        lambda: book.cancel(other),
    )
    for change in changes:
        change()
        versions.append(book.version)
    book.check()
    list(book.levels(ASK))

    assert versions == [0, 1, 2, 3, 4, 5, 6]
    assert book.version == 6


# -- the proof itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "harm",
    [
        lambda book, maker: setattr(maker, "sz", Sz(maker.sz + 1)),
        lambda book, maker: setattr(maker, "px", Px(maker.px + 1)),
        lambda book, maker: setattr(maker, "side", ASK),
        lambda book, maker: setattr(maker, "level", None),
        lambda book, maker: setattr(maker.level, "count", 7),
        lambda book, maker: setattr(maker.level, "tail", maker.level.head),
        lambda book, maker: maker.level.remove(maker),
        lambda book, maker: book.rest(order(9, ASK, 100, 1)),
    ],
    ids=["sz", "px", "side", "level", "count", "tail", "length", "crossed"],
)
def test_the_check_finds_a_harmed_book(harm: object) -> None:
    assert callable(harm)
    makers = [order(1, BID, 100, 5), order(2, BID, 100, 5)]
    book = book_of(*makers)
    book.check()

    harm(book, makers[1])

    with pytest.raises(AssertionError):
        book.check()
