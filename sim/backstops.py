"""What users lend to the liquidator of a deployed dex, so that it can take positions over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import margin
from .abstraction import pool_of
from .errors import ActionError, ActionReject
from .fixed import Usd
from .handover import house_of, liquidator_of
from .state import POOLED

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

UNIT = 1_000_000_000
"""Documented: `ntl` is a multiple of it, µUSD (exchange 5.2)."""


def move(ex: Exchange, acting: Acting, dex_name: str, ntl: int, *, is_deposit: bool) -> None:
    """Moves `ntl` from the user's ledger on the dex to that of its liquidator, or back.

    Raises ActionError; the texts of what there is not are Observed (exchange 7.5, 7.6). Assumed:
    anybody may deposit, and withdraw as much as he put in while the liquidator can spare it; no
    row is written.
    """
    state = ex.state
    dex = state.universe.dex(dex_name)
    if dex is None or (is_deposit and dex.is_disabled):
        raise ActionError(ActionReject.INVALID_DEX)
    if ntl == 0:
        raise ActionError(ActionReject.AMOUNT_ZERO)
    if ntl % UNIT:
        raise ActionError(ActionReject.AMOUNT_DECIMALS)
    account = state.accounts[acting.user]
    pool = pool_of(state, dex.collateral)
    key = pool if pool is not None and account.abstraction in POOLED else dex.index
    lent = state.lent_to_liquidators.get((dex.index, acting.user), 0)
    house = ex.account(liquidator_of(dex.index))
    if is_deposit:
        if ntl > margin.withdrawable(state, account, account.at(key)):
            raise ActionError(ActionReject.DEPOSIT_BALANCE)
        house = house_of(ex, dex.index)
    elif (
        house is None or ntl > lent or ntl > margin.withdrawable(state, house, house.at(dex.index))
    ):
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    moved = ntl if is_deposit else -ntl
    mine, theirs = account.open(key), house.open(dex.index)
    mine.raw_usd = Usd(mine.raw_usd - moved)
    theirs.raw_usd = Usd(theirs.raw_usd + moved)
    left = Usd(lent + moved)
    if left:
        state.lent_to_liquidators[dex.index, acting.user] = left
    else:
        del state.lent_to_liquidators[dex.index, acting.user]
    ex.touch(account.address)
    ex.touch(house.address)
