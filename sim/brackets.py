"""TP/SL orders that belong together: a parent and its children, or those of one position.

`Account.brackets` lists them while they are open, by their `Order.group`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import margin, trigger_orders
from .errors import OrderReject, Reject
from .orders import Order, OrderStatus, Stage
from .replies import OrderReply, Waiting
from .state import Account

if TYPE_CHECKING:
    from .call import Acting
    from .desk import Desk

MOST = 2
"""Documented: a take-profit and a stop beside each other (exchange 5.1)."""


def place(
    desk: Desk, acting: Acting, account: Account, drafts: list[Order], grouping: str
) -> tuple[OrderReply, ...]:
    """Places the orders of one action under `normalTpsl` or `positionTpsl`."""
    if grouping == "positionTpsl":
        reject = _position_reject(drafts)
        return (reject,) if reject else _place_position(desk, acting, account, drafts)
    reject = _normal_reject(drafts)
    return (reject,) if reject else _place_normal(desk, acting, account, drafts)


def _normal_reject(drafts: list[Order]) -> Reject | None:
    """Observed: the first order is no trigger order, and it does not stand alone (mechanics 3.3).

    Documented: then one or two reduce-only triggers of the same asset on the other side (exchange
    5.1); Assumed: with the text of a wrong number.
    """
    parent, *children = drafts
    if parent.trigger is not None:
        return Reject(OrderReject.MAIN_TRIGGER, parent.asset_id)
    if not children or not _are_exits(children, parent.asset_id):
        return Reject(OrderReject.TRIGGER_COUNT, parent.asset_id)
    if children[0].side is parent.side:
        return Reject(OrderReject.TRIGGER_COUNT, parent.asset_id)
    return None


def _position_reject(drafts: list[Order]) -> Reject | None:
    """Assumed: one or two reduce-only triggers of one asset on one side, and nothing else."""
    if not _are_exits(drafts, drafts[0].asset_id):
        return Reject(OrderReject.TRIGGER_COUNT, drafts[0].asset_id)
    return None


def _are_exits(orders: list[Order], asset_id: int) -> bool:
    """True for at most two reduce-only triggers of the asset, all on one side."""
    return len(orders) <= MOST and all(
        order.trigger is not None
        and order.reduce_only
        and order.asset_id == asset_id
        and order.side is orders[0].side
        for order in orders
    )


def _place_normal(
    desk: Desk, acting: Acting, account: Account, drafts: list[Order]
) -> tuple[OrderReply, ...]:
    """A parent and its children, which wait for it, or are armed at once where it has filled.

    Assumed: where the parent is refused its children are refused for the same reason, without oids.
    An immediate parent that filled in part and dropped the rest did not fill: its children end
    with it.
    """
    parent, *children = drafts
    reply = desk.place(acting, account, parent)
    if isinstance(reply, Reject):
        return (reply, *(Reject(reply.why, reply.asset_id, reply.params) for _ in children))
    has_filled = parent.sz == 0
    replies: list[OrderReply] = [reply]
    placed: list[Order] = []
    for child in children:
        child.group = parent.oid
        child.stage = Stage.ARMED if has_filled else Stage.WAITING
        said = desk.place(acting, account, child)
        if not isinstance(said, Reject):
            placed.append(child)
            said = Waiting.FOR_TRIGGER if has_filled else Waiting.FOR_FILL
        replies.append(said)
    _tie(account, parent.oid, placed)
    parent.children = tuple(reversed(placed))
    if not has_filled and parent.oid not in account.orders:
        follow(desk, account, parent, OrderStatus.FILLED)
    return tuple(replies)


def _place_position(
    desk: Desk, acting: Acting, account: Account, drafts: list[Order]
) -> tuple[OrderReply, ...]:
    """Orders that are tied to the position. Observed: the reply names no oid (mechanics 3.4).

    Assumed: those of one action are siblings of each other.
    """
    replies: list[OrderReply] = []
    placed: list[Order] = []
    for order in drafts:
        said = desk.place(acting, account, order)
        if not isinstance(said, Reject):
            placed.append(order)
            said = Waiting.FOR_TRIGGER
        replies.append(said)
    if len(placed) > 1:
        for order in placed:
            order.group = placed[0].oid
        _tie(account, placed[0].oid, placed)
    return tuple(replies)


def _tie(account: Account, group: int, placed: list[Order]) -> None:
    if placed:
        account.brackets[group] = [order.oid for order in placed]


# -- what the end of one does to the others --------------------------------------------------------


def follow(desk: Desk, account: Account, order: Order, status: str) -> None:
    """Carries the end of `order`, with `status`, on to its siblings or children."""
    if order.group is None:
        _follow_parent(desk, account, order, status)
        return
    if status == OrderStatus.FILLED and order.sz == 0:
        _end_siblings(desk, account, order)
        return
    members = account.brackets.get(order.group)
    if members is not None:
        members.remove(order.oid)
        if not members:
            del account.brackets[order.group]


def _end_siblings(desk: Desk, account: Account, order: Order) -> None:
    """Cancels what stands beside an order of a group that has filled.

    Documented: `siblingFilledCanceled` (mechanics 3.4). Assumed: not before it has filled whole
    (contested, unknown points).
    """
    assert order.group is not None
    for oid in account.brackets.pop(order.group, ()):
        if oid != order.oid:
            desk.cancel_order(account.orders[oid], OrderStatus.SIBLING_FILLED_CANCELED)


def _follow_parent(desk: Desk, account: Account, parent: Order, status: str) -> None:
    """Arms or ends the children of an order that is over.

    Documented: they are armed when it has filled, or filled in part before its owner's margin ran
    out, and end with it in any other case, even one that filled in part (mechanics 3.4). Observed:
    `canceled` with the parent's (ws 4.2); Assumed: otherwise too as the parent ended.
    """
    oids = account.brackets.get(parent.oid)
    if oids is None:
        return
    # A child whose replacement takes this very parent is off the list and not yet over.
    children = [account.orders[oid] for oid in oids if oid in account.orders]
    has_filled = status == OrderStatus.FILLED and parent.sz == 0
    if has_filled or (status == OrderStatus.MARGIN_CANCELED and parent.sz < parent.orig_sz):
        for child in children:
            _arm_child(desk, account, child)
        return
    del account.brackets[parent.oid]
    for child in children:
        desk.cancel_order(child, OrderStatus.CANCELED if status == OrderStatus.FILLED else status)


def _arm_child(desk: Desk, account: Account, child: Order) -> None:
    """Puts a child to sleep. Assumed: where its price is reached by now it fires at once, and where
    there is nothing for it to reduce it ends.
    """
    position = margin.position_of(desk.ex.state, account, child.asset_id)
    if position is None or position.szi * child.side.sign >= 0:
        desk.cancel_order(child, OrderStatus.REDUCE_ONLY_CANCELED)
        return
    market = desk.market_of(child)
    trigger_orders.arm(desk, account, market, child)
    assert child.trigger is not None
    if child.trigger.is_reached(child.side, market.mark_px):
        desk.ex.mark_moved(child.asset_id)
