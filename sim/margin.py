"""What a user's positions and orders require, and what is left. Reads only; changes nothing.

All amounts are µUSD. Isolated positions carry their own margin in `Position.raw_usd`; cross
positions share `Clearing.raw_usd`.
"""

from __future__ import annotations

from functools import lru_cache

from ..matching.dataclass import dataclass
from ..matching.types import Side
from . import lending
from .amounts import USDC
from .assets import FIRST_BUILDER_ID, Asset, MarginTier, Perp, px_decimals
from .fixed import (
    TEN,
    Px,
    Rate,
    Sz,
    Usd,
    div_down,
    div_half_even,
    floor_to,
    ntl,
    ntl_less_margin,
    rescale_down,
)
from .state import (
    POOLED,
    PORTFOLIO_MARGIN,
    Account,
    Clearing,
    Leverage,
    Market,
    Position,
    State,
)

_USD_PER_NTL = 10**10
"""px * sz units (1e-16 USD) in one µUSD."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`marginSummary` and `crossMarginSummary` of a clearinghouse state."""

    account_value: Usd
    total_ntl_pos: Usd
    total_raw_usd: Usd
    total_margin_used: Usd


def perp_of(state: State, asset_id: int) -> Perp:
    """The perp behind an asset id that is known to be one."""
    asset = state.markets[asset_id].asset
    assert isinstance(asset, Perp)
    return asset


def position_of(state: State, account: Account, asset_id: int) -> Position | None:
    """The position of an account in a perp, wherever that is cleared."""
    if asset_id < FIRST_BUILDER_ID:
        return account.positions.get(asset_id)
    return account.of(perp_of(state, asset_id)).positions.get(asset_id)


def leverage_of(clearing: Clearing, perp: Perp) -> Leverage:
    """The setting of `perp`; the default of one never touched is not stored.

    Inferred: assets that allow no cross margin start as isolated (info 5.3).
    """
    found = clearing.leverages.get(perp.id)
    return found or _default_leverage(perp.default_leverage, perp.only_isolated)


@lru_cache(maxsize=4096)
def _default_leverage(value: int, only_isolated: bool) -> Leverage:
    return Leverage(value, not only_isolated)


# -- one position ----------------------------------------------------------------------------------


def position_value(market: Market, position: Position) -> Usd:
    """|szi| at mark."""
    return ntl(market.mark_px, abs(position.szi))


def unrealized_pnl(market: Market, position: Position) -> Usd:
    """szi at mark less the exact entry notional (mechanics 6.1)."""
    return Usd(ntl(market.mark_px, position.szi) - position.entry_ntl)


def margin_used(state: State, clearing: Clearing, asset_id: int) -> Usd:
    """Cross: value / leverage, truncated. Isolated: the margin itself, pnl included (mechanics
    6.1).
    """
    position, market = clearing.positions[asset_id], state.markets[asset_id]
    if not position.is_cross:
        return Usd(position.raw_usd + ntl(market.mark_px, position.szi))
    leverage = leverage_of(clearing, perp_of(state, asset_id))
    return Usd(div_down(position_value(market, position), leverage.value))


def maintenance_of(state: State, asset_id: int, position: Position) -> Usd:
    """Maintenance margin of one position at mark (mechanics 6.3)."""
    value = position_value(state.markets[asset_id], position)
    return perp_of(state, asset_id).margin_table.maintenance(value)


def entry_px(asset: Asset, position: Position) -> Px:
    """Average entry as displayed: truncated to 6 - szDecimals decimals.

    Observed: 64716.468 shows as 64716.4 (mechanics 7.1, contested 24).
    """
    exact = div_down(abs(position.entry_ntl) * _USD_PER_NTL, abs(position.szi))
    return Px(floor_to(exact, TEN[8 - px_decimals(asset)]))


def return_on_equity(state: State, clearing: Clearing, asset_id: int) -> Rate:
    """Unrealised pnl * leverage / entry notional, 10 decimals, rounded.

    Observed: -0.006 * 10 / 75.658 is -0.0007930424 (info 5.1, mechanics 7.1).
    """
    position, market = clearing.positions[asset_id], state.markets[asset_id]
    if position.entry_ntl == 0:
        return Rate(0)
    leverage = leverage_of(clearing, perp_of(state, asset_id)).value
    pnl = unrealized_pnl(market, position)
    return Rate(div_half_even(pnl * leverage * 10**10, abs(position.entry_ntl)))


def liquidation_px(state: State, clearing: Clearing, asset_id: int) -> int | None:
    """The mark at which equity meets maintenance, 1e-10, rounded; None when there is none above 0.

    Documented: px = -(rawUsd + deduction) / (szi - mmr * |szi|) with the tier that holds at that
    price; for cross, the other positions are frozen and their maintenance set aside (mechanics
    8.3).
    """
    position = clearing.positions[asset_id]
    raw: int = position.raw_usd
    if position.is_cross:
        market = state.markets[asset_id]
        own = perp_of(state, asset_id).margin_table.maintenance(position_value(market, position))
        others = cross_maintenance(state, clearing) - own
        raw = cross_value(state, clearing) - ntl(market.mark_px, position.szi) - others
    table = perp_of(state, asset_id).margin_table
    sign = 1 if position.szi > 0 else -1
    found: int | None = None
    for tier, deduction in zip(table.tiers, table.deductions, strict=True):
        twice = 2 * tier.max_leverage
        top = -(raw + deduction) * twice * 10**12
        bottom = position.szi * (twice - sign)
        if bottom < 0:
            top, bottom = -top, -bottom
        px = div_half_even(top, bottom)
        if px <= 0:
            continue
        found = px
        if _in_tier(table.tiers, tier, ntl(div_down(px, 100), abs(position.szi))):
            return px
    return found


def _in_tier(tiers: tuple[MarginTier, ...], tier: MarginTier, notional: int) -> bool:
    place = tiers.index(tier)
    above = place == 0 or notional > tier.lower_bound
    return above and (place + 1 == len(tiers) or notional <= tiers[place + 1].lower_bound)


# -- the account -----------------------------------------------------------------------------------


def cross_value(state: State, clearing: Clearing) -> Usd:
    """Cross account value: ledger plus cross positions at mark."""
    value: int = clearing.raw_usd
    for asset_id, position in clearing.positions.items():
        if position.is_cross:
            value += ntl(state.markets[asset_id].mark_px, position.szi)
    return Usd(value)


def cross_margin_used(state: State, clearing: Clearing) -> Usd:
    """Sum of the initial margins of cross positions, each truncated (mechanics 6.1)."""
    return Usd(
        sum(
            margin_used(state, clearing, asset_id)
            for asset_id, position in clearing.positions.items()
            if position.is_cross
        )
    )


def cross_summary(state: State, clearing: Clearing) -> Summary:
    """The cross part of the clearing."""
    notional = sum(
        position_value(state.markets[asset_id], position)
        for asset_id, position in clearing.positions.items()
        if position.is_cross
    )
    return Summary(
        cross_value(state, clearing),
        Usd(notional),
        clearing.raw_usd,
        cross_margin_used(state, clearing),
    )


def total_summary(state: State, clearing: Clearing) -> Summary:
    """The whole clearing, isolated positions included."""
    cross = cross_summary(state, clearing)
    value, notional = cross.account_value, cross.total_ntl_pos
    raw, used = cross.total_raw_usd, cross.total_margin_used
    for asset_id, position in clearing.positions.items():
        if position.is_cross:
            continue
        margin = margin_used(state, clearing, asset_id)
        value, raw, used = Usd(value + margin), Usd(raw + position.raw_usd), Usd(used + margin)
        notional = Usd(notional + position_value(state.markets[asset_id], position))
    return Summary(value, notional, raw, used)


def cross_maintenance(state: State, clearing: Clearing) -> Usd:
    """Maintenance margin of the cross positions, tiers and deductions applied (mechanics 6.3)."""
    return Usd(
        sum(
            maintenance_of(state, asset_id, position)
            for asset_id, position in clearing.positions.items()
            if position.is_cross
        )
    )


def order_margin(state: State, clearing: Clearing) -> Usd:
    """What resting orders reserve: sz * limitPx / leverage of those that would increase exposure.

    Observed: an order on the other side of a position reserves nothing, reduce-only or not
    (mechanics 6.1). Assumed: on a flat coin both sides are summed (contested 47).
    """
    total = 0
    sums = state.rules.order_margin == "sum"
    positions, leverages = clearing.positions, clearing.leverages
    for asset_id, (bid, ask) in clearing.order_loads.items():
        position = positions.get(asset_id)
        if position is None:
            exposed = bid + ask if sums else max(bid, ask)
        else:
            exposed = bid if position.szi > 0 else ask
        if exposed:
            leverage = leverages.get(asset_id)
            value = (
                perp_of(state, asset_id).default_leverage if leverage is None else leverage.value
            )
            total += div_down(exposed, _USD_PER_NTL * value)
    return Usd(total)


def spare_load(state: State, clearing: Clearing, asset_id: int, side: Side) -> int:
    """How much more of `side` (px * sz units) the other side's resting orders have paid for.

    0 with a position, and when both sides are summed (contested 47).
    """
    load = clearing.order_loads.get(asset_id)
    if load is None or asset_id in clearing.positions or state.rules.order_margin == "sum":
        return 0
    bid, ask = load
    return max(0, ask - bid if side is Side.BID else bid - ask)


def unused_value(state: State, clearing: Clearing) -> Usd:
    """Cross value and credit less the initial margins of cross positions; may be negative.

    One pass over the positions, since every order and every match of a maker asks for it.
    """
    value: int = clearing.raw_usd + clearing.credit
    markets, leverages = state.markets, clearing.leverages
    for asset_id, position in clearing.positions.items():
        if position.is_cross:
            market, leverage = markets[asset_id], leverages.get(asset_id)
            if leverage is None:
                perp = market.asset
                assert isinstance(perp, Perp)
                value += ntl_less_margin(market.mark_px, position.szi, perp.default_leverage)
            else:
                value += ntl_less_margin(market.mark_px, position.szi, leverage.value)
    return Usd(value)


def free_margin(state: State, clearing: Clearing) -> Usd:
    """What a new order may use: unused value less what resting orders reserve; may be negative."""
    return Usd(unused_value(state, clearing) - order_margin(state, clearing))


def pays_for(
    state: State, clearing: Clearing, perp: Perp, side: Side, sz: int, exposed: int, free: int
) -> bool:
    """True when `free` covers a trade of `sz` that is worth `exposed` (px * sz units).

    A trade through zero pays for its excess only, with the margin that closing releases, too
    (mechanics 6.2). The fee is left out (Assumed).
    """
    position = clearing.positions.get(perp.id)
    if position is not None and position.szi * side.sign < 0:
        excess = sz - abs(position.szi)
        if excess <= 0:
            return True
        exposed = div_down(exposed * excess, sz)
        free += max(0, margin_used(state, clearing, perp.id))
    # Compared without division: exposed / leverage <= free.
    return exposed <= free * leverage_of(clearing, perp).value * _USD_PER_NTL


def withdrawable(state: State, account: Account, clearing: Clearing | None = None) -> Usd:
    """max(0, cross value - max(initial + order margin, 10 % of cross notional)), of the first dex
    unless a `clearing` of the account is named.

    Observed: 220 mainnet accounts (mechanics 6.1, contested 1).
    """
    clearing = clearing or account
    cross = cross_summary(state, clearing)
    initial = cross.total_margin_used + order_margin(state, clearing)
    tenth = div_down(cross.total_ntl_pos, 10)
    free = cross.account_value - max(initial, tenth)
    if account.abstraction in POOLED:
        # Assumed: unrealised profit is no part of the one balance before it is realised.
        free -= max(0, cross_pnl(state, clearing))
    if account.abstraction == PORTFOLIO_MARGIN and clearing is account:
        # Documented: what is borrowed cannot leave the account.
        free = 0 if account.address in state.borrowers else free + idle(state, account)
    return Usd(max(0, free))


def idle(state: State, account: Account) -> Usd:
    """What it lent out of its USDC and can have back at once, rounded down."""
    reserve = lending.fresh(state, USDC)
    worth = reserve.supply_worth(account.lent.get(USDC, lending.NOTHING))
    return Usd(rescale_down(min(worth, reserve.cash), reserve.decimals, 6))


def cross_pnl(state: State, clearing: Clearing) -> Usd:
    """Unrealised profit of all cross positions."""
    return Usd(
        sum(
            unrealized_pnl(state.markets[asset_id], position)
            for asset_id, position in clearing.positions.items()
            if position.is_cross
        )
    )


def available_to_trade(state: State, clearing: Clearing, asset_id: int) -> tuple[Usd, Usd]:
    """(buy, sell): margin for a new order of either side, what closing releases included.

    Observed: the closing side has twice the position's own margin more (mechanics 6.2): what closes
    needs none, and what it releases opens the other way. Inferred: an isolated margin that is not
    value / leverage counts as it stands in the second half only, as orders are judged (`pays_for`).
    """
    free: int = free_margin(state, clearing)
    opening = Usd(max(0, free))
    position = clearing.positions.get(asset_id)
    leverage = leverage_of(clearing, perp_of(state, asset_id)).value
    if position is None:
        unit = leverage * _USD_PER_NTL
        buy, sell = (
            Usd(max(0, free + div_down(spare_load(state, clearing, asset_id, side), unit)))
            for side in (Side.BID, Side.ASK)
        )
        return buy, sell
    market = state.markets[asset_id]
    released = max(0, margin_used(state, clearing, asset_id))
    closes = div_down(position_value(market, position), leverage)
    closing = Usd(closes + max(0, free + released))
    return (opening, closing) if position.szi > 0 else (closing, opening)


def max_trade_szs(state: State, clearing: Clearing, asset_id: int) -> tuple[Sz, Sz]:
    """(buy, sell) sizes: available * leverage / mark, rounded down to a lot (info 5.3)."""
    market, perp = state.markets[asset_id], perp_of(state, asset_id)
    leverage = leverage_of(clearing, perp).value
    step = TEN[8 - perp.sz_decimals]
    buy, sell = (
        Sz(floor_to(div_down(usd * leverage * _USD_PER_NTL, market.mark_px), step))
        for usd in available_to_trade(state, clearing, asset_id)
    )
    return buy, sell
