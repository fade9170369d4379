"""Liquidation: what happens to margin that is below maintenance when marks are computed.

The sequence is that of mechanics 8.2: cancel, sell to the book, deleverage below zero, hand the
rest to the liquidator below two thirds of maintenance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..matching.types import Side, Tif
from . import danger
from .abstraction import gather
from .assets import Perp, lot, round_px
from .borrow_liquidation import take_over
from .clearinghouse import Cause
from .deleveraging import LIQUIDATED, deleverage
from .events import AccountLiquidated, LedgerRow, Liquidation
from .fixed import RATE_SCALE, Px, Sz, Szi, Usd, div_down, div_trunc, floor_to, ntl
from .handover import (
    Hand,
    cover,
    hand_over,
    is_liquidator,
    keep_apart,
    liquidator,
    liquidator_of,
)
from .ids import ZERO_HASH, tx_hash
from .ledger import Liquidated
from .margin import perp_of, position_value
from .orders import Order, OrderStatus
from .pots import Pot
from .state import POOLED, Market, State
from .twap import end_all

if TYPE_CHECKING:
    from .exchange import Exchange

PART = 5
COOLDOWN_MS = 30_000
"""Documented: a fifth of a large position goes to the book; for 30 s after that whole ones do
(mechanics 8.2)."""


def liquidate(ex: Exchange, moved: Mapping[int, None]) -> None:
    """Liquidates whatever is below maintenance at the marks of now.

    Documented: the mark alone decides (mechanics 8.1). Assumed: what this makes of others is looked
    at at the next marks, and who comes first is a matter of the address.
    """
    state = ex.state
    pots: list[Pot] = []
    for user in danger.waking(state, moved):
        pots += danger.look(state, state.accounts[user])
    for pot in pots:
        if not pot.is_safe(state):
            _liquidate(ex, pot, moved)


def _liquidate(ex: Exchange, pot: Pot, moved: Mapping[int, None]) -> None:
    """Assumed: what is below zero already is deleveraged without asking the book, where it could
    only lose what nobody has.
    """
    state = ex.state
    if is_liquidator(pot.account.address):
        if pot.value(state) < 0:
            _out_of_book(ex, pot, moved)
        return
    _cancel_orders(ex, pot)
    if pot.value(state) >= 0:
        _to_book(ex, pot)
    if pot.is_lost(state):
        _out_of_book(ex, pot, moved)


def _cancel_orders(ex: Exchange, pot: Pot) -> None:
    """Assumed: of a cross account all that it has on that dex, with the first one spot orders,
    too; of an isolated position its asset's. TWAPs end likewise.
    """
    state, account = ex.state, pot.account
    twaps = [twap.terms.asset_id for twap in account.twaps.values()]
    end_all(ex, account, [each for each in twaps if pot.concerns(state, each)])
    for order in list(account.orders.values()):
        if pot.concerns(state, order.asset_id):
            ex.desk.cancel_order(order, OrderStatus.LIQUIDATED_CANCELED)
    if pot.account.abstraction in POOLED:
        gather(ex, pot.account)  # what spot orders held is margin again


# -- to the book -----------------------------------------------------------------------------------


def _to_book(ex: Exchange, pot: Pot) -> None:
    """Sends market orders, one a position, until maintenance is met.

    Documented: what then remains stays with the trader (mechanics 8.2).
    """
    state = ex.state
    value, held = pot.value(state), _held(state, pot)
    hash_ = tx_hash(state.height, state.action_index)
    for asset_id in pot.assets(state):
        if not pot.is_safe(state):
            _send_order(ex, pot, asset_id, hash_)
    if _tell(ex, pot, value, held, hash_):
        state.action_index += 1


def _send_order(ex: Exchange, pot: Pot, asset_id: int, hash_: str) -> None:
    """One market order that closes the position, or a fifth of it when it is large.

    Observed: an ordinary order of the user's, without a cloid, at the ordinary fee (mechanics 8.4).
    Assumed: no order is made while nothing can meet it, or while trading is halted.
    """
    state, account = ex.state, pot.account
    market, szi = state.markets[asset_id], pot.clearing.positions[asset_id].szi
    side = Side.ASK if szi > 0 else Side.BID
    px, sz = _worst_px(state, market, side), _sz_to_send(state, pot, asset_id)
    if market.halted or not market.book.crosses(side, px):
        return
    order = Order(
        state.next_oid,
        account.address,
        side,
        px,
        sz,
        asset_id,
        market.asset.coin,
        sz,
        Tif.LIQUIDATION_MARKET,
        True,
        None,
        state.time_ms,
    )
    state.next_oid += 1
    before = pot.clearing.raw_usd
    told = Liquidation(account.address, market.mark_px, "market")
    ex.desk.execute(account, market, order, Cause(hash_, told))
    keep_apart(ex, pot, before, releases=False)
    if order.sz < sz < abs(szi):
        pot.clearing.liquidated_partly_ms = state.time_ms


def _sz_to_send(state: State, pot: Pot, asset_id: int) -> Sz:
    market, position = state.markets[asset_id], pot.clearing.positions[asset_id]
    whole, last_ms = abs(position.szi), pot.clearing.liquidated_partly_ms
    if position_value(market, position) <= state.rules.partial_liquidation_ntl:
        return Sz(whole)
    if last_ms is not None and state.time_ms <= last_ms + COOLDOWN_MS:
        return Sz(whole)
    step = lot(market.asset)
    return Sz(max(step, floor_to(div_down(whole, PART), step)))


def _worst_px(state: State, market: Market, side: Side) -> Px:
    """Assumed: no limit but the band (mechanics 8.2, contested 6)."""
    inner = RATE_SCALE - state.rules.price_band
    if side is Side.ASK:
        return round_px(market.asset, div_down(market.mark_px * inner, RATE_SCALE) + 1, up=True)
    return round_px(market.asset, div_down(market.mark_px * RATE_SCALE, inner), up=False)


# -- past the book ---------------------------------------------------------------------------------


def _out_of_book(ex: Exchange, pot: Pot, moved: Mapping[int, None]) -> None:
    """Deleverages what is below zero, then hands what is still lost to the liquidator.

    The liquidator itself keeps what is left to it. Users without positions never pay. Documented:
    that of a builder-deployed dex takes assets only that can be held cross; all of the others is
    deleveraged (mechanics 8.2).
    """
    state = ex.state
    value, held = pot.value(state), _held(state, pot)
    wholly = pot.asset_id is not None and _has_no_backstop(perp_of(state, pot.asset_id))
    if value < 0 or wholly:
        deleverage(ex, pot, moved, wholly=wholly)
    if not wholly and not is_liquidator(pot.account.address) and pot.is_lost(state):
        _backstop(ex, pot)
    _tell(ex, pot, value, held, ZERO_HASH)


def _has_no_backstop(perp: Perp) -> bool:
    return perp.dex != 0 and perp.only_isolated


def _backstop(ex: Exchange, pot: Pot) -> None:
    """Everything of the pot goes to the liquidator, positions at mark and whatever is left.

    Documented: "all cross positions and all cross margin", or the isolated position and its margin
    (mechanics 8.2). Assumed: at mark; a pot that lost more than it had leaves its debt, too; where
    several dexes shared a pot, their liquidators share what is left by what they took.
    """
    state, account, clearing = ex.state, pot.account, pot.clearing
    before = clearing.raw_usd
    taken: dict[int, int] = {}
    for asset_id in pot.assets(state):
        market, position = state.markets[asset_id], clearing.positions[asset_id]
        dex = perp_of(state, asset_id).dex
        taken[dex] = taken.get(dex, 0) + position_value(market, position)
        is_long = position.szi > 0
        told = Liquidation(account.address, market.mark_px, "backstop")
        loser = Hand(account, LIQUIDATED[position.is_cross, is_long], crossed=True)
        taker = Hand(liquidator(ex, perp_of(state, asset_id)), None, crossed=False)
        seller, buyer = (loser, taker) if is_long else (taker, loser)
        sz = Sz(abs(position.szi))
        hand_over(ex, asset_id, seller, buyer, market.mark_px, sz, told)
    left = Usd(clearing.raw_usd if pot.asset_id is None else clearing.raw_usd - before)
    clearing.raw_usd = Usd(clearing.raw_usd - left)
    whole, rest = sum(taken.values()), left
    for dex, value in taken.items():
        part = Usd(div_trunc(left * value, max(1, whole)))
        cover(ex, dex, part)
        rest = Usd(rest - part)
    if rest:
        cover(ex, pot.dex(state), rest)
    if pot.is_portfolio:
        take_over(ex, account)
    ex.touch(account.address)


# -- telling ---------------------------------------------------------------------------------------


def _held(state: State, pot: Pot) -> dict[int, Szi]:
    return {asset_id: pot.clearing.positions[asset_id].szi for asset_id in pot.assets(state)}


def _tell(ex: Exchange, pot: Pot, value: Usd, held: dict[int, Szi], hash_: str) -> bool:
    """Writes the ledger row and the event of what was closed; False when that is nothing.

    Assumed: one of each for every time that something is closed, with the account value before it
    and the sizes that were closed; the liquidator's address stands for the book, too (mechanics
    8.4).
    """
    state, account = ex.state, pot.account
    closed: list[tuple[str, Szi]] = []
    total = 0
    for asset_id, szi in held.items():
        position = pot.clearing.positions.get(asset_id)
        gone = Szi(szi - (position.szi if position is not None else 0))
        if gone:
            market = state.markets[asset_id]
            closed.append((market.asset.coin, gone))
            total += ntl(market.mark_px, abs(gone))
    if not closed:
        return False
    delta = Liquidated(Usd(total), value, pot.asset_id is None, tuple(closed))
    row = LedgerRow(account.address, state.time_ms, hash_, delta)
    account.ledger.append(row)
    ex.emit(row)
    lid = state.next_lid
    state.next_lid += 1
    taker = liquidator_of(pot.dex(state))
    ex.emit(AccountLiquidated(lid, taker, account.address, Usd(total), value, state.time_ms))
    return True
