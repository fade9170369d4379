"""Borrowing and lending: nobody lends here, so no account owes or earns anything by it."""

from __future__ import annotations

from ...sim.fixed import Address
from ...sim.view import View
from .registry import Json, Unanswerable, info
from .request import Millis

RATES = ("borrowYearlyRate", "supplyYearlyRate")
AMOUNTS = ("balance", "utilization", "oraclePx", "ltv", "totalSupplied", "totalBorrowed")


@info("borrowLendUserState", status="empty", source="info 8")
def borrow_lend_user_state(view: View, user: Address) -> Json:
    """Documented: the health factor of an account that borrowed nothing is null."""
    return {"tokenToState": [], "health": "healthy", "healthFactor": None}


@info("borrowLendReserveState", status="static", source="info 8")
def borrow_lend_reserve_state(view: View, token: int) -> Json:
    """A reserve with nothing in it.

    Assumed: its price is zero too, and a token that is not listed is a 500 with `null`.
    """
    if all(listed.index != token for listed in view.universe.tokens):
        raise Unanswerable(f"no token {token}")
    return dict.fromkeys((*RATES, *AMOUNTS), "0.0")


@info("allBorrowLendReserveStates", status="empty", source="info 8")
def all_borrow_lend_reserve_states(view: View) -> Json:
    """Those that are in use, of which there are none."""
    return []


@info("userBorrowLendInterest", status="empty", source="info 8")
def user_borrow_lend_interest(
    view: View, user: Address, start_time: Millis, end_time: Millis | None = None
) -> Json:
    return []
