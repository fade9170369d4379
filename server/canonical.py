"""The canonical wire form of an action: what the exchange hashes, whatever was posted.

It re-serialises its parsed struct: keys in the order of the class's fields, decimals trimmed, hex
in lower case, unset options left out (exchange 2.2). All of it is derived from the annotations and
metadata of the action classes; nothing here knows a single action.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..matching.dataclass import dataclass
from ..matching.types import Px, Sz, Tif
from ..sim.actions import ACTIONS, Action, spec_of
from ..sim.actions.abstraction import AbstractionWord
from ..sim.actions.multisig import SignersText
from ..sim.actions.validators import Given
from ..sim.fixed import bare_text
from .words import SHORT_WORDS


@dataclass(frozen=True, slots=True)
class WireField:
    """One field of an action class or of a part of one, as the wire sees it."""

    name: str
    key: str
    hints: tuple[Any, ...]
    """The alternatives of the annotation without None; nearly always one."""
    nullable: bool
    default: Any
    """`MISSING` when the field is required."""
    omit: bool
    """Left out of the signed form when it has its default value."""
    choices: tuple[str, ...]
    """The only legal words, () for any."""
    variant: bool
    """The field names a key of a tagged union: exactly one of them may stand there."""


@cache
def wire_fields(cls: Any) -> tuple[WireField, ...]:
    """The wire fields of a dataclass, in the order in which they are signed."""
    hints = get_type_hints(cls)
    found = []
    for entry in fields(cls):
        hint = hints[entry.name]
        alternatives = get_args(hint) if is_union(hint) else (hint,)
        metadata = entry.metadata
        found.append(
            WireField(
                name=entry.name,
                key=metadata.get("wire", camel_case(entry.name)),
                hints=tuple(one for one in alternatives if one is not type(None)),
                nullable=type(None) in alternatives,
                default=entry.default,
                omit=metadata.get("omit", False),
                choices=metadata.get("choices", ()),
                variant=metadata.get("variant", False),
            )
        )
    return tuple(found)


@cache
def action_fields(name: str) -> tuple[WireField, ...]:
    """The wire fields of a registered action: of a user-signed one in the order of `signs`."""
    spec = ACTIONS[name]
    cls: Any = spec.cls
    found = wire_fields(cls)
    if spec.signs is None:
        return found
    by_key = {entry.key: entry for entry in found}
    return tuple(by_key[sign.split()[1]] for sign in spec.signs)


def is_union(hint: Any) -> bool:
    """True for `A | B` in either of its spellings."""
    return get_origin(hint) in (Union, types.UnionType)


def is_part(hint: Any) -> bool:
    """True for a dataclass inside an action, which is an object on the wire."""
    return is_dataclass(hint)


def is_pair(hint: Any) -> bool:
    """True for `tuple[A, B]`, a list of exactly these two on the wire."""
    return get_origin(hint) is tuple and get_args(hint)[-1] is not Ellipsis


def camel_case(name: str) -> str:
    """`reduce_only` as `reduceOnly`."""
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)


def wire_form(
    action: Action, *, chain: str | None = None, signature_chain_id: int | None = None
) -> dict[str, Any]:
    """The action as the plain dict that is signed: pack it with msgpack and it is what is hashed.

    `chain` and `signature_chain_id` are what the envelope of a user-signed action says; they stand
    behind `type` and matter to a multi-sig payload only.
    """
    name = spec_of(action).name
    wire: dict[str, Any] = {"type": name}
    if signature_chain_id is not None:
        wire["signatureChainId"] = hex(signature_chain_id)
    if chain is not None:
        wire["hyperliquidChain"] = chain
    wire.update(_action_writer(name)(action))
    return wire


Write = Callable[[Any], Any]


@cache
def _action_writer(name: str) -> Write:
    return _writer(action_fields(name))


@cache
def _part_writer(cls: Any) -> Write:
    return _writer(wire_fields(cls))


def _writer(entries: tuple[WireField, ...]) -> Write:
    """What turns an instance with these fields into its wire dict."""
    plan = [(entry, _write_value(entry.hints)) for entry in entries]

    def write(instance: Any) -> dict[str, Any]:
        wire = {}
        for entry, write_value in plan:
            value = getattr(instance, entry.name)
            if entry.omit and value == entry.default:
                continue
            wire[entry.key] = value if value is None else write_value(value)
        return wire

    return write


def _write_value(hints: tuple[Any, ...]) -> Write:
    if len(hints) != 1:
        part = next((hint for hint in hints if is_part(hint)), None)
        return _as_is if part is None else _write_word_or(part)
    hint = hints[0]
    if hint in _WRITERS:
        return _WRITERS[hint]
    if is_pair(hint):
        first, second = (_write_value((one,)) for one in get_args(hint))
        return lambda pair: [first(pair[0]), second(pair[1])]
    if get_origin(hint) is tuple:
        write_one = _write_value(get_args(hint)[:1])
        return lambda values: [write_one(value) for value in values]
    return _part_writer(hint) if is_part(hint) else _as_is


def _write_word_or(part: Any) -> Write:
    write_part = _part_writer(part)
    return lambda value: value if type(value) is str else write_part(value)


def _as_is(value: Any) -> Any:
    return value


def _write_decimal(value: int) -> str:
    return bare_text(value, 8)


def _write_tif(value: Tif) -> str:
    word: str = value.value
    return word


_WRITERS: dict[Any, Write] = {
    Px: _write_decimal,
    Sz: _write_decimal,
    Tif: _write_tif,
    AbstractionWord: SHORT_WORDS.__getitem__,
    SignersText: lambda value: value.text,
    bytes: lambda value: f"0x{value.hex()}",
    Given: lambda value: None,
}
"""Values that are kept in another form than the wire's."""
