"""Orders: the short form of `openOrders` and the streams, the full form of everything else."""

from __future__ import annotations

from typing import Any

from ...matching.types import Side, Tif
from ...sim.assets import dex_of
from ...sim.events import OrderShrunk, OrderUpdate
from ...sim.fixed import Address, Sz, bare_text
from ...sim.orders import Order, Stage
from ...sim.view import View
from .text import px_text

SIDE_TEXT = {Side.BID: "B", Side.ASK: "A"}
"""The wire's word for a side, of orders, fills and trades."""

_MARKET_TIFS = (Tif.FRONTEND_MARKET, Tif.LIQUIDATION_MARKET)


def short_order(order: Order, sz: Sz | None = None) -> dict[str, Any]:
    """A row of `openOrders` and the `order` of an `orderUpdates` item.

    `sz` is what to show as remaining, by default what remains now. Observed: `cloid` is absent when
    none, `reduceOnly` unless true (info 6.1, ws 3.12).
    """
    row = {
        "coin": order.coin,
        "side": SIDE_TEXT[order.side],
        "limitPx": px_text(order.px),
        "sz": px_text(order.sz if sz is None else sz),
        "oid": order.oid,
        "timestamp": order.time_ms,
        "origSz": px_text(order.orig_sz),
    }
    if order.cloid is not None:
        row["cloid"] = order.cloid
    if order.reduce_only:
        row["reduceOnly"] = True
    return row


def full_order(
    order: Order, sz: Sz | None = None, children: tuple[Order, ...] | None = None
) -> dict[str, Any]:
    """The order of `frontendOpenOrders`, `orderStatus` and `historicalOrders`, every key present.

    `sz` is what to show as remaining, by default what remains now; `children` by default all that
    it was placed with. Observed: info 6.2.
    """
    row: dict[str, Any] = {
        "coin": order.coin,
        "side": SIDE_TEXT[order.side],
        "limitPx": px_text(order.px),
        "sz": px_text(order.sz if sz is None else sz),
        "oid": order.oid,
        "timestamp": order.time_ms,
        "triggerCondition": "N/A",
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [
            full_order(child) for child in (order.children if children is None else children)
        ],
        "isPositionTpsl": False,
        "reduceOnly": order.reduce_only,
        "orderType": _order_type(order),
        "origSz": px_text(order.orig_sz),
        "tif": order.tif.value,
        "cloid": order.cloid,
    }
    if order.trigger is not None:
        row.update(_trigger_fields(order))
    return row


def _trigger_fields(order: Order) -> dict[str, Any]:
    """What the row of a trigger order says otherwise than that of a limit order.

    Observed: the condition has no forced decimal, `tif` is null. Inferred: once it fired the row is
    a Gtc order's with "Triggered" (info 6.2, mechanics 3.2); Assumed: it keeps its type.
    """
    trigger = order.trigger
    assert trigger is not None
    kind = "Take Profit" if trigger.is_take_profit else "Stop"
    fields: dict[str, Any] = {
        "triggerCondition": "Triggered",
        "isPositionTpsl": trigger.is_position_tpsl,
        "orderType": f"{kind} {'Market' if trigger.is_market else 'Limit'}",
    }
    if order.stage is not Stage.LIVE:
        where = "above" if trigger.is_above(order.side) else "below"
        fields["triggerCondition"] = f"Price {where} {bare_text(trigger.px, 8)}"
        fields.update(isTrigger=True, triggerPx=px_text(trigger.px), tif=None)
    return fields


Listed = tuple[Order, tuple[Order, ...]]
"""An open order and those of its children that are open."""


def listed(view: View, user: Address, dex: int = 0) -> list[Listed]:
    """Open orders of a dex as `frontendOpenOrders` lists them, highest oid first.

    Observed: children that wait stand in their parent and, in one capture, beside it (info 6.2,
    contested 28).
    """
    orders = view.account(user).orders
    is_nested = view.state.rules.tpsl_children == "nested"
    rows = []
    for oid in sorted(orders, reverse=True):
        order = orders[oid]
        if dex_of(order.asset_id) != dex or (is_nested and order.stage is Stage.WAITING):
            continue
        children = order.children
        if children:
            children = tuple(child for child in children if orders.get(child.oid) is child)
        rows.append((order, children))
    return rows


def _order_type(order: Order) -> str:
    """Observed: the words of info 6.2."""
    if order.twap_id is not None:
        return "Twap Slice"
    return "Market" if order.tif in _MARKET_TIFS else "Limit"


def status_row(update: OrderUpdate) -> dict[str, Any]:
    """A row of `historicalOrders` and the `order` of an `orderStatus` that was found.

    `sz` is what remained when the status was taken: partial fills do not refresh it (info 6.2).
    """
    return {
        "order": full_order(update.order, update.sz),
        "status": update.status,
        "statusTimestamp": update.time_ms,
    }


def order_update(update: OrderUpdate | OrderShrunk) -> dict[str, Any]:
    """An item of an `orderUpdates` frame (ws 3.12)."""
    return {
        "order": short_order(update.order, update.sz),
        "status": update.status,
        "statusTimestamp": update.time_ms,
    }
