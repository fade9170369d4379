"""What an account holds on spot, which of a unified one is all there is (info 5.2)."""

from __future__ import annotations

from typing import Any

from ...sim import abstraction, lending, margin, portfolio
from ...sim.assets import FIRST_OUTCOME_ID, Token
from ...sim.fixed import RATE_SCALE, Address, Wei, div_down, rescale_down
from ...sim.state import POOLED, PORTFOLIO_MARGIN, Account, SpotBalance, State
from ...sim.view import View
from .text import decimal_text, px_text, rate_text

USDC = 0
"""Token index of the quote of all cost bases."""

_EMPTY = SpotBalance()


def spot_state(view: View, user: Address) -> dict[str, Any]:
    """`{"balances": …}` by token index, empty balances left out, and what only accounts with one
    balance show beside it.

    Observed: portfolio margin adds the first four keys, and the last is there for unified accounts,
    too. Assumed: their order, and that nothing counts as supplied under a cap.
    """
    state, account = view.state, view.account(user)
    if account.abstraction not in POOLED:
        return {"balances": _rows(view, account.spot)}
    after = abstraction.after_maintenance(state, account)
    pairs = [
        [token, decimal_text(wei, view.universe.token(token).wei_decimals)]
        for token, wei in sorted(after.items())
        if wei or token == USDC
    ]
    shown = abstraction.shown_balances(state, account)
    balances = account.spot | {
        token: SpotBalance(total, hold, account.spot.get(token, _EMPTY).entry_ntl)
        for token, (total, hold) in shown.items()
    }
    if account.abstraction != PORTFOLIO_MARGIN:
        return {
            "balances": _rows(view, balances),
            "tokenToAvailableAfterMaintenance": pairs,
        }
    more = {token: _portfolio_row(state, account, token) for token in balances}
    balances |= _netted(state, account)
    cap = rescale_down(state.rules.user_borrow_cap, 6, lending.USD_DECIMALS)
    borrowed = div_down(lending.debt_worth(state, account) * RATE_SCALE, cap)
    return {
        "balances": _rows(view, balances, more),
        "portfolioMarginEnabled": True,
        "portfolioMarginRatio": rate_text(portfolio.ratio(state, account)),
        "tokenToPortfolioBorrowRatio": [[USDC, rate_text(borrowed)]],
        "tokenToPortfolioSupplyRatio": [],
        "tokenToAvailableAfterMaintenance": pairs,
    }


def _rows(
    view: View, balances: dict[int, SpotBalance], more: dict[int, dict[str, str]] | None = None
) -> list[dict[str, Any]]:
    return [
        _balance(view.universe.token(index), balance) | ((more or {}).get(index) or {})
        for index, balance in sorted(balances.items())
        if balance.total or balance.hold
    ]


def _balance(token: Token, balance: SpotBalance) -> dict[str, Any]:
    """Observed: tokens of outcomes have no `token`, and USDC has no cost basis (info 5.2)."""
    row: dict[str, Any] = {"coin": token.name}
    if token.index < FIRST_OUTCOME_ID:
        row["token"] = token.index
    row["total"] = decimal_text(balance.total, token.wei_decimals)
    row["hold"] = decimal_text(balance.hold, token.wei_decimals)
    row["entryNtl"] = "0.0" if token.index == USDC else px_text(balance.entry_ntl)
    return row


# -- portfolio margin ------------------------------------------------------------------------------


def _netted(state: State, account: Account) -> dict[int, SpotBalance]:
    """USDC and collateral as portfolio margin shows them.

    Observed: the USDC balance is all equity less the debt, unrealised profit included, and its hold
    is what margin needs less what may be borrowed, so that it can be negative; the hold of a
    collateral is what backs a debt.
    """
    unit = abstraction.wei_of(state, USDC, 1)
    summary = margin.total_summary(state, account)
    isolated = summary.account_value - margin.cross_value(state, account)
    hold = portfolio.committed(state, account) - portfolio.capacity(state, account)
    found = {
        USDC: SpotBalance(
            Wei(portfolio.net_wei(state, account) + isolated * unit),
            Wei(hold * unit + account.spot.get(USDC, _EMPTY).hold),
        )
    }
    for token in lending.collateral(state, account):
        held = account.spot.get(token, _EMPTY)
        bound = portfolio.bound(state, account, token)
        found[token] = SpotBalance(held.total, Wei(held.hold + bound), held.entry_ntl)
    return found


def _portfolio_row(state: State, account: Account, token: int) -> dict[str, str]:
    """What the row of a token has besides. Observed: `spotHold` is the hold before it is netted
    with what may be borrowed. Assumed: the rest is shown for tokens with a reserve, `ltv` for
    collateral.
    """
    decimals = state.universe.token(token).wei_decimals
    held = account.spot.get(token, _EMPTY)
    if token == USDC:
        need = abstraction.wei_of(state, USDC, portfolio.committed(state, account))
        held = SpotBalance(held.total, Wei(held.hold + need))
    spot_hold = {"spotHold": decimal_text(held.hold, decimals)}
    reserve = state.reserves.get(token)
    if reserve is None:
        return spot_hold
    pledged = lending.pledged_by(state, account, token)
    owed = lending.debt(state, account) if token == USDC else 0
    return {
        **({"ltv": rate_text(reserve.ltv)} if reserve.ltv else {}),
        "supplied": decimal_text(lending.supplied(state, account, token) + pledged, decimals),
        "borrowed": decimal_text(owed, decimals),
        **spot_hold,
    }
