"""Contested points: what sources tell differently of the exchange, each with its readings.

A profile chooses one reading a point; without one the better-evidenced holds. All of them are
fields of `Rules`, so that whoever reads the state knows which exchange it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

from ..matching.dataclass import dataclass
from .fixed import RATE_SCALE, parse_decimal
from .rules import Rules


@dataclass(frozen=True, slots=True)
class Point:
    """One point: a field of `Rules`, its readings with the default first, and the question."""

    name: str
    readings: tuple[str, ...]
    question: str


_DEFAULT = Rules()


def _words(name: str, question: str) -> Point:
    return Point(name, get_args(get_type_hints(Rules)[name]), question)


POINTS: tuple[Point, ...] = (
    Point("price_band", ("0.95", "0.80"), "how far from the mark a price may be"),
    _words("min_notional_price", "the price of the minimum's test of an order that crosses"),
    _words("ioc_check_order", "what an immediate order is asked first: its match or its minimum"),
    _words("order_margin", "what bids and asks that rest on a flat coin reserve together"),
    _words("duplicate_cloid", "what becomes of an order with the cloid of an open one"),
    _words("builder_fee_level", "what a builder fee that was not approved refuses"),
    _words("oi_cap_text", "how a refusal at the open-interest cap is worded"),
    _words("upgrade_reject", "what refuses an order that is not post-only after an upgrade"),
    _words("partial_gtc_reply", "how a Gtc that partly fills and rests is answered"),
    _words("partial_ioc_status", "how an immediate order that partly fills ends"),
    _words("ioc_reject_updates", "what orderUpdates tells of an immediate order without a match"),
    _words("modify_rule", "what a modify without always_place may ask for"),
    _words("trigger_market_rest", "what a triggered market order does with what is left"),
    _words("tpsl_children", "where frontendOpenOrders shows children that wait"),
    Point("twap_max_minutes", ("10080", "1440"), "the longest TWAP"),
    _words("twap_minimum", "the least size of a TWAP"),
    _words("non_user_cancel", "of which cancels by the engine userEvents tells"),
    _words("adl_short_index", "how shorts rank for auto-deleveraging"),
    _words("refusal_burns_nonce", "whether a refusal by a limit of the address uses the nonce"),
    _words("agent_reserve_weight", "whether an agent may reserve request weight"),
    _words("new_account_mode", "how the balances of a new account stand"),
    _words("dust_schedule", "when spot dust is converted"),
    _words("candle_gaps", "what candleSnapshot shows of an interval without trades"),
)

BY_NAME = {point.name: point for point in POINTS}

PROFILES: dict[str, tuple[tuple[str, str], ...]] = {
    "mainnet": (),
    "testnet": (("price_band", "0.80"), ("dust_schedule", "minute")),
}
"""Named profiles: what was seen on a network and not on the other."""


def choice(name: str, reading: str) -> tuple[str, Any]:
    """A field of `Rules` and its value. Raises KeyError for what is no point or no reading."""
    if reading not in BY_NAME[name].readings:
        raise KeyError(reading)
    if name == "price_band":
        return name, parse_decimal(reading, len(str(RATE_SCALE)) - 1)
    return name, int(reading) if isinstance(getattr(_DEFAULT, name), int) else reading


def rules_of(parts: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The fields of `Rules` that a profile sets; what comes later goes before.

    Each part is a profile's name and "", or a point and its reading.
    """
    found: dict[str, Any] = {}
    for name, reading in parts:
        chosen = ((name, reading),) if reading else PROFILES[name]
        found.update(choice(*one) for one in chosen)
    return found
