"""Fills and trades: what one user, and what the public, sees of a match."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...sim.events import Fill, Trade
from ...sim.fixed import div_half_even
from .orders import SIDE_TEXT
from .text import decimal_text, px_text, rate_text


def fill_row(fill: Fill) -> dict[str, Any]:
    """A row of `userFills` and of the streams that carry fills, optional keys absent.

    Observed: key order of info 6.5.
    """
    row = {
        "coin": fill.coin,
        "px": px_text(fill.px),
        "sz": px_text(fill.sz),
        "side": SIDE_TEXT[fill.side],
        "time": fill.time_ms,
        "startPosition": px_text(fill.start_position),
        "dir": fill.dir.value,
        "closedPnl": px_text(fill.closed_pnl),
        "hash": fill.hash,
        "oid": fill.oid,
        "crossed": fill.crossed,
        "fee": decimal_text(fill.fee, fill.fee_decimals),
    }
    if fill.builder_fee:
        row["builderFee"] = decimal_text(fill.builder_fee, fill.fee_decimals)
    row["tid"] = fill.tid
    if fill.cloid is not None:
        row["cloid"] = fill.cloid
    if fill.liquidation is not None:
        row["liquidation"] = {
            "liquidatedUser": fill.liquidation.user,
            "markPx": px_text(fill.liquidation.mark_px),
            "method": fill.liquidation.method,
        }
    row["feeToken"] = fill.fee_token
    row["twapId"] = fill.twap_id
    return row


def merged_fill_row(fills: list[Fill]) -> dict[str, Any]:
    """One row for several fills of one order in one block, in the order they happened.

    Observed: the price is the average rounded to ten places, sizes, fees and pnl are summed, the
    start position is the first one's (info 6.5). Assumed: so are direction, hash and tid.
    """
    row = fill_row(fills[0])
    if len(fills) == 1:
        return row
    sz = sum(fill.sz for fill in fills)
    row["px"] = rate_text(div_half_even(100 * sum(fill.px * fill.sz for fill in fills), sz))
    row["sz"] = px_text(sz)
    row["closedPnl"] = px_text(sum(fill.closed_pnl for fill in fills))
    decimals = fills[0].fee_decimals
    row["fee"] = decimal_text(sum(fill.fee for fill in fills), decimals)
    if "builderFee" in row:
        row["builderFee"] = decimal_text(sum(fill.builder_fee for fill in fills), decimals)
    return row


def merged_by_block(fills: Iterable[Fill]) -> list[list[Fill]]:
    """`fills`, oldest first, grouped into what `aggregateByTime` shows as one row each.

    Documented: fills of a crossing order merge, of a resting one only within a block (info 6.5).
    """
    groups: dict[tuple[int, int], list[Fill]] = {}
    for fill in fills:
        groups.setdefault((fill.oid, fill.time_ms), []).append(fill)
    return list(groups.values())


def trade_row(trade: Trade) -> dict[str, Any]:
    """A row of `recentTrades` and an element of a `trades` frame. `users` is [buyer, seller]."""
    return {
        "coin": trade.coin,
        "side": SIDE_TEXT[trade.side],
        "px": px_text(trade.px),
        "sz": px_text(trade.sz),
        "time": trade.time_ms,
        "hash": trade.hash,
        "tid": trade.tid,
        "users": [trade.buyer, trade.seller],
    }
