"""When orders may be sent and may match: halts, delistings, and the window after an upgrade."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..matching.types import Tif
from .errors import ActionError, OrderReject
from .events import NetworkUpgraded
from .state import Market, State
from .timers import Timer

if TYPE_CHECKING:
    from .actions.orders import NewOrder
    from .exchange import Exchange


def is_open(market: Market) -> bool:
    """True when the market takes orders of some kind."""
    return not (market.halted or market.asset.is_delisted)


def matches(state: State, market: Market) -> bool:
    """True when it takes orders that trade at once: not in the window after an upgrade either."""
    return is_open(market) and state.time_ms >= state.post_only_until_ms


def refusal(state: State, market: Market, tif: Tif) -> OrderReject | None:
    """Why `market` takes no order of this kind now, or None.

    Observed: both texts, neither with a suffix or a record (exchange 7.1). Assumed: a delisted
    market refuses as a halted one does. A halt stops orders and nothing else: what rests may be
    cancelled, prices and funding go on.
    """
    if market.halted or market.asset.is_delisted:
        return OrderReject.HALTED
    if state.time_ms < state.post_only_until_ms and tif is not Tif.ALO:
        return OrderReject.POST_ONLY_WINDOW
    return None


def check_post_only(state: State, orders: Iterable[NewOrder]) -> None:
    """Raises ActionError in the window after an upgrade when the rules refuse whole actions, unless
    all `orders` are post-only (contested 12).
    """
    if state.time_ms >= state.post_only_until_ms or state.rules.upgrade_reject != "action":
        return
    for order in orders:
        limit = order.terms.limit
        if limit is None or limit.tif is not Tif.ALO:
            raise ActionError(OrderReject.POST_ONLY_WINDOW)


def upgrade(ex: Exchange, window_ms: int) -> None:
    """The network was upgraded just now: only post-only orders are taken for so long.

    Observed: the window; its length is not known, so it is the operator's (contested 12). Raises
    ValueError for a negative one.
    """
    if window_ms < 0:
        raise ValueError(f"a window does not end before it begins: {window_ms} ms")
    state = ex.state
    state.post_only_until_ms = state.time_ms + window_ms
    state.timers.push(state.post_only_until_ms, Timer.POST_ONLY_END)
    ex.emit(NetworkUpgraded())


def on_post_only_end(ex: Exchange) -> None:
    """The window ends, unless another upgrade made it longer: what marks reached meanwhile and had
    to wait is asked again.
    """
    state = ex.state
    if state.time_ms >= state.post_only_until_ms:
        for asset_id in state.markets:
            ex.mark_moved(asset_id)
