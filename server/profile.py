"""Contested points: what sources tell differently of the exchange, each with its readings.

A profile chooses one reading a point; without one the better-evidenced holds. Points of the
exchange are fields of its `Rules`, so that whoever has its state knows which exchange it was; those
of connections are fields of `SocketRules`, those of queries of `ReadRules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args, get_type_hints

from ..matching.dataclass import dataclass
from ..sim.fixed import parse_decimal
from ..sim.rules import Rules

Parts = Iterable[tuple[str, str]]
"""Each the name of a profile and "", or a point and its reading; what comes later goes before."""


Part = Literal["rules", "sockets", "reads"]
"""Whose fields a point sets: those of `Rules`, of `SocketRules` or of `ReadRules`."""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whole numbers that are readings, too, and what each sets."""

    low: int
    high: int
    fields: Callable[[int], Fields]

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Point:
    """One point and what it asks. `readings`: what each sets, by its name, the default first."""

    name: str
    readings: Mapping[str, Fields]
    question: str
    part: Part = "rules"
    numbers: Numbers | None = None

    def fields(self, reading: str) -> Fields:
        """What a reading sets. Raises KeyError for one that is none."""
        numbers = self.numbers
        if reading in self.readings or numbers is None:
            return self.readings[reading]
        if not re.fullmatch(r"[1-9][0-9]{0,8}", reading):
            raise KeyError(reading)
        number = int(reading)
        if not numbers.low <= number <= numbers.high:
            raise KeyError(reading)
        return numbers.fields(number)

    @property
    def choices(self) -> list[str]:
        """The readings as a user is shown them."""
        return [*self.readings, *([str(self.numbers)] if self.numbers else [])]


_KINDS = get_type_hints(Rules)


def _words(name: str, question: str) -> Point:
    return Point(name, {word: {name: word} for word in get_args(_KINDS[name])}, question)


def _band(*texts: str) -> Mapping[str, Fields]:
    return {text: {"price_band": parse_decimal(text, 10)} for text in texts}


def _minutes(*numbers: int) -> Mapping[str, Fields]:
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
    _words("partial_fill_update", "what orderUpdates tells of a resting order that fills in part"),
    _words("tpsl_children", "where frontendOpenOrders shows children that wait"),
    Point("twap_max_minutes", _minutes(10_080, 1_440), "the longest TWAP"),
    _words("twap_minimum", "the least size of a TWAP"),
    _words("non_user_cancel", "of which cancels by the engine userEvents tells"),
    _words("adl_short_index", "how shorts rank for auto-deleveraging"),
    _words("refusal_burns_nonce", "whether a refusal by a limit of the address uses the nonce"),
    _words("agent_reserve_weight", "whether an agent may reserve request weight"),
    _words("agent_expiry", "when an agent is dead: at its valid_until or 15 minutes later"),
    _words("outcome_fees", "what outcomes cost: nothing, or closing and settling as spot does"),
    _words("new_account_mode", "how the balances of a new account stand"),
    _words("dust_schedule", "when spot dust is converted"),
    _words("candle_gaps", "what candleSnapshot shows of an interval without trades"),
    _words("ws_unknown_coin", "what l2Book, bbo and trades of an unknown coin meet"),
    _words("web_data2_ws", "what becomes of the subscription webData2"),
    _words("l2_cadence", "how often l2Book comes that is not fast"),
    _words("is_snapshot", "what isSnapshot is in frames that are none"),
    Point(
        "ws_order",
        {
            "after_reply": {},
            "before_reply": {"order": "before_reply"},
            "seeded": {"order": "seeded"},
        },
        "when the frames of a block leave: after the replies to its actions, before, or either",
        "sockets",
    ),
    Point(
        "greeting",
        {"off": {}, "on": {"greets": True}},
        "whether a websocket begins with a line of text",
        "sockets",
    ),
    Point(
        "idle_close",
        {"1006": {}, "1000": {"idle_reason": "Inactive"}},
        "how a websocket without traffic is closed: without a frame, or with one",
        "sockets",
    ),
    Point(
        "idle_s",
        {"60": {}},
        "after how many seconds that is",
        "sockets",
        Numbers(1, 59, lambda seconds: {"idle_s": seconds}),
    ),
    Point(
        "rotation",
        {"on": {}, "off": {"lifetime_s": None}},
        "whether a websocket is closed after some three hours",
        "sockets",
    ),
    Point(
        "rotation_scale",
        {"1": {}},
        "how many times sooner that is",
        "sockets",
        Numbers(2, 10_000, lambda times: {"rotation_scale": times}),
    ),
    Point(
        "read_lag_ms",
        {"0": {}},
        "how far answers of /info are behind, in ms of exchange time",
        "reads",
        Numbers(1, 1_000, lambda lag: {"read_lag_ms": lag}),
    ),
)

BY_NAME = {point.name: point for point in POINTS}

PROFILES: dict[str, tuple[tuple[str, str], ...]] = {
    "mainnet": (),
    "testnet": (("price_band", "0.80"), ("dust_schedule", "minute")),
}
"""Named profiles: what was seen on a network and not on the other."""


def fields_of(parts: Parts, part: Part) -> dict[str, Any]:
    """What a profile sets of one part. Raises KeyError for what is not listed."""
    chosen: dict[str, str] = {}
    for name, reading in parts:
        chosen.update(((name, reading),) if reading else PROFILES[name])
    found: dict[str, Any] = {}
    for name, reading in chosen.items():
        point = BY_NAME[name]
        fields = point.fields(reading)
        if point.part == part:
            found.update(fields)
    return found
