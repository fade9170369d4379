"""Positions that change hands without the book: to the liquidator, or by auto-deleveraging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.dataclass import dataclass
from ..matching.types import Side
from . import clearinghouse, margin
from .assets import Perp
from .events import Direction, Fill, Liquidation
from .fixed import Address, Px, Sz, Szi, Usd
from .ids import ZERO_HASH, trade_id
from .pots import Pot
from .state import POOLED, Account, Leverage

if TYPE_CHECKING:
    from .exchange import Exchange

LIQUIDATOR = Address("0x2e3d94f0" + "0" * 25 + "9a8dd14")
"""The liquidator vault of the first dex, an account like any other.

Observed: backstop fills name a child of HLP, 0x2e3d94f0…9a8dd14, as the other side (mechanics 8.4);
what stands between is zeros here. Assumed: one takes them all, starts with nothing, and holds what
it got. It owes no maintenance: only what is below zero is deleveraged.
"""


def liquidator_of(dex: int) -> Address:
    """Who takes over positions of a dex. Documented: 0x400…00 + the index of a builder-deployed one
    (mechanics 8.2).
    """
    return LIQUIDATOR if dex == 0 else Address(f"0x{(0x40 << 152) + dex:040x}")


_BUILDERS_LIQUIDATORS = liquidator_of(1)[:-4]


def is_liquidator(user: Address) -> bool:
    """True for whoever takes over positions of some dex."""
    return user == LIQUIDATOR or user[:-4] == _BUILDERS_LIQUIDATORS


@dataclass(frozen=True, slots=True)
class Hand:
    """One side of a handover: `dir` None tells as an ordinary fill would."""

    account: Account
    dir: Direction | None
    crossed: bool


def hand_over(
    ex: Exchange,
    asset_id: int,
    seller: Hand,
    buyer: Hand,
    px: Px,
    sz: Sz,
    liquidation: Liquidation,
) -> None:
    """Moves `sz` from `seller` to `buyer` at `px`: a fill for each, of an order that never was.

    Observed: no fee; zero hash by default (mechanics 8.4, contested 31). Assumed: what the book did
    not match is no trade, so no print, candle, volume or last price.
    """
    state, market = ex.state, ex.state.markets[asset_id]
    perp = margin.perp_of(state, asset_id)
    oid = state.next_oid
    state.next_oid += 2
    tid = trade_id(oid, oid + 1)
    for hand, side in ((buyer, Side.BID), (seller, Side.ASK)):
        account = hand.account
        clearing = account.enter(perp)
        before = clearing.positions.get(asset_id)
        start = Szi(before.szi if before is not None else 0)
        usual, pnl = clearinghouse.move_position(ex, market, clearing, perp, side, px, sz, Usd(0))
        fill = Fill(
            account.address,
            perp.coin,
            asset_id,
            px,
            sz,
            side,
            state.time_ms,
            start,
            hand.dir or usual,
            pnl,
            ZERO_HASH,
            oid,
            hand.crossed,
            0,
            6,
            perp.fee_token,
            0,
            tid,
            None,
            liquidation=liquidation,
        )
        account.fills.append(fill)
        ex.emit(fill)
        ex.touch(account.address)
        oid += 1
    for hand in (buyer, seller):
        ex.desk.fit_reduce_only(hand.account, market)


def house_of(ex: Exchange, dex: int) -> Account:
    """The account of a dex's liquidator, made when there is none; it keeps dexes apart."""
    account = ex.open_account(liquidator_of(dex))
    if account.abstraction in POOLED:
        account.abstraction = "default"
        del ex.state.unified[account.address]
    return account


def liquidator(ex: Exchange, perp: Perp) -> Account:
    """The account that takes over `perp`, ready to: all that it holds is cross (Assumed)."""
    account = house_of(ex, perp.dex)
    clearing = account.enter(perp)
    if perp.id not in clearing.positions:
        clearing.leverages[perp.id] = Leverage(perp.max_leverage, is_cross=True)
    return account


def keep_apart(ex: Exchange, pot: Pot, raw_usd: Usd, *, releases: bool) -> None:
    """Puts right what closing an isolated position moved to the cross ledger, `raw_usd` before.

    What is left of it keeps all margin, unless it `releases` it in proportion as an ordinary close
    does: otherwise closing a part would make nothing better. Losses beyond its margin fall on the
    liquidator, never on the cross ledger (Assumed).
    """
    clearing = pot.clearing
    if pot.asset_id is None:
        return
    moved = clearing.raw_usd - raw_usd
    position = clearing.positions.get(pot.asset_id)
    if moved >= 0 and (releases or position is None):
        return
    clearing.raw_usd = raw_usd
    if position is not None:
        position.raw_usd = Usd(position.raw_usd + moved)
        return
    cover(ex, pot.dex(ex.state), Usd(moved))


def cover(ex: Exchange, dex: int, usd: Usd) -> None:
    """Books what was left of a pot, or is missing in it when negative, to the liquidator of a
    dex.
    """
    account = house_of(ex, dex)
    clearing = account.open(dex)
    clearing.raw_usd = Usd(clearing.raw_usd + usd)
    ex.touch(account.address)
