"""What is listed and delisted while the exchange runs. An asset id never moves.

A universe is never changed in place: the state gets another one, and another dict of the same
markets, by which whoever keeps something computed from either knows that it is old.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..matching.types import Side
from . import margin, prices, twap
from .assets import (
    FIRST_SPOT_ID,
    MAX_PX,
    MarginMode,
    MarginTable,
    Perp,
    Universe,
    has_legal_decimals,
    on_tick,
    px_decimals,
)
from .events import Direction, Fill, PricesChanged
from .fixed import TEN, Px, Sz, Usd, bare_text, div_half_even, div_trunc, ntl, parse_decimal
from .ids import ZERO_HASH, trade_id
from .orders import OrderStatus
from .state import Account, Market, Position, State

if TYPE_CHECKING:
    from .exchange import Exchange

MAX_SZ_DECIMALS = 6
MOST_PX_TEXT = 40
IMPLICIT_TABLES = 50
"""Margin table ids below this one mean a single tier of that leverage (info 4.2)."""


# -- listing ---------------------------------------------------------------------------------------


def list_perp(
    ex: Exchange,
    *,
    coin: str,
    sz_decimals: int,
    max_leverage: int,
    oracle_px: Px,
    margin_table: int,
    margin_mode: MarginMode,
    impact_ntl: Usd,
) -> None:
    """Lists a perp at the end of the universe, with an empty book.

    `margin_table` 0 means the implicit one of `max_leverage`. Raises ValueError, before anything
    changed, for what cannot be listed. Its prices are sampled with the next of all, its first
    funding is that of the running hour.
    """
    state = ex.state
    universe = state.universe
    asset_id = len(universe.perps)
    if asset_id >= FIRST_SPOT_ID:
        raise ValueError(f"no more than {FIRST_SPOT_ID} perps have an id")
    if not (coin.isascii() and coin.isalnum()) or coin in universe.by_coin:
        raise ValueError(f"no new coin: {coin!r:.80}")
    if not 0 <= sz_decimals <= MAX_SZ_DECIMALS:
        raise ValueError(f"no perp has {sz_decimals} size decimals")
    table = table_of(universe.margin_tables, margin_table or max_leverage)
    if table.tiers[0].max_leverage != max_leverage:
        raise ValueError(f"margin table {table.id} does not begin with {max_leverage}x")
    if impact_ntl <= 0:
        raise ValueError(f"no impact price of {impact_ntl} µUSD")
    perp = Perp(
        asset_id,
        coin,
        sz_decimals,
        max_leverage,
        table,
        margin_mode,
        impact_ntl=impact_ntl,
        start_px=oracle_px,
    )
    if not is_start_px(perp, oracle_px):
        raise ValueError(f"no legal price of {coin}: {bare_text(oracle_px, 8)}")
    fresh = prices.open_market(perp, state.time_ms)
    relist(state, universe.with_perps([*universe.perps, perp]), {asset_id: fresh})
    ex.emit(PricesChanged((coin,)))


def parse_px(text: str) -> Px:
    """A price above 0 of at most `MAX_PX`. Raises ValueError."""
    px = parse_decimal(text, 8) if len(text) <= MOST_PX_TEXT else 0
    if not 0 < px <= MAX_PX:
        raise ValueError(f"no price: {text:.40}")
    return Px(px)


def table_of(tables: dict[int, MarginTable], table_id: int) -> MarginTable:
    """The margin table of an id, `tables` being those that are listed. Raises ValueError."""
    if 0 < table_id < IMPLICIT_TABLES:
        return MarginTable.implicit(table_id)
    table = tables.get(table_id)
    if table is None:
        raise ValueError(f"no margin table {table_id}")
    return table


def is_start_px(perp: Perp, px: Px) -> bool:
    """True for a price that a market can open with."""
    return 0 < px <= MAX_PX and has_legal_decimals(perp, px) and on_tick(px)


def relist(state: State, universe: Universe, fresh: dict[int, Market] | None = None) -> None:
    """Gives the state another universe, and the markets in its order with its assets."""
    known = {**state.markets, **(fresh or {})}
    for asset in universe.by_id.values():
        known[asset.id].asset = asset
    state.universe = universe
    state.markets = {asset_id: known[asset_id] for asset_id in universe.by_id}


# -- delisting -------------------------------------------------------------------------------------


def settlement_px(market: Market) -> Px:
    """Mean oracle price of the last hour, rounded to what a price of the asset may have.

    Documented: the 1-hour TWAP of the oracle before the vote (mechanics 17). Assumed: of one sample
    a minute, of fewer while the market is younger, and the oracle as it stands in its first minute.
    """
    samples = market.oracle_minutes
    if not samples:
        return market.oracle_px
    step = TEN[8 - px_decimals(market.asset)]
    return Px(max(step, div_half_even(sum(samples), len(samples) * step) * step))


def delist_perp(ex: Exchange, asset_id: int) -> None:
    """Ends a perp: cancels its orders, settles its positions, and marks it as delisted.

    Documented: orders become `delistedCanceled`, positions are settled, `isDelisted` is set and
    the asset keeps its place (mechanics 17, info 4.2). Raises ValueError for what is no live perp.
    """
    market = ex.market(asset_id)
    if market is None or not isinstance(market.asset, Perp) or market.asset.is_delisted:
        raise ValueError(f"no live perp has asset id {asset_id}")
    universe = ex.state.universe
    settle_all(ex, market, settlement_px(market))
    market.open_interest_cap, market.is_at_cap = None, False
    market.premium = None
    market.premium_sum = market.premium_samples = 0
    gone = replace(market.asset, is_delisted=True)
    perps = [gone if perp.id == asset_id else perp for perp in universe.perps_of(gone.dex)]
    if gone.dex == 0:
        relist(ex.state, universe.with_perps(perps))
    else:
        dex = replace(universe.dexes[gone.dex - 1], perps=tuple(perps))
        relist(ex.state, universe.with_dex(dex))
    ex.emit(PricesChanged((gone.coin,)))


def settle_all(ex: Exchange, market: Market, px: Px) -> None:
    """Cancels all orders of a perp, ends its TWAPs, and settles its positions at `px`."""
    state, perp = ex.state, market.asset
    assert isinstance(perp, Perp)
    for account in state.accounts.values():
        if perp.id in account.orders_by_asset:
            _cancel(ex, account, perp.id)
        twap.end_all(ex, account, [perp.id])
    for account in state.accounts.values():
        position = account.of(perp).positions.get(perp.id)
        if position is not None:
            _settle(ex, market, account, position, px)
    market.open_interest = market.open_interest_base = 0
    market.is_at_cap = False


def _cancel(ex: Exchange, account: Account, asset_id: int) -> None:
    """Takes out all that a user has open there, resting, asleep or waiting."""
    for order in list(account.orders_by_asset[asset_id].values()):
        ex.desk.cancel_order(order, OrderStatus.DELISTED_CANCELED)


def _settle(ex: Exchange, market: Market, account: Account, position: Position, px: Px) -> None:
    """Closes a whole position at `px`, with a fill of its own and nobody on the other side.

    Longs and shorts are equal, so what some receive is what others pay, to the last unit.
    Documented: dir `Settlement` (mechanics 7.2, 17). Assumed: no fee, the zero hash, no public
    trade and no volume; `crossed`, as nothing of it rested.
    """
    state, asset = ex.state, market.asset
    assert isinstance(asset, Perp)
    szi, clearing = position.szi, account.enter(asset)
    gain = (px - margin.entry_px(asset, position)) * szi
    clearing.raw_usd = Usd(clearing.raw_usd + position.raw_usd + ntl(px, szi))
    del clearing.positions[asset.id]
    oid = state.next_oid
    state.next_oid += 1
    fill = Fill(
        account.address,
        asset.coin,
        asset.id,
        px,
        Sz(abs(szi)),
        Side.ASK if szi > 0 else Side.BID,
        state.time_ms,
        szi,
        Direction.SETTLEMENT,
        div_trunc(gain, 10**8),
        ZERO_HASH,
        oid,
        True,
        0,
        6,
        asset.fee_token,
        0,
        trade_id(0, oid) if szi > 0 else trade_id(oid, 0),
        None,
    )
    account.fills.append(fill)
    ex.emit(fill)
    ex.touch(account.address)
