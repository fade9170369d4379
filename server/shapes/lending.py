"""What reserves look like, and what an account has in them."""

from __future__ import annotations

from typing import Any

from ...sim import lending
from ...sim.fixed import Address, Wei, div_half_even
from ...sim.lending_state import InterestPaid, Share
from ...sim.state import Account, State
from ...sim.view import View
from .text import decimal_text, px_text, rate_text


def reserve_state(view: View, token: int) -> dict[str, str]:
    """One reserve now (info 8). Observed: `balance` is what lies in it, and utilization is what is
    borrowed over what is supplied.

    Inferred: what portfolio margin accounts hold of a collateral counts as supplied.
    """
    state = view.state
    reserve = lending.fresh(state, token)
    pledged = lending.pledged(state, token)
    amounts = (reserve.cash + pledged, reserve.total_supplied + pledged, reserve.total_borrowed)
    balance, supplied, borrowed = (decimal_text(each, reserve.decimals) for each in amounts)
    found = view.universe.token(token)
    px = lending.oracle_px(state, found) if lending.is_priced(state, token) else 0
    return {
        "borrowYearlyRate": rate_text(reserve.borrow_rate()),
        "supplyYearlyRate": rate_text(reserve.supply_rate()),
        "balance": balance,
        "utilization": rate_text(reserve.utilization()),
        "oraclePx": px_text(px),
        "ltv": rate_text(reserve.ltv),
        "totalSupplied": supplied,
        "totalBorrowed": borrowed,
    }


def user_state(view: View, user: Address) -> dict[str, Any]:
    """Both sides of an account in each reserve that it uses, and how safe what it owes is.

    Documented: the health factor is what the collateral backs over what is owed (info 8). Observed:
    null while nothing is owed.
    """
    state, account = view.state, view.account(user)
    rows: list[Any] = []
    for token in sorted(state.reserves):
        reserve, lent = lending.fresh(state, token), account.lent.get(token, lending.NOTHING)
        owed, owned = reserve.borrow_worth(lent), reserve.supply_worth(lent)
        pledged = lending.pledged_by(state, account, token)
        if owed or owned or pledged:
            decimals = reserve.decimals
            row = {
                "borrow": _share(lent.borrow, owed, decimals),
                "supply": _share(lent.supply, owned, decimals, pledged),
            }
            rows.append([token, row])
    debt = lending.debt_worth(state, account)
    return {
        "tokenToState": rows,
        "health": _health(state, account, debt),
        "healthFactor": None if debt == 0 else rate_text(_factor(state, account, debt)),
    }


def _share(share: Share, worth: Wei, decimals: int, more: int = 0) -> dict[str, str]:
    return {
        "basis": decimal_text(share.basis + more, decimals),
        "value": decimal_text(worth + more, decimals),
    }


def _factor(state: State, account: Account, debt: int) -> int:
    """Ten decimals, rounded (Assumed)."""
    return div_half_even(lending.backing(state, account, lending.at_ltv) * 10**10, debt)


def _health(state: State, account: Account, debt: int) -> str:
    """Inferred: at risk is who can borrow no more; then come the two thresholds."""
    if debt == 0 or debt < lending.backing(state, account, lending.at_ltv):
        return "healthy"
    if debt <= lending.backing(state, account, lending.at_threshold):
        return "atRisk"
    if debt <= lending.backing(state, account, lending.at_backstop):
        return "marketLiquidatable"
    return "backstopLiquidatable"


def interest_row(row: InterestPaid) -> dict[str, Any]:
    """A row of `userBorrowLendInterest`."""
    return {
        "time": row.time_ms,
        "token": row.token,
        "borrow": decimal_text(row.borrow, row.decimals),
        "supply": decimal_text(row.supply, row.decimals),
    }
