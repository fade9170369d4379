"""Money from nowhere, and who has how much."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ...scenarios.actors import is_maker
from ...sim.assets import Token
from ...sim.fixed import Address, Usd, Wei
from ...sim.operations import DepositUsd, MintToken
from ...sim.state import Account, State
from ...sim.view import View
from ..console import Console
from ..shapes.accounts import clearinghouse_state
from ..shapes.text import decimal_text, px_text
from ..values import parse_address, parse_amount
from .registry import Asked, control

Amount = Annotated[int | float | str, msgspec.Meta(description="a number, or its decimal text")]
AddressText = Annotated[str, msgspec.Meta(description="0x and 40 hex digits")]


class Fund(Asked):
    """Whom, and with what: `usdc`, or `token` and `amount`."""

    address: AddressText
    usdc: Annotated[Amount | None, msgspec.Meta(description="onto the perps account")] = None
    token: Annotated[
        str | None, msgspec.Meta(description="name of a spot token, or NAME:0x and its id")
    ] = None
    amount: Annotated[Amount | None, msgspec.Meta(description="of the token, onto spot")] = None


class AccountTold(msgspec.Struct, rename="camel"):
    """One account. Money and sizes are decimal texts, as clients get them."""

    address: str
    account_value: str
    """Of the first dex; of an account with unified balances only what its positions are worth."""
    withdrawable: str
    spot: dict[str, str]
    """Totals by token."""
    positions: dict[str, str]
    """Signed sizes by coin."""
    open_orders: int
    requests_used: int
    is_maker: bool
    """It trades for the market that runs here."""


@control("POST", "fund")
def fund(console: Console, asked: Fund) -> AccountTold:
    """Gives an account USDC on perps or tokens on spot; it exists from then on.

    Like a deposit it leaves a row in the ledger of the account.
    """
    address = Address(parse_address(asked.address))
    state = console.node.exchange.state
    if asked.usdc is not None and asked.token is None and asked.amount is None:
        usd = Usd(parse_amount(asked.usdc, 6, "USDC"))
        console.node.operate(DepositUsd(address, usd))
    elif asked.usdc is None and asked.token is not None and asked.amount is not None:
        token = _token(state, asked.token)
        wei = Wei(parse_amount(asked.amount, token.wei_decimals, token.name))
        console.node.operate(MintToken(address, token.index, wei))
    else:
        raise ValueError("either usdc, or token and amount")
    return account_told(state, state.accounts[address])


def _token(state: State, text: str) -> Token:
    universe = state.universe
    name, has_id, token_id = text.partition(":")
    if not has_id and name in universe.token_by_name:
        return universe.token_by_name[name]
    for token in universe.tokens:
        if has_id and (token.name, token.token_id) == (name, token_id):
            return token
    raise ValueError(f"no token {text!r:.80}")


class AccountsAsked(Asked):
    """Whose accounts."""

    user: AddressText | None = None
    makers: Annotated[
        bool, msgspec.Meta(description="true: those that make the market as well")
    ] = False


@control("GET", "accounts")
def accounts(console: Console, asked: AccountsAsked) -> list[AccountTold]:
    """Every account, oldest first: value, balances, positions, open orders."""
    state = console.node.exchange.state
    if asked.user is not None:
        found = state.accounts.get(Address(parse_address(asked.user)))
        return [] if found is None else [account_told(state, found)]
    everybody = state.accounts.values()
    return [account_told(state, one) for one in everybody if asked.makers or not is_maker(one)]


def account_told(state: State, account: Account) -> AccountTold:
    perps = clearinghouse_state(View(state), account.address)
    universe, markets = state.universe, state.markets
    return AccountTold(
        address=account.address,
        account_value=perps["marginSummary"]["accountValue"],
        withdrawable=perps["withdrawable"],
        spot={
            universe.tokens[index].name: decimal_text(
                held.total, universe.tokens[index].wei_decimals
            )
            for index, held in account.spot.items()
            if index < len(universe.tokens)
        },
        positions={
            markets[asset_id].asset.coin: px_text(position.szi)
            for part in account.clearings()
            for asset_id, position in part.positions.items()
        },
        open_orders=len(account.orders),
        requests_used=account.requests_used,
        is_maker=is_maker(account),
    )
