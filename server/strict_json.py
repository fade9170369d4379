"""JSON as the exchange's parser reads it, with what a lenient one would hide: duplicate keys."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

import msgspec

from .decode import NOT_JSON, BadRequest
from .nesting import is_deep


class Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came more than once."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: frozenset[str] = frozenset()
        if len(self) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            self.repeated = frozenset(name for name, count in counts.items() if count > 1)


def _number(text: str) -> int | float:
    """A JSON integer. Inferred: serde_json reads what fits no 64 bits, and `-0`, as a float."""
    if len(text) <= 20 and text != "-0":
        value = int(text)
        if -(1 << 63) <= value < 1 << 64:
            return value
    return _fraction(text)


def _fraction(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return value


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


_STRICT = json.JSONDecoder(
    object_pairs_hook=Object,
    parse_int=_number,
    parse_float=_fraction,
    parse_constant=_no_constant,
)


def read_json(body: bytes) -> Any:
    """The first JSON value of `body`, whatever follows it. Raises BadRequest 400.

    Observed: bytes behind the first value are ignored (exchange 1).
    """
    if is_deep(body):
        raise BadRequest(400, NOT_JSON)
    try:
        text = body.decode("utf-8", "surrogateescape").lstrip(" \t\r\n")
        value, end = _STRICT.raw_decode(text)
        # The standard parser lets lone surrogates and bytes that were no UTF-8 pass, this one not.
        msgspec.json.decode(text[:end].encode())
    except (ValueError, RecursionError):
        raise BadRequest(400, NOT_JSON) from None
    return value
