"""Multi-sig users: who may act in their name, and how an account becomes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .agents import check_enabled, live_master
from .errors import ActionError, ActionReject
from .fixed import Address
from .state import SignerSet, State

if TYPE_CHECKING:
    from .call import CoSigned
    from .exchange import Exchange

MOST_SIGNERS = 10
UNREADABLE = 148
"""Observed: the code that answers `signers` which are no JSON of the right shape (exchange 8)."""


def authorise(state: State, leader: Address, co_signed: CoSigned) -> Address:
    """The multi-sig user for whom `leader`, the outer signer, sends what the others signed.

    Raises ActionError. Observed: the texts; the leader is an authorized user or the funded agent of
    one and need not have signed inside; inside, authorized users' own keys count once each and
    extra ones do no harm (exchange 8). Assumed: the order of the checks.
    """
    account = state.accounts.get(co_signed.user)
    owners = None if account is None else account.multi_sig
    if account is None or owners is None:
        raise ActionError(ActionReject.MULTI_SIG_USER)
    if leader not in state.accounts:
        raise ActionError(ActionReject.MULTI_SIG_LEADER)
    if leader not in owners.users and live_master(state, leader) not in owners.users:
        raise ActionError(ActionReject.MULTI_SIG_OUTER)
    if any(signer not in owners.users for signer in co_signed.signers):
        raise ActionError(ActionReject.MULTI_SIG_INNER)
    if len(dict.fromkeys(co_signed.signers)) < owners.threshold:
        raise ActionError(ActionReject.MULTI_SIG_UNMET)
    check_enabled(account)
    return co_signed.user


def convert(ex: Exchange, user: Address, asked: SignerSet | None, *, is_readable: bool) -> None:
    """Makes `user` a multi-sig user of `asked`, or (None) an ordinary one again.

    Raises ActionError. Observed: the texts, repeated users count once, and existence is asked
    before their number (exchange 8). Assumed: the rest of the order, and that an ordinary user may
    ask to be ordinary.
    """
    if not is_readable:
        raise ActionError(ActionReject.UNEXPECTED, code=UNREADABLE)
    account = ex.state.accounts[user]
    if asked is not None:
        asked = SignerSet(tuple(dict.fromkeys(asked.users)), asked.threshold)
        if user in asked.users:
            raise ActionError(ActionReject.MULTI_SIG_SELF)
        if any(one not in ex.state.accounts for one in asked.users):
            raise ActionError(ActionReject.MULTI_SIG_STRANGER)
        if len(asked.users) > MOST_SIGNERS:
            raise ActionError(ActionReject.MULTI_SIG_TOO_MANY)
        if not 1 <= asked.threshold <= len(asked.users):
            raise ActionError(ActionReject.MULTI_SIG_THRESHOLD)
    account.multi_sig = asked
