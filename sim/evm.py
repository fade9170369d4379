"""Transfers to an EVM, of which this world has none: no token here is linked to a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .errors import ActionError, ActionReject
from .transfers import PERPS, SPOT, USDC, parse_amount, token_named

if TYPE_CHECKING:
    from .exchange import Exchange


def send(ex: Exchange, *, token: str, amount: str, source_dex: str) -> NoReturn:
    """Raises ActionError, whatever is asked: `spotMeta` says of every token that it is not linked.

    Observed: USDC from spot is refused so on testnet before its balance is looked at (exchange
    5.3). Assumed: the payload is judged first, with the texts of sendAsset; the text for the others
    goes on in our words.
    """
    if source_dex not in (PERPS, SPOT):
        raise ActionError(ActionReject.INVALID_DEX)
    found = token_named(ex.state, token)
    parse_amount(amount, found.wei_decimals)
    is_usdc = found.index == USDC
    raise ActionError(ActionReject.EVM_USDC if is_usdc else ActionReject.EVM_UNLINKED)
