"""Levels of a book."""

from __future__ import annotations

from typing import Any

from ...matching.depth import depth
from ...matching.types import Side
from ...sim.state import Market
from .text import px_text

LEVELS = 20
"""Observed: at most 20 a side, 5 in the fast feed (info 4.8, ws 3.2)."""
FAST_LEVELS = 5


def level(px: int, sz: int, n: int) -> dict[str, Any]:
    """One price; `n` is the number of orders there."""
    return {"px": px_text(px), "sz": px_text(sz), "n": n}


def levels(
    market: Market,
    *,
    count: int = LEVELS,
    n_sig_figs: int | None = None,
    mantissa: int | None = None,
) -> list[list[dict[str, Any]]]:
    """[bids, asks], best first. Raises ValueError for an unsupported aggregation (contested 48)."""
    bids, asks = depth(market.book, count, n_sig_figs, mantissa)
    return [[level(*row) for row in bids], [level(*row) for row in asks]]


def book(
    market: Market,
    time_ms: int,
    *,
    count: int = LEVELS,
    n_sig_figs: int | None = None,
    mantissa: int | None = None,
) -> dict[str, Any]:
    """The answer of `l2Book` and the data of its frames.

    Observed: `spread` is there with `nSigFigs` only (info 4.8). Assumed: it is best ask less best
    bid, not aggregated, and "0.0" while a side is empty.
    """
    shape = {
        "coin": market.asset.coin,
        "time": time_ms,
        "levels": levels(market, count=count, n_sig_figs=n_sig_figs, mantissa=mantissa),
    }
    if n_sig_figs is not None:
        shape["spread"] = spread_text(market)
    return shape


def spread_text(market: Market) -> str:
    bid, ask = market.book.best_bid(), market.book.best_ask()
    return "0.0" if bid is None or ask is None else px_text(ask - bid)


def bbo(market: Market, time_ms: int) -> dict[str, Any]:
    """The data of a `bbo` frame, null for an empty side (ws 3.3)."""
    return {
        "coin": market.asset.coin,
        "time": time_ms,
        "bbo": [_best(market, Side.BID), _best(market, Side.ASK)],
    }


def _best(market: Market, side: Side) -> dict[str, Any] | None:
    best = market.book.best(side)
    return None if best is None else level(best.px, best.sz, best.count)
