"""Priority orders: what they pay for their place, in HYPE that is staked and not delegated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..matching.types import Order as BookOrder
from ..matching.types import Tif
from .amounts import USDC
from .assets import OutcomeSide, Token
from .errors import ActionError, ActionReject
from .fixed import TEN, Px, Wei, div_down
from .orders import Order
from .stakes import HYPE
from .state import Account, State

if TYPE_CHECKING:
    from .actions.orders import NewOrder
    from .call import Acting
    from .exchange import Exchange

WHOLE = 10**8
"""Documented: a rate of 100 %, which is the highest (exchange 5.1)."""
WINDOW_MS = 400
"""Documented: how long an order that rests may still be overtaken (mechanics 2.1)."""


def check(ex: Exchange, acting: Acting, asked: Sequence[NewOrder], rate: int) -> None:
    """Raises ActionError unless these orders may have a priority and there is HYPE for it.

    Documented: which orders may (exchange 5.1). Observed: the balance is asked before anything is
    matched, and its text. Assumed: for all that the orders may fill or rest for; the texts of the
    others, and the order of the checks.
    """
    state = ex.state
    if rate > WHOLE:
        raise ActionError(ActionReject.PRIORITY_RATE)
    kinds = {_kind(ex, new) for new in asked}
    if None in kinds or len(kinds) > 1:
        raise ActionError(ActionReject.PRIORITY_ORDERS)
    most = _fee(state, sum(_most(state, new) for new in asked), rate)
    if most is None or most > _delegatable(state.accounts[acting.user]):
        raise ActionError(ActionReject.PRIORITY_BALANCE)


def _kind(ex: Exchange, new: NewOrder) -> Tif | None:
    """What kind of order with a priority it is; None: such ones have none."""
    asset, limit = ex.desk.listed(new.asset).asset, new.terms.limit
    if limit is None or isinstance(asset, OutcomeSide):
        return None
    if limit.tif is Tif.ALO and new.reduce_only:
        return None
    return limit.tif if limit.tif in (Tif.ALO, Tif.IOC) else None


def _most(state: State, new: NewOrder) -> int:
    """px * sz of the most that an order can fill or rest for: what is sold may fetch more than its
    limit.
    """
    px = new.px
    if not new.is_buy:
        px = max(px, state.markets[new.asset].book.best_bid() or Px(0))
    return px * new.sz


def charge(ex: Exchange, account: Account, order: Order, notional: int) -> None:
    """Burns what an order owes for `notional` (px * sz): what it fills or, when post-only, all.

    Documented: whether it ever fills or not (mechanics 2.1). Assumed: rounded down, once an order;
    never more than there is, should HYPE's mark move meanwhile; the histories of staking do not
    show it.
    """
    state = ex.state
    fee, stake, token = _fee(state, notional, order.priority), account.stake, _hype(state)
    if not fee or stake is None or token is None:
        return
    fee = Wei(min(fee, stake.undelegated))
    stake.undelegated = Wei(stake.undelegated - fee)
    burned = state.treasury.token_burned
    burned[token.index] = Wei(burned.get(token.index, 0) + fee)


def precedence(order: Order) -> Callable[[BookOrder], bool]:
    """Who, at the end of the line, gives way to `order`, which rests just now.

    Documented: those who came within the last 400 ms and pay less; who has stood longer keeps its
    place and that of all before it (mechanics 2.1).
    """

    def gives_way(other: BookOrder) -> bool:
        assert isinstance(other, Order)
        is_young = order.time_ms - other.time_ms < WINDOW_MS
        return is_young and other.priority < order.priority

    return gives_way


def _fee(state: State, notional: int, rate: int) -> Wei | None:
    """HYPE wei for `notional` (1e-16 USD); None where HYPE has no price.

    Documented: at the mark of spot HYPE (mechanics 2.1). Assumed: any quote token is a dollar.
    """
    token = _hype(state)
    if token is None:
        return None
    for pair in state.universe.pairs:
        if pair.base.index == token.index and pair.quote.index == USDC:
            mark = state.markets[pair.id].mark_px
            if mark:
                return Wei(div_down(notional * rate * TEN[token.wei_decimals], mark * 10**16))
    return None


def _hype(state: State) -> Token | None:
    return state.universe.token_by_name.get(HYPE)


def _delegatable(account: Account) -> Wei:
    return Wei(0) if account.stake is None else account.stake.undelegated
