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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import chain, filterfalse, islice
from operator import attrgetter
from types import UnionType
from typing import Any, NewType, TypeVar

from ..matching.book import OrderBook
from ..matching.dataclass import dataclass, is_frozen
from ..matching.marks import BookMark, Row, Rows, fields_of
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
_ORDER = attrgetter("order")
_OVER = fields_of(Order, "sz", "stage", "level", "before", "behind")
"""In what an order that is over may differ from what it was when it was open."""


Getter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How to keep the objects of a class: which of their fields others hang on."""

    flat: tuple[Getter, ...] = ()
    """Containers of what never changes."""
    each: tuple[tuple[Getter, type], ...] = ()
    """Dicts of objects on which nothing hangs, all of one class."""
    orders: tuple[Getter, ...] = ()
    """Dicts of orders."""
    told: tuple[Getter, ...] = ()
    """Dicts of rows of the order history."""
    indexes: tuple[tuple[Getter, Getter], ...] = ()
    """Dicts of dicts of orders by their assets, and the dicts of all of them."""
    deep: tuple[Getter, ...] = ()
    """What has to be looked into."""


class _Queues:
    """Lists or deques and all that they held, in one list: the garbage collector would look at a
    copy of each of them.
    """

    __slots__ = ("_sizes", "held", "holders")

    def __init__(self) -> None:
        self.holders: list[Any] = []
        self._sizes: list[int] = []
        self.held: list[Any] = []

    def keep(self, holders: list[Any]) -> None:
        """Keeps what they hold."""
        self.holders += holders
        self._sizes += map(len, holders)
        self.held += chain.from_iterable(holders)

    def put_back(self) -> None:
        """Makes them hold it again."""
        held = iter(self.held)
        for holder, size in zip(self.holders, self._sizes, strict=True):
            holder.clear()
            holder.extend(islice(held, size))


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """Orders by their assets, which are put there anew from the dict of all of them, if those
    changed: whoever has orders of many assets would have as many dicts to be kept.
    """

    index: dict[int, dict[int, Order]]
    whole: dict[int, Order]
    assets: list[int]
    orders: list[Order]
    """What is in both, in its order."""

    @property
    def is_changed(self) -> bool:
        """True when other orders are there, or in another order.

        Not told by their oids: those are given again to others after every rewind.
        """
        return list(self.whole.values()) != self.orders or list(self.index) != self.assets

    def put_back(self) -> None:
        """When the whole dict is again what it was."""
        self.index.clear()
        for asset_id in self.assets:
            self.index[asset_id] = {}
        for oid, order in self.whole.items():
            self.index[order.asset_id][oid] = order


class Mark:
    """All that a state held. `size` is about how many bytes it takes, the state itself apart."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._over = Rows(_OVER)
        self._rows: dict[type, Rows] = {}
        self._dicts: list[dict[Any, Any]] = []
        self._copies: list[dict[Any, Any]] = []
        """What each of them held."""
        self._queues = _Queues()
        self._indexes: list[_Index] = []
        self._arrays: list[tuple[array[Any], array[Any]]] = []
        self._empty: list[Any] = []
        self._books: list[tuple[OrderBook, BookMark]] = []
        self._markets: list[tuple[int, Row]] = []
        with _without_collector():
            self._walk(state)
        self.size = self._sum()

    def rewind(self) -> None:
        """Makes the state again what it was. The markets are new objects, as caches want it."""
        with _without_collector():
            changed = [index for index in self._indexes if index.is_changed]
            self._over.put_back()
            for rows in self._rows.values():
                rows.put_back()
            for full in filter(None, self._empty):
                full.clear()
            for filled, copy in zip(self._dicts, self._copies, strict=True):
                filled.clear()
                filled.update(copy)
            self._queues.put_back()
            for index in changed:
                index.put_back()
            for numbers, kept in self._arrays:
                numbers[:] = kept
            for book, mark in self._books:
                book.rewind(mark)
            put = fields_of(Market).put
            markets = self.state.markets = {}
            for asset_id, row in self._markets:
                markets[asset_id] = market = Market.__new__(Market)
                put(market, row)

    # -- taking ------------------------------------------------------------------------------------

    def _walk(self, state: State) -> None:
        """Everything that hangs on the state, all of a kind at once: a look at each object by
        itself takes several times as long.
        """
        waiting: dict[Any, list[Any]] = {}
        row = self._rows_of(State).add(state)
        # Of the markets only the values are kept, not the objects.
        _sort([value for value in row if value is not state.markets], waiting)
        markets = list(state.markets.values())
        self._markets = list(zip(state.markets, map(fields_of(Market).get, markets), strict=True))
        self._hang(_plan(Market), markets, waiting)
        seen: set[int] = set()
        while waiting:
            kind, values = waiting.popitem()
            if kind is dict:
                self._keep(values)
                _sort(list(chain.from_iterable(map(dict.values, values))), waiting)
            elif kind is tuple or kind is list or kind is deque:
                if kind is not tuple:
                    self._keep(values)
                _sort(list(chain.from_iterable(values)), waiting)
            elif kind is array:
                self._arrays += [(value, value[:]) for value in values]
            elif issubclass(kind, OrderBook):
                self._books += [(book, book.mark()) for book in values]
            elif kind is Order:
                self._look_into(kind, _without_level(values), waiting, seen)
            elif not _is_closed(kind):
                self._look_into(kind, values, waiting, seen)

    def _rows_of(self, kind: Any) -> Rows:
        rows = self._rows.get(kind)
        if rows is None:
            rows = self._rows[kind] = Rows(fields_of(kind))
        return rows

    def _look_into(
        self, kind: Any, values: list[Any], waiting: dict[Any, list[Any]], seen: set[int]
    ) -> None:
        """Keeps objects of one class and what hangs on them."""
        plan = _plan(kind)
        if plan.deep:
            values = [value for value in values if id(value) not in seen]
            seen.update(map(id, values))
        if not is_frozen(kind):
            self._rows_of(kind).extend(values)
        self._hang(plan, values, waiting)

    def _hang(self, plan: _Plan, values: list[Any], waiting: dict[Any, list[Any]]) -> None:
        """Keeps what hangs on objects, or lets it wait to be looked into."""
        for get in plan.flat:
            self._keep(self._full(list(map(get, values))))
        for get, simple in plan.each:
            held = self._full(list(map(get, values)))
            self._keep(held)
            self._rows_of(simple).extend(chain.from_iterable(map(dict.values, held)))
        for get in plan.orders:
            orders = self._full(list(map(get, values)))
            self._keep(orders)
            _sort(_without_level(chain.from_iterable(map(dict.values, orders))), waiting)
        for get in plan.told:
            told = self._full(list(map(get, values)))
            self._keep(told)
            last = map(_ORDER, chain.from_iterable(map(dict.values, told)))
            found = [order for order in last if order.level is None or order.children]
            found += [child for order in found for child in order.children]
            self._over.extend(_without_level(found))
        for index, whole in plan.indexes:
            pairs = zip(map(index, values), map(whole, values), strict=True)
            self._indexes += [
                _Index(one, all_, list(one), list(all_.values())) for one, all_ in pairs
            ]
        for get in plan.deep:
            _sort([value for value in map(get, values) if value is not None], waiting)

    def _full(self, containers: list[Any]) -> list[Any]:
        """Those that hold something; the others are to be emptied."""
        self._empty += filterfalse(None, containers)
        return list(filter(None, containers))

    def _keep(self, holders: list[Any]) -> None:
        """Keeps what containers hold that are all of one kind."""
        if not holders:
            return
        if type(holders[0]) is dict:
            self._dicts += holders
            self._copies += map(dict.copy, holders)
        else:
            self._queues.keep(holders)

    def _sum(self) -> int:
        words = len(self._empty)
        words += sum(30 + len(index.assets) + len(index.orders) for index in self._indexes)
        words += 30 * len(self._dicts) + 3 * sum(map(len, self._copies))
        words += 2 * len(self._queues.holders) + len(self._queues.held)
        words += sum(20 + len(kept) for _, kept in self._arrays)
        words += 20 * sum(len(rows.values) for rows in (self._over, *self._rows.values()))
        for _, mark in self._books:
            for level in (*mark.bids.levels, *mark.asks.levels):
                # The orders themselves live as long as the mark does.
                words += 40 * len(level.orders) + 30
        return 8 * words


def _without_level(orders: Iterable[Order]) -> list[Order]:
    """Those that do not rest: what does is kept by its book."""
    return [order for order in orders if order.level is None]


def _sort(values: list[Any], waiting: dict[Any, list[Any]]) -> None:
    """Puts values to those of their kind that wait."""
    kinds = dict.fromkeys(map(type, values))
    for kind in kinds:
        mine = values if len(kinds) == 1 else [value for value in values if type(value) is kind]
        if kind in waiting:
            waiting[kind] += mine
        elif not _is_closed(kind):
            waiting[kind] = mine if mine is not values else list(values)


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
    annotations = {part.name: str(part.type) for part in fields(cls)}
    flat: list[Getter] = []
    each: list[tuple[Getter, type]] = []
    orders: list[Getter] = []
    told: list[Getter] = []
    indexes: list[tuple[Getter, Getter]] = []
    deep: list[Getter] = []
    for part in fields(cls):
        name, get = part.name, attrgetter(part.name)
        kind, simple = _kind_of(cls, annotations[name]), _simple(cls, annotations[name])
        if "index_of" in part.metadata:
            indexes.append((get, attrgetter(part.metadata["index_of"])))
        elif simple is not None:
            each.append((get, simple))
        elif annotations[name] == "dict[int, Order]":
            orders.append(get)
        elif annotations[name] == "dict[int, OrderUpdate]":
            told.append(get)
        elif kind != "leaf":
            (flat if kind == "flat" else deep).append(get)
    return _Plan(tuple(flat), tuple(each), tuple(orders), tuple(told), tuple(indexes), tuple(deep))


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
