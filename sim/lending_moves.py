"""What users do with reserves by hand: supply, withdraw, borrow, repay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import lending
from .abstraction import free
from .amounts import parse_amount
from .errors import ActionError, ActionReject
from .events import LedgerRow
from .fixed import Wei, mul_up, rescale_down
from .ledger import BorrowLent
from .lending_state import Reserve
from .state import PORTFOLIO_MARGIN, Account, State
from .transfers import credit, debit

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange


def move(ex: Exchange, acting: Acting, operation: str, token: int, text: str | None) -> None:
    """One `borrowLend`; `text` None means all of it. Raises ActionError.

    Documented: by hand only without portfolio margin, which borrows and lends by itself. Assumed:
    all texts, the nearest documented ones; nobody borrows a token other than USDC or more than the
    reserve has; the row that it writes has the interest in what was withdrawn or repaid.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    if account.abstraction == PORTFOLIO_MARGIN:
        raise ActionError(ActionReject.UNIFIED_DISABLED)
    reserve = state.reserves.get(token)
    if reserve is None:
        raise ActionError(ActionReject.UNKNOWN_TOKEN, token=token)
    reserve.accrue(state.time_ms)
    if text is None:
        amount = _MOST[operation](state, account, reserve)
        if amount <= 0:
            raise ActionError(ActionReject.AMOUNT_ZERO)
    else:
        amount = parse_amount(text, reserve.decimals)
    interest = _OPERATIONS[operation](ex, account, reserve, Wei(amount))
    lending.note_debt(state, account)
    name = state.universe.token(token).name
    row = LedgerRow(
        account.address,
        state.time_ms,
        acting.hash,
        BorrowLent(name, operation, Wei(amount), interest, reserve.decimals),
    )
    account.ledger.append(row)
    ex.emit(row)
    ex.touch(account.address)


def supply(ex: Exchange, account: Account, reserve: Reserve, amount: Wei) -> Wei:
    """Raises ActionError for more than the account has free on spot."""
    if amount > free(ex.state, account, reserve.token):
        raise ActionError(ActionReject.TOKEN_BALANCE)
    debit(ex, account, ex.state.universe.token(reserve.token), amount)
    reserve.supply(lending.lent_of(account, reserve.token), amount)
    return Wei(0)


def withdraw(ex: Exchange, account: Account, reserve: Reserve, amount: Wei) -> Wei:
    """Raises ActionError for more than was supplied, than the reserve has, or than a debt needs.

    Documented: what is lent out cannot be withdrawn, and a collateral only as far as what is left
    may still back the debt.
    """
    state, lent = ex.state, account.lent.get(reserve.token, lending.NOTHING)
    if amount > min(reserve.supply_worth(lent), reserve.cash):
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    if reserve.ltv and lending.debt_worth(state, account):
        gone = lending.worth(state, reserve.token, reserve.supply_worth(lent))
        gone -= lending.worth(state, reserve.token, reserve.supply_worth(lent) - amount)
        spare = lending.backing(state, account, lending.at_ltv)
        spare -= lending.debt_worth(state, account)
        # Rounded up: what stays backs the debt to the last unit.
        if mul_up(gone, reserve.ltv) + 1 > spare:
            raise ActionError(ActionReject.WITHDRAW_BALANCE)
    interest = reserve.withdraw(lent, amount)
    credit(ex, account, state.universe.token(reserve.token), amount)
    return interest


def borrow(ex: Exchange, account: Account, reserve: Reserve, amount: Wei) -> Wei:
    """Raises ActionError for more than collateral, cap or reserve allow for."""
    if not reserve.is_borrowable or amount > most_to_borrow(ex.state, account, reserve):
        raise ActionError(ActionReject.ISOLATED_INCREASE)
    reserve.borrow(lending.lent_of(account, reserve.token), amount)
    credit(ex, account, ex.state.universe.token(reserve.token), amount)
    return Wei(0)


def repay(ex: Exchange, account: Account, reserve: Reserve, amount: Wei) -> Wei:
    """Raises ActionError for more than is owed, or than the account has free on spot."""
    lent = account.lent.get(reserve.token, lending.NOTHING)
    if amount > reserve.borrow_worth(lent):
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    if amount > free(ex.state, account, reserve.token):
        raise ActionError(ActionReject.TOKEN_BALANCE)
    debit(ex, account, ex.state.universe.token(reserve.token), amount)
    return reserve.repay(lent, amount)


def most_to_borrow(state: State, account: Account, reserve: Reserve) -> Wei:
    """What the account may borrow and the reserve has."""
    if not reserve.is_borrowable:
        return Wei(0)
    may = rescale_down(lending.room(state, account), lending.USD_DECIMALS, reserve.decimals)
    return Wei(min(may, reserve.cash))


def _most_to_supply(state: State, account: Account, reserve: Reserve) -> int:
    return free(state, account, reserve.token)


def _all_supplied(state: State, account: Account, reserve: Reserve) -> int:
    return reserve.supply_worth(account.lent.get(reserve.token, lending.NOTHING))


def _all_owed(state: State, account: Account, reserve: Reserve) -> int:
    return reserve.borrow_worth(account.lent.get(reserve.token, lending.NOTHING))


_OPERATIONS = {"supply": supply, "withdraw": withdraw, "borrow": borrow, "repay": repay}

_MOST = {
    "supply": _most_to_supply,
    "withdraw": _all_supplied,
    "borrow": most_to_borrow,
    "repay": _all_owed,
}
"""What a null amount means (Assumed)."""
