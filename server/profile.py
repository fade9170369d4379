"""Contested points: what sources tell differently of the exchange, each with its readings.

A profile chooses one reading a point; without one the better-evidenced holds. Points of the
exchange are fields of its `Rules`, so that whoever has its state knows which exchange it was; those
of connections are fields of `SocketRules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints

from ..matching.dataclass import dataclass
from ..sim.fixed import parse_decimal
from ..sim.rules import Rules

Parts = Iterable[tuple[str, str]]
"""Each the name of a profile and "", or a point and its reading; what comes later goes before."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point and what it asks. `readings`: what each sets, by its name, the default first."""

    name: str
    readings: Mapping[str, Mapping[str, Any]]
    question: str
    is_of_sockets: bool = False


_KINDS = get_type_hints(Rules)


def _words(name: str, question: str) -> Point:
    return Point(name, {word: {name: word} for word in get_args(_KINDS[name])}, question)


def _band(*texts: str) -> Mapping[str, Mapping[str, Any]]:
    return {text: {"price_band": parse_decimal(text, 10)} for text in texts}


def _minutes(*numbers: int) -> Mapping[str, Mapping[str, Any]]:
    return {str(number): {"twap_max_minutes": number} for number in numbers}


POINTS: tuple[Point, ...] = (
    Point("price_band", _band("0.95", "0.80"), "how far from the mark a price may be"),
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
    _words("modify_updates", "what orderUpdates tells first of a modify: the new order or the old"),
    _words("trigger_market_rest", "what a triggered market order does with what is left"),
    _words("tpsl_children", "where frontendOpenOrders shows children that wait"),
    Point("twap_max_minutes", _minutes(10_080, 1_440), "the longest TWAP"),
    _words("twap_minimum", "the least size of a TWAP"),
    _words("non_user_cancel", "of which cancels by the engine userEvents tells"),
    _words("adl_short_index", "how shorts rank for auto-deleveraging"),
    _words("refusal_burns_nonce", "whether a refusal by a limit of the address uses the nonce"),
    _words("agent_reserve_weight", "whether an agent may reserve request weight"),
    _words("new_account_mode", "how the balances of a new account stand"),
    _words("dust_schedule", "when spot dust is converted"),
    _words("candle_gaps", "what candleSnapshot shows of an interval without trades"),
    Point(
        "greeting",
        {"off": {}, "on": {"greets": True}},
        "whether a websocket begins with a line of text",
        is_of_sockets=True,
    ),
    Point(
        "idle_close",
        {"1006": {}, "1000": {"idle_reason": "Inactive"}},
        "how a websocket without traffic is closed: without a frame, or with one",
        is_of_sockets=True,
    ),
    Point(
        "rotation",
        {"on": {}, "off": {"lifetime_s": None}},
        "whether a websocket is closed after some three hours",
        is_of_sockets=True,
    ),
)

BY_NAME = {point.name: point for point in POINTS}

PROFILES: dict[str, tuple[tuple[str, str], ...]] = {
    "mainnet": (),
    "testnet": (("price_band", "0.80"), ("dust_schedule", "minute")),
}
"""Named profiles: what was seen on a network and not on the other."""


def fields_of(parts: Parts, *, is_of_sockets: bool) -> dict[str, Any]:
    """What a profile sets of `SocketRules` or else of `Rules`. Raises KeyError for what is not
    listed.
    """
    chosen: dict[str, str] = {}
    for name, reading in parts:
        chosen.update(((name, reading),) if reading else PROFILES[name])
    found: dict[str, Any] = {}
    for name, reading in chosen.items():
        point = BY_NAME[name]
        fields = point.readings[reading]
        if point.is_of_sockets is is_of_sockets:
            found.update(fields)
    return found
