"""What deployers of perps dexes do: register, price, halt, disable (HIP-3).

Documented: the steps and their fields (exchange 5.2), by whom they may be taken, and what a price
may do (mechanics 9). Of the refusals few texts are known, so most are Assumed
(`sim/action_errors.py`). What is set of a perp or of a dex is in `dex_settings.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from . import listing, prices
from .amounts import USDC
from .assets import (
    IDS_PER_DEX,
    Deployed,
    Dex,
    MarginMode,
    Perp,
    Universe,
)
from .dex_settings import may, owned, owned_perp, replaced
from .errors import ActionError, ActionReject
from .events import PricesChanged
from .fixed import Address, Px
from .spot_deploy import gas_price, is_quote, pay_gas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .call import Acting
    from .exchange import Exchange
    from .state import State

MOST_DEXES = 100
"""Assumed: so that no world grows without end. Ids would do for 9989."""
MOST_PERPS = 1_000
"""Assumed: of one dex."""
SET_GAP_MS = 2_500
"""Documented: between two settings of a dex's oracle (mechanics 9)."""
MOST_MARKS = 2
MOST_SZ_DECIMALS = 5
"""Documented: info 4.2."""
LEAST_WEI_DECIMALS = 6
"""A ledger counts millionths of its collateral."""
_DEX = re.compile(r"[a-z]{2,4}")
"""Documented: 2 to 4 lower-case characters (mechanics 14)."""
_COIN = re.compile(r"[0-9A-Za-z]{1,12}")


# -- registering -----------------------------------------------------------------------------------


def register(
    ex: Exchange,
    acting: Acting,
    *,
    dex_name: str,
    max_gas: int | None,
    coin: str,
    sz_decimals: int,
    oracle_px: str,
    margin_table: int,
    margin_mode: MarginMode,
    schema: tuple[str, int, Address | None] | None,
) -> None:
    """Lists a perp on a dex, which it makes when a `schema` of one is given: (full name, index of
    the collateral, oracle updater).

    Assumed: the stake that the exchange asks of a deployer is not asked for; the gas is the price
    of a spot deployment.
    """
    state = ex.state
    if schema is None:
        dex = owned(state, acting, dex_name, "registerAsset")
    else:
        dex = _new_dex(state, acting, dex_name, *schema)
    perp = _new_perp(state.universe, dex, coin, sz_decimals, oracle_px, margin_table, margin_mode)
    gas = gas_price(state)
    if max_gas is not None and gas > max_gas:
        raise ActionError(ActionReject.DEPLOY_GAS)
    if gas:
        pay_gas(ex, state.accounts[acting.user], gas)
    market = prices.open_market(perp, state.time_ms)
    market.updated_ms = state.time_ms
    universe = state.universe.with_dex(replace(dex, perps=(*dex.perps, perp)))
    listing.relist(state, universe, {perp.id: market})
    ex.emit(PricesChanged((perp.coin,)))


def _new_dex(
    state: State,
    acting: Acting,
    name: str,
    full_name: str,
    collateral: int,
    oracle_updater: Address | None,
) -> Dex:
    universe = state.universe
    index = len(universe.dexes) + 1
    if index > MOST_DEXES:
        raise ActionError(ActionReject.PERP_DEPLOY_TOO_MANY)
    if _DEX.fullmatch(name) is None or name == "spot" or universe.dex(name) is not None:
        raise ActionError(ActionReject.PERP_DEPLOY_DEX)
    if not 0 < len(full_name) <= 100:
        raise ActionError(ActionReject.PERP_DEPLOY_DEX)
    if collateral >= len(universe.tokens) or not is_quote(state, collateral):
        raise ActionError(ActionReject.PERP_DEPLOY_COLLATERAL)
    if universe.tokens[collateral].wei_decimals < LEAST_WEI_DECIMALS:
        raise ActionError(ActionReject.PERP_DEPLOY_COLLATERAL)
    return Dex(index, name, full_name, acting.user, collateral, oracle_updater)


def _new_perp(
    universe: Universe,
    dex: Dex,
    coin: str,
    sz_decimals: int,
    oracle_px: str,
    margin_table: int,
    margin_mode: MarginMode,
) -> Perp:
    """Documented: `{dex}:{COIN}` (mechanics 14), up to five size decimals (info 4.2)."""
    prefix, _, symbol = coin.partition(":")
    if prefix != dex.name or _COIN.fullmatch(symbol) is None or coin in universe.by_coin:
        raise ActionError(ActionReject.PERP_DEPLOY_COIN)
    place = len(dex.perps)
    if place >= min(MOST_PERPS, IDS_PER_DEX):
        raise ActionError(ActionReject.PERP_DEPLOY_TOO_MANY)
    px = price(oracle_px)
    try:
        table = listing.table_of(dex.margin_tables, margin_table)
    except ValueError as error:
        raise ActionError(ActionReject.PERP_DEPLOY_TABLE) from error
    perp = perp_of(universe, dex, place, coin, sz_decimals, px)
    perp = replace(
        perp,
        margin_table=table,
        max_leverage=table.tiers[0].max_leverage,
        margin_mode=margin_mode,
    )
    if sz_decimals > MOST_SZ_DECIMALS or not listing.is_start_px(perp, px):
        raise ActionError(ActionReject.PERP_DEPLOY_SPEC)
    return perp


def perp_of(universe: Universe, dex: Dex, place: int, coin: str, sz_decimals: int, px: Px) -> Perp:
    """A perp at `place` of a dex, with one tier of 1x until something else is said."""
    pool = next((one.index for one in universe.dexes if one.collateral == dex.collateral), None)
    return Perp(
        dex.first_id + place,
        coin,
        sz_decimals,
        1,
        listing.table_of({}, 1),
        start_px=px,
        dex=dex.index,
        pool=0 if dex.collateral == USDC else pool or dex.index,
        collateral=dex.collateral,
        fee_token=universe.tokens[dex.collateral].name if universe.tokens else "USDC",
        deployed=Deployed(),
    )


# -- pricing ---------------------------------------------------------------------------------------


def set_oracle(
    ex: Exchange,
    acting: Acting,
    *,
    dex_name: str,
    oracle_pxs: Sequence[tuple[str, str]],
    mark_pxs: Sequence[Sequence[tuple[str, str]]],
    external_pxs: Sequence[tuple[str, str]],
) -> None:
    """Sets oracles and marks of a dex. Documented: by its oracle updater, at most every 2.5 s, with
    up to two mark prices of a coin (mechanics 9).

    Raises ActionError before anything changed. Assumed: external prices are read and have no
    effect, since what they do was never published; a mark without an oracle moves the mark alone.
    """
    state = ex.state
    dex = state.universe.dex(dex_name)
    if dex is None or dex.is_disabled:
        raise ActionError(ActionReject.INVALID_DEX)
    updater = dex.oracle_updater or dex.deployer
    if acting.user != updater and not may(dex, acting.user, "setOracle"):
        raise ActionError(ActionReject.INVALID_ORACLE_UPDATER)
    if len(mark_pxs) > MOST_MARKS:
        raise ActionError(ActionReject.PERP_DEPLOY_ORACLE)
    _read_pxs(state, dex, external_pxs)
    oracles = _read_pxs(state, dex, oracle_pxs)
    marks: dict[int, list[Px]] = {}
    for rows in mark_pxs:
        for asset_id, px in _read_pxs(state, dex, rows).items():
            marks.setdefault(asset_id, []).append(px)
    last_ms = state.oracles_set_ms.get(dex.index)
    if last_ms is not None and state.time_ms < last_ms + SET_GAP_MS:
        raise ActionError(ActionReject.PERP_DEPLOY_ORACLE_SOON)
    state.oracles_set_ms[dex.index] = state.time_ms
    prices.deploy_pxs(
        ex,
        [
            (state.markets[asset_id], oracles.get(asset_id), marks.get(asset_id, ()))
            for asset_id in sorted({*oracles, *marks})
        ],
    )


def _read_pxs(state: State, dex: Dex, rows: Sequence[tuple[str, str]]) -> dict[int, Px]:
    """Prices by asset id. Raises ActionError for a coin that the dex does not list.

    Observed: `Unknown coin TEST0` (exchange 7.6), whose prefix was missing.
    """
    found: dict[int, Px] = {}
    for coin, text in rows:
        asset = state.universe.by_coin.get(coin)
        if not isinstance(asset, Perp) or asset.dex != dex.index:
            raise ActionError(ActionReject.UNKNOWN_COIN, coin=coin)
        px = price(text)
        if not asset.is_delisted:
            found[asset.id] = prices.rounded(asset, px)
            if found[asset.id] <= 0:
                raise ActionError(ActionReject.PERP_DEPLOY_ORACLE)
    return found


def price(text: str) -> Px:
    """A price as a deployer writes it. Raises ActionError. Assumed: up to 8 decimals, above 0."""
    try:
        return listing.parse_px(text)
    except ValueError as error:
        raise ActionError(ActionReject.PERP_DEPLOY_ORACLE) from error


# -- halting ---------------------------------------------------------------------------------------


def halt(ex: Exchange, acting: Acting, coin: str, *, is_halted: bool) -> None:
    """Halts a perp or lets it trade again.

    Documented: a halt cancels all orders and settles positions at the current mark (mechanics 17).
    Assumed: with the status of a delisting.
    """
    _, perp = owned_perp(ex.state, acting, coin, "haltTrading")
    market = ex.state.markets[perp.id]
    if is_halted:
        listing.settle_all(ex, market, market.mark_px)
    market.halted = is_halted
    if not is_halted:
        ex.mark_moved(perp.id)


def disable(ex: Exchange, acting: Acting, dex_name: str) -> None:
    """Ends a dex: nothing of it trades or can be set any more; what it holds can be taken out.

    Assumed: all its perps must be halted before.
    """
    state = ex.state
    dex = owned(state, acting, dex_name, "disableDex")
    markets = [state.markets[perp.id] for perp in dex.perps]
    if not all(market.halted for market in markets):
        raise ActionError(ActionReject.PERP_DEPLOY_LIVE)
    for market in markets:
        listing.settle_all(ex, market, market.mark_px)
    ended = replace(
        dex, is_disabled=True, perps=tuple(replace(perp, is_delisted=True) for perp in dex.perps)
    )
    listing.relist(state, replaced(state, ended), {})
    ex.emit(PricesChanged(tuple(perp.coin for perp in dex.perps)))
