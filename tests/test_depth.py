"""Levels, buckets and impact prices, against tables computed by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from hlsim.matching.book import OrderBook
from hlsim.matching.depth import bucket_step, check_aggregation, depth, impact_px
from hlsim.matching.types import Order, Px, Side, Sz

BID, ASK = Side.BID, Side.ASK
UNIT = 10**8
USD = 10**16
"""One dollar as a product of a price and a size."""

Shown = list[tuple[str, str, int]]


def scaled(text: str) -> int:
    value = Decimal(text) * UNIT
    assert value == int(value)
    return int(value)


def text(value: int) -> str:
    return f"{(Decimal(value) / UNIT).normalize():f}"


def book_of(bids: str, asks: str) -> OrderBook:
    """`"100 x 5, 99.5 x 1"`: one order each, in this order of time."""
    book = OrderBook()
    for side, line in ((BID, bids), (ASK, asks)):
        for entry in filter(None, line.split(", ")):
            px, sz = entry.split(" x ")
            oid = len(book) + 1
            book.rest(Order(oid, f"owner {oid}", side, Px(scaled(px)), Sz(scaled(sz))))
    book.check()
    return book


def shown(
    book: OrderBook, n: int = 20, n_sig_figs: int | None = None, mantissa: int | None = None
) -> tuple[Shown, Shown]:
    bids, asks = depth(book, n, n_sig_figs, mantissa)
    return (
        [(text(px), text(sz), count) for px, sz, count in bids],
        [(text(px), text(sz), count) for px, sz, count in asks],
    )


BITCOIN = book_of(
    bids="64709 x 1, 64708 x 2, 64705 x 0.5, 64709 x 0.25, 64700 x 3, 64699 x 1, 64001 x 4,"
    " 63999 x 2",
    asks="64710 x 1, 64711 x 2, 64715 x 0.2, 64715 x 0.3, 64720 x 3, 64721 x 1, 64999 x 4,"
    " 65000 x 5, 65001 x 2",
)


# -- levels ----------------------------------------------------------------------------------------


def test_levels_come_best_first_with_the_number_of_their_orders() -> None:
    """`n` counts orders (info 4.8)."""
    bids, asks = shown(BITCOIN, 3)

    assert bids == [("64709", "1.25", 2), ("64708", "2", 1), ("64705", "0.5", 1)]
    assert asks == [("64710", "1", 1), ("64711", "2", 1), ("64715", "0.5", 2)]


@pytest.mark.parametrize(("n", "rows"), [(0, 0), (1, 1), (5, 5), (7, 7), (20, 7)])
def test_no_more_levels_than_asked_for(n: int, rows: int) -> None:
    """20 a side, 5 in the fast feed (info 4.8, ws 3.2)."""
    assert len(depth(BITCOIN, n)[0]) == rows


def test_twenty_levels_unless_asked_otherwise() -> None:
    """(info 4.8)"""
    book = book_of(", ".join(f"{1000 - i} x 1" for i in range(30)), "")

    bids, asks = shown(book)

    assert bids == [(f"{1000 - i}", "1", 1) for i in range(20)]
    assert asks == []


@pytest.mark.parametrize("n_sig_figs", [None, 2, 5])
def test_an_empty_book_has_no_rows(n_sig_figs: int | None) -> None:
    """A delisted coin shows empty sides (info 4.8)."""
    assert depth(OrderBook(), 20, n_sig_figs) == ([], [])


# -- buckets ---------------------------------------------------------------------------------------

BUCKETS: list[tuple[int, int | None, Shown, Shown]] = [
    (
        5, None,  # steps of 1: every price of this book is a bucket
        [("64709", "1.25", 2), ("64708", "2", 1), ("64705", "0.5", 1), ("64700", "3", 1),
         ("64699", "1", 1), ("64001", "4", 1), ("63999", "2", 1)],
        [("64710", "1", 1), ("64711", "2", 1), ("64715", "0.5", 2), ("64720", "3", 1),
         ("64721", "1", 1), ("64999", "4", 1), ("65000", "5", 1), ("65001", "2", 1)],
    ),
    (
        5, 2,  # steps of 2
        [("64708", "3.25", 3), ("64704", "0.5", 1), ("64700", "3", 1), ("64698", "1", 1),
         ("64000", "4", 1), ("63998", "2", 1)],
        [("64710", "1", 1), ("64712", "2", 1), ("64716", "0.5", 2), ("64720", "3", 1),
         ("64722", "1", 1), ("65000", "9", 2), ("65002", "2", 1)],
    ),
    (
        5, 5,  # steps of 5
        [("64705", "3.75", 4), ("64700", "3", 1), ("64695", "1", 1), ("64000", "4", 1),
         ("63995", "2", 1)],
        [("64710", "1", 1), ("64715", "2.5", 3), ("64720", "3", 1), ("64725", "1", 1),
         ("65000", "9", 2), ("65005", "2", 1)],
    ),
    (
        4, None,  # steps of 10
        [("64700", "6.75", 5), ("64690", "1", 1), ("64000", "4", 1), ("63990", "2", 1)],
        [("64710", "1", 1), ("64720", "5.5", 4), ("64730", "1", 1), ("65000", "9", 2),
         ("65010", "2", 1)],
    ),
    (
        3, None,  # steps of 100
        [("64700", "6.75", 5), ("64600", "1", 1), ("64000", "4", 1), ("63900", "2", 1)],
        [("64800", "7.5", 6), ("65000", "9", 2), ("65100", "2", 1)],
    ),
    (
        2, None,  # steps of 1000
        [("64000", "11.75", 7), ("63000", "2", 1)],
        [("65000", "16.5", 8), ("66000", "2", 1)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("n_sig_figs", "mantissa", "bids", "asks"), BUCKETS)
def test_bids_fall_and_asks_rise_to_their_bucket(
    n_sig_figs: int, mantissa: int | None, bids: Shown, asks: Shown
) -> None:
    """Step 10^(digits - nSigFigs) * mantissa; sizes and counts add up (info 4.8, ws 3.2)."""
    assert shown(BITCOIN, 20, n_sig_figs, mantissa) == (bids, asks)


def test_rows_are_cut_after_aggregation() -> None:
    """Two rows hold all that falls into them, not what two levels hold (ws 3.2)."""
    assert shown(BITCOIN, 2, 4) == (
        [("64700", "6.75", 5), ("64690", "1", 1)],
        [("64710", "1", 1), ("64720", "5.5", 4)],
    )


def test_each_price_has_the_step_of_its_own_digits() -> None:
    """Across a power of ten the step changes tenfold (ws 3.2: digits of the price)."""
    book = book_of(
        bids="10010 x 1, 10000 x 2, 9999.9 x 3, 9990.1 x 4, 9989.9 x 5",
        asks="10011 x 5, 10100 x 6, 10101 x 7",
    )
    assert shown(book, 20, 3) == (
        [("10000", "3", 2), ("9990", "7", 2), ("9980", "5", 1)],
        [("10100", "11", 2), ("10200", "7", 1)],
    )
    book = book_of(bids="", asks="998.9 x 1, 999.1 x 2, 1000 x 3, 1000.1 x 4, 1010 x 5")
    assert shown(book, 20, 3) == (
        [],
        [("999", "1", 1), ("1000", "5", 2), ("1010", "9", 2)],
    )


def test_small_prices_count_their_figures_from_the_first_one() -> None:
    """0.0012345 has its five figures behind two zeros (info 4.8)."""
    book = book_of(bids="0.0012345 x 10, 0.0012339 x 5", asks="0.0012346 x 1, 0.0012351 x 2")

    assert shown(book, 20, 4) == (
        [("0.001234", "10", 1), ("0.001233", "5", 1)],
        [("0.001235", "1", 1), ("0.001236", "2", 1)],
    )
    assert shown(book, 20, 2) == ([("0.0012", "15", 2)], [("0.0013", "3", 2)])


@pytest.mark.parametrize(
    ("px", "n_sig_figs", "mantissa", "step"),
    [("64709", 5, None, "1"), ("64709", 5, 2, "2"), ("64709", 5, 5, "5"),
     ("64709", 2, None, "1000"), ("0.00064709", 5, 5, "0.00000005"),
     ("123456", 5, None, "10"), ("9999.5", 5, None, "0.1"), ("9999.5", 5, 5, "0.5"),
     ("10000", 5, None, "1"), ("1", 3, None, "0.01"), ("0.99", 3, None, "0.001"),
     ("0.00012", 5, None, "0.00000001"), ("0.00000012", 5, 5, "0.00000001")],
)  # fmt: skip
def test_the_step_is_one_in_the_last_figure_times_the_mantissa(
    px: str, n_sig_figs: int, mantissa: int | None, step: str
) -> None:
    """(info 4.8, ws 3.2)"""
    assert text(bucket_step(scaled(px), n_sig_figs, mantissa)) == step


@pytest.mark.parametrize(
    ("n_sig_figs", "mantissa"),
    [(1, None), (6, None), (0, None), (-2, None), (5, 1), (5, 3), (5, 0), (None, 2), (None, 5),
     (4, 2), (2, 5), (None, 1), (6, 5)],
)  # fmt: skip
def test_an_unsupported_aggregation_is_refused(
    n_sig_figs: int | None, mantissa: int | None
) -> None:
    """Such a request fails as a whole, `mantissa` 1 too (info 4.8, contested 48)."""
    with pytest.raises(ValueError, match=r"nSigFigs|mantissa"):
        depth(BITCOIN, 20, n_sig_figs, mantissa)


@pytest.mark.parametrize(
    ("n_sig_figs", "mantissa"),
    [(None, None), (2, None), (3, None), (4, None), (5, None), (5, 2), (5, 5)],
)
def test_a_supported_aggregation_passes(n_sig_figs: int | None, mantissa: int | None) -> None:
    """(info 4.8)"""
    check_aggregation(n_sig_figs, mantissa)


@pytest.mark.parametrize(
    ("n_sig_figs", "mantissa"), [(2, None), (3, None), (4, None), (5, 2), (5, 5)]
)
def test_buckets_lose_no_size_and_never_overlap(n_sig_figs: int, mantissa: int | None) -> None:
    """Any book: totals stay, prices sort strictly, asks stay above bids (info 4.8)."""
    chance = Random(f"buckets/{n_sig_figs}/{mantissa}")
    for _ in range(40):
        middle = chance.randrange(10**3, 10 ** chance.randrange(4, 14))
        book = OrderBook()
        for oid in range(60):
            side = BID if oid % 2 else ASK
            px = middle - side.sign * chance.randrange(1, middle)
            book.rest(Order(oid, "", side, Px(px), Sz(chance.randrange(1, 1000))))
        bids, asks = depth(book, 100, n_sig_figs, mantissa)

        assert sum(row[1] for row in bids) == book.total_sz(BID)
        assert sum(row[1] for row in asks) == book.total_sz(ASK)
        assert sum(row[2] for row in (*bids, *asks)) == len(book)
        prices = [row[0] for row in (*reversed(bids), *asks)]
        assert prices == sorted(dict.fromkeys(prices))
        for rows, edges in ((bids, book.levels(BID)), (asks, book.levels(ASK))):
            by_bucket: dict[int, int] = {}
            for level in edges:
                step = bucket_step(level.px, n_sig_figs, mantissa)
                down = level.px - level.px % step
                up = down if down == level.px else down + step
                at = down if rows is bids else up
                by_bucket[at] = by_bucket.get(at, 0) + level.sz
            assert [(row[0], row[1]) for row in rows] == list(by_bucket.items())


# -- impact prices ---------------------------------------------------------------------------------

THIN = book_of(bids="99 x 1, 98 x 2, 90 x 1", asks="100 x 1, 102 x 2, 110 x 1")


@pytest.mark.parametrize(
    ("side", "dollars", "average"),
    [
        (ASK, "50", "100"),  # within the first level
        (ASK, "100", "100"),  # all of it
        # 100 buys 1 at 100, the other 51 buy 0.5 at 102: 151 / 1.5 = 100.666...
        (ASK, "151", "100.66666667"),
        # 100 + 204 buy 3: 304 / 3 = 101.333...
        (ASK, "304", "101.33333333"),
        # 304 buy 3, the other 55 buy 0.5 at 110: 359 / 3.5 = 102.571428571...
        (ASK, "359", "102.57142857"),
        (ASK, "414", "103.5"),  # everything: 414 / 4
        (BID, "99", "99"),
        # 99 buy 1, the other 49 buy 0.5 at 98: 148 / 1.5 = 98.666...
        (BID, "148", "98.66666667"),
        # 99 + 196 + 90 = 385 for 4: 96.25
        (BID, "385", "96.25"),
    ],
)
def test_the_impact_price_is_the_average_over_what_is_eaten(
    side: Side, dollars: str, average: str
) -> None:
    """Average execution price of a fixed notional (mechanics 9)."""
    found = impact_px(THIN, side, int(Decimal(dollars) * USD))

    assert found is not None
    assert text(found) == average


def test_a_book_too_thin_has_no_impact_price() -> None:
    """`impactPxs` is null then (mechanics 9)."""
    assert impact_px(THIN, ASK, 414 * USD + 1) is None
    assert impact_px(THIN, BID, 385 * USD + 1) is None
    assert impact_px(OrderBook(), ASK, 1) is None


def test_an_observed_book_shows_its_touch_as_impact_prices() -> None:
    """Observed: BTC showed [64759, 64760] for 20,000 USDC a side (mechanics 9)."""
    book = book_of(bids="64759 x 0.31", asks="64760 x 0.32")

    assert impact_px(book, BID, 20_000 * USD) == scaled("64759")
    assert impact_px(book, ASK, 20_000 * USD) == scaled("64760")


@pytest.mark.parametrize(("second", "average"), [(3, 2), (5, 2), (7, 4)])
def test_an_average_between_two_units_goes_to_the_even_one(second: int, average: int) -> None:
    """1 at 1 and as much at 2, 4 or 6 more: the whole book averages 1.5, 2.5 and 3.5 units."""
    book = OrderBook()
    book.rest(Order(1, "", ASK, Px(1), Sz(UNIT)))
    book.rest(Order(2, "", ASK, Px(second - 1), Sz(UNIT)))

    assert impact_px(book, ASK, second * UNIT) == average


def test_impact_prices_agree_with_fractions() -> None:
    """The same walk in exact fractions, over random books."""
    chance = Random("impact")
    for _ in range(300):
        book = OrderBook()
        levels = [(10**12 + 10**7 * i, chance.randrange(1, 10**9)) for i in range(12)]
        for oid, (px, sz) in enumerate(levels):
            book.rest(Order(oid, "", ASK, Px(px), Sz(sz)))
        whole = sum(px * sz for px, sz in levels)
        ntl = chance.randrange(1, whole + whole // 10)

        left, bought = Fraction(ntl), Fraction(0)
        for px, sz in levels:
            eaten = min(Fraction(sz), left / px)
            left, bought = left - eaten * px, bought + eaten

        assert impact_px(book, ASK, ntl) == (None if left else round(ntl / bought))
