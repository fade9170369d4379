"""Views of a book that add up: levels, aggregated or not, and what a given notional would pay.

Reads only. Prices and sizes are scaled by 1e8, a notional is their bare product (1e-16 USD).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

from .book import OrderBook
from .types import Side

Row = tuple[int, int, int]
"""`(px, sz, count)`: a price, all that rests there, and in how many orders."""

SIG_FIGS = (2, 3, 4, 5)
MANTISSAS = (2, 5)
"""Observed: nothing else is answered; a mantissa of 1 is documented but fails (contested 48)."""


def check_aggregation(n_sig_figs: int | None, mantissa: int | None) -> None:
    """Raises ValueError for what the exchange does not aggregate by.

    Observed: 2 to 5 significant figures, and a mantissa of 2 or 5 with 5 of them only (info 4.8,
    ws 2.3).
    """
    if n_sig_figs is not None and n_sig_figs not in SIG_FIGS:
        raise ValueError(f"nSigFigs is 2, 3, 4 or 5, not {n_sig_figs}")
    if mantissa is None:
        return
    if mantissa not in MANTISSAS:
        raise ValueError(f"mantissa is 2 or 5, not {mantissa}")
    if n_sig_figs != 5:
        raise ValueError(f"mantissa needs nSigFigs 5, not {n_sig_figs}")


def bucket_step(px: int, n_sig_figs: int, mantissa: int | None = None) -> int:
    """The distance of two buckets at `px`: one in its last significant figure, times `mantissa`.

    Observed by another implementation of the book: 10^(digits - nSigFigs) * mantissa (ws 3.2).
    Where that is finer than 1e-8 every price is a bucket of its own.
    """
    places = len(str(px)) - n_sig_figs
    return 10**places * (mantissa or 1) if places >= 0 else 1


def depth(
    book: OrderBook, n: int = 20, n_sig_figs: int | None = None, mantissa: int | None = None
) -> tuple[list[Row], list[Row]]:
    """Bids and asks, best first, at most `n` rows each; rows are cut after aggregation.

    Without `n_sig_figs` a row is a price level. With it bids are rounded down and asks up to their
    bucket, so that the two sides never overlap; sizes and counts of a bucket add up (info 4.8,
    ws 3.2). Raises ValueError for an unsupported aggregation.
    """
    check_aggregation(n_sig_figs, mantissa)
    if n_sig_figs is None:
        return _levels(book, Side.BID, n), _levels(book, Side.ASK, n)
    return (
        _buckets(book, Side.BID, n, n_sig_figs, mantissa),
        _buckets(book, Side.ASK, n, n_sig_figs, mantissa),
    )


def _levels(book: OrderBook, side: Side, n: int) -> list[Row]:
    return [(level.px, level.sz, level.count) for level in islice(book.levels(side), n)]


def _buckets(
    book: OrderBook, side: Side, n: int, n_sig_figs: int, mantissa: int | None
) -> list[Row]:
    rows: list[Row] = []
    is_bid = side is Side.BID
    at = sz = count = 0
    for level in book.levels(side):
        px: int = level.px
        # Levels come sorted, so a bucket ends where the first price past its edge begins another.
        if count and (px >= at if is_bid else px <= at):
            sz += level.sz
            count += level.count
            continue
        if count:
            rows.append((at, sz, count))
        if len(rows) == n:
            return rows
        # Anew for each: beyond a power of ten the step is ten times as wide or as narrow.
        step = bucket_step(px, n_sig_figs, mantissa)
        at = px - px % step if is_bid else px + -px % step
        sz, count = level.sz, level.count
    if count:
        rows.append((at, sz, count))
    return rows


def impact_px(book: OrderBook, side: Side, ntl: int) -> int | None:
    """The average price of eating `ntl` > 0 out of `side`, rounded half even to 1e-8.

    None when less than that rests there. Documented: impact prices are the average execution price
    of a fixed notional (mechanics 9). Assumed: the last level is eaten in part down to any
    fraction, whatever the lot.
    """
    left = ntl
    sz = 0
    for level in book.levels(side):
        px = level.px
        deep = px * level.sz
        if deep >= left:
            # ntl / (sz + left / px) without the inner fraction.
            return round(Fraction(ntl * px, sz * px + left)) if sz else px
        left -= deep
        sz += level.sz
    return None
