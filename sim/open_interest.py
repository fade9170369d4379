"""Caps of open interest: what is refused at one, and what is cancelled when it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..matching.types import Side
from .assets import Perp
from .errors import OrderReject
from .fixed import Sz, Usd, mul_down, ntl
from .orders import Order, OrderStatus
from .state import Market, State

if TYPE_CHECKING:
    from .exchange import Exchange

SIZE_CAP = Sz(10**9 * 10**8)
"""Documented: of a deployed perp no more than a billion is open (mechanics 17)."""


def set_cap(ex: Exchange, asset_id: int, cap: Usd | None) -> None:
    """Caps the open interest of a perp, in notional of one side, or lifts its cap.

    Raises ValueError for what is no live perp and for a cap that is not above 0.
    """
    market = ex.market(asset_id)
    if market is None or market.asset.is_spot or market.asset.is_delisted:
        raise ValueError(f"no live perp has asset id {asset_id}")
    if cap is not None and cap <= 0:
        raise ValueError(f"a cap is above 0: {cap}")
    market.open_interest_cap = cap
    market.open_interest_base = market.open_interest
    watch(ex, market)


def first_reject(state: State, market: Market, szi: int, order: Order) -> OrderReject | None:
    """What the cap of `market` has against a new `order` of somebody who holds `szi`, or None.

    Documented: at the cap no order may increase a position or flip it, and none may be priced more
    aggressively than the oracle (mechanics 17). Inferred: that concerns orders that reduce, since
    all others are refused anyway.
    """
    reject = adding_reject(state, market, szi, order)
    if reject is None and market.is_at_cap and _is_aggressive(market, order):
        return OrderReject.CAP_AGGRESSIVE
    return reject


def adding_reject(state: State, market: Market, szi: int, order: Order) -> OrderReject | None:
    """What the cap has against what `order` adds to a position `szi`, or None."""
    reduces = szi * order.side.sign < 0
    added = 0 if order.reduce_only else order.sz - (abs(szi) if reduces else 0)
    cap, rules = market.open_interest_cap, state.rules
    if added <= 0:
        return None
    if market.is_at_cap or _is_dex_at_cap(state, market, added):
        if reduces:
            return OrderReject.CAP_FLIP
        is_live = rules.oi_cap_text == "live"
        return OrderReject.CAP_INCREASE if is_live else OrderReject.CAP_INCREASE_DOCS
    if cap is None or rules.open_interest_growth is None:
        return None
    grown = max(0, market.open_interest + added - market.open_interest_base)
    most = mul_down(cap, rules.open_interest_growth)
    return OrderReject.INTEREST_TOO_QUICK if ntl(market.mark_px, grown) > most else None


def _is_dex_at_cap(state: State, market: Market, added: int) -> bool:
    """Documented: of a deployed dex all open interest together is capped, too, and the size of each
    perp's (mechanics 17).
    """
    perp = market.asset
    if not isinstance(perp, Perp) or perp.dex == 0:
        return False
    if market.open_interest + added > SIZE_CAP:
        return True
    markets = [state.markets[one.id] for one in state.universe.perps_of(perp.dex)]
    total = sum(ntl(one.mark_px, one.open_interest) for one in markets)
    return total >= state.rules.dex_open_interest_cap


def watch(ex: Exchange, market: Market) -> None:
    """Notes whether `market` is at its cap; when it has just come there, cancels what it must.

    Documented: resting orders more aggressive than the oracle are `openInterestCapCanceled`
    (mechanics 17). Assumed: once, when the cap is reached, which is asked after each order that
    traded and whenever the mark moved.
    """
    cap = market.open_interest_cap
    is_at_cap = cap is not None and ntl(market.mark_px, market.open_interest) >= cap
    reached = is_at_cap and not market.is_at_cap
    market.is_at_cap = is_at_cap
    if not reached:
        return
    for side in Side:
        for order in list(market.book.orders(side)):
            assert isinstance(order, Order)
            if _is_aggressive(market, order):
                ex.desk.cancel_order(order, OrderStatus.OPEN_INTEREST_CAP_CANCELED)


def on_marks(ex: Exchange, moved: Mapping[int, None]) -> None:
    """A reaction: the notional of open interest moves with the mark."""
    for asset_id in moved:
        market = ex.state.markets[asset_id]
        if market.open_interest_cap is not None:
            watch(ex, market)


def _is_aggressive(market: Market, order: Order) -> bool:
    """True for a bid above and an ask below the oracle."""
    return (order.px - market.oracle_px) * order.side.sign > 0
