"""A user's orders: open ones, one of them, and what became of them."""

from __future__ import annotations

from itertools import islice

from ...sim.assets import dex_of
from ...sim.fixed import Address
from ...sim.history import ROWS_KEPT
from ...sim.view import View
from ..shapes.orders import full_order, listed, short_order, status_row
from .listings import dex_index
from .registry import Json, info
from .request import OidOrCloid


@info("openOrders", source="info 6.1")
def open_orders(view: View, user: Address, dex: str = "") -> Json:
    """Every open order, triggers and waiting children included, none of them told from a limit
    order; spot orders stand among those of the first dex.
    """
    index, orders = dex_index(view, dex), view.account(user).orders
    return [
        short_order(orders[oid])
        for oid in sorted(orders, reverse=True)
        if dex_of(orders[oid].asset_id) == index
    ]


@info("frontendOpenOrders", source="info 6.2")
def frontend_open_orders(view: View, user: Address, dex: str = "") -> Json:
    rows = listed(view, user, dex_index(view, dex))
    return [full_order(order, children=children) for order, children in rows]


@info("orderStatus", weight=2, source="info 6.3")
def order_status(view: View, user: Address, oid: OidOrCloid) -> Json:
    """Someone else's oid is as unknown as one that never was."""
    found = view.account(user).history.find(oid)
    if found is None:
        return {"status": "unknownOid"}
    return {"status": "order", "order": status_row(found)}


@info("historicalOrders", rows_per_weight=20, source="info 6.4")
def historical_orders(view: View, user: Address) -> Json:
    """Status changes, newest first: the same order may stand there several times."""
    rows = reversed(view.account(user).history.rows)
    return [status_row(row) for row in islice(rows, ROWS_KEPT)]
