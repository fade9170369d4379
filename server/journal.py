"""Inputs of the exchange as lines of JSON, and back. One line each; exact both ways.

Generic over the dataclasses of actions and operations: integers stay integers in their own scale,
enums are their values. A line says what happened, not how it was asked for.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from ..sim.actions import ACTIONS, spec_of
from ..sim.call import Call
from ..sim.exchange import Advanced, Applied, Input, Operated, Sealed
from ..sim.operations import OPERATIONS


class _Line(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One line. `kind` says which of the others are there."""

    kind: str
    time_ms: int = 0
    name: str = ""
    body: msgspec.Raw = msgspec.Raw(b"")
    call: Call | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Line)


@cache
def _decoder_of(kind: str, name: str) -> msgspec.json.Decoder[Any]:
    """Reads the body of an action or operation by its name. Raises KeyError for an unknown one."""
    return msgspec.json.Decoder(ACTIONS[name].cls if kind == "applied" else OPERATIONS[name])


def encode(item: Input) -> bytes:
    """One line without its newline."""
    match item:
        case Applied():
            name = spec_of(item.action).name
            body = msgspec.Raw(_encoder.encode(item.action))
            line = _Line("applied", item.time_ms, name, body, item.call)
        case Operated():
            body = msgspec.Raw(_encoder.encode(item.operation))
            line = _Line("operated", item.time_ms, type(item.operation).__name__, body)
        case Advanced():
            line = _Line("advanced", item.time_ms)
        case Sealed():
            line = _Line("sealed")
    return _encoder.encode(line)


def decode(text: bytes | str) -> Input:
    """The input of one line. Raises ValueError that says what is wrong with it."""
    try:
        line = _decoder.decode(text)
        match line.kind:
            case "applied" if line.name in ACTIONS and line.call is not None:
                action = _decoder_of(line.kind, line.name).decode(line.body)
                return Applied(action, line.call, line.time_ms)
            case "operated" if line.name in OPERATIONS:
                operation = _decoder_of(line.kind, line.name).decode(line.body)
                return Operated(operation, line.time_ms)
            case "advanced":
                return Advanced(line.time_ms)
            case "sealed":
                return Sealed()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"not a journal line: {error}") from error
    raise ValueError(f"not a journal line: unknown {line.kind} {line.name}".rstrip())
