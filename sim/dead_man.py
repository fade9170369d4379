"""The dead man's switch: cancels all open orders of a user at a time that the user sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ActionError, ActionReject
from .fixed import Address, div_down
from .orders import OrderStatus
from .replies import Done, Response
from .state import Account, State
from .timers import Timer
from .volume import DAY_MS, dollars

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

SCHEDULE_AHEAD_MS = 5_000
SCHEDULE_TRIGGERS_A_DAY = 10
SCHEDULE_VOLUME_USD = 1_000_000
"""Documented: at least 5 s ahead, 10 triggers a UTC day; Observed: a $1M volume gate (mechanics
5).
"""


def schedule(ex: Exchange, acting: Acting, time_ms: int | None) -> Response:
    """Sets or clears the switch of the user.

    Observed: the volume gate applies to setting and to clearing (exchange 5.1). Clients stamp the
    time with the clock that they stamp nonces with, so it counts from that one.
    """
    state = ex.state
    account = state.accounts[acting.user]
    traded = account.volume.total_usd
    if traded < SCHEDULE_VOLUME_USD * 10**8:
        raise ActionError(ActionReject.SCHEDULE_VOLUME, traded=dollars(traded))
    if time_ms is None:
        _disarm(state, account)
        return Done()
    ahead_ms = time_ms - acting.clock_ms
    if ahead_ms < SCHEDULE_AHEAD_MS:
        raise ActionError(ActionReject.SCHEDULE_TOO_EARLY)
    if _triggers_today(account, state.time_ms) >= SCHEDULE_TRIGGERS_A_DAY:
        raise ActionError(ActionReject.SCHEDULE_TRIGGERS)
    _disarm(state, account)
    due_ms = state.time_ms + ahead_ms
    account.schedule_cancel_ms = due_ms
    state.timers.push(due_ms, Timer.SCHEDULED_CANCEL, account.address)
    return Done()


def on_timer(ex: Exchange, user: Address) -> None:
    """The switch of `user` fires."""
    state = ex.state
    account = state.accounts[user]
    account.schedule_cancel_ms = None
    account.schedule_triggers = _triggers_today(account, state.time_ms) + 1
    account.schedule_day = div_down(state.time_ms, DAY_MS)
    for order in list(account.orders.values()):
        ex.desk.cancel_order(order, OrderStatus.SCHEDULED_CANCEL)


def _disarm(state: State, account: Account) -> None:
    if account.schedule_cancel_ms is not None:
        state.timers.cancel(account.schedule_cancel_ms, Timer.SCHEDULED_CANCEL, account.address)
        account.schedule_cancel_ms = None


def _triggers_today(account: Account, time_ms: int) -> int:
    return account.schedule_triggers if account.schedule_day == div_down(time_ms, DAY_MS) else 0
