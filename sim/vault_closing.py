"""What a vault gives up so that a withdrawal can be paid: open orders first, then positions.

Documented: nothing while there is margin enough; else orders that use margin are cancelled, those
that use least first; else 20 % of all positions are closed, again and again, until it is enough
(mechanics 13). How much that takes is known before anything happens, since closing at the mark
moves margin and not value; what closing costs beyond that, the one who withdraws bears.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.dataclass import dataclass
from ..matching.types import Side, Tif
from . import fees, margin
from .assets import lot, round_px
from .clearinghouse import Cause
from .errors import ActionError, ActionReject
from .fixed import RATE_SCALE, Px, Sz, div_down, ntl
from .orders import Order, OrderStatus
from .state import Account, Market, Position, State

if TYPE_CHECKING:
    from .exchange import Exchange

STEPS = 5
"""Documented: 20 % a step (mechanics 13)."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A part of one position to close, and the worst price that takes."""

    asset_id: int
    side: Side
    sz: Sz
    px: Px


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be given up, in order."""

    cancels: tuple[Order, ...]
    closings: tuple[Closing, ...]


def plan(state: State, account: Account, usd: int, share: tuple[int, int]) -> Plan:
    """What frees `usd` of margin. `share` is the least part of all positions to close, as a
    fraction.

    Raises ActionError. Assumed: what the books cannot take within the price band, or would cost as
    much as is withdrawn, cannot be closed, and then the equity does not suffice.
    """
    # Flat, what reduced before uses margin, too: such orders cannot stay.
    if share[0] < share[1] and _free(state, account, share) >= usd:
        reserved = margin.order_margin(state, account)
        lacking = usd - _free(state, account, share, reserved)
        return Plan(_cancels(state, account, lacking), _closings(state, account, usd, share))
    # Flat, all of the value is free, so the last step is always enough.
    steps = ((step, STEPS) for step in range(1, STEPS + 1))
    part = next(part for part in steps if _free(state, account, part) >= usd)
    cancels = tuple(order for order in account.orders.values() if not order.reduce_only)
    return Plan(cancels, _closings(state, account, usd, part))


def carry_out(ex: Exchange, account: Account, agreed: Plan, hash_: str) -> None:
    """Cancels and closes. A maker that cannot pay its part is no reason to go deeper."""
    for order in agreed.cancels:
        ex.desk.cancel_order(order, OrderStatus.VAULT_WITHDRAWAL_CANCELED)
    for closing in agreed.closings:
        market = ex.state.markets[closing.asset_id]
        order = Order(
            ex.state.next_oid,
            account.address,
            closing.side,
            closing.px,
            closing.sz,
            closing.asset_id,
            market.asset.coin,
            closing.sz,
            Tif.IOC,
            reduce_only=True,
            cloid=None,
            time_ms=ex.state.time_ms,
        )
        ex.state.next_oid += 1
        ex.desk.execute(account, market, order, Cause(hash_))


def _free(state: State, account: Account, part: tuple[int, int], reserved: int = 0) -> int:
    """What could be withdrawn, were `part` of all positions closed at mark and `reserved` what
    orders use: `margin.withdrawable` of that moment.

    An isolated margin comes free in proportion. Every rounding is downward.
    """
    closed, whole = part
    cross = margin.cross_summary(state, account)
    isolated = margin.total_summary(state, account).account_value - cross.account_value
    initial = -div_down(-cross.total_margin_used * (whole - closed), whole) + reserved
    tenth = -div_down(-cross.total_ntl_pos * (whole - closed), 10 * whole)
    return cross.account_value + div_down(isolated * closed, whole) - max(initial, tenth)


def _cancels(state: State, account: Account, usd: int) -> tuple[Order, ...]:
    """Orders that use margin, those that use least first, until they free `usd`."""
    if usd <= 0:
        return ()
    using = sorted(
        (used, order.oid)
        for order in account.orders.values()
        if (used := _margin_of(state, account, order)) > 0
    )
    chosen = []
    for used, oid in using:
        if usd <= 0:
            break
        chosen.append(account.orders[oid])
        usd -= used
    return tuple(chosen)


def _margin_of(state: State, account: Account, order: Order) -> int:
    """What one resting order reserves, as `margin.order_margin` sums it up."""
    position = account.positions.get(order.asset_id)
    if order.reduce_only or (position is not None and position.szi * order.side.sign < 0):
        return 0
    leverage = margin.leverage_of(account, margin.perp_of(state, order.asset_id)).value
    return div_down(ntl(order.px, order.sz), leverage)


# -- closing ---------------------------------------------------------------------------------------


def _closings(
    state: State, account: Account, usd: int, part: tuple[int, int]
) -> tuple[Closing, ...]:
    """How `part` of every position is closed. Raises ActionError when it cannot be."""
    if part[0] == 0:
        return ()
    closings, cost = [], 0
    for asset_id, position in account.positions.items():
        closing, adverse = _closing(state, account, state.markets[asset_id], position, part)
        closings.append(closing)
        cost += adverse
    if closings and cost >= usd:
        raise ActionError(ActionReject.VAULT_EQUITY)
    return tuple(closings)


def _closing(
    state: State, account: Account, market: Market, position: Position, part: tuple[int, int]
) -> tuple[Closing, int]:
    """The closing of one position, and what it costs against the mark, the fee included."""
    closed, whole = part
    side = Side.ASK if position.szi > 0 else Side.BID
    held, step = abs(position.szi), lot(market.asset)
    sz = Sz(min(held, -div_down(-held * closed, whole * step) * step))
    px, notional = _reach(state, account, market, side, sz)
    value = ntl(market.mark_px, sz)
    taker, _ = fees.perp_rates(state, account, margin.perp_of(state, market.asset.id))
    fee = fees.perp_fee(notional, taker)
    adverse = value - notional if side is Side.ASK else notional - value
    return Closing(market.asset.id, side, sz, px), adverse + fee


def _reach(state: State, account: Account, market: Market, side: Side, sz: int) -> tuple[Px, int]:
    """The worst price at which the book takes `sz`, and the notional. Raises ActionError."""
    limit = _band_edge(state, market, side)
    left, product = sz, 0
    own: dict[int, int] = {}
    for order in account.orders_by_asset.get(market.asset.id, {}).values():
        if order.side is side.opposite:
            own[order.px] = own.get(order.px, 0) + order.sz
    if not (market.halted or market.asset.is_delisted):
        for level in market.book.levels(side.opposite):
            if level.px < limit if side is Side.ASK else level.px > limit:
                break
            traded = min(left, level.sz - own.get(level.px, 0))
            left -= traded
            product += level.px * traded
            if left == 0:
                return level.px, ntl(1, product)
    raise ActionError(ActionReject.VAULT_EQUITY)


def _band_edge(state: State, market: Market, side: Side) -> Px:
    """The worst legal price of an order, as `order_checks` has it."""
    inner = RATE_SCALE - state.rules.price_band
    if side is Side.ASK:
        return round_px(market.asset, div_down(market.mark_px * inner, RATE_SCALE) + 1, up=True)
    return round_px(market.asset, div_down(market.mark_px * RATE_SCALE, inner), up=False)
