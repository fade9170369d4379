"""State as bytes and as a hash. Bytes are for the same version only; the hash is for comparing."""

from __future__ import annotations

import io
import pickle
import sys
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from ..matching.book import OrderBook
from ..matching.dataclass import is_frozen
from ..matching.types import Order as BookOrder
from ..matching.types import Side
from .collector import without_collector
from .state import State

MAGIC = b"hlsim snapshot 7\n"
"""Header of the bytes; the number grows with every change of what a state holds."""

_PACKAGES = tuple(f"{__name__.split('.')[0]}.{layer}." for layer in ("matching", "sim"))


def dump(state: State) -> bytes:
    """The state as bytes: a header and a pickle."""
    state.calm.end(state)
    return MAGIC + pickle.dumps(state, protocol=5)


def load(snapshot: bytes) -> State:
    """The state of which `snapshot` is the dump. Raises ValueError for anything else."""
    if not snapshot.startswith(MAGIC):
        raise ValueError("not a snapshot of this version of hlsim")
    try:
        with without_collector():
            state = _Reader(io.BytesIO(snapshot[len(MAGIC) :])).load()
    except Exception as error:  # damaged bytes may raise anything
        raise ValueError(f"damaged snapshot: {error}") from error
    if not isinstance(state, State):
        raise ValueError("the snapshot holds no state")
    return state


class _Reader(pickle.Unpickler):
    """Builds plain data classes and enums of the core and nothing else: a snapshot from a stranger
    can be wrong, but cannot run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "deque"):
            return deque
        if (module, name) in (("array", "array"), ("array", "_array_reconstructor")):
            return getattr(sys.modules["array"], name)
        found = getattr(sys.modules.get(module), name, None)
        if module.startswith(_PACKAGES) and isinstance(found, type) and _is_plain(found):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a snapshot")


def _is_plain(cls: type) -> bool:
    return is_dataclass(cls) or issubclass(cls, Enum | OrderBook)


# -- hash ------------------------------------------------------------------------------------------


def state_hash(state: State) -> str:
    """64 hex digits over everything that the state holds.

    Equal states give equal hashes, whatever the identity of their objects, the hash seed of Python
    or the machine. Fields marked `transient` are caches and left out.
    """
    state.calm.settle(state)
    digest = blake2b(digest_size=32)
    walk = _Walk()
    for name, part in walk.fields(state):
        pairs = part.items() if type(part) is dict else ((None, part),)
        for key, value in pairs:
            # Piece by piece: the text of the whole state need not be in memory at once.
            digest.update(ascii((name, walk.plain(key), walk.plain(value))).encode("ascii"))
    return digest.hexdigest()


class _Walk:
    """Turns objects of the core into nested lists and tuples of numbers and text.

    What never changes, and the orders that many lists share, is written out once a walk.
    """

    def __init__(self) -> None:
        self._written: dict[int, str] = {}

    def fields(self, value: object) -> list[tuple[str, object]]:
        """Names and values of the fields of a dataclass that count."""
        names, getter, _ = _shape(type(value))
        return list(zip(names, getter(value), strict=True))

    def plain(self, value: Any) -> object:
        """`value` as something whose `ascii` is the same wherever values are the same."""
        kind = type(value)
        if kind in _LEAVES:
            return value
        if kind is dict:
            plain = self.plain
            return [(plain(key), plain(item)) for key, item in value.items()]
        if kind is list or kind is tuple or kind is deque:
            return [item if type(item) in _LEAVES else self.plain(item) for item in value]
        if kind is array:
            return value.tolist()
        if isinstance(value, Enum):
            return f"{kind.__name__}.{value.name}"
        if issubclass(kind, OrderBook):
            return [[self.plain(order) for order in value.orders(side)] for side in Side]
        return self._fields(kind, value)

    def _fields(self, kind: type, value: object) -> object:
        _, getter, shared = _shape(kind)
        if shared:
            written = self._written.get(id(value))
            if written is not None:
                return written
        parts = [item if type(item) in _LEAVES else self.plain(item) for item in getter(value)]
        parts.insert(0, kind.__name__)
        if not shared:
            return parts
        written = blake2b(ascii(parts).encode("ascii"), digest_size=16).hexdigest()
        self._written[id(value)] = written
        return written


_LEAVES = frozenset({int, str, bool, type(None)})
_LINKS = frozenset({"level", "before", "behind"})
"""How orders hang together in a level: the book lists them in order instead."""

_Shape = tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]], bool]
_SHAPES: dict[type, _Shape] = {}


def _shape(kind: type) -> _Shape:
    """Of a dataclass: the names of the fields that count, how to get them, and whether its objects
    may be written out once.
    """
    shape = _SHAPES.get(kind)
    if shape is None:
        if not is_dataclass(kind):
            raise TypeError(f"a state cannot hold {kind.__name__}")
        is_order = issubclass(kind, BookOrder)
        names = tuple(
            part.name
            for part in fields(kind)
            if not part.metadata.get("transient") and not (is_order and part.name in _LINKS)
        )
        shared = is_order or is_frozen(kind)
        shape = _SHAPES[kind] = (names, _getter(names), shared)
    return shape


def _getter(names: tuple[str, ...]) -> Callable[[object], tuple[Any, ...]]:
    get = attrgetter(*names) if names else lambda value: ()
    return get if len(names) != 1 else lambda value: (get(value),)
