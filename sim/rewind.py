"""A state as it was at one moment, put back into the same objects: `Mark(state)`, then `rewind`.

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
from ..matching.marks import BookMark, Fields, Row, Rows, fields_of
from .assets import Universe
from .events import Fill, LedgerRow, OrderUpdate, Trade
from .orders import Order
from .state import Market, State
from .twap_state import TwapUpdate

_LEAVES = frozenset({int, str, bool, bytes, type(None)})
_CONTAINERS = frozenset({"dict", "list", "deque", "array"})
_CLOSED = frozenset({Universe, OrderUpdate, Fill, Trade, LedgerRow, TwapUpdate})
"""Never changed, nor what hangs on them: what is listed, and rows of histories; but for the orders
of such rows, which are open at one moment and over at another.
"""
_OVER = fields_of(Order, "sz", "stage", "level", "before", "behind")
"""In what an order that is over may differ from what it was when it was open."""


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How to keep the objects of a class: where among their fields others hang."""

    fields: Fields
    flat: tuple[int, ...] = ()
    """Containers of what never changes."""
    each: tuple[tuple[int, type], ...] = ()
    """Dicts of objects on which nothing hangs, all of one class."""
    orders: tuple[int, ...] = ()
    """Dicts of orders."""
    told: tuple[int, ...] = ()
    """Dicts of rows of the order history."""
    deep: tuple[int, ...] = ()
    """What has to be looked into."""


class Mark:
    """All that a state held. `size` is about how many bytes it takes, the state itself apart."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._over = Rows(_OVER)
        self._rows: dict[type, Rows] = {}
        self._dicts: list[dict[Any, Any]] = []
        self._pairs: list[dict[Any, Any]] = []
        """What each of them held."""
        self._lists: list[Any] = []
        """Lists and arrays."""
        self._items: list[Any] = []
        self._deques: list[deque[Any]] = []
        self._queued: list[deque[Any]] = []
        self._empty: list[Any] = []
        self._books: list[OrderBook] = []
        self._book_marks: list[BookMark] = []
        self._markets: list[tuple[int, Row]] = []
        with _without_collector():
            self._walk(state)
        self.size = self._sum()

    def rewind(self) -> None:
        """Makes the state again what it was. The markets are new objects, as caches want it."""
        with _without_collector():
            self._over.put_back()
            for rows in self._rows.values():
                rows.put_back()
            for filled, pairs in zip(self._dicts, self._pairs, strict=True):
                filled.clear()
                filled.update(pairs)
            for listed, items in zip(self._lists, self._items, strict=True):
                listed[:] = items
            for queue, waiting in zip(self._deques, self._queued, strict=True):
                queue.clear()
                queue.extend(waiting)
            for emptied in self._empty:
                if emptied:
                    emptied.clear()
            for book, mark in zip(self._books, self._book_marks, strict=True):
                book.rewind(mark)
            put = _plan(Market).fields.put
            markets = self.state.markets = {}
            for asset_id, row in self._markets:
                markets[asset_id] = market = Market.__new__(Market)
                put(market, row)

    # -- taking ------------------------------------------------------------------------------------

    def _walk(self, state: State) -> None:
        row = self._rows_of(State).add(state)
        # Of the markets only the values are kept, not the objects.
        stack = [value for value in row if value is not state.markets]
        plan = _plan(Market)
        for asset_id, market in state.markets.items():
            row = plan.fields.get(market)
            self._markets.append((asset_id, row))
            self._hang(plan, row, stack)
        seen: dict[int, None] = {}
        while stack:
            value = stack.pop()
            kind: Any = type(value)
            if kind is dict:
                self._keep(value)
                stack.extend(value.values())
            elif kind is tuple or kind is list or kind is deque:
                if kind is not tuple:
                    self._keep(value)
                stack.extend(value)
            elif kind is array:
                self._keep(value)
            elif not _is_closed(kind) and not (kind is Order and value.level is not None):
                self._look_into(value, kind, stack, seen)

    def _rows_of(self, kind: Any) -> Rows:
        rows = self._rows.get(kind)
        if rows is None:
            rows = self._rows[kind] = Rows(fields_of(kind))
        return rows

    def _look_into(self, value: Any, kind: Any, stack: list[Any], seen: dict[int, None]) -> None:
        """Keeps one object and what hangs on it."""
        if issubclass(kind, OrderBook):
            self._books.append(value)
            self._book_marks.append(value.mark())
            return
        plan = _plan(kind)
        if plan.deep:
            if id(value) in seen:
                return
            seen[id(value)] = None
        row = plan.fields.get(value) if is_frozen(kind) else self._rows_of(kind).add(value)
        self._hang(plan, row, stack)

    def _hang(self, plan: _Plan, row: Row, stack: list[Any]) -> None:
        """Keeps what hangs on an object, or puts it on the stack to be looked into."""
        empty = self._empty
        for place in plan.flat:
            container = row[place]
            if container:
                self._keep(container)
            else:
                empty.append(container)
        for place, simple in plan.each:
            held = row[place]
            if held:
                self._keep(held)
                self._rows_of(simple).extend(held.values())
            else:
                empty.append(held)
        for place in plan.orders:
            orders = row[place]
            if orders:
                self._keep(orders)
                # What rests is kept by its book.
                stack.extend([order for order in orders.values() if order.level is None])
            else:
                empty.append(orders)
        for place in plan.told:
            told = row[place]
            if told:
                self._keep(told)
                found = [update.order for update in told.values()]
                found += [child for order in found for child in order.children]
                self._over.extend([order for order in found if order.level is None])
            else:
                empty.append(told)
        for place in plan.deep:
            value = row[place]
            if value is not None:
                stack.append(value)

    def _keep(self, container: Any) -> None:
        """Keeps what a container holds."""
        kind = type(container)
        if kind is dict:
            self._dicts.append(container)
            self._pairs.append(container.copy())
        elif kind is deque:
            self._deques.append(container)
            self._queued.append(container.copy())
        else:
            self._lists.append(container)
            self._items.append(container[:])

    def _sum(self) -> int:
        words = 40 * (len(self._dicts) + len(self._lists)) + len(self._empty)
        words += sum(20 + len(waiting) for waiting in self._queued)
        words += 20 * sum(len(rows.values) for rows in (self._over, *self._rows.values()))
        for mark in self._book_marks:
            for side in (mark.bids, mark.asks):
                # The orders themselves live as long as the mark does.
                words += 40 * len(side.orders.values) + 20 * len(side.levels.values)
        return 8 * words


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
    flat: list[int] = []
    each: list[tuple[int, type]] = []
    orders: list[int] = []
    told: list[int] = []
    deep: list[int] = []
    for place, name in enumerate(found.names):
        kind, simple = _kind_of(cls, annotations[name]), _simple(cls, annotations[name])
        if simple is not None:
            each.append((place, simple))
        elif annotations[name] == "dict[int, Order]":
            orders.append(place)
        elif annotations[name] == "dict[int, OrderUpdate]":
            told.append(place)
        elif kind != "leaf":
            (flat if kind == "flat" else deep).append(place)
    return _Plan(found, tuple(flat), tuple(each), tuple(orders), tuple(told), tuple(deep))


_FLAT = re.compile(r"(?:dict|list|deque)\[.*\]")
_EACH = re.compile(r"dict\[(\w+), (\w+)\]")


def _kind_of(cls: type, annotation: str) -> str:
    """`leaf`, `flat` or `deep`, of a field by its annotation."""
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", annotation))
    containers = [word for word in words if word in _CONTAINERS]
    if not all(word in _CONTAINERS or _is_settled(cls, word) for word in words):
        return "deep"
    if not containers:
        return "leaf"
    return "flat" if len(containers) == 1 and _FLAT.fullmatch(annotation) else "deep"


def _simple(cls: type, annotation: str) -> type | None:
    """The class of what a dict holds, if that is all of one class and nothing hangs on it."""
    match = _EACH.fullmatch(annotation)
    if match is None or not _is_settled(cls, match[1]):
        return None
    held = _named(cls, match[2])
    if not isinstance(held, type) or not is_dataclass(held) or is_frozen(held) or held is cls:
        return None
    if held.__subclasses__():
        return None
    plan = _plan(held)
    return None if plan.flat or plan.each or plan.orders or plan.deep else held


def _named(cls: type, word: str) -> Any:
    """What `word` stands for in the annotations of `cls`; None where that is not known."""
    spaces = [vars(sys.modules[one.__module__]) for one in cls.__mro__ if one is not object]
    return next((space[word] for space in spaces if word in space), _BUILTINS.get(word))


_BUILTINS = {"int": int, "str": str, "bool": bool, "bytes": bytes}


def _is_settled(cls: type, word: str) -> bool:
    """True when nothing that `word` names in the annotations of `cls` ever changes."""
    return word in ("None", "tuple", "Literal") or _never_changes(_named(cls, word))


def _never_changes(kind: Any) -> bool:
    if isinstance(kind, NewType):
        return _never_changes(kind.__supertype__)
    if isinstance(kind, TypeVar):
        return bool(kind.__constraints__) and all(map(_never_changes, kind.__constraints__))
    if isinstance(kind, UnionType):
        return all(map(_never_changes, kind.__args__))
    return isinstance(kind, type) and _is_closed(kind)


@cache
def _is_closed(cls: type) -> bool:
    """True when objects of `cls` never change, nor anything that hangs on them."""
    if cls in _LEAVES or cls in _CLOSED or issubclass(cls, Enum):
        return True
    if not is_dataclass(cls) or not is_frozen(cls):
        return False
    return all(_kind_of(cls, str(part.type)) == "leaf" for part in fields(cls))
