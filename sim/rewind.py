"""A state as it was at one moment, put back into the same objects: `Mark(state)`, then `rewind`.

Much cheaper than bytes, for nothing is made anew: what a field held is held by the mark, and what
never changes is shared. Of use to that one state in this process only.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, filterfalse, islice, repeat
from operator import attrgetter
from typing import Any

from ..matching.book import OrderBook
from ..matching.dataclass import is_frozen
from ..matching.marks import BookMark, Cells, Fields, Rows, fields_of
from .collector import without_collector
from .hanging import Plan, is_closed, plan_of
from .orders import Order
from .state import Market, State

_ORDER = attrgetter("order")
_MARKET = fields_of(Market)
_OVER = fields_of(Order, "sz", "stage", "level", "before", "behind")
"""In what an order that is over may differ from what it was when it was open."""


def _refill(clear: Iterator[None], fill: Iterator[None]) -> None:
    """Makes both calls for one container after the other, without a step of Python for each.

    Whoever is there twice, as the running bar of a candle is, is cleared twice.
    """
    deque(zip(clear, fill, strict=True), maxlen=0)


class _Dicts:
    """Dicts and what each of them held."""

    __slots__ = ("copies", "holders")

    def __init__(self) -> None:
        self.holders: list[dict[Any, Any]] = []
        self.copies: list[dict[Any, Any]] = []

    def keep(self, holders: list[dict[Any, Any]]) -> None:
        """Keeps what they hold."""
        self.holders += holders
        self.copies += map(dict.copy, holders)

    def put_back(self) -> None:
        """Makes them hold it again."""
        _refill(map(dict.clear, self.holders), map(dict.update, self.holders, self.copies))


class _Queues:
    """Lists or deques and all that they held, in one list: the garbage collector would look at a
    copy of each of them.
    """

    __slots__ = ("_kind", "_sizes", "held", "holders")

    def __init__(self, kind: type[list[Any]] | type[deque[Any]]) -> None:
        self._kind = kind
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
        held = map(islice, repeat(iter(self.held)), self._sizes)
        _refill(map(self._kind.clear, self.holders), map(self._kind.extend, self.holders, held))


_Index = tuple[dict[int, dict[int, Order]], dict[int, Order], list[int], list[Order]]
"""Orders by their assets, the dict of all of them, and the assets and orders that are there.

Put there anew from the dict of all, if those changed: whoever has orders of many assets would have
as many dicts to be kept.
"""


def _is_changed(kept: _Index) -> bool:
    """True when other orders are there, or in another order.

    Not told by their oids: those are given again to others after every rewind.
    """
    index, whole, assets, orders = kept
    return list(whole.values()) != orders or list(index) != assets


def _put_index_back(kept: _Index) -> None:
    """When the whole dict is again what it was."""
    index, whole, assets, _ = kept
    index.clear()
    for asset_id in assets:
        index[asset_id] = {}
    for oid, order in whole.items():
        index[order.asset_id][oid] = order


class Mark:
    """All that a state held. `size` is about how many bytes it takes, the state itself apart."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._over = Rows(_OVER)
        self._rows: dict[type, Rows] = {}
        self._dicts = _Dicts()
        self._lists = _Queues(list)
        self._deques = _Queues(deque)
        self._indexes: list[_Index] = []
        self._arrays: list[tuple[array[Any], array[Any]]] = []
        self._empty: list[Any] = []
        self._books: list[tuple[OrderBook, BookMark]] = []
        self._markets: Cells = []
        """In the order of `_asset_ids`."""
        self._asset_ids = list(state.markets)
        with without_collector():
            self._walk(state)
        self.size = self._sum()

    def rewind(self) -> None:
        """Makes the state again what it was. The markets are new objects, as caches want it."""
        with without_collector():
            changed = list(filter(_is_changed, self._indexes))
            self._over.put_back()
            for rows in self._rows.values():
                rows.put_back()
            for full in filter(None, self._empty):
                full.clear()
            for kept in (self._dicts, self._lists, self._deques):
                kept.put_back()
            for index in changed:
                _put_index_back(index)
            for numbers, copy in self._arrays:
                numbers[:] = copy
            for book, mark in self._books:
                book.rewind(mark)
            markets = self.state.markets = {}
            values = _MARKET.rows(self._markets)
            for asset_id, row in zip(self._asset_ids, values, strict=True):
                markets[asset_id] = market = Market.__new__(Market)
                _MARKET.put(market, row)

    # -- taking ------------------------------------------------------------------------------------

    def _walk(self, state: State) -> None:
        """Everything that hangs on the state, all of a kind at once: a look at each object by
        itself takes several times as long.
        """
        waiting: dict[Any, list[Any]] = {}
        row = self._rows_of(State).extend([state])
        # Of the markets only the values are kept, not the objects.
        _sort([value for value in row if value is not state.markets], waiting)
        self._markets = _MARKET.cells_of(state.markets.values())
        self._hang(plan_of(Market), _MARKET, self._markets, waiting)
        seen: set[int] = set()
        while waiting:
            kind, values = waiting.popitem()
            if kind is dict:
                held = self._full(values)
                self._keep(held)
                _sort(list(chain.from_iterable(map(dict.values, held))), waiting)
            elif kind is list or kind is deque:
                held = self._full(values)
                self._keep(held)
                _sort(list(chain.from_iterable(held)), waiting)
            elif kind is tuple:
                _sort(list(chain.from_iterable(values)), waiting)
            elif kind is array:
                self._arrays += [(value, value[:]) for value in values]
            elif issubclass(kind, OrderBook):
                self._books += [(book, book.mark()) for book in values]
            elif kind is Order:
                self._look_into(kind, _without_level(values), waiting, seen)
            elif not is_closed(kind):
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
        plan = plan_of(kind)
        if plan.deep:
            values = [value for value in values if id(value) not in seen]
            seen.update(map(id, values))
        held = fields_of(kind)
        cells = held.cells_of(values) if is_frozen(kind) else self._rows_of(kind).extend(values)
        self._hang(plan, held, cells, waiting)

    def _hang(self, plan: Plan, held: Fields, cells: Cells, waiting: dict[Any, list[Any]]) -> None:
        """Keeps what hangs on objects, or lets it wait to be looked into."""
        for name in plan.flat:
            self._keep(self._full(held.column(cells, name)))
        for name, simple in plan.each:
            some = self._full(held.column(cells, name))
            self._keep(some)
            if some:
                self._rows_of(simple).extend(chain.from_iterable(map(dict.values, some)))
        for name in plan.orders:
            orders = self._full(held.column(cells, name))
            self._keep(orders)
            _sort(_without_level(chain.from_iterable(map(dict.values, orders))), waiting)
        for name in plan.told:
            told = self._full(held.column(cells, name))
            self._keep(told)
            last = map(_ORDER, chain.from_iterable(map(dict.values, told)))
            found = [order for order in last if order.level is None or order.children]
            found += [child for order in found for child in order.children]
            self._over.extend(_without_level(found))
        for name, all_ in plan.indexes:
            index, whole = held.column(cells, name), held.column(cells, all_)
            open_ = map(list, map(dict.values, whole))
            self._indexes += zip(index, whole, map(list, index), open_, strict=True)
        for name in plan.deep:
            _sort([value for value in held.column(cells, name) if value is not None], waiting)

    def _full(self, containers: list[Any]) -> list[Any]:
        """Those that hold something; the others are to be emptied."""
        if not any(containers):
            self._empty += containers
            return []
        self._empty += filterfalse(None, containers)
        return list(filter(None, containers))

    def _keep(self, holders: list[Any]) -> None:
        """Keeps what containers hold that are all of one kind."""
        if not holders:
            return
        kind = type(holders[0])
        if kind is dict:
            self._dicts.keep(holders)
        else:
            (self._lists if kind is list else self._deques).keep(holders)

    def _sum(self) -> int:
        words = len(self._empty)
        words += sum(30 + len(assets) + len(orders) for _, _, assets, orders in self._indexes)
        words += 30 * len(self._dicts.holders) + 3 * sum(map(len, self._dicts.copies))
        words += sum(2 * len(kept.holders) + len(kept.held) for kept in (self._lists, self._deques))
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
        elif not is_closed(kind):
            waiting[kind] = mine if mine is not values else list(values)
