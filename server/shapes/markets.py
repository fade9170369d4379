"""What is listed and how it stands: metas, contexts, mids, candles."""

from __future__ import annotations

from typing import Any

from ...sim.assets import (
    Asset,
    MarginMode,
    MarginTable,
    OutcomeSide,
    Perp,
    SpotPair,
    Token,
    Universe,
    dex_of,
    px_decimals,
)
from ...sim.candles import Candle
from ...sim.fixed import Px, div_half_even
from ...sim.funding import predicted_rate
from ...sim.prices import impact_pxs, mid_or_last, mid_px, premium_of
from ...sim.state import Market
from ...sim.view import View
from .text import decimal_text, iso_text, px_text, rate_text, usd_text

# -- listings --------------------------------------------------------------------------------------


def meta(universe: Universe, dex: int = 0) -> dict[str, Any]:
    """The answer of `meta`. Observed: tables below id 50 are implied and not listed (info 4.2)."""
    tables = universe.tables_of(dex)
    return {
        "universe": [_perp(perp) for perp in universe.perps_of(dex)],
        "marginTables": [[table_id, margin_table(tables[table_id])] for table_id in sorted(tables)],
        "collateralToken": 0 if dex == 0 else universe.dexes[dex - 1].collateral,
    }


def _perp(perp: Perp) -> dict[str, Any]:
    """Flags are absent unless set; `onlyIsolated` and `isDelisted` are only ever true."""
    row = {
        "szDecimals": perp.sz_decimals,
        "name": perp.coin,
        "maxLeverage": perp.max_leverage,
        "marginTableId": perp.margin_table.id,
    }
    if perp.only_isolated:
        row["onlyIsolated"] = True
    if perp.is_delisted:
        row["isDelisted"] = True
    if perp.margin_mode is not MarginMode.NORMAL:
        row["marginMode"] = perp.margin_mode.value
    if perp.deployed is not None and perp.deployed.is_growth:
        row["growthMode"] = "enabled"
    if perp.deployed is not None and perp.deployed.growth_ms:
        row["lastGrowthModeChangeTime"] = iso_text(perp.deployed.growth_ms)
    return row


def margin_table(table: MarginTable) -> dict[str, Any]:
    """The answer of `marginTable` and the second half of a row of `meta.marginTables`."""
    tiers = [
        {"lowerBound": usd_text(tier.lower_bound), "maxLeverage": tier.max_leverage}
        for tier in table.tiers
    ]
    return {"description": table.description, "marginTiers": tiers}


def spot_meta(universe: Universe) -> dict[str, Any]:
    """The answer of `spotMeta`: list position is not `index` in `universe`, but is in `tokens`."""
    return {
        "universe": [_pair(pair) for pair in universe.pairs],
        "tokens": [_token(token) for token in universe.tokens],
    }


def _pair(pair: SpotPair) -> dict[str, Any]:
    return {
        "tokens": [pair.base.index, pair.quote.index],
        "name": pair.coin,
        "index": pair.index,
        "isCanonical": pair.is_canonical,
    }


def _token(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "szDecimals": token.sz_decimals,
        "weiDecimals": token.wei_decimals,
        "index": token.index,
        "tokenId": token.token_id,
        "isCanonical": token.is_canonical,
        "evmContract": None,
        "fullName": token.full_name,
        "deployerTradingFeeShare": rate_text(token.fee_share),
    }


# -- contexts --------------------------------------------------------------------------------------


def perp_ctx(market: Market, time_ms: int) -> dict[str, Any]:
    """How a perp stands: an element of `metaAndAssetCtxs`, the `ctx` of `activeAssetCtx`.

    `funding` is the hourly rate as the running hour would settle it. Null in `premium`, `midPx` and
    `impactPxs` means a side too thin (info 4.3). Observed: a premium is never null beside impact
    prices, so before the first sample of a book it is what a sample would be now.
    """
    premium = premium_of(market) if market.premium is None else market.premium
    usd, sz = market.volume.last_day(time_ms)
    return {
        "funding": rate_text(predicted_rate(market)),
        "openInterest": px_text(market.open_interest),
        "prevDayPx": px_text(prev_day_px(market)),
        "dayNtlVlm": px_text(usd),
        "premium": None if premium is None else rate_text(premium),
        "oraclePx": px_text(market.oracle_px),
        "markPx": px_text(market.mark_px),
        "midPx": mid_text(market),
        "impactPxs": _impact_texts(market),
        "dayBaseVlm": px_text(sz),
    }


def spot_ctx(market: Market, pair: SpotPair, time_ms: int) -> dict[str, Any]:
    """How a pair stands: an element of `spotMetaAndAssetCtxs`, `ctx` of `activeSpotAssetCtx`."""
    usd, sz = market.volume.last_day(time_ms)
    base = pair.base
    circulating = base.circulating_supply or market.supply
    total = base.total_supply or market.supply
    return {
        "prevDayPx": px_text(prev_day_px(market)),
        "dayNtlVlm": px_text(usd),
        "markPx": px_text(market.mark_px),
        "midPx": mid_text(market),
        "circulatingSupply": decimal_text(circulating, base.wei_decimals),
        "coin": pair.coin,
        "totalSupply": decimal_text(total, base.wei_decimals),
        "dayBaseVlm": px_text(sz),
    }


def hidden_spot_ctx(index: int) -> dict[str, Any]:
    """The context of an index that is not listed: they stand at their index, so gaps are filled.

    Observed: a pair that never traded shows these numbers (info 4.7).
    """
    return {
        "prevDayPx": "0.0",
        "dayNtlVlm": "0.0",
        "markPx": "1.0",
        "midPx": None,
        "circulatingSupply": "0.0",
        "coin": f"@{index}",
        "totalSupply": "0.0",
        "dayBaseVlm": "0.0",
    }


def prev_day_px(market: Market) -> Px:
    """The mark of a day ago, or the oldest there is."""
    return market.prev_day[0][1] if market.prev_day else market.mark_px


def mid_text(market: Market) -> str | None:
    """`midPx`: null while a side of the book is empty (info 13, 11)."""
    mid = mid_px(market)
    return None if mid is None else px_text(mid)


def _impact_texts(market: Market) -> list[str] | None:
    """[bid, ask], rounded to the asset's price decimals (mechanics 9)."""
    pxs = impact_pxs(market)
    if pxs is None:
        return None
    return [px_text(_rounded(market.asset, px)) for px in pxs]


def _rounded(asset: Asset, px: int) -> int:
    step: int = 10 ** (8 - px_decimals(asset))
    return div_half_even(px, step) * step


def mid_or_last_text(market: Market) -> str | None:
    """The value of `allMids`: the mid, else the last trade's price; None leaves the coin out.

    Documented: info 4.1. Assumed: before any trade, the mark stands for the trades that came
    before this world began; a coin that never had a price is left out, as is a settled outcome.
    """
    if market.asset.is_delisted and isinstance(market.asset, OutcomeSide):
        return None
    px = mid_or_last(market) or (market.mark_px if market.oracle_px else None)
    return px_text(px) if px else None


def mids(view: View, dex: int = 0) -> dict[str, str]:
    """The answer of `allMids`, keys in byte order. Delisted perps are listed too; spot and outcomes
    stand with the first dex (info 4.1).
    """
    texts = (
        (coin, mid_or_last_text(view.market_of(asset.id)))
        for coin, asset in sorted(view.universe.by_coin.items())
        if dex_of(asset.id) == dex
    )
    return {coin: text for coin, text in texts if text is not None}


# -- candles ---------------------------------------------------------------------------------------


def candle_row(coin: str, interval: str, candle: Candle) -> dict[str, Any]:
    """A row of `candleSnapshot` and the data of a `candle` frame."""
    return {
        "t": candle.t,
        "T": candle.T,
        "s": coin,
        "i": interval,
        "o": px_text(candle.o),
        "c": px_text(candle.c),
        "h": px_text(candle.h),
        "l": px_text(candle.l),
        "v": px_text(candle.v),
        "n": candle.n,
    }
