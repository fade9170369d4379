"""A user's TWAPs: what became of them, and what their slices traded."""

from __future__ import annotations

from itertools import islice

from ...sim.fixed import Address
from ...sim.view import View
from ..shapes.twaps import slice_fill_row, twap_row
from .fills import MOST_FILLS
from .registry import Json, info
from .request import Millis
from .windows import within


@info("twapHistory", rows_per_weight=20, source="info 6.6")
def twap_history(view: View, user: Address) -> Json:
    """Status changes, newest first: the same TWAP may stand there several times.

    Assumed: a row keeps the state of its moment (the exchange's rows look alike).
    """
    return [twap_row(row) for row in reversed(view.account(user).twap_history)]


@info("userTwapSliceFills", rows_per_weight=20, source="info 6.6")
def user_twap_slice_fills(view: View, user: Address) -> Json:
    """Newest first."""
    fills = reversed(view.account(user).fills)
    slices = (fill for fill in fills if fill.twap_id is not None)
    return [slice_fill_row(fill) for fill in islice(slices, MOST_FILLS)]


@info("userTwapSliceFillsByTime", rows_per_weight=20, source="info 6.6")
def user_twap_slice_fills_by_time(
    view: View, user: Address, start_time: Millis, end_time: Millis | None = None
) -> Json:
    """Oldest first (Inferred: info 2.6)."""
    fills = within(view.account(user).fills, start_time, end_time)
    slices = (fill for fill in fills if fill.twap_id is not None)
    return [slice_fill_row(fill) for fill in islice(slices, MOST_FILLS)]
