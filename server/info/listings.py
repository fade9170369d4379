"""What is listed, and constants of the exchange: nothing here moves while it runs."""

from __future__ import annotations

from ...sim.assets import FIRST_SPOT_ID, MarginTable, SpotPair, Token
from ...sim.order_checks import market_order_cap
from ...sim.spot_deploy import gas_token, spots_of
from ...sim.spot_deploy_state import TokenDeploy
from ...sim.state import Market
from ...sim.view import View
from ..shapes import cached, markets
from ..shapes.text import decimal_text, iso_text, px_text
from .registry import Json, Unanswerable, info

IMPLICIT_TABLES = 50
"""Margin table ids below this one mean a single tier of that leverage (info 4.2)."""


def dex_index(view: View, dex: str) -> int:
    """The index of a perps dex, "" being the first.

    Observed: an unknown dex is a 500 with `null` (info 2.2).
    """
    found = view.dex(dex)
    if found is None:
        raise Unanswerable(f"no dex {dex!r:.80}")
    return found


@info("meta", source="info 4.2")
def meta(view: View, dex: str = "") -> Json:
    return cached.meta_json(view, dex_index(view, dex))


@info("allPerpMetas", source="info 4.4")
def all_perp_metas(view: View) -> Json:
    """Plain metas, one a dex. Observed: the documented pairs with contexts are not what is sent."""
    dexes = range(len(view.universe.dexes) + 1)
    return [cached.meta_json(view, dex) for dex in dexes]


@info("spotMeta", status="static", source="info 4.6")
def spot_meta(view: View) -> Json:
    return cached.spot_meta_json(view)


@info("marginTable", source="info 4.14")
def margin_table(view: View, id: int, dex: str = "") -> Json:
    tables = view.universe.tables_of(dex_index(view, dex))
    if 0 < id < IMPLICIT_TABLES:
        return markets.margin_table(MarginTable.implicit(id))
    table = tables.get(id)
    if table is None:
        raise Unanswerable(f"no margin table {id}")
    return markets.margin_table(table)


@info("maxMarketOrderNtls", status="static", source="info 4.15")
def max_market_order_ntls(view: View) -> Json:
    """One pair for each maximum leverage that is listed, ascending (Assumed)."""
    leverages = sorted({perp.max_leverage for perp in view.universe.all_perps})
    return [[most, f"{market_order_cap(most)}.0"] for most in leverages]


@info("perpsAtOpenInterestCap", source="info 4.13")
def perps_at_open_interest_cap(view: View, dex: str = "") -> Json:
    perps = view.universe.perps_of(dex_index(view, dex))
    return [perp.coin for perp in perps if view.market_of(perp.id).is_at_cap]


@info("usdcRouting", status="static", source="info 5.10")
def usdc_routing(view: View) -> Json:
    return {"depositRoute": "cctp", "withdrawalRoute": "bridge"}


@info("tokenDetails", source="info 4.19")
def token_details(view: View, token_id: str) -> Json:
    """Supplies and prices of one token; prices are those of its first pair (Assumed).

    Assumed: USDC and tokens without a pair are worth 1, as a pair that never traded is marked.
    """
    token = next((one for one in view.universe.tokens if one.token_id == token_id.lower()), None)
    if token is None:
        raise Unanswerable(f"no token {token_id!r:.80}")
    market = _market_of(view, token)
    mid = None if market is None else markets.mid_text(market)
    mark = "1.0" if market is None else px_text(market.mark_px)
    deploy = view.state.deploys.get(token.index)
    supply = token.total_supply if deploy is None else deploy.max_supply or 0
    return {
        "name": token.name,
        "maxSupply": decimal_text(supply, token.wei_decimals),
        "totalSupply": decimal_text(token.total_supply, token.wei_decimals),
        "circulatingSupply": decimal_text(token.circulating_supply, token.wei_decimals),
        "szDecimals": token.sz_decimals,
        "weiDecimals": token.wei_decimals,
        "midPx": mark if mid is None else mid,
        "markPx": mark,
        "prevDayPx": "1.0" if market is None else px_text(markets.prev_day_px(market)),
        "genesis": None if deploy is None else _genesis(view, token, deploy),
        "deployer": token.deployer,
        "deployGas": None if deploy is None else _gas(view, deploy),
        "deployTime": None if deploy is None else iso_text(deploy.time_ms),
        "seededUsdc": _seeded(view, token),
        "nonCirculatingUserBalances": [],
        "futureEmissions": "0.0",
    }


def _genesis(view: View, token: Token, deploy: TokenDeploy) -> Json:
    """What a genesis gave to whom; null until it happened."""
    if deploy.max_supply is None:
        return None
    return {
        "userBalances": [
            [user, decimal_text(wei, token.wei_decimals)] for user, wei in deploy.users.items()
        ],
        "existingTokenBalances": [
            [other, decimal_text(wei, token.wei_decimals)] for other, wei in deploy.holders.items()
        ],
        "blacklistUsers": list(deploy.blacklist),
    }


def _seeded(view: View, token: Token) -> str:
    """USDC that the deployer put into the liquidity of the token's pair."""
    pools = view.state.hyperliquidity
    spots = spots_of(view.universe, token.index) if pools else ()
    return decimal_text(sum(pools[spot].seeded for spot in spots if spot in pools), 8)


def _gas(view: View, deploy: TokenDeploy) -> str:
    paid_in = gas_token(view.state)
    return decimal_text(deploy.gas, 8 if paid_in is None else paid_in.wei_decimals)


def _market_of(view: View, token: Token) -> Market | None:
    pair: SpotPair | None = next(
        (one for one in view.universe.pairs if one.base.index == token.index), None
    )
    return None if pair is None else view.market_of(FIRST_SPOT_ID + pair.index)
