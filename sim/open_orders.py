"""The lists of open orders that every account keeps, whatever stage an order is at."""

from __future__ import annotations

from .orders import Order, Stage
from .state import Account


def enlist(account: Account, order: Order) -> None:
    """Puts an order on the lists of all open orders of its owner."""
    account.orders[order.oid] = order
    by_asset = account.orders_by_asset
    mine = by_asset.get(order.asset_id)
    if mine is None:
        mine = by_asset[order.asset_id] = {}
    mine[order.oid] = order
    if order.cloid is not None:
        account.open_cloids[order.cloid] = order.oid


def unlist(account: Account, order: Order) -> None:
    """Takes an order off every list of open orders of its owner."""
    del account.orders[order.oid]
    _take_off(account.orders_by_asset, order)
    if order.cloid is not None and account.open_cloids.get(order.cloid) == order.oid:
        del account.open_cloids[order.cloid]
    if order.reduce_only and order.stage is not Stage.WAITING:
        _take_off(account.reduce_only if order.stage is Stage.LIVE else account.exits, order)


def _take_off(by_asset: dict[int, dict[int, Order]], order: Order) -> None:
    mine = by_asset[order.asset_id]
    del mine[order.oid]
    if not mine:
        del by_asset[order.asset_id]
