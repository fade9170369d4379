"""A state as it was at one moment, put back into the same objects: `mark`, then `rewind`.

Much cheaper than bytes, for nothing is made anew: what a field held is held by the mark, and what
never changes is shared. Of use to that one state in this process only.
"""

from __future__ import annotations

import gc
import re
import sys
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NewType, TypeVar

from ..matching.book import OrderBook
from ..matching.dataclass import dataclass, is_frozen
from ..matching.marks import BookMark, Fields, Row, fields_of
from .assets import Universe
from .events import Fill, LedgerRow, OrderUpdate, Trade
from .orders import Order
from .state import Market, State
from .twap_state import TwapUpdate

_LEAVES = frozenset({int, str, bool, bytes, type(None)})
_CONTAINERS = frozenset({"dict", "list", "deque", "array"})
_CLOSED = frozenset({Universe, OrderUpdate, Fill, Trade, LedgerRow, TwapUpdate})
"""Never changed, nor what hangs on them: what is listed, and rows of histories. The order of such a
row is either open, and found among those of its owner, or over, and then it changes no more.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How to keep the objects of a class: where among their fields others hang."""

    fields: Fields
    flat: tuple[int, ...]
    """Containers of what never changes."""
    deep: tuple[int, ...]
    """What has to be looked into."""


class Mark:
    """All that a state held. `size` is about how many bytes it takes, the state itself apart."""

    def __init__(self, state: State) -> None:
        self.size = 0
        self._state = state
        self._objects: list[tuple[Any, Any, Row]] = []
        self._dicts: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self._lists: list[tuple[Any, Any]] = []
        """Lists and arrays."""
        self._deques: list[tuple[deque[Any], deque[Any]]] = []
        self._empty: list[Any] = []
        self._books: list[tuple[OrderBook, BookMark]] = []
        self._markets: list[tuple[int, Row]] = []
        with _without_collector():
            self._walk(state)

    def rewind(self) -> None:
        """Makes the state again what it was. The markets are new objects, as caches want it."""
        with _without_collector():
            for put, value, row in self._objects:
                put(value, row)
            for filled, values in self._dicts:
                filled.clear()
                filled.update(values)
            for filled, values in self._lists:
                filled[:] = values
            for queue, values in self._deques:
                queue.clear()
                queue.extend(values)
            for emptied in self._empty:
                emptied.clear()
            for book, mark in self._books:
                book.rewind(mark)
            put = _plan(Market).fields.put
            markets = self._state.markets = {}
            for asset_id, row in self._markets:
                markets[asset_id] = market = Market.__new__(Market)
                put(market, row)

    # -- taking ------------------------------------------------------------------------------------

    def _walk(self, state: State) -> None:
        seen: dict[int, None] = {}
        plan = _plan(State)
        row = plan.fields.get(state)
        self._objects.append((plan.fields.put, state, row))
        stack = [value for value in row if value is not state.markets]
        market_plan = _plan(Market)
        for asset_id, market in state.markets.items():
            row = market_plan.fields.get(market)
            self._markets.append((asset_id, row))
            self._hang(market_plan, row, stack)
        while stack:
            value = stack.pop()
            kind = type(value)
            if kind in _LEAVES:
                continue
            if kind in _SHALLOW:
                self._keep(value)
                if kind is not array:
                    stack.extend(value.values() if kind is dict else value)
            elif kind is tuple:
                stack.extend(value)
            elif issubclass(kind, OrderBook):
                self._books.append((value, value.mark()))
            elif not _is_closed(kind) and not (kind is Order and value.level is not None):
                # What rests is kept by its book.
                if id(value) in seen:
                    continue
                seen[id(value)] = None
                plan = _plan(kind)
                row = plan.fields.get(value)
                if not is_frozen(kind):
                    self._objects.append((plan.fields.put, value, row))
                self._hang(plan, row, stack)
        self.size += 8 * sum(len(row) + 12 for _, _, row in self._objects)
        self.size += sum(_size(mark) for _, mark in self._books)

    def _hang(self, plan: _Plan, row: Row, stack: list[Any]) -> None:
        """Keeps what hangs on an object, or puts it on the stack to be looked into."""
        for place in plan.flat:
            self._keep(row[place])
        for place in plan.deep:
            value = row[place]
            if value is not None:
                stack.append(value)

    def _keep(self, container: Any) -> None:
        """Keeps what a container holds."""
        kind = type(container)
        if not container and kind is not array:
            self._empty.append(container)
            return
        self.size += 8 * len(container) + 100
        if kind is dict:
            self._dicts.append((container, container.copy()))
        elif kind is deque:
            self._deques.append((container, container.copy()))
        else:
            self._lists.append((container, container[:]))


_SHALLOW = frozenset({dict, list, deque, array})
_ONE = re.compile(r"(?:dict|list|deque|array)\[.*\]")
"""A container, and nothing that stands beside it."""


def _size(mark: BookMark) -> int:
    sides = mark.bids, mark.asks
    return 8 * sum(40 * len(side.orders) + 16 * len(side.levels) for side in sides)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Nothing here is garbage, and looking for some would take longer than all the rest."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# -- what a class is made of -----------------------------------------------------------------------


@cache
def _plan(cls: type) -> _Plan:
    if not is_dataclass(cls):
        raise TypeError(f"a state cannot hold {cls.__name__}")
    found = fields_of(cls)
    annotations = {part.name: str(part.type) for part in fields(cls)}
    kinds = [_kind_of(cls, annotations[name]) for name in found.names]
    flat, deep = (
        tuple(place for place, kind in enumerate(kinds) if kind == wanted)
        for wanted in ("flat", "deep")
    )
    return _Plan(found, flat, deep)


def _kind_of(cls: type, annotation: str) -> str:
    """`leaf`, `flat` or `deep`, of a field by its annotation."""
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", annotation))
    containers = [word for word in words if word in _CONTAINERS]
    if not all(word in _CONTAINERS or _is_settled(cls, word) for word in words):
        return "deep"
    if not containers:
        return "leaf"
    return "flat" if len(containers) == 1 and _ONE.fullmatch(annotation) else "deep"


def _is_settled(cls: type, word: str) -> bool:
    """True when nothing that `word` names in the annotations of `cls` ever changes."""
    if word in ("None", "tuple", "Literal"):
        return True
    spaces = [vars(sys.modules[one.__module__]) for one in cls.__mro__ if one is not object]
    found = next((space[word] for space in spaces if word in space), _BUILTINS.get(word))
    return found is not None and _never_changes(found)


_BUILTINS = {"int": int, "str": str, "bool": bool, "bytes": bytes}


def _never_changes(kind: Any) -> bool:
    if isinstance(kind, NewType):
        return _never_changes(kind.__supertype__)
    if isinstance(kind, TypeVar):
        return bool(kind.__constraints__) and all(map(_never_changes, kind.__constraints__))
    if isinstance(kind, UnionType):
        return all(map(_never_changes, kind.__args__))
    return isinstance(kind, type) and (kind in _LEAVES or _is_closed(kind))


@cache
def _is_closed(cls: type) -> bool:
    """True when objects of `cls` never change, nor anything that hangs on them."""
    if cls in _CLOSED or issubclass(cls, Enum):
        return True
    if not is_dataclass(cls) or not is_frozen(cls):
        return False
    return all(_kind_of(cls, str(part.type)) == "leaf" for part in fields(cls))
