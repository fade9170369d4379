"""The dead man's switch: cancels all open orders of a user at a time that the user sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ActionError, ActionReject
from .fixed import Address, div_down
from .orders import OrderStatus
from .replies import Done, Response
from .state import Account
from .timers import Timer
from .volume import DAY_MS

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
        raise ActionError(ActionReject.SCHEDULE_VOLUME, traded=_dollars(traded))
    if time_ms is None:
        account.schedule_cancel_ms = None
        return Done()
    ahead_ms = time_ms - acting.clock_ms
    if ahead_ms < SCHEDULE_AHEAD_MS:
        raise ActionError(ActionReject.SCHEDULE_TOO_EARLY)
    if _triggers_today(account, state.time_ms) >= SCHEDULE_TRIGGERS_A_DAY:
        raise ActionError(ActionReject.SCHEDULE_TRIGGERS)
    due_ms = state.time_ms + ahead_ms
    account.schedule_cancel_ms = due_ms
    state.timers.push(due_ms, Timer.SCHEDULED_CANCEL, account.address)
    return Done()


def on_timer(ex: Exchange, user: Address) -> None:
    """The switch of `user` fires, unless it was moved or cleared since the timer was set."""
    state = ex.state
    account = state.accounts[user]
    due_ms = account.schedule_cancel_ms
    if due_ms is None or due_ms > state.time_ms:
        return
    account.schedule_cancel_ms = None
    account.schedule_triggers = _triggers_today(account, state.time_ms) + 1
    account.schedule_day = div_down(state.time_ms, DAY_MS)
    for order in list(account.orders.values()):
        ex.desk.cancel_order(order, OrderStatus.SCHEDULED_CANCEL)


def _triggers_today(account: Account, time_ms: int) -> int:
    return account.schedule_triggers if account.schedule_day == div_down(time_ms, DAY_MS) else 0


def _dollars(usd: int) -> str:
    """Observed: "$12066.75", and "$0" for nothing (exchange 5.1). `usd` is scaled by 1e8."""
    cents = div_down(usd, 10**6)
    return f"${div_down(cents, 100)}.{cents % 100:02d}" if cents else "$0"
