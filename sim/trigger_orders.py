"""Trigger orders from the moment they are accepted: they sleep, and a mark wakes them.

Asleep they reserve nothing and are in no book; awake they are like any other (mechanics 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..matching.types import Tif
from . import margin, trading
from .clearinghouse import Cause
from .errors import OrderReject
from .fixed import Address, Sz
from .ids import ZERO_HASH
from .open_orders import enlist, unlist
from .order_checks import fired_reject
from .orders import Order, OrderStatus, Stage
from .replies import Resting
from .state import Account, Market

if TYPE_CHECKING:
    from .desk import Desk
    from .exchange import Exchange


def rest(desk: Desk, account: Account, market: Market, order: Order) -> Resting:
    """Lists a trigger order that passed its checks and, unless it waits, puts it to sleep."""
    enlist(account, order)
    if order.stage is Stage.WAITING:
        desk.record(account, order, OrderStatus.WAITING_FOR_FILL)
    else:
        arm(desk, account, market, order)
    return Resting(order.oid, order.cloid)


def arm(desk: Desk, account: Account, market: Market, order: Order) -> None:
    """Puts a listed order to sleep until the mark reaches its price."""
    trigger = order.trigger
    assert trigger is not None
    order.stage = Stage.ARMED
    market.sleeping[order.oid] = order
    market.triggers.add(order.oid, trigger.px, is_above=trigger.is_above(order.side))
    if order.reduce_only:
        account.exits.setdefault(order.asset_id, {})[order.oid] = order
    desk.record(account, order, OrderStatus.OPEN)


def forget(market: Market, order: Order) -> None:
    """Takes an order that is not live out of its sleep, if it sleeps."""
    trigger = order.trigger
    assert trigger is not None
    if market.sleeping.pop(order.oid, None) is not None:
        market.triggers.remove(order.oid, trigger.px, is_above=trigger.is_above(order.side))


def fire_triggers(ex: Exchange, moved: Mapping[int, None]) -> None:
    """Fires what the new marks reach: at one market what waited above before what waited below,
    each from the nearest price, at one price the oldest first.

    Documented: the mark price triggers (mechanics 3.2). Assumed: a market where nothing may
    trade fires nothing until it may again.
    """
    for asset_id in moved:
        market = ex.state.markets[asset_id]
        if not market.sleeping or not trading.matches(ex.state, market):
            continue
        woken = [market.sleeping.pop(oid) for oid in market.triggers.wake(market.mark_px)]
        for order in woken:
            account = ex.state.accounts[Address(order.owner)]
            # One that fired before may have taken this one along.
            if account.orders.get(order.oid) is order:
                _fire(ex.desk, account, market, order)


def _fire(desk: Desk, account: Account, market: Market, asleep: Order) -> None:
    """The order becomes a live one under its oid, with its turn from now on (mechanics 3.2).

    The live one is a new object: rows of the past go on to show the sleeping one, the row
    `triggered` among them (Inferred: readers of such rows expect `isTrigger` there). Observed: a
    whole-position order closes whatever there is now, a reduce-only one never more (mechanics 3.4).
    Documented: fills carry the zero hash (contested 31).
    """
    state, trigger = desk.ex.state, asleep.trigger
    assert trigger is not None
    unlist(account, asleep)
    desk.record(account, asleep, OrderStatus.TRIGGERED)
    live = replace(asleep, stage=Stage.LIVE, time_ms=state.time_ms)
    if asleep.reduce_only:
        position = margin.position_of(state, account, asleep.asset_id)
        assert position is not None
        held = Sz(abs(position.szi))
        live.sz = Sz(min(asleep.sz or held, held))
        live.orig_sz = asleep.orig_sz or held
    if trigger.is_market and state.rules.trigger_market_rest == "cancel":
        live.tif = Tif.FRONTEND_MARKET
    reject = fired_reject(state, account, market, live)
    if reject is not None:
        assert isinstance(reject.why, OrderReject)
        desk.end(account, live, reject.why.status)
        return
    desk.execute(account, market, live, Cause(ZERO_HASH))
