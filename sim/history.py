"""A user's order history: a bounded log of status rows and a lookup by oid and cloid."""

from __future__ import annotations

from collections import deque
from dataclasses import field

from ..matching.dataclass import dataclass
from .events import OrderUpdate
from .fixed import Cloid
from .orders import OrderStatus

ROWS_KEPT = 2000
"""Observed: `historicalOrders` answers at most 2000 rows, and `orderStatus` knows about as many."""


_OPEN = frozenset({OrderStatus.OPEN, OrderStatus.WAITING_FOR_FILL})


@dataclass(slots=True)
class OrderHistory:
    """The newest rows; an order is forgotten when its last row falls out."""

    kept: int = ROWS_KEPT
    rows: deque[OrderUpdate] = field(default_factory=deque)
    by_oid: dict[int, OrderUpdate] = field(default_factory=dict)
    """The latest row of every order that still has one."""
    by_cloid: dict[Cloid, int] = field(default_factory=dict)
    """cloid to the newest oid that carried it."""

    def append(self, row: OrderUpdate) -> None:
        """Adds the newest row and lets the oldest fall out when there are too many.

        A row that fell out is still found while it is its order's last word and the order is open:
        the exchange answers `orderStatus` of a resting order however old it is.
        """
        order = row.order
        self.rows.append(row)
        self.by_oid[order.oid] = row
        if order.cloid is not None and order.oid >= self.by_cloid.get(order.cloid, 0):
            # An older one that ends later, as a modified order does, is not the newest again.
            self.by_cloid[order.cloid] = order.oid
        if len(self.rows) > self.kept:
            self._forget(self.rows.popleft())

    def keep(self, rows: int) -> None:
        """Forgets all but the newest `rows`, now and from now on."""
        self.kept = rows
        while len(self.rows) > rows:
            self._forget(self.rows.popleft())

    def find(self, name: int | Cloid) -> OrderUpdate | None:
        """The latest row of an order, by oid or by cloid (the newest that carried it)."""
        oid = self.by_cloid.get(name) if isinstance(name, str) else name
        return None if oid is None else self.by_oid.get(oid)

    def _forget(self, old: OrderUpdate) -> None:
        oid = old.order.oid
        if self.by_oid.get(oid) is not old or old.status in _OPEN:
            return
        del self.by_oid[oid]
        cloid = old.order.cloid
        if cloid is not None and self.by_cloid.get(cloid) == oid:
            del self.by_cloid[cloid]
