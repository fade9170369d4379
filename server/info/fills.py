"""A user's fills."""

from __future__ import annotations

from collections import deque
from itertools import islice

from ...sim.events import Fill
from ...sim.fixed import Address
from ...sim.state import Account
from ...sim.view import View
from ..shapes.fills import fill_row, merged_by_block, merged_fill_row
from .registry import Json, info
from .request import Millis
from .windows import newest, oldest, within

MOST_FILLS = 2000
"""Documented: most rows of one answer (info 2.6)."""


def own_fills(account: Account) -> deque[Fill]:
    """All fills but those of TWAP slices, oldest first.

    Inferred: slices stand in `userTwapSliceFills` only (info 6.5).
    """
    if not account.twap_history:
        return account.fills
    return deque(fill for fill in account.fills if fill.twap_id is None)


@info("userFills", rows_per_weight=20, source="info 6.5")
def user_fills(view: View, user: Address, aggregate_by_time: bool = False) -> Json:
    """Newest first, the last execution of a transaction before the first one (contested 27)."""
    fills = own_fills(view.account(user))
    if aggregate_by_time:
        return _merged(fills, None, None, backward=True)
    return [fill_row(fill) for fill in islice(reversed(fills), MOST_FILLS)]


@info("userFillsByTime", rows_per_weight=20, source="info 6.5")
def user_fills_by_time(
    view: View,
    user: Address,
    start_time: Millis,
    end_time: Millis | None = None,
    aggregate_by_time: bool = False,
    reversed: bool = False,
) -> Json:
    """Oldest first; `reversed` starts at the other end of the range (Inferred)."""
    fills = own_fills(view.account(user))
    if aggregate_by_time:
        return _merged(fills, start_time, end_time, backward=reversed)
    take = newest if reversed else oldest
    return [fill_row(fill) for fill in take(fills, start_time, end_time, MOST_FILLS)]


def _merged(
    fills: deque[Fill], start_ms: int | None, end_ms: int | None, *, backward: bool
) -> Json:
    """Observed: fills are merged before the cap is counted (info 6.5)."""
    groups = merged_by_block(within(fills, start_ms, end_ms))
    if backward:
        groups.reverse()
    return [merged_fill_row(group) for group in groups[:MOST_FILLS]]
