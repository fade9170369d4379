"""The lists of open orders that every account keeps, whatever stage an order is at."""

from __future__ import annotations

from .orders import Order, Stage
from .state import Account


def enlist(account: Account, order: Order) -> None:
    """Puts an order on the lists of all open orders of its owner."""
    account.orders[order.oid] = order
    counts = account.open_counts
    counts[order.asset_id] = counts.get(order.asset_id, 0) + 1
    if order.cloid is not None:
        account.open_cloids[order.cloid] = order.oid


def unlist(account: Account, order: Order) -> None:
    """Takes an order off every list of open orders of its owner."""
    del account.orders[order.oid]
    left = account.open_counts[order.asset_id] - 1
    if left:
        account.open_counts[order.asset_id] = left
    else:
        del account.open_counts[order.asset_id]
    if order.cloid is not None and account.open_cloids.get(order.cloid) == order.oid:
        del account.open_cloids[order.cloid]
    if order.reduce_only and order.stage is not Stage.WAITING:
        lists = account.reduce_only if order.stage is Stage.LIVE else account.exits
        mine = lists[order.asset_id]
        del mine[order.oid]
        if not mine:
            del lists[order.asset_id]
