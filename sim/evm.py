"""Transfers to an EVM, of which this world has none: no token here is linked to a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .amounts import USDC, parse_amount, token_named
from .errors import ActionError, ActionReject
from .transfers import dex_named

if TYPE_CHECKING:
    from .exchange import Exchange


def send(ex: Exchange, *, token: str, amount: str, source_dex: str) -> NoReturn:
    """Raises ActionError, whatever is asked: `spotMeta` says of every token that it is not linked.

    Observed: the text for USDC, on testnet in October 2026, of more than the account had; so the
    balance comes later, if ever. Assumed: the payload is judged first, with the texts of sendAsset
    (exchange 5.3, 7.5); the text for other tokens goes on in our words.
    """
    dex_named(ex.state, source_dex)
    found = token_named(ex.state, token)
    parse_amount(amount, found.wei_decimals)
    is_usdc = found.index == USDC
    raise ActionError(ActionReject.EVM_USDC if is_usdc else ActionReject.EVM_UNLINKED)
