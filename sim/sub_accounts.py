"""Sub-accounts: who has which, what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ActionError, ActionReject
from .fixed import Address, div_down
from .ids import derived_address
from .state import Account, State
from .volume import dollars

if TYPE_CHECKING:
    from .exchange import Exchange

NAME_CHARS = 16
"""Inferred: UTF-16 units, as one client counts them (exchange 5.2)."""
FIRST_USD = 100_000
MORE_USD = 100_000_000
FIRST_SUB_ACCOUNTS = 10
MOST_SUB_ACCOUNTS = 50
"""Observed: from $100k of volume on ten. Documented: one more per $100M, at most fifty (mechanics
13)."""


def create(ex: Exchange, user: Address, name: str) -> Address:
    """Opens a sub-account of `user` and returns its address.

    Raises ActionError; the texts of volume and number are Observed (exchange 5.2). Assumed: the
    order of the checks; the volume is that of the master and its sub-accounts; a name may be had
    twice; opening one costs nothing.
    """
    account = ex.state.accounts[user]
    _check_name(name)
    traded = _traded(ex.state, account)
    if traded < FIRST_USD * 10**8:
        raise ActionError(ActionReject.SUB_VOLUME, traded=dollars(traded))
    more = div_down(traded, MORE_USD * 10**8)
    if len(account.sub_accounts) >= min(FIRST_SUB_ACCOUNTS + more, MOST_SUB_ACCOUNTS):
        raise ActionError(ActionReject.SUB_TOO_MANY)
    sub = fresh_address(ex.state, "sub-account", user, len(account.sub_accounts))
    ex.open_account(sub).master = user
    account.sub_accounts[sub] = name
    ex.touch(user)
    ex.touch(sub)
    return sub


def rename(ex: Exchange, user: Address, sub: Address, name: str) -> None:
    """Gives a sub-account another name. Raises ActionError; a foreign one's text is Observed."""
    account = ex.state.accounts[user]
    named(ex.state, account, sub)
    _check_name(name)
    account.sub_accounts[sub] = name
    ex.touch(user)


def named(state: State, master: Account, text: str) -> Account:
    """The sub-account of `master` that a signed `text` names.

    Raises ActionError. Observed: the text; `0x` optional, any case, as everywhere (exchange 7.5).
    """
    sub = Address("0x" + text.lower().removeprefix("0x"))
    if sub not in master.sub_accounts:
        raise ActionError(ActionReject.SUB_ACCOUNT_FOREIGN, sub=text, address=master.address)
    return state.accounts[sub]


def fresh_address(state: State, kind: str, owner: Address, number: int) -> Address:
    """The next address of a `kind` for `owner` that nobody has sent anything to."""
    while (address := derived_address(kind, owner, number)) in state.accounts:
        number += 1
    return address


def _traded(state: State, account: Account) -> int:
    subs = (state.accounts[sub] for sub in account.sub_accounts)
    return account.volume.total_usd + sum(sub.volume.total_usd for sub in subs)


def _check_name(name: str) -> None:
    if not 1 <= utf16_units(name) <= NAME_CHARS:
        raise ActionError(ActionReject.SUB_NAME)


def utf16_units(text: str) -> int:
    """How long JavaScript thinks that `text` is."""
    return len(text) + sum(char > "\uffff" for char in text)
