"""A node as bytes: its exchange, its scripts, its clock; and a state in the place of another."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import fields
from io import BytesIO
from typing import Any

import msgspec

from ..sim.state import State


class _Saved(msgspec.Struct, array_like=True):
    """A snapshot of the whole node."""

    exchange: bytes
    scripts: list[bytes]
    """The plain data of each, pickled: JSON would lose which lists were tuples."""
    time_ms: int


def pack(exchange: bytes, scripts: Sequence[Any], time_ms: int) -> bytes:
    """The exchange's snapshot, the states of the scripts and the time, for `unpack`."""
    states = [pickle.dumps(state, protocol=5) for state in scripts]
    return msgspec.msgpack.encode(_Saved(exchange, states, time_ms))


def unpack(data: bytes) -> tuple[bytes, list[Any], int]:
    """What `pack` was given. Raises ValueError for anything else."""
    try:
        saved = msgspec.msgpack.decode(data, type=_Saved)
        states = [_PlainUnpickler(BytesIO(state)).load() for state in saved.scripts]
    except Exception as error:
        # What a broken pickle raises can be nearly anything.
        raise ValueError("not a snapshot of hlsim") from error
    return saved.exchange, states, saved.time_ms


class _PlainUnpickler(pickle.Unpickler):
    """Reads numbers, texts, lists, tuples and dicts, and nothing that could run."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no plain data")


def adopt(state: State, other: State) -> None:
    """Makes `state` equal to `other` in place, so that views of it stay good. `other` is used up.

    Versions of books come again. Whoever caches something for one asks whether the markets are
    still the same objects.
    """
    for field in fields(State):
        setattr(state, field.name, getattr(other, field.name))
