"""modify and batchModify: cancel-replace of open orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.types import Side, Tif
from .errors import ActionError, ActionReject, OrderReject, Reject
from .fixed import Cloid
from .open_orders import unlist
from .order_checks import static_reject
from .orders import Order, OrderStatus, Stage
from .replies import Done, OrderReplies, OrderReply, Response
from .state import Market

if TYPE_CHECKING:
    from .actions.orders import Modification, NewOrder
    from .call import Acting
    from .desk import Desk


def modify(
    desk: Desk, acting: Acting, name: int | Cloid, new: NewOrder, *, always_place: bool
) -> Response:
    """Cancel-replace of one order; the reply does not tell the new oid (mechanics 5)."""
    reply = _replace(desk, acting, name, new, always_place=always_place)
    if isinstance(reply, Reject):
        if isinstance(reply.why, ActionReject | OrderReject):
            raise ActionError(reply.why, **reply.params)
        raise AssertionError(reply)
    return Done()


def modify_batch(
    desk: Desk, acting: Acting, entries: tuple[Modification, ...], *, always_place: bool
) -> Response:
    """Cancel-replace of several orders, one status each."""
    if not entries:
        return OrderReplies((Reject(OrderReject.EMPTY),))
    for entry in entries:
        desk.listed(entry.order.asset)  # one that is not refuses them all: ask before any acts
    return OrderReplies(
        tuple(
            _replace(desk, acting, entry.oid, entry.order, always_place=always_place)
            for entry in entries
        )
    )


def _replace(
    desk: Desk, acting: Acting, name: int | Cloid, new: NewOrder, *, always_place: bool
) -> OrderReply:
    """Rule of 2026: without `always_place` the new order must be post-only, or a Gtc that crosses
    nothing, which becomes post-only; neither may be a trigger order (mechanics 5, contested 13).
    Documented: what is tied to the position goes on to be, with its sibling, `s` "0" included
    (exchange 5.1, mechanics 3.4). Assumed: any other new order belongs to no group, and the
    children of the old one go with it.
    """
    account = desk.ex.state.accounts[acting.user]
    old = desk.find_open(account, name)
    if old is None and not always_place:
        return Reject(ActionReject.MODIFY_NOT_OPEN, new.asset)
    is_tied = old is not None and _stays_tied(old, new)
    order = desk.draft(account, new, is_position_tpsl=is_tied)
    market = desk.market_of(order)
    if old is not None and not always_place and desk.ex.state.rules.modify_rule == "2026":
        if not _is_tame(old, order, market):
            return Reject(ActionReject.MODIFY_INVALID, new.asset)
        order.tif = Tif.ALO
    reject = static_reject(desk.ex.state, market, order)
    if reject is not None:
        return reject
    if old is not None:
        desk.withdraw(old)
        unlist(account, old)
        order.group = old.group if is_tied else None
        if desk.ex.state.rules.modify_updates == "cancel_first":
            desk.end(account, old, OrderStatus.CANCELED)
    reply = desk.place(acting, account, order)
    if order.group is not None and order.oid in account.orders:
        account.brackets[order.group].append(order.oid)
    if old is not None and desk.ex.state.rules.modify_updates == "open_first":
        desk.end(account, old, OrderStatus.CANCELED)
    if isinstance(reply, Reject):
        return Reject(ActionReject.MODIFY_PLACING, new.asset, {"reason": reply})
    return reply


def _stays_tied(old: Order, new: NewOrder) -> bool:
    """True when `new`, like `old`, is an exit from the position that `old` is tied to."""
    if old.trigger is None or not old.trigger.is_position_tpsl or old.stage is Stage.LIVE:
        return False
    is_exit = new.terms.trigger is not None and new.reduce_only
    return is_exit and new.asset == old.asset_id and new.is_buy is (old.side is Side.BID)


def _is_tame(old: Order, new: Order, market: Market) -> bool:
    """True when `new` may replace `old` without `always_place`.

    Observed: an immediate order, another side, or a dropped reduce-only leave the old order resting
    (exchange 5.1).
    """
    if Stage.LIVE is not old.stage or Stage.LIVE is not new.stage:
        return False
    if new.asset_id != old.asset_id or new.side is not old.side:
        return False
    if old.reduce_only and not new.reduce_only:
        return False
    if new.tif is Tif.ALO:
        return True
    return new.tif is Tif.GTC and not market.book.crosses(new.side, new.px)
