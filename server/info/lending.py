"""Borrowing and lending: the reserves, and what an account has in them."""

from __future__ import annotations

from ...sim.fixed import Address
from ...sim.view import View
from ..shapes import lending
from .registry import Json, Unanswerable, info
from .request import Millis
from .windows import BLOCK_ROWS, oldest


@info("borrowLendUserState", source="info 8")
def borrow_lend_user_state(view: View, user: Address) -> Json:
    return lending.user_state(view, user)


@info("borrowLendReserveState", source="info 8")
def borrow_lend_reserve_state(view: View, token: int) -> Json:
    """Assumed: a token without a reserve is a 500 with `null`."""
    if token not in view.state.reserves:
        raise Unanswerable(f"no reserve of token {token}")
    return lending.reserve_state(view, token)


@info("allBorrowLendReserveStates", source="info 8")
def all_borrow_lend_reserve_states(view: View) -> Json:
    """Pairs, by token index."""
    return [[token, lending.reserve_state(view, token)] for token in sorted(view.state.reserves)]


@info("userBorrowLendInterest", source="info 8")
def user_borrow_lend_interest(
    view: View, user: Address, start_time: Millis, end_time: Millis | None = None
) -> Json:
    """Oldest first. Inferred: pages of 500 rows, as a client turns them."""
    rows = oldest(view.account(user).interest, start_time, end_time, BLOCK_ROWS)
    return [lending.interest_row(row) for row in rows]
