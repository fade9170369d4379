"""Orders: the short form of `openOrders` and the streams, the full form of everything else."""

from __future__ import annotations

from typing import Any

from ...matching.types import Side, Tif
from ...sim.events import OrderUpdate
from ...sim.fixed import Sz
from ...sim.orders import Order
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


def full_order(order: Order, sz: Sz | None = None) -> dict[str, Any]:
    """The order of `frontendOpenOrders`, `orderStatus` and `historicalOrders`, every key present.

    `sz` is what to show as remaining, by default what remains now. Observed: info 6.2.
    """
    return {
        "coin": order.coin,
        "side": SIDE_TEXT[order.side],
        "limitPx": px_text(order.px),
        "sz": px_text(order.sz if sz is None else sz),
        "oid": order.oid,
        "timestamp": order.time_ms,
        "triggerCondition": "N/A",
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": order.reduce_only,
        "orderType": _order_type(order),
        "origSz": px_text(order.orig_sz),
        "tif": order.tif.value,
        "cloid": order.cloid,
    }


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


def order_update(update: OrderUpdate) -> dict[str, Any]:
    """An item of an `orderUpdates` frame (ws 3.12)."""
    return {
        "order": short_order(update.order, update.sz),
        "status": update.status,
        "statusTimestamp": update.time_ms,
    }
