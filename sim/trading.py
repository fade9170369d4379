"""When orders may be sent and may match: halts, delistings, and the window after an upgrade."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..matching.types import Tif
from .errors import ActionError, OrderReject
from .events import NetworkUpgraded
from .state import Market, State

if TYPE_CHECKING:
    from .actions.orders import NewOrder
    from .exchange import Exchange


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
    if not all(order.terms.limit.tif is Tif.ALO for order in orders):
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
    ex.emit(NetworkUpgraded())
