"""Amounts and tokens as clients write them, and what they are worth. Reads only."""

from __future__ import annotations

import re

from .assets import Token
from .errors import ActionError, ActionReject
from .fixed import Usd, Wei, div_down, rescale_down
from .state import State

USDC = 0
"""Token index of the collateral of the first perps dex."""
USD_DECIMALS = 6

_AMOUNT = re.compile(r"(-?)([0-9]{0,40})(?:\.([0-9]{0,40}))?(?:[eE]([+-]?[0-9]{1,3}))?")


def parse_amount(
    text: str,
    decimals: int,
    *,
    zero: ActionReject = ActionReject.AMOUNT_ZERO,
    imprecise: ActionReject = ActionReject.AMOUNT_DECIMALS,
) -> int:
    """`text` as an integer of 10 ** -decimals, above zero; exact, also in scientific notation.

    Raises ActionError. Observed: garbage, zero, and negative or too precise amounts have their own
    texts (exchange 7.5). Assumed: in that order; the sheet names no other spelling, so a plus sign
    or white space is garbage.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ActionError(ActionReject.AMOUNT_INVALID)
    fraction = match[3] or ""
    digits = int((match[2] or "") + fraction)
    if digits == 0:
        raise ActionError(zero)
    if match[1]:
        raise ActionError(ActionReject.AMOUNT_DECIMALS)
    places = decimals - len(fraction) + int(match[4] or "0")
    unit = 10 ** max(-places, 0)
    if digits % unit:
        raise ActionError(imprecise)
    return div_down(digits * 10 ** max(places, 0), unit)


def token_named(state: State, text: str) -> Token:
    """The token that `text` names: `NAME:0x<tokenId>`, or the bare name of a canonical one.

    Observed: any other bare name is unknown (exchange 7.5).
    """
    name, has_id, token_id = text.partition(":")
    for token in state.universe.tokens:
        if token.name == name and (token.token_id == token_id if has_id else token.is_canonical):
            return token
    raise ActionError(ActionReject.UNKNOWN_TOKEN, token=text)


def usd_value(state: State, token: Token, amount: Wei) -> Usd:
    """What `amount` of a token is worth at mark, µUSD, truncated (mechanics 12)."""
    return Usd(value_of(state, token, amount, USD_DECIMALS))


def value_of(state: State, token: Token, amount: Wei, decimals: int) -> int:
    """Worth at the mark of the first pair against USDC. Assumed: 0 for a token without one."""
    if token.index == USDC:
        return rescale_down(amount, token.wei_decimals, decimals)
    for pair in state.universe.pairs:
        if pair.base.index == token.index and pair.quote.index == USDC:
            worth = amount * state.markets[pair.id].mark_px
            return rescale_down(worth, token.wei_decimals + 8, decimals)
    return 0


def from_usd(usd: int, token: Token) -> Wei:
    return Wei(rescale_down(usd, USD_DECIMALS, token.wei_decimals))
