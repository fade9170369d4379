"""How many requests an address may make: the budget that volume earns, and an account's day.

The limits of addresses are rules of the exchange: counted in its state, judged by its time. What
one IP address may ask of an API server is the server's affair (`server/limits.py`).
"""

from __future__ import annotations

from typing import Literal

from .errors import ActionError, ActionReject
from .fixed import div_down
from .rules import Rules
from .state import POOLED, Account, State
from .volume import DAY_MS

COUNTED_BY_DAY = POOLED
"""Documented: the modes whose actions are limited by day (exchange 9)."""
CANCELS = frozenset({"cancel", "cancelByCloid", "twapCancel"})
"""Assumed: what counts as a cancel here is what a block treats as one."""

Limit = Literal["requests", "cancels", "daily"]
"""The cap that `userRateLimit` shows, that of cancels, and an account's actions of one day."""


def used(account: Account) -> int:
    """`nRequestsUsed`: what was made of the free requests. Bought ones are used first (ws 8.2)."""
    return max(0, account.requests_used - account.requests_reserved)


def surplus(account: Account) -> int:
    """`nRequestsSurplus`: bought requests that are left (ws 8.2)."""
    return max(0, account.requests_reserved - account.requests_used)


def cap(rules: Rules, account: Account) -> int:
    """`nRequestsCap`. Documented: 10000 and one more for every USDC ever traded (info 7.4)."""
    return rules.free_requests + div_down(account.volume.total_usd, 10**8)


def cancel_cap(rules: Rules, account: Account) -> int:
    """The cap of cancels. Documented: min(limit + 100000, limit * 2) (exchange 9)."""
    most = cap(rules, account)
    return min(most + rules.cancel_requests, 2 * most)


def refusal(state: State, account: Account, action: str) -> ActionError | None:
    """Why `account` may not send one more action of that name now, None when it may.

    Observed: without budget one request passes in 10 s after the last that was admitted; refusals
    neither count nor begin that time anew. The text says used + 1 and cap - 1, and what it says is
    what is compared (exchange 7.1, contested 49). Assumed: a batch is admitted whole when one more
    request would be, and cancels are counted with everything else, against their own cap. The
    `user` and `limit` of the error are for the log.
    """
    rules = state.rules
    is_over = used(account) + 1 > _most(rules, account, action)
    last_ms = account.last_request_ms
    if is_over and last_ms is not None and state.time_ms - last_ms < rules.throttle_ms:
        return spent(rules, account, action)
    if account.abstraction in COUNTED_BY_DAY:
        # Assumed: what was bought is not of the day's free ones.
        today = _actions_of(account, state.time_ms // DAY_MS) + 1
        if today > rules.daily_actions and not surplus(account):
            numbers = {"used": today, "most": rules.daily_actions}
            return ActionError(
                ActionReject.REQUESTS_DAY, user=account.address, limit="daily", **numbers
            )
    return None


def spent(rules: Rules, account: Account, action: str) -> ActionError:
    """What refuses an action of that name to `account` when its requests are used up; with the
    numbers of one that has only just used up the last, if there are some left.
    """
    limit: Limit = "cancels" if action in CANCELS else "requests"
    most = _most(rules, account, action)
    wanted = max(used(account), most) + 1
    numbers = {"used": wanted, "most": most, "volume": account.volume.total_usd}
    return ActionError(ActionReject.REQUESTS, user=account.address, limit=limit, **numbers)


def _most(rules: Rules, account: Account, action: str) -> int:
    """How many requests the text says that an action of that name may be the last of."""
    return (cancel_cap if action in CANCELS else cap)(rules, account) - 1


def count(state: State, account: Account, weight: int) -> None:
    """Enters an admitted action that counts as `weight` requests.

    Assumed: an action is one of its day's, however long its batch; days are UTC.
    """
    account.requests_used += weight
    account.last_request_ms = state.time_ms
    if account.abstraction in COUNTED_BY_DAY:
        day = state.time_ms // DAY_MS
        account.day_actions = _actions_of(account, day) + 1
        account.action_day = day


def _actions_of(account: Account, day: int) -> int:
    return account.day_actions if account.action_day == day else 0
