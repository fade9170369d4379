"""A user's money over time: funding, transfers, equity."""

from __future__ import annotations

from collections import deque

from ...matching.types import Side
from ...sim.assets import FIRST_BUILDER_ID, FIRST_OUTCOME_ID, FIRST_SPOT_ID
from ...sim.events import Fill
from ...sim.fixed import PX_SCALE, Address, rescale_down
from ...sim.lending import net_worth
from ...sim.margin import total_summary, unrealized_pnl
from ...sim.state import Account
from ...sim.view import View
from ...sim.volume import DAY_MS
from ..shapes.ledger import funding_row, ledger_row
from ..shapes.text import px_text
from .registry import Json, info
from .request import Millis
from .windows import BLOCK_ROWS, newest, oldest, oldest_blocks, within

LATEST_FUNDINGS = 2000
"""Inferred: most rows without a start time (info 2.6)."""


@info("userFunding", rows_per_weight=20, source="info 7.1")
def user_funding(
    view: View, user: Address, start_time: Millis | None = None, end_time: Millis | None = None
) -> Json:
    """Oldest first; without a start the latest rows. An hour is never cut in two."""
    rows = view.account(user).fundings
    if start_time is None:
        return [funding_row(row) for row in newest(rows, None, end_time, LATEST_FUNDINGS)[::-1]]
    return [funding_row(row) for row in oldest_blocks(rows, start_time, end_time, BLOCK_ROWS)]


@info("userNonFundingLedgerUpdates", rows_per_weight=20, source="info 7.2")
def user_non_funding_ledger_updates(
    view: View, user: Address, start_time: Millis | None = None, end_time: Millis | None = None
) -> Json:
    """Oldest first (contested 62)."""
    rows = oldest(view.account(user).ledger, start_time, end_time, BLOCK_ROWS)
    return [ledger_row(row) for row in rows]


# -- portfolio -------------------------------------------------------------------------------------

PERIODS = (("day", DAY_MS), ("week", 7 * DAY_MS), ("month", 30 * DAY_MS), ("allTime", None))


@info("portfolio", source="info 5.9")
def portfolio(view: View, user: Address) -> Json:
    """Eight periods, the perps-only ones last. Amounts of 1e-8 USD.

    Equity is not sampled: each series has two points, the period's start and now. The pnl between
    them is that of the period's fills and funding plus what is unrealised now (Assumed).
    """
    account = view.account(user)
    usd = sum(total_summary(view.state, each).account_value for each in account.clearings())
    perps = rescale_down(usd, 6, 8)
    everything = perps + _spot_value(view, account) + net_worth(view.state, account)
    return [
        *_periods(view, account, everything, is_perp=False),
        *_periods(view, account, perps, is_perp=True),
    ]


def _periods(view: View, account: Account, value: int, *, is_perp: bool) -> list[Json]:
    now, first = view.time_ms, _first_ms(view, account)
    starts = [first if length is None else max(first, now - length) for _, length in PERIODS]
    periods = []
    for (name, length), start, (volume, traded) in zip(
        PERIODS, starts, _totals(account.fills, starts, is_perp=is_perp), strict=True
    ):
        pnl = traded + _held_pnl(view, account, start)
        if length is None and not is_perp:
            volume = account.volume.total_usd
        shape = {
            "accountValueHistory": [[start, px_text(value - pnl)], [now, px_text(value)]],
            "pnlHistory": [[start, "0.0"], [now, px_text(pnl)]],
            "vlm": px_text(volume),
        }
        periods.append([f"perp{name[0].upper()}{name[1:]}" if is_perp else name, shape])
    return periods


def _totals(fills: deque[Fill], starts: list[int], *, is_perp: bool) -> list[tuple[int, int]]:
    """(volume, pnl) of the fills since each of `starts`, newest start first: one walk for all.

    Documented: `vlm` is what was traded. Assumed: so neither what the engine settles, splits or
    converts nor what it hands over, as in the volume of fee tiers.
    """
    found: list[tuple[int, int]] = []
    ntl = pnl = 0
    for fill in reversed(fills):
        while len(found) < len(starts) and fill.time_ms < starts[len(found)]:
            found.append((rescale_down(ntl, 16, 8), pnl))
        if len(found) == len(starts):
            return found
        if not is_perp or _is_perp(fill):
            if fill.is_trade:
                ntl += fill.px * fill.sz
            pnl += fill.closed_pnl - _fee(fill)
    return found + [(rescale_down(ntl, 16, 8), pnl)] * (len(starts) - len(found))


def _is_perp(fill: Fill) -> bool:
    return fill.asset_id < FIRST_SPOT_ID or FIRST_BUILDER_ID <= fill.asset_id < FIRST_OUTCOME_ID


def _fee(fill: Fill) -> int:
    """The fee in USD, which a spot buy pays in the token it bought."""
    if not _is_perp(fill) and fill.side is Side.BID:
        return rescale_down(fill.fee * fill.px, fill.fee_decimals + 8, 8)
    return rescale_down(fill.fee, fill.fee_decimals, 8)


def _first_ms(view: View, account: Account) -> int:
    """When the account first moved money, as far as its ledger reaches."""
    return account.ledger[0].time_ms if account.ledger else view.time_ms


def _held_pnl(view: View, account: Account, start_ms: int) -> int:
    """Funding since `start_ms` and what open perps positions gained."""
    usd: int = sum(row.usd for row in within(account.fundings, start_ms, None))
    for clearing in account.clearings():
        for asset_id, position in clearing.positions.items():
            usd += unrealized_pnl(view.market_of(asset_id), position)
    return rescale_down(usd, 6, 8)


def _spot_value(view: View, account: Account) -> int:
    """Spot balances at the marks of their first pairs; USDC at 1, tokens without a pair at 0."""
    total = 0
    for index, balance in account.spot.items():
        token = view.universe.token(index)
        px = _token_px(view, index)
        total += rescale_down(balance.total * px, token.wei_decimals + 8, 8)
    return total


def _token_px(view: View, index: int) -> int:
    if index == 0:
        return PX_SCALE
    if index >= FIRST_OUTCOME_ID:
        return view.market_of(index).mark_px
    for pair in view.universe.pairs:
        if pair.base.index == index:
            return view.market_of(pair.id).mark_px
    return 0
