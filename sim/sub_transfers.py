"""Money between a master and its sub-accounts: only ever between those two, and free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import margin
from .abstraction import free
from .amounts import parse_amount, token_named, usd_value
from .errors import ActionError, ActionReject
from .fixed import Address, Usd, Wei
from .ledger import SpotTransfer, SubAccountTransfer
from .state import Account
from .transfers import credit, debit, move_usd, record

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange


def transfer_usd(ex: Exchange, acting: Acting, sub: Address, usd: int, *, is_deposit: bool) -> None:
    """Moves perps USDC to a sub-account (`is_deposit`) or back.

    Raises ActionError. Observed: the text for an account that is no sub-account of the user
    (exchange 7.5). Assumed: nothing, and what there is not, have the texts of other transfers.
    """
    source, target = _parties(ex, acting.user, sub, is_deposit=is_deposit)
    if usd == 0:
        raise ActionError(ActionReject.AMOUNT_ZERO)
    if usd > margin.withdrawable(ex.state, source):
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    move_usd(ex, source, -usd)
    move_usd(ex, target, usd)
    row = SubAccountTransfer(Usd(usd), source.address, target.address)
    record(ex, row, source.address, target.address, hash_=acting.hash)


def transfer_token(
    ex: Exchange, acting: Acting, sub: Address, token_text: str, text: str, *, is_deposit: bool
) -> None:
    """Moves a spot token to a sub-account (`is_deposit`) or back.

    Raises ActionError, with the texts of spot transfers. Assumed: its row is a `spotTransfer`.
    """
    source, target = _parties(ex, acting.user, sub, is_deposit=is_deposit)
    token = token_named(ex.state, token_text)
    amount = Wei(parse_amount(text, token.wei_decimals))
    if amount > free(ex.state, source, token.index):
        raise ActionError(ActionReject.TOKEN_BALANCE)
    value = usd_value(ex.state, token, amount)
    debit(ex, source, token, amount)
    credit(ex, target, token, amount)
    usdc = ex.state.universe.tokens[0]
    sent = (token.name, amount, token.wei_decimals, value, source.address, target.address)
    row = SpotTransfer(*sent, Wei(0), usdc.wei_decimals, usdc.name, acting.nonce)
    record(ex, row, source.address, target.address, hash_=acting.hash)


def _parties(
    ex: Exchange, user: Address, sub: Address, *, is_deposit: bool
) -> tuple[Account, Account]:
    """Who gives and who receives."""
    source, target = (user, sub) if is_deposit else (sub, user)
    if sub not in ex.state.accounts[user].sub_accounts:
        raise ActionError(ActionReject.SUB_TRANSFER, source=source, destination=target)
    return ex.state.accounts[source], ex.state.accounts[target]
