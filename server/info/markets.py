"""What moves: prices, books, candles, trades, funding."""

from __future__ import annotations

from itertools import islice

from ...matching.dataclass import dataclass
from ...sim.assets import Perp
from ...sim.funding import predicted_rate
from ...sim.state import Market
from ...sim.view import View
from ...sim.volume import HOUR_MS
from ..shapes import cached
from ..shapes.fills import trade_row
from ..shapes.ledger import funding_rate_row
from ..shapes.markets import candle_row
from ..shapes.text import rate_text
from .listings import dex_index
from .registry import Json, Unanswerable, info
from .request import Interval, Millis
from .windows import BLOCK_ROWS, oldest

RECENT_TRADES = 10
"""Observed: about ten rows (info 4.10)."""


def _known(view: View, coin: str) -> Market:
    """The market of `coin`. Observed: an unknown one is a 500 in most types (info 1)."""
    market = view.market(coin)
    if market is None:
        raise Unanswerable(f"no coin {coin!r:.80}")
    return market


@info("allMids", weight=2, source="info 4.1")
def all_mids(view: View, dex: str = "") -> Json:
    return cached.mids_json(view, dex_index(view, dex))


@info("metaAndAssetCtxs", source="info 4.3")
def meta_and_asset_ctxs(view: View, dex: str = "") -> Json:
    index = dex_index(view, dex)
    return [cached.meta_json(view, index), cached.perp_ctxs_json(view, index)]


@info("spotMetaAndAssetCtxs", source="info 4.7")
def spot_meta_and_asset_ctxs(view: View) -> Json:
    return [cached.spot_meta_json(view), cached.spot_ctxs_json(view)]


@info("l2Book", weight=2, source="info 4.8")
def l2_book(
    view: View, coin: str, n_sig_figs: int | None = None, mantissa: int | None = None
) -> Json:
    """Null for an unknown coin; an unsupported aggregation is a 500 (contested 48)."""
    market = view.market(coin)
    if market is None:
        return None
    try:
        return cached.book_json(view, market, n_sig_figs=n_sig_figs, mantissa=mantissa)
    except ValueError as error:
        raise Unanswerable(str(error)) from error


@dataclass(frozen=True, slots=True)
class CandleRequest:
    """`req` of candleSnapshot. Without an end, until now."""

    coin: str
    interval: Interval
    start_time: Millis
    end_time: Millis | None = None


@info("candleSnapshot", rows_per_weight=60, source="info 4.9")
def candle_snapshot(view: View, req: CandleRequest) -> Json:
    """Every bar that overlaps the range, oldest first."""
    market, now_ms = _known(view, req.coin), view.time_ms
    end_ms = now_ms if req.end_time is None else req.end_time
    if req.start_time > end_ms:
        return []
    candles = market.candles.rows(req.interval, req.start_time, end_ms, now_ms)
    flat = view.state.rules.candle_gaps == "flat"
    return [candle_row(req.coin, req.interval, one) for one in candles if one.n or flat]


@info("recentTrades", rows_per_weight=20, source="info 4.10")
def recent_trades(view: View, coin: str) -> Json:
    """Newest first."""
    trades = reversed(_known(view, coin).trades)
    return [trade_row(trade) for trade in islice(trades, RECENT_TRADES)]


@info("fundingHistory", rows_per_weight=20, source="info 4.11")
def funding_history(
    view: View, coin: str, start_time: Millis, end_time: Millis | None = None
) -> Json:
    """Oldest first. Observed: a spot coin fails like an unknown one."""
    market = _known(view, coin)
    if market.asset.is_spot:
        raise Unanswerable(f"{coin} has no funding")
    rates = oldest(market.funding_rates, start_time, end_time, BLOCK_ROWS)
    return [funding_rate_row(rate) for rate in rates]


@info("predictedFundings", source="info 4.12")
def predicted_fundings(view: View) -> Json:
    """By coin name; other venues are unknown here.

    Observed: `nextFundingTime` of this venue is the hour that was settled last.
    """
    last_hour = view.time_ms - view.time_ms % HOUR_MS
    perps = sorted(
        (perp for perp in view.universe.perps if not perp.is_delisted), key=lambda perp: perp.coin
    )
    return [[perp.coin, _venues(view, perp, last_hour)] for perp in perps]


def _venues(view: View, perp: Perp, last_hour: int) -> Json:
    here = {
        "fundingRate": rate_text(predicted_rate(view.market_of(perp.id))),
        "nextFundingTime": last_hour,
        "fundingIntervalHours": 1,
    }
    return [["BinPerp", None], ["HlPerp", here], ["BybitPerp", None]]


@info("exchangeStatus", weight=2, source="info 4.17")
def exchange_status(view: View) -> Json:
    return {"specialStatuses": None, "time": view.time_ms}
