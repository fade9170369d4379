"""The values of an info request: a decoded object to typed arguments, by a function's annotations.

The exchange's parser is tolerant of unknown keys and of nulls, and strict otherwise (info 1).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import reduce
from operator import or_
from types import NoneType
from typing import Any, NewType, get_args, get_type_hints

import msgspec

from ...sim.candles import INTERVALS
from ...sim.fixed import Address, Cloid
from ..decode import NOT_JSON, BadRequest, read_address, read_cloid
from ..nesting import is_deep
from ..strict_json import Object, read_json

Millis = NewType("Millis", int)
"""Milliseconds since the epoch, never negative."""

OidOrCloid = int | Cloid
"""A JSON integer or a cloid; a numeric string is neither."""

TxHash = NewType("TxHash", str)
"""The hash of a transaction, in lower case."""

Interval = NewType("Interval", str)
"""One of the candle intervals."""

Unnamed = NewType("Unnamed", str)
"""A text that only a positional request carries: an object's key of that name is an unknown one."""

_HASH = re.compile(r"0x[0-9a-fA-F]{64}")

Parser = Callable[[Any], Any]
"""A JSON value that is not null to an argument. Raises ValueError for anything else."""


def read_body(body: bytes) -> Any:
    """The first JSON value of `body`; objects in which a key came twice are `Object`.

    Raises BadRequest 400 for anything that is no JSON.
    """
    if is_deep(body):
        raise BadRequest(400, NOT_JSON)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_json(body)
    # What the strict parser alone gets right: how deep lists may be, and that -0 is no integer.
    if b"[" in body or b"-" in body:
        return read_json(body)
    # Every pair has a colon of its own, so an equal count proves that no key came twice.
    return value if body.count(b":") == _pairs_in(value) else read_json(body)


def _pairs_in(value: Any) -> int:
    """Pairs of an object and of the objects in it; -1, which no count equals, for other values."""
    if type(value) is not dict:
        return -1
    count = len(value)
    for child in value.values():
        if type(child) is dict:
            count += len(child)
    return count


# -- single values ---------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    raise ValueError("not a string")


def _flag(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise ValueError("not a boolean")


def _whole(value: Any) -> int:
    if type(value) is int and 0 <= value < 1 << 64:
        return value
    raise ValueError("not a u64")


def _user(value: Any) -> Address:
    """Any case, `0x` optional; lower-case with `0x` from here on."""
    return read_address(_text(value))[0]


def _oid_or_cloid(value: Any) -> int | Cloid:
    return read_cloid(value)[0] if type(value) is str else _whole(value)


def _tx_hash(value: Any) -> str:
    """Assumed: any case, and never without `0x`."""
    if _HASH.fullmatch(_text(value)):
        return str(value).lower()
    raise ValueError("not a hash")


def _interval(value: Any) -> str:
    if _text(value) in INTERVALS:
        return str(value)
    raise ValueError("not an interval")


PARSERS: dict[Any, Parser] = {
    str: _text,
    bool: _flag,
    int: _whole,
    Millis: _whole,
    Address: _user,
    TxHash: _tx_hash,
    Interval: _interval,
    Unnamed: _text,
    OidOrCloid: _oid_or_cloid,
}
"""By the annotation of a parameter, null apart."""


# -- whole requests --------------------------------------------------------------------------------


def type_of(request: Any) -> str | None:
    """The `type` of a decoded request, None where there is none or more than one."""
    if not isinstance(request, dict):
        return None
    if type(request) is Object and "type" in request.repeated:
        return None
    name = request.get("type")
    return name if type(name) is str else None


class Field:
    """One parameter: where it stands in a request and how it is read."""

    __slots__ = ("default", "is_named", "is_required", "parse", "wire")

    def __init__(self, name: str, annotation: Any, *, default: Any, is_required: bool) -> None:
        head, *rest = name.split("_")
        self.wire = head + "".join(word.capitalize() for word in rest)
        self.parse = _parser_of(annotation)
        self.is_named = Unnamed not in (annotation, *get_args(annotation))
        self.default = default
        self.is_required = is_required

    def read(self, request: dict[str, Any]) -> Any:
        """The argument; null is the same as absent. Raises ValueError."""
        value = request.get(self.wire)
        if type(request) is Object and self.wire in request.repeated:
            raise ValueError(f"duplicate field {self.wire}")
        if value is not None:
            return self.parse(value)
        if self.is_required:
            raise ValueError(f"missing field {self.wire}")
        return self.default


def _parser_of(annotation: Any) -> Parser:
    members = get_args(annotation)
    if NoneType in members:
        annotation = reduce(or_, (member for member in members if member is not NoneType))
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _object_parser(annotation)
    return PARSERS[annotation]


def _object_parser(cls: type[Any]) -> Parser:
    """Reads a nested object as the dataclass `cls`."""
    hints = get_type_hints(cls)
    members = [
        Field(
            member.name,
            hints[member.name],
            default=None if member.default is MISSING else member.default,
            is_required=member.default is MISSING,
        )
        for member in fields(cls)
    ]

    def parse(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("not an object")
        return cls(*[member.read(value) for member in members])

    return parse
