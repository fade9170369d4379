"""The book against its naive twin: whatever happens, both tell the same story.

Evidence for all of it: price-time priority (mechanics 2.1), self-trade prevention (mechanics 2.3),
makers judged again at the match (mechanics 2.10).
"""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, field, fields
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsim.matching.book import OrderBook
from hlsim.matching.naive import NaiveBook
from hlsim.matching.types import Order, Px, Side, Sz, Tif
from hlsim.sim.fixed import Address, Cloid
from hlsim.sim.orders import Builder
from hlsim.sim.orders import Order as SimOrder

Book = OrderBook | NaiveBook

EMPTY_HANDED = "cannot pay"


@dataclass
class Tally:
    """Where the size of all orders that ever came has gone."""

    placed: int = 0
    traded: int = 0
    gone: int = 0


@dataclass
class Meddler:
    """A gate that refuses, shrinks and cancels by a seeded stream, and writes down what it sees.

    Given equal books, equal seeds make equal mischief.
    """

    book: Book
    mischief: Random
    share: int
    """How many of a hundred calls meddle."""
    tally: Tally
    log: list[tuple[str, int, int, object]] = field(default_factory=list)

    def admit(self, maker: Order, sz: Sz) -> object | None:
        self.log.append(("admit", maker.oid, sz, maker.sz))
        if self.mischief.randrange(100) >= self.share:
            return None
        deed = self.mischief.randrange(5)
        if deed == 0:
            self.shrink(maker)
        elif deed == 1:
            self.cancel(maker)
            # What is said of a maker that is gone already does not matter.
            return EMPTY_HANDED if self.mischief.randrange(2) else None
        elif deed == 2:
            return EMPTY_HANDED
        else:
            self.meddle_elsewhere()
        return None

    def settle(self, maker: Order, px: Px, sz: Sz) -> None:
        self.log.append(("settle", maker.oid, px, (sz, maker.sz)))
        self.tally.traded += sz
        self.meddle_elsewhere()

    def removed(self, maker: Order, reason: object) -> None:
        self.log.append(("removed", maker.oid, maker.sz, reason))
        self.tally.gone += maker.sz
        self.meddle_elsewhere()

    def meddle_elsewhere(self) -> None:
        """Cancels or shrinks any of the first orders of either side."""
        if self.mischief.randrange(100) >= self.share:
            return
        side = Side.BID if self.mischief.randrange(2) else Side.ASK
        place = self.mischief.randrange(4)
        for order in islice(self.book.orders(side), place, place + 1):
            (self.shrink if self.mischief.randrange(2) else self.cancel)(order)

    def shrink(self, order: Order) -> None:
        sz = Sz(self.mischief.randrange(1, order.sz + 1))
        self.tally.gone += order.sz - sz
        self.book.reduce(order, sz)

    def cancel(self, order: Order) -> None:
        self.tally.gone += order.sz
        self.book.cancel(order)


class Twins:
    """Both books, each with orders of its own, fed the same operations."""

    def __init__(self, seed: object = 0, share: int = 0) -> None:
        self.book = OrderBook()
        self.naive = NaiveBook()
        self.tallies = (Tally(), Tally())
        self.gates = (
            Meddler(self.book, Random(f"{seed}"), share, self.tallies[0]),
            Meddler(self.naive, Random(f"{seed}"), share, self.tallies[1]),
        )
        self.pairs: dict[int, tuple[Order, Order]] = {}
        """By oid, also such as rest no more."""
        self.operations = self.matches = self.fullest = 0

    def place(self, oid: int, owner: str, side: Side, px: int, sz: int, tif: Tif) -> None:
        """Places as the owner of the rules would; what does not rest in the end is dropped."""
        crosses = self.book.crosses(side, Px(px))
        assert crosses == self.naive.crosses(side, Px(px))
        if tif is Tif.ALO and crosses:
            return
        ours, theirs = (Order(oid, owner, side, Px(px), Sz(sz)) for _ in range(2))
        for gate, order in zip(self.gates, (ours, theirs), strict=True):
            gate.log.clear()
            gate.tally.placed += sz
            gate.book.take(order, gate)
            if order.sz and tif.rests:
                gate.book.rest(order)
            else:
                gate.tally.gone += order.sz
        self.operations += 1
        self.matches += sum(line[0] == "settle" for line in self.gates[0].log)
        self.fullest = max(self.fullest, len(self.book))
        self.pairs[oid] = (ours, theirs)
        assert ours.sz == theirs.sz
        assert self.gates[0].log == self.gates[1].log
        self.agree_at_the_top()
        self.check_priority(ours)

    def cancel(self, oid: int) -> None:
        ours, theirs = self.pairs.pop(oid)
        if self.rests(ours):
            self.operations += 1
            self.gates[0].cancel(ours)
            self.gates[1].cancel(theirs)

    def reduce(self, oid: int, share: int) -> None:
        """Shrinks an order, if it rests, to `share` percent and at least 1."""
        ours, theirs = self.pairs[oid]
        if not self.rests(ours):
            return
        self.operations += 1
        sz = Sz(max(1, ours.sz * share // 100))
        for gate, order in zip(self.gates, (ours, theirs), strict=True):
            gate.tally.gone += order.sz - sz
            gate.book.reduce(order, sz)

    def rests(self, order: Order) -> bool:
        return order.level is not None

    def check_priority(self, taker: Order) -> None:
        """Without the twin: makers traded best price first, then oldest first, and as many as
        could. An oid tells the time of arrival.
        """
        sign = taker.side.sign
        met = [(sign * line[2], line[1]) for line in self.gates[0].log if line[0] == "settle"]
        assert met == sorted(met)
        assert all(sign * taker.px >= px for px, _ in met)
        assert taker.sz == 0 or not self.book.crosses(taker.side, taker.px)
        for best in islice(self.book.orders(taker.side.opposite), 1 if met else 0):
            assert (sign * best.px, best.oid) >= met[-1]

    def agree_at_the_top(self) -> None:
        book, naive = self.book, self.naive
        assert len(book) == len(naive)
        assert (book.best_bid(), book.best_ask()) == (naive.best_bid(), naive.best_ask())

    def agree_in_full(self) -> None:
        """Every order, every level, every total; the structure is sound and nothing is lost."""
        self.book.check()
        self.agree_at_the_top()
        for side in Side:
            ours = [(o.oid, o.owner, o.px, o.sz) for o in self.book.orders(side)]
            theirs = [(o.oid, o.owner, o.px, o.sz) for o in self.naive.orders(side)]
            assert ours == theirs
            rows = [(level.px, level.sz, level.count) for level in self.book.levels(side)]
            assert rows == self.naive.rows(side)
            assert self.book.total_sz(side) == self.naive.total_sz(side)
        assert self.tallies[0] == self.tallies[1]
        tally = self.tallies[0]
        resting = self.book.total_sz(Side.BID) + self.book.total_sz(Side.ASK)
        assert tally.placed == resting + 2 * tally.traded + tally.gone


@dataclass(frozen=True)
class Market:
    """The shape of a random flow."""

    owners: int
    spread: int
    """Makers stand within so many ticks of the middle."""
    share: int
    """Of a hundred calls of the gate, so many meddle."""
    crowd: int = 150
    """How many orders rest once the book is full."""
    max_sz: int = 50


TIFS = (Tif.GTC, Tif.GTC, Tif.GTC, Tif.ALO, Tif.IOC, Tif.FRONTEND_MARKET)
MARKETS = {
    "calm": Market(owners=40, spread=60, share=0),
    "own orders in the way": Market(owners=2, spread=25, share=0),
    "one price a side": Market(owners=30, spread=1, share=5),
    "few prices, long lines": Market(owners=6, spread=3, share=5, crowd=250),
    "makers that cannot pay": Market(owners=8, spread=30, share=40),
    "nothing stays as it was": Market(owners=4, spread=8, share=90, crowd=60),
    "dust": Market(owners=10, spread=10, share=20, max_sz=2),
    "sparse": Market(owners=5, spread=5_000, share=10, crowd=12),
}
OPERATIONS = 26_000
"""Of each market, not counting those that find nothing to do."""


def drive(twins: Twins, market: Market, chance: Random, operations: int) -> None:
    """Makers on both sides of a middle, one order in six across it, cancels and a few reductions.

    Cancels balance the makers once the book is full.
    """
    resting: list[int] = []
    oid = 0
    while twins.operations < operations:
        oid += 1
        kind = chance.randrange(100)
        if resting and kind < (45 if len(twins.book) > market.crowd else 5):
            place = chance.randrange(len(resting))
            resting[place], resting[-1] = resting[-1], resting[place]
            twins.cancel(resting.pop())
        elif resting and kind >= 95:
            twins.reduce(resting[chance.randrange(len(resting))], chance.randrange(101))
        else:
            side = Side.BID if chance.randrange(2) else Side.ASK
            distance = chance.randrange(1, market.spread + 1)
            sz = chance.randrange(1, market.max_sz + 1)
            if chance.randrange(6) == 0:
                distance, sz = -distance, sz * (8 if chance.randrange(10) == 0 else 1)
            owner = f"owner {chance.randrange(market.owners)}"
            tif = TIFS[chance.randrange(len(TIFS))]
            twins.place(oid, owner, side, 1_000_000 - side.sign * distance, sz, tif)
            if oid in twins.pairs:
                resting.append(oid)
        if oid % 64 == 0:
            twins.agree_in_full()
            resting = [each for each in resting if twins.rests(twins.pairs[each][0])]


@pytest.mark.parametrize("name", MARKETS)
def test_the_book_agrees_with_its_naive_twin(name: str) -> None:
    """208,000 random operations in all (mechanics 2.1, 2.3, 2.10)."""
    market = MARKETS[name]
    twins = Twins(seed=name, share=market.share)

    drive(twins, market, Random(f"drive/{name}"), OPERATIONS)

    twins.agree_in_full()
    assert twins.fullest >= market.crowd, "the flow never filled the book"
    assert twins.matches > OPERATIONS // 20, "the flow hardly traded"


PLACE = st.tuples(
    st.sampled_from(["alice", "bob", "carol"]),
    st.sampled_from(Side),
    st.integers(min_value=97, max_value=103),
    st.integers(min_value=1, max_value=9),
    st.sampled_from(Tif),
)
CHANGE = st.tuples(st.integers(min_value=0, max_value=30), st.none() | st.integers(0, 100))
"""Which of the orders so far, and a share to shrink it to or None to cancel it."""
STEPS = st.lists(PLACE | CHANGE, max_size=40)

quick = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def follow(twins: Twins, steps: list[tuple[object, ...]], first_oid: int = 1) -> None:
    for oid, step in enumerate(steps, start=first_oid):
        match step:
            case (str(owner), Side() as side, int(px), int(sz), Tif() as tif):
                twins.place(oid, owner, side, px, sz, tif)
            case (int(which), share) if which in twins.pairs:
                if isinstance(share, int):
                    twins.reduce(which, share)
                else:
                    twins.cancel(which)
        twins.agree_in_full()


@quick
@given(steps=STEPS, seed=st.integers(0, 2**32), share=st.sampled_from([0, 10, 60, 100]))
def test_no_short_story_tells_the_book_from_its_twin(
    steps: list[tuple[object, ...]], seed: int, share: int
) -> None:
    """Small numbers and few names, so that orders meet often (mechanics 2.1, 2.3, 2.10)."""
    follow(Twins(seed=seed, share=share), steps)


@quick
@given(before=STEPS, after=STEPS)
def test_a_pickled_book_goes_on_as_if_nothing_had_happened(
    before: list[tuple[object, ...]], after: list[tuple[object, ...]]
) -> None:
    """A snapshot is the state (mechanics 2.1: nobody loses a turn by it)."""
    twins = Twins()
    follow(twins, before)
    version = twins.book.version

    # One pickle of both, as in a snapshot: what an account lists is what rests.
    listed = {oid: ours for oid, (ours, _) in twins.pairs.items()}
    twins.book, listed = pickle.loads(pickle.dumps((twins.book, listed), protocol=5))
    twins.gates[0].book = twins.book
    twins.pairs = {oid: (listed[oid], theirs) for oid, (_, theirs) in twins.pairs.items()}

    assert twins.book.version == version
    twins.agree_in_full()
    follow(twins, after, first_oid=len(before) + 1)


# -- pickling --------------------------------------------------------------------------------------


def sim_order(oid: int, sz: int = 5) -> SimOrder:
    return SimOrder(
        oid, Address("0xa"), Side.BID, Px(100), Sz(sz), 3, "BTC", Sz(9), Tif.GTC, True,
        Cloid(f"0x{oid:032x}"), 1_700, Builder(Address("0xb"), 10),
    )  # fmt: skip


LINKS = {"level", "before", "behind"}


def kept(each: Order) -> dict[str, object]:
    """Every field but the links."""
    names = [name for cls in type(each).__mro__ for name in getattr(cls, "__slots__", ())]
    return {name: getattr(each, name) for name in names if name not in LINKS}


def test_fifty_thousand_orders_at_one_price_pickle() -> None:
    """No recursion through the line, however long it is."""
    book = OrderBook()
    for oid in range(50_000):
        book.rest(sim_order(oid))

    again = pickle.loads(pickle.dumps(book, protocol=5))

    assert [each.oid for each in again.orders(Side.BID)] == list(range(50_000))
    again.check()
    assert (again.version, len(again), again.best_bid()) == (50_000, 50_000, 100)


@pytest.mark.parametrize(
    "clone", [lambda x: pickle.loads(pickle.dumps(x, protocol=5)), copy.deepcopy]
)
def test_an_order_keeps_every_field_of_its_class_but_the_links(clone: object) -> None:
    """Those that the exchange adds to the book's own order too."""
    assert callable(clone)
    resting = sim_order(1)
    book = OrderBook()
    book.rest(resting)
    book.rest(sim_order(2))

    again, alone = next(clone(book).orders(Side.BID)), clone(resting)

    assert type(again) is SimOrder
    assert kept(again) == kept(alone) == kept(resting)
    assert set(kept(resting)) == {part.name for part in fields(SimOrder)} - LINKS
    assert (alone.level, alone.before, alone.behind) == (None, None, None)
    assert (again.side, again.tif) == (Side.BID, Tif.GTC)
    book.check()


def test_an_order_that_is_listed_elsewhere_stays_one_order() -> None:
    """An account lists its open orders; after a restore they are still those of the book."""
    for_account = {1: sim_order(1)}
    book = OrderBook()
    book.rest(for_account[1])

    listed, again = pickle.loads(pickle.dumps((for_account, book), protocol=5))

    assert next(again.orders(Side.BID)) is listed[1]
    again.cancel(listed[1])
    assert (len(again), len(book)) == (0, 1)
