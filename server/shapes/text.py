"""Integers to the wire's decimal strings: one decimal at least, no trailing zeros, no exponent.

Observed: "0.0", "20.0", "113080.0" (info 2.3). hummingbot splits at the point and wants two parts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ...sim.fixed import bare_text


def decimal_text(value: int, decimals: int) -> str:
    """`value / 10**decimals` as a wire decimal; exact."""
    text = bare_text(value, decimals)
    return text if "." in text else text + ".0"


def _cached(decimals: int) -> Callable[[int], str]:
    """`decimal_text` with a bounded memo: prices and sizes of a book repeat."""
    memo: dict[int, str] = {}

    def text(value: int) -> str:
        found = memo.get(value)
        if found is None:
            if len(memo) >= 65_536:
                memo.clear()
            found = memo[value] = decimal_text(value, decimals)
        return found

    return text


px_text = _cached(8)
"""A price or size (1e-8)."""

usd_text = _cached(6)
"""µUSD."""

rate_text = _cached(10)
"""A rate (1e-10)."""


def iso_text(time_ms: int) -> str:
    """A time as `2024-06-05T10:50:59.434`: UTC without a zone, no fraction that is zero (info
    2.4).
    """
    moment = datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{time_ms % 1000:03d}" if time_ms % 1000 else moment
