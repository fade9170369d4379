"""Orders and marks that are played here as they were on the exchange they were recorded on.

They passed that exchange's checks, so they meet none here: neither a least size nor margin, band or
cap. All else is as with any order: who trades with whom, fees, positions, rows, events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..matching.types import Side, Tif
from .assets import has_legal_decimals, on_lot, on_tick
from .clearinghouse import Cause
from .fixed import Address, Px, Sz
from .ids import tx_hash
from .orders import Order, OrderStatus
from .state import Account, Market
from .trading import is_open, matches

if TYPE_CHECKING:
    from .exchange import Exchange

Shrunk = Sequence[tuple[int, Sz]]
"""oids, and what is to be left of each."""
Placed = Sequence[tuple[bool, Px, Sz]]
"""(is a bid, px, sz), to stand last in line."""


def requote(ex: Exchange, user: Address, asset_id: int, shrunk: Shrunk, placed: Placed) -> None:
    """Shrinks resting orders of `user` where they stand, to nothing at 0, then places others.

    What crosses trades first. Raises ValueError before anything changed.
    """
    account, market = _found(ex, user, asset_id)
    mine = account.orders_by_asset.get(asset_id, {})
    for oid, left in shrunk:
        if oid not in mine or not 0 <= left < mine[oid].sz or not on_lot(market.asset, left):
            raise ValueError(f"no order {oid} of {market.asset.coin} to shrink to {left}")
    for _, px, sz in placed:
        _check(market, px, sz)
    for oid, left in shrunk:
        order = mine[oid]
        if left == 0:
            ex.desk.cancel_order(order, OrderStatus.CANCELED)
            continue
        ex.desk.weigh(order, left - order.sz)
        market.book.reduce(order, left)
        ex.touch_book(order.coin)
        ex.touch(user)
    for is_bid, px, sz in placed:
        _send(ex, account, market, Side.BID if is_bid else Side.ASK, px, sz, Tif.GTC)


def take(ex: Exchange, user: Address, asset_id: int, side: Side, px: Px, sz: Sz) -> None:
    """Trades at once with what rests at `px` or better, up to `sz`; nothing stays.

    Raises ValueError before anything changed, also when there is nobody to trade with.
    """
    account, market = _found(ex, user, asset_id)
    _check(market, px, sz)
    if not matches(ex.state, market) or not market.book.crosses(side, px):
        raise ValueError(f"nobody to trade with in {market.asset.coin} at {px}")
    _send(ex, account, market, side, px, sz, Tif.IOC)


def _found(ex: Exchange, user: Address, asset_id: int) -> tuple[Account, Market]:
    account, market = ex.account(user), ex.market(asset_id)
    if account is None:
        raise ValueError(f"no account {user}")
    if market is None or not is_open(market):
        raise ValueError(f"asset {asset_id} does not trade")
    return account, market


def _check(market: Market, px: Px, sz: Sz) -> None:
    asset = market.asset
    if px <= 0 or not has_legal_decimals(asset, px) or not on_tick(px):
        raise ValueError(f"no price of {asset.coin}: {px}")
    if sz <= 0 or not on_lot(asset, sz):
        raise ValueError(f"no size of {asset.coin}: {sz}")


def _send(
    ex: Exchange, account: Account, market: Market, side: Side, px: Px, sz: Sz, tif: Tif
) -> None:
    state, asset = ex.state, market.asset
    order = Order(
        state.next_oid,
        account.address,
        side,
        px,
        sz,
        asset.id,
        asset.coin,
        sz,
        tif,
        False,
        None,
        state.time_ms,
    )
    state.next_oid += 1
    ex.desk.execute(account, market, order, Cause(tx_hash(state.height, state.action_index)))
