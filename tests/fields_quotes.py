"""Field lists of books, candles and the contexts of markets (info 4.3, 4.7 to 4.9)."""

from __future__ import annotations

from typing import Any

from fields import (
    COUNT,
    TIME,
    Fields,
    Pair,
    Rows,
    Shape,
    Where,
    listed,
    null_or,
)
from fields_nouns import COIN, DOUBLE, PX, RATE, RATE_UP, SZ

# -- books: info 4.8 -------------------------------------------------------------------------------

LEVEL = Fields("level", px=PX, sz=SZ, n=COUNT)


def px_of(level: Any) -> float:
    return float(level["px"])


def sides(depth: int) -> Shape:
    """Bids, best first, and asks, best first."""
    return Where(
        Pair(
            Rows(LEVEL, falling=px_of, is_strict=True, most=depth),
            Rows(LEVEL, rising=px_of, is_strict=True, most=depth),
        ),
        "bids below asks",
        lambda both: not all(both) or px_of(both[0][0]) < px_of(both[1][0]),
    )


# -- markets: info 4.2, 4.3, 4.6, 4.7, 4.9 ---------------------------------------------------------

IMPACT = Where(
    Pair(RATE_UP, RATE_UP), "the bid comes first", lambda pxs: float(pxs[0]) <= float(pxs[1])
)
ASSET_CTX = Fields(
    "asset context",
    funding=RATE,
    openInterest=DOUBLE,
    prevDayPx=PX,
    dayNtlVlm=DOUBLE,
    premium=null_or(RATE),
    oraclePx=PX,
    markPx=PX,
    midPx=null_or(PX),
    impactPxs=null_or(IMPACT),
    dayBaseVlm=DOUBLE,
)
SPOT_CTX = Fields(
    "spot context",
    prevDayPx=PX,
    dayNtlVlm=DOUBLE,
    markPx=PX,
    midPx=null_or(PX),
    circulatingSupply=DOUBLE,
    coin=COIN,
    totalSupply=DOUBLE,
    dayBaseVlm=DOUBLE,
)
INTERVALS = listed("1m 3m 5m 15m 30m 1h 2h 4h 8h 12h 1d 3d 1w 1M")
CANDLE = Where(
    Fields(
        "candle", t=TIME, T=TIME, s=COIN, i=INTERVALS, o=PX, c=PX, h=PX, l=PX, v=DOUBLE, n=COUNT
    ),
    "the extremes are none, or it ends before it begins",
    lambda bar: (
        bar["t"] < bar["T"]
        and float(bar["l"]) <= min(float(bar["o"]), float(bar["c"]))
        and float(bar["h"]) >= max(float(bar["o"]), float(bar["c"]))
        and (bar["n"] == 0) == (bar["v"] == "0.0")
    ),
)
