"""What an account does with itself alone: its name, its budget of requests, its spot dust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import margin
from .errors import ActionError, ActionReject
from .fixed import Address, Usd

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

DISPLAY_NAME_CHARS = 20
REQUEST_USD = 500
"""Documented: 0.0005 USDC for each request that is reserved (exchange 5.1)."""


def set_display_name(ex: Exchange, user: Address, name: str) -> None:
    """Names the account; "" takes the name away. Raises ActionError.

    Documented: at most 20 characters (exchange 5.2).
    """
    if len(name) > DISPLAY_NAME_CHARS:
        raise ActionError(ActionReject.DISPLAY_NAME)
    ex.state.accounts[user].display_name = name


def reserve_weight(ex: Exchange, acting: Acting, weight: int, destination: Address) -> None:
    """Buys `destination` that many requests from the perps balance.

    Raises ActionError. Observed: an agent was refused ten times (contested 44). Documented: the
    destination must exist. Assumed: the words for one that does not, and for too little money; the
    purchase writes no ledger row.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    if acting.is_agent and state.rules.agent_reserve_weight == "refused":
        raise ActionError(ActionReject.MUST_DEPOSIT, address=acting.signer)
    receiver = state.accounts.get(destination)
    if receiver is None:
        raise ActionError(ActionReject.MUST_DEPOSIT, address=destination)
    cost = REQUEST_USD * weight
    if cost > margin.withdrawable(state, account):
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    account.raw_usd = Usd(account.raw_usd - cost)
    state.treasury.usd.fees = Usd(state.treasury.usd.fees + cost)
    receiver.requests_reserved += weight
    ex.touch(account.address)


def toggle_dusting(ex: Exchange, user: Address, *, opt_out: bool) -> None:
    """Keeps the account out of the spot dust conversion, or lets it take part again.

    Raises ActionError. Observed: a second opt-out (exchange 5.1). Assumed: a second opt-in changes
    nothing.
    """
    account = ex.state.accounts[user]
    if opt_out and account.is_dusting_off:
        raise ActionError(ActionReject.DUSTING_OUT)
    account.is_dusting_off = opt_out
