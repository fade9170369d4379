"""JSON to typed actions. Knows types, not actions: an annotation says what a field may hold.

Per action class a msgspec struct is made, so that C code checks shape, types and unknown fields.
What is left for Python is the lexing of decimals and hex (exchange 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING
from functools import cache, reduce
from operator import or_
from types import GenericAlias
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..matching.dataclass import dataclass
from ..matching.types import Px, Sz, Tif
from ..sim.actions import ActionSpec
from ..sim.actions.abstraction import AbstractionWord
from ..sim.actions.leverage import I64
from ..sim.actions.multisig import SignersText
from ..sim.actions.orders import U32, U64
from ..sim.actions.transfers import AddressText
from ..sim.actions.validators import Given
from ..sim.fixed import Address, Cloid
from .canonical import WireField, action_fields, is_pair, wire_fields
from .words import read_abstraction, read_bytes, read_signers

NOT_JSON = "Failed to parse the request body as JSON"
NOT_SHAPED = "Failed to deserialize the JSON body into the target type"
"""Observed: both bodies, plain text and bare (exchange 1.1)."""


class BadRequest(Exception):
    """The request is answered with an HTTP error: `status` and the `text` of the body."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


# -- single values ---------------------------------------------------------------------------------

Read = Callable[[Any], tuple[Any, Any]]
"""Posted value to (value, canonical wire value). Raises ValueError for one that is not legal."""

_ADDRESS = re.compile(r"(?:0x)?([0-9a-fA-F]{40})")
_CLOID = re.compile(r"0x[0-9a-fA-F]{32}")
_WORD256 = re.compile(r"(?:0x)?[0-9a-fA-F]{1,64}")
_MEMO_SIZE = 65_536
_MEMO_TEXT = 24

_decimals: dict[str, tuple[int, str]] = {}


def read_decimal(text: str) -> tuple[int, str]:
    """A price or size: its integer (1e-8) and its trimmed text.

    Observed: unsigned, plain digits and at most one point, at most 8 decimals once trailing zeros
    are gone, below 2**64 units; `.5`, `5.` and `00012.34` are legal (exchange 2.2).
    """
    found = _decimals.get(text)
    if found is None:
        found = _lex_decimal(text)
        if len(text) <= _MEMO_TEXT:
            if len(_decimals) >= _MEMO_SIZE:
                _decimals.clear()
            _decimals[text] = found
    return found


def _lex_decimal(text: str) -> tuple[int, str]:
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("not a decimal number")
    whole = whole.lstrip("0") or "0"
    fraction = fraction.rstrip("0")
    if len(fraction) > 8 or len(whole) > 12:
        raise ValueError("too many digits")
    value = int(whole + fraction.ljust(8, "0"))
    if value >= 1 << 64:
        raise ValueError("more than 64 bits")
    return value, f"{whole}.{fraction}" if fraction else whole


def read_address(text: str) -> tuple[Address, str]:
    """An address, lower-cased and with its prefix. Observed: `0x` optional, `0X` refused."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError("not an address")
    address = Address("0x" + match[1].lower())
    return address, address


def read_address_text(text: str) -> tuple[AddressText, str]:
    """An address that is signed as a string: checked, and kept exactly as written.

    Assumed: a text that is no address is refused like any other bad hex.
    """
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("not an address")
    return AddressText(text), text


def read_cloid(text: str) -> tuple[Cloid, str]:
    """A client order id, lower-cased. Observed: `0x` and exactly 32 hex digits (exchange 2.2)."""
    if _CLOID.fullmatch(text) is None:
        raise ValueError("not a cloid")
    cloid = Cloid(text.lower())
    return cloid, cloid


def read_u64(value: int) -> tuple[int, int]:
    """An unsigned 64-bit integer."""
    if not 0 <= value < 1 << 64:
        raise ValueError("not a u64")
    return value, value


def _read_i64(value: int) -> tuple[int, int]:
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("not an i64")
    return value, value


def read_word256(text: str) -> int:
    """A 256-bit number in hex, `0x` optional, any number of digits up to 64 (exchange 2.3)."""
    if _WORD256.fullmatch(text) is None:
        raise ValueError("not a 256-bit hex number")
    return int(text, 16)


def read_chain_id(text: str) -> int:
    """`signatureChainId`: hex with its `0x`, any chain (contested 41)."""
    if not text.startswith("0x"):
        raise ValueError("chain id without 0x")
    return read_word256(text)


@dataclass(frozen=True, slots=True)
class Codec:
    """What JSON a type is read from, and how; `read` None takes the posted value as it is."""

    wire: Any
    read: Read | None = None


CODECS: dict[Any, Codec] = {
    U32: Codec(Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]),
    U64: Codec(Annotated[int, Meta(ge=0)], read_u64),
    I64: Codec(int, _read_i64),
    Px: Codec(str, read_decimal),
    Sz: Codec(str, read_decimal),
    Cloid: Codec(str, read_cloid),
    Address: Codec(str, read_address),
    AddressText: Codec(str, read_address_text),
    Tif: Codec(Tif),
    AbstractionWord: Codec(str, read_abstraction),
    SignersText: Codec(str, read_signers),
    # A key whose only value is null: being there is what it says.
    Given: Codec(None, lambda posted: (True, posted)),
    bytes: Codec(str, read_bytes),
    str: Codec(str),
    bool: Codec(bool),
}
"""Every type that a field of an action may have, besides other dataclasses and tuples of them."""


# -- whole classes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shape:
    """A dataclass and its msgspec twin.

    `build` makes the instance of a decoded twin, and makes the twin itself canonical on the way:
    packed with msgpack afterwards it is what the exchange hashes.
    """

    struct: Any
    """What msgspec decodes."""
    build: Callable[[Any], Any]
    parts: dict[str, Shape | None]
    """Every known wire key; with a shape where an object (or a list of them) is nested."""
    closed: bool
    """All its values are words of a closed set, so equal instances are one and the same."""


USER_SIGNED_FIELDS: tuple[tuple[str, Any], ...] = (
    ("signatureChainId", str),
    ("hyperliquidChain", Literal["Mainnet", "Testnet"]),
)
"""What every user-signed action carries besides its own fields, in front of them."""


def action_shape(spec: ActionSpec) -> Shape:
    """The shape of a registered action. Unknown fields are refused (exchange 1)."""
    entries, tagged = action_fields(spec.name), {"tag": spec.name, "tag_field": "type"}
    if any(entry.variant for entry in entries):
        return _variant_shape(spec.cls, entries, **tagged)
    extra = () if spec.is_l1 else USER_SIGNED_FIELDS
    return _shape(spec.cls, entries, extra, **tagged, forbid_unknown_fields=True)


@cache
def part_shape(cls: Any) -> Shape:
    """The shape of a dataclass inside an action: unknown fields are ignored.

    A tagged union (`variant`) has exactly one key, as `{"limit": …}` (exchange 2.2).
    """
    entries = wire_fields(cls)
    if any(entry.variant for entry in entries):
        return _variant_shape(cls, entries)
    return _shape(cls, entries, ())


def _variant_shape(cls: Any, entries: tuple[WireField, ...], **options: Any) -> Shape:
    """Of a class whose fields are the ways to be one thing, each an object, or a key with null.

    Equal closed ones are made once. A way may be a list or a text, too.
    """
    codecs = {entry.name: _hint_codec(entry.hints[0]) for entry in entries}
    struct = msgspec.defstruct(
        cls.__name__,
        [(name, codec.wire | UnsetType, UNSET) for name, (codec, _) in codecs.items()],
        rename={entry.name: entry.key for entry in entries},
        kw_only=True,
        forbid_unknown_fields=True,
        **options,
    )

    def make(name: str, part: Any) -> tuple[Any, Any]:
        read = codecs[name][0].read
        value, canonical = (part, part) if read is None else read(part)
        return cls(**{name: value}), canonical

    closed_make = cache(make)
    makes = [
        (name, closed_make if shape is not None and shape.closed else make)
        for name, (_, shape) in codecs.items()
    ]

    def build(posted: Any) -> Any:
        found = None
        for name, make_one in makes:
            part = getattr(posted, name)
            if part is UNSET:
                continue
            if found is not None:
                raise ValueError("two of a union")
            found, canonical = make_one(name, part)
            if canonical is not part:
                setattr(posted, name, canonical)
        if found is None:
            raise ValueError("none of a union")
        return found

    parts: dict[str, Shape | None] = {entry.key: codecs[entry.name][1] for entry in entries}
    return Shape(struct, build, parts, closed=False)


def _shape(
    cls: Any, entries: tuple[WireField, ...], extra: tuple[tuple[str, Any], ...], **options: Any
) -> Shape:
    wired: list[Any] = list(extra)
    keys: dict[str, str] = {}
    closed = not extra
    plan: list[tuple[str, Read | None]] = []
    parts: dict[str, Shape | None] = {name: None for name, _ in extra}
    for entry in entries:
        codec, part = _field_codec(entry)
        required = entry.default is MISSING
        wired.append((entry.name, codec.wire) if required else (entry.name, codec.wire, UNSET))
        keys[entry.name] = entry.key
        plan.append((entry.name, codec.read))
        parts[entry.key] = part
        closed &= codec.wire is Tif or (
            part is not None and part.closed and codec.wire is part.struct
        )
    struct = msgspec.defstruct(
        cls.__name__, wired, rename=keys, kw_only=True, frozen=closed, **options
    )

    def build(posted: Any) -> Any:
        values = {}
        for name, read in plan:
            wire = getattr(posted, name)
            if read is None:
                values[name] = wire
                continue
            values[name], canonical = read(wire)
            if canonical is not wire:
                setattr(posted, name, canonical)
        return cls(**values)

    return Shape(struct, cache(build) if closed else build, parts, closed)


def _field_codec(entry: WireField) -> tuple[Codec, Shape | None]:
    if entry.choices:
        codec, part = _choice_codec(entry)
    elif len(entry.hints) == 1:
        codec, part = _hint_codec(entry.hints[0])
    else:
        codec, part = _union_codec(entry.hints), None
    if entry.default is MISSING:
        return codec, part
    wire = codec.wire | UnsetType
    if entry.nullable:
        wire |= None
    return Codec(wire, _optional(codec.read, entry.default, omit=entry.omit)), part


def _choice_codec(entry: WireField) -> tuple[Codec, Shape | None]:
    """One of a few words or, where the annotation has a dataclass as well, an object of it."""
    words = Codec(Literal[entry.choices])
    others = [hint for hint in entry.hints if hint is not str]
    if not others:
        return words, None
    shape = part_shape(others[0])

    def read(posted: Any) -> tuple[Any, Any]:
        return (posted if type(posted) is str else shape.build(posted)), posted

    return Codec(words.wire | shape.struct, read), shape


def _hint_codec(hint: Any) -> tuple[Codec, Shape | None]:
    if hint in CODECS:
        return CODECS[hint], None
    if get_origin(hint) is tuple:
        if is_pair(hint):
            return _pair_codec(hint), None
        one, part = _hint_codec(get_args(hint)[0])
        return Codec(GenericAlias(list, (one.wire,)), _each(one.read)), part
    shape = part_shape(hint)
    build = shape.build
    return Codec(shape.struct, lambda posted: (build(posted), posted)), shape


def _pair_codec(hint: Any) -> Codec:
    """A list of two values of their own types, as `[user, wei]`."""
    codecs = [CODECS[one] for one in get_args(hint)]
    wires = tuple(codec.wire for codec in codecs)

    def read(posted: Any) -> tuple[Any, Any]:
        pairs = [
            (one, one) if codec.read is None else codec.read(one)
            for codec, one in zip(codecs, posted, strict=True)
        ]
        return tuple(value for value, _ in pairs), [canonical for _, canonical in pairs]

    return Codec(GenericAlias(tuple, wires), read)


def _union_codec(hints: tuple[Any, ...]) -> Codec:
    """A number or a text, as `oid` of a modify: the JSON type decides."""
    codecs = [CODECS[hint] for hint in hints]
    reads = {_json_type(codec.wire): codec.read for codec in codecs}

    def read(posted: Any) -> tuple[Any, Any]:
        read_one = reads[type(posted)]
        return read_one(posted) if read_one else (posted, posted)

    return Codec(reduce(or_, (codec.wire for codec in codecs)), read)


def _json_type(wire: Any) -> type[Any]:
    found: type[Any] = get_args(wire)[0] if get_args(wire) else wire
    return found


def _each(read: Read | None) -> Read:
    def read_all(posted: list[Any]) -> tuple[Any, Any]:
        if read is None:
            return tuple(posted), posted
        pairs = [read(one) for one in posted]
        return tuple(value for value, _ in pairs), [canonical for _, canonical in pairs]

    return read_all


def _optional(read: Read | None, default: Any, *, omit: bool) -> Read:
    """Absent and null are the default, which is signed too unless it is to be omitted."""
    unset = UNSET if omit else default

    def read_optional(posted: Any) -> tuple[Any, Any]:
        if posted is UNSET or posted is None:
            return default, unset
        value, canonical = (posted, posted) if read is None else read(posted)
        return value, (UNSET if omit and value == default else canonical)

    return read_optional
