"""What becomes of a debt that its collateral does not cover: the liquidator takes both over.

Documented: borrows have no phase in which collateral goes to the market (mechanics 6.5). Not
modelled: partial liquidations of borrows, whose size and price are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..matching.types import Side
from . import lending
from .amounts import USDC
from .clearinghouse import balance
from .events import Direction, Fill, Liquidation
from .fixed import Szi, Wei, div_down, wei_to_sz
from .handover import LIQUIDATOR, house_of
from .ids import ZERO_HASH, trade_id
from .state import Account

if TYPE_CHECKING:
    from .exchange import Exchange


def liquidate(ex: Exchange, moved: Mapping[int, None]) -> None:
    """Takes over what was borrowed by hand and is owed past two thirds of the way from the LTV to
    the whole worth of its collateral (Documented). Assumed: at every mark, by address; the
    liquidator owes no collateral.
    """
    state = ex.state
    for user in sorted(state.borrowers):
        if user in state.portfolio or user == LIQUIDATOR:
            continue
        account = state.accounts[user]
        if lending.debt_worth(state, account) > lending.backing(
            state, account, lending.at_backstop
        ):
            take_over(ex, account)


def take_over(ex: Exchange, account: Account) -> None:
    """Moves all collateral and the whole debt to the liquidator, and with portfolio margin what was
    lent, which is part of the balance.

    Documented: "the entire remaining collateral and debt position". Assumed: a fill of each
    collateral at the price of lending, for both sides, and no ledger row.
    """
    state, house = ex.state, house_of(ex, 0)
    for token, amount in lending.collateral(state, account).items():
        _tell(ex, account, house, token, amount)
        if lending.pledged_by(state, account, token):
            _move_spot(account, house, token, amount)
        else:
            reserve = state.reserves[token]
            reserve.withdraw(account.lent[token], amount)
            reserve.supply(lending.lent_of(house, token), amount)
    reserve = state.reserves[USDC]
    reserve.accrue(state.time_ms)
    lent, theirs = lending.lent_of(account, USDC), lending.lent_of(house, USDC)
    owed, owned = reserve.borrow_worth(lent), reserve.supply_worth(lent)
    if owed:
        reserve.repay(lent, owed)
        reserve.borrow(theirs, owed)
    if owned and account.address in state.portfolio:
        reserve.withdraw(lent, owned)
        reserve.supply(theirs, owned)
    for each in (account, house):
        lending.note_debt(state, each)
        ex.touch(each.address)


def _move_spot(account: Account, house: Account, token: int, amount: Wei) -> None:
    mine, theirs = balance(account, token), balance(house, token)
    theirs.total = Wei(theirs.total + amount)
    theirs.entry_ntl += mine.entry_ntl
    mine.total, mine.entry_ntl = Wei(0), 0


def _tell(ex: Exchange, account: Account, house: Account, token: int, amount: Wei) -> None:
    """A fill for both. Observed: the two sides of a liquidation have one `dir` (mechanics 7.2)."""
    state = ex.state
    found = state.universe.token(token)
    pair = next(p for p in state.universe.pairs if p.base == found and p.quote.index == USDC)
    px, sz = lending.oracle_px(state, found), wei_to_sz(amount, found.wei_decimals)
    oid = state.next_oid
    state.next_oid += 2
    tid = trade_id(oid, oid + 1)
    told = Liquidation(account.address, px, "backstop")
    held = account.spot.get(token)
    cost = held.entry_ntl if held is not None and held.total == amount else None
    worth = div_down(px * sz, 10**8)
    for place, (each, side) in enumerate(((house, Side.BID), (account, Side.ASK))):
        is_loser = each is account
        start = lending.held(state, each, token)
        fill = Fill(
            each.address,
            pair.coin,
            pair.id,
            px,
            sz,
            side,
            state.time_ms,
            Szi(wei_to_sz(start, found.wei_decimals)),
            Direction.BACKSTOP_BORROW,
            worth - cost if is_loser and cost is not None else 0,
            ZERO_HASH,
            oid + place,
            is_loser,
            0,
            pair.quote.wei_decimals,
            pair.quote.name,
            0,
            tid,
            None,
            liquidation=told,
        )
        each.fills.append(fill)
        ex.emit(fill)
