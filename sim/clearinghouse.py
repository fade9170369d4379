"""Settles one match: positions, balances, fees, pnl, histories; exact, or truncated once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.dataclass import dataclass
from ..matching.merged import UNIT
from ..matching.types import Side
from . import fees, margin, rewards
from .assets import OutcomeSide, Perp, SpotPair, Token
from .events import Direction, Fill, Liquidation, Trade
from .fixed import (
    Address,
    Px,
    Rate,
    Sz,
    Szi,
    Usd,
    Wei,
    div_down,
    div_trunc,
    mul_trunc,
    ntl,
    ntl_wei,
    sz_to_wei,
    wei_to_sz,
)
from .ids import ZERO_ADDRESS, trade_id
from .orders import Order
from .state import Account, Clearing, Market, Position, SpotBalance

if TYPE_CHECKING:
    from .exchange import Exchange

USDC = 0
"""Token index of the perps collateral."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an order trades: what every fill that it makes says of it."""

    hash: str
    """The transaction hash of the taker's action; both fills and the trade carry it."""
    liquidation: Liquidation | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One match, as both of its sides see it."""

    px: Px
    sz: Sz
    tid: int
    cause: Cause


def settle(
    ex: Exchange,
    market: Market,
    taker: Order,
    maker: Order,
    px: Px,
    sz: Sz,
    cause: Cause,
    dual: Market | None = None,
) -> None:
    """Moves what one match moves, on both sides, and tells everybody concerned.

    `dual` is where the maker's order stands when that is the other side of an outcome, at a price
    that adds up to 1 with this one.
    """
    state = ex.state
    is_bid = taker.side is Side.BID
    tid = trade_id(taker.oid, maker.oid) if is_bid else trade_id(maker.oid, taker.oid)
    match = Match(px, sz, tid, cause)
    settle_side = _settle_spot if market.asset.is_spot else _settle_perp
    taker_fill = settle_side(ex, market, taker, match, crossed=True)
    if dual is not None:
        match = Match(Px(UNIT - px), sz, tid, cause)
    maker_fill = settle_side(ex, dual or market, maker, match, crossed=False)
    now = state.time_ms
    trade = Trade(
        market.asset.coin,
        taker.side,
        px,
        sz,
        now,
        cause.hash,
        tid,
        taker_fill.user if is_bid else maker_fill.user,
        maker_fill.user if is_bid else taker_fill.user,
    )
    publish(ex, market, trade, (taker_fill, maker_fill))


def settle_sale_of_nobody(
    ex: Exchange, market: Market, maker: Order, px: Px, sz: Sz, cause: Cause
) -> None:
    """As `settle`, for a spot match whose other side is the engine itself: the maker's side only.

    Assumed: the trade prints without a number and with the zero address as its seller.
    """
    fill = _settle_spot(ex, market, maker, Match(px, sz, 0, cause), crossed=False)
    parties = (0, fill.user, Address(ZERO_ADDRESS))
    trade = Trade(fill.coin, Side.ASK, px, sz, ex.state.time_ms, cause.hash, *parties)
    publish(ex, market, trade, (fill,))


def publish(ex: Exchange, market: Market, trade: Trade, fills: tuple[Fill, ...]) -> None:
    """Counts a trade and tells it to the public and to whoever was part of it."""
    px, sz, now = trade.px, trade.sz, trade.time_ms
    market.last_px = px
    market.trades.append(trade)
    market.candles.add_trade(now, px, sz)
    gross = div_down(px * sz, 10**8)
    is_money = fees.is_money(ex.state, market.asset)
    weighted = fees.weighted_volume(ex.state, market.asset, gross) if is_money else 0
    market.volume.add(now, gross, sz, weighted=weighted)
    for fill in fills:
        account = ex.state.accounts[fill.user]
        account.fills.append(fill)
        # Not the market's: the maker of an outcome may have traded at another price.
        mine = gross if fill.px == px else div_down(fill.px * sz, 10**8)
        counts = weighted if fill.px == px else fees.weighted_volume(ex.state, market.asset, mine)
        if is_money:
            account.volume.add(now, mine, sz, is_taker=fill.crossed, weighted=counts)
        ex.emit(fill)
        ex.touch(fill.user)
    ex.emit(trade)


# -- perps -----------------------------------------------------------------------------------------


def _settle_perp(
    ex: Exchange, market: Market, order: Order, match: Match, *, crossed: bool
) -> Fill:
    state, asset = ex.state, market.asset
    px, sz = match.px, match.sz
    assert isinstance(asset, Perp)
    account = state.accounts[Address(order.owner)]
    notional = ntl(px, sz)
    taker_rate, maker_rate = fees.perp_rates(state, account, asset)
    protocol = fees.perp_fee(notional, taker_rate if crossed else maker_rate)
    builder = 0
    if order.builder is not None:
        builder = fees.builder_fee(notional, order.builder.fee)
    fee = Usd(protocol + builder)
    rewards.share_perp_fee(ex, account, asset, order, protocol, builder)
    clearing = account.enter(asset)
    before = clearing.positions.get(asset.id)
    start = Szi(before.szi if before is not None else 0)
    direction, closed_pnl = move_position(ex, market, clearing, asset, order.side, px, sz, fee)
    return Fill(
        account.address,
        asset.coin,
        asset.id,
        px,
        sz,
        order.side,
        state.time_ms,
        start,
        direction,
        closed_pnl,
        match.cause.hash,
        order.oid,
        crossed,
        fee,
        6,
        asset.fee_token,
        builder,
        match.tid,
        order.cloid,
        order.twap_id,
        match.cause.liquidation,
    )


def move_position(
    ex: Exchange,
    market: Market,
    clearing: Clearing,
    asset: Perp,
    side: Side,
    px: Px,
    sz: Sz,
    fee: Usd,
) -> tuple[Direction, int]:
    """Applies a signed trade to the position: close what is there, open what is left.

    Returns the direction and the closed pnl (1e-8 USD, without the fee). Rule for the direction:
    mechanics 7.2, reproduces 500 recorded fills; a flip is one fill.
    """
    sign = side.sign
    position = clearing.positions.get(asset.id)
    if position is None or position.szi * sign > 0:
        _open(ex, market, clearing, asset, sign, px, sz, fee)
        return (Direction.OPEN_LONG if sign > 0 else Direction.OPEN_SHORT), 0
    held = abs(position.szi)
    closed = min(held, sz)
    # Observed: the entry is the truncated one that is displayed (mechanics 7.1).
    gain = (px - margin.entry_px(asset, position)) * closed
    closed_pnl = div_trunc(gain if position.szi > 0 else -gain, 10**8)
    _close(market, clearing, asset, position, px, Sz(closed), fee)
    if sz <= held:
        return (Direction.CLOSE_SHORT if sign > 0 else Direction.CLOSE_LONG), closed_pnl
    _open(ex, market, clearing, asset, sign, px, Sz(sz - held), Usd(0))
    return (Direction.SHORT_TO_LONG if sign > 0 else Direction.LONG_TO_SHORT), closed_pnl


def _open(
    ex: Exchange,
    market: Market,
    clearing: Clearing,
    asset: Perp,
    sign: int,
    px: Px,
    sz: Sz,
    fee: Usd,
) -> None:
    """Adds `sz` in direction `sign`. Isolated: moves margin sz * px / leverage from cross.

    Assumed: fees of an isolated position are paid from its own margin (mechanics 6.4).
    """
    cost = Usd(sign * ntl(px, sz))
    position = clearing.positions.get(asset.id)
    if position is None:
        leverage = margin.leverage_of(clearing, asset)
        position = Position(Szi(0), Usd(0), leverage.is_cross)
        clearing.positions[asset.id] = position
    position.szi = Szi(position.szi + sign * sz)
    position.entry_ntl = Usd(position.entry_ntl + cost)
    position.funding_since_change = Usd(0)
    if sign > 0:
        market.open_interest += sz
    if position.is_cross:
        clearing.raw_usd = Usd(clearing.raw_usd - cost - fee)
        return
    moved = div_down(abs(cost), margin.leverage_of(clearing, asset).value)
    clearing.raw_usd = Usd(clearing.raw_usd - moved)
    position.raw_usd = Usd(position.raw_usd + moved - cost - fee)


def _close(
    market: Market,
    clearing: Clearing,
    asset: Perp,
    position: Position,
    px: Px,
    sz: Sz,
    fee: Usd,
) -> None:
    """Takes `sz` off the position; entry price and isolated margin shrink in proportion.

    Documented: "closing: the entry price is unchanged" (mechanics 7.1); isolated margin is released
    proportionally (mechanics 6.4).
    """
    sign = 1 if position.szi > 0 else -1
    held = abs(position.szi)
    rest = held - sz
    proceeds = sign * ntl(px, sz)
    if sign > 0:
        market.open_interest -= sz
    if position.is_cross:
        clearing.raw_usd = Usd(clearing.raw_usd + proceeds - fee)
    else:
        kept = div_trunc(position.raw_usd * rest, held)
        clearing.raw_usd = Usd(clearing.raw_usd + position.raw_usd - kept + proceeds - fee)
        position.raw_usd = Usd(kept)
    if rest == 0:
        del clearing.positions[asset.id]
        return
    position.szi = Szi(sign * rest)
    position.entry_ntl = Usd(div_trunc(position.entry_ntl * rest, held))
    position.funding_since_change = Usd(0)


# -- spot ------------------------------------------------------------------------------------------


def _settle_spot(
    ex: Exchange, market: Market, order: Order, match: Match, *, crossed: bool
) -> Fill:
    state, pair = ex.state, market.asset
    px, sz = match.px, match.sz
    assert isinstance(pair, SpotPair)
    account = state.accounts[Address(order.owner)]
    start = wei_to_sz(balance(account, pair.base.index).total, pair.base.wei_decimals)
    is_bid = order.side is Side.BID
    taker_rate, maker_rate = fees.pair_rates(state, account, pair, is_buy=is_bid)
    rate = taker_rate if crossed else maker_rate
    if is_bid:
        fee = _buy(account, pair, px, sz, rate)
        builder = closed_pnl = 0
    else:
        fee, builder, closed_pnl = _sell(ex, account, pair, order, px, sz, rate)
    # Observed: a bought side of an outcome costs nothing of the quote token (contested 55).
    paid_in = pair.base if is_bid and not isinstance(pair, OutcomeSide) else pair.quote
    shared = _share(ex, paid_in, fee) if is_bid and paid_in.fee_share else 0
    collected, part = state.treasury.token_fees, rewards.referrer_part(account, fee)
    part = Wei(max(0, min(part, fee - shared)))  # Assumed: of what the deployer leaves
    collected[paid_in.index] = Wei(collected.get(paid_in.index, 0) + fee - part - shared)
    rewards.pay_referrer(ex, account, paid_in.index, fee, part)
    return Fill(
        account.address,
        pair.coin,
        pair.id,
        px,
        sz,
        order.side,
        state.time_ms,
        Szi(start),
        Direction.BUY if is_bid else Direction.SELL,
        closed_pnl,
        match.cause.hash,
        order.oid,
        crossed,
        fee + builder,
        paid_in.wei_decimals,
        paid_in.name,
        builder,
        match.tid,
        order.cloid,
        order.twap_id,
        match.cause.liquidation,
    )


def _buy(account: Account, pair: SpotPair, px: Px, sz: Sz, rate: Rate) -> Wei:
    """Pays quote, receives base less the fee; returns the fee in base wei."""
    base, quote = pair.base, pair.quote
    bought, paid = balance(account, base.index), balance(account, quote.index)
    gross = ntl_wei(px, sz, quote.wei_decimals)
    fee = fees.spot_buy_fee(gross, px, rate, base.wei_decimals, quote.wei_decimals)
    paid.total = Wei(paid.total - gross)
    bought.total = Wei(bought.total + sz_to_wei(sz, base.wei_decimals) - fee)
    bought.entry_ntl += div_down(px * sz, 10**8)
    return fee


def _sell(
    ex: Exchange, account: Account, pair: SpotPair, order: Order, px: Px, sz: Sz, rate: Rate
) -> tuple[Wei, int, int]:
    """Gives base, receives quote less the fees: (fee and builder fee in quote wei, pnl 1e-8 USD).

    Observed: the pnl is against the cost basis, which shrinks in proportion, without the fee
    (mechanics 12).
    """
    base, quote = pair.base, pair.quote
    sold, received = balance(account, base.index), balance(account, quote.index)
    amount = sz_to_wei(sz, base.wei_decimals)
    gross = ntl_wei(px, sz, quote.wei_decimals)
    # Observed: what stays is rounded down (mechanics 12: 11.16531 less 0.26 of 0.26981101).
    kept = div_down(sold.entry_ntl * (sold.total - amount), sold.total)
    cost = sold.entry_ntl - kept
    sold.entry_ntl = kept
    sold.total = Wei(sold.total - amount)
    fee = fees.spot_sell_fee(gross, rate)
    builder = 0
    if order.builder is not None:
        # Documented: builders earn on quote-collected fees only, so not on buys (mechanics 11.3).
        builder = fees.builder_fee(gross, order.builder.fee)
        rewards.pay_builder(ex, order.builder, quote.index, builder)
    received.total = Wei(received.total + gross - fee - builder)
    return fee, builder, div_down(px * sz, 10**8) - cost


def _share(ex: Exchange, token: Token, fee: Wei) -> Wei:
    """Pays the deployer's part of a fee in its own token, rounded down, and returns it.

    Assumed: at once, onto the spot balance, without a ledger row.
    """
    share = Wei(mul_trunc(fee, token.fee_share))
    if share and token.deployer is not None:
        held = balance(ex.open_account(token.deployer), token.index)
        held.total = Wei(held.total + share)
        ex.touch(token.deployer)
    return share


def balance(account: Account, token: int) -> SpotBalance:
    """The balance of a token, made when there is none."""
    found = account.spot.get(token)
    if found is None:
        found = account.spot[token] = SpotBalance()
    return found
