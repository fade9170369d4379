"""Spot tokens and pairs that users deploy: registration, genesis, listing, fee share (HIP-1).

Documented: the steps and their fields (exchange 5.2). Of the refusals few texts are known, so most
are Assumed (`sim/action_errors.py`). Each step is the deployer's alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from . import prices
from .abstraction import free
from .amounts import USDC, parse_amount
from .assets import SpotPair, Token, Universe
from .clearinghouse import balance
from .errors import ActionError, ActionReject
from .events import PricesChanged
from .fixed import PX_SCALE, RATE_SCALE, Address, Px, Rate, Wei, div_down, rescale_down
from .ledger import DeployGasAuction, SpotGenesis
from .listing import relist
from .spot_deploy_state import TokenDeploy
from .state import Account, State
from .transfers import record

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

HYPERLIQUIDITY = Address("0x" + "f" * 40)
"""Who holds what a genesis gives to HIP-2 liquidity."""
GAS_TOKEN = "HYPE"
NEVER_TRADED_PX = Px(PX_SCALE)
"""Observed: the mark of a pair that never traded is 1 (info 4.7)."""
MOST_SPOTS = 90_000
"""Documented: ids of builder-deployed perps begin at 100000 (mechanics 14)."""
MOST_TOKENS = 90_000
"""Assumed: as many as there may be pairs."""
MOST_GENESIS_ROWS = 10_000
"""Assumed: of one token, so that no genesis takes forever."""
MOST_SUPPLY = 1 << 64
QUOTE_DECIMALS = 8
_NAME = re.compile(r"[!-9;-~]{1,6}")
"""Assumed: printable ASCII without a colon, which separates a name from a token id."""
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,8}))?%")


# -- the steps -------------------------------------------------------------------------------------


def register_token(
    ex: Exchange,
    acting: Acting,
    *,
    name: str,
    sz_decimals: int,
    wei_decimals: int,
    max_gas: int,
    full_name: str | None,
) -> None:
    """Registers a token with the next index and charges the gas.

    Documented: `szDecimals + 5 <= weiDecimals` (mechanics 12), gas in HYPE wei. Assumed: names of
    one to six characters that may repeat; the price is the rules', whatever was asked before.
    """
    state = ex.state
    universe = state.universe
    index = len(universe.tokens)
    if index >= MOST_TOKENS:
        raise ActionError(ActionReject.DEPLOY_TOO_MANY)
    if _NAME.fullmatch(name) is None or not 0 <= sz_decimals <= wei_decimals - 5:
        raise ActionError(ActionReject.DEPLOY_SPEC)
    if wei_decimals > 13 or sz_decimals > 8 or len(full_name or "") > 100:
        raise ActionError(ActionReject.DEPLOY_SPEC)
    gas, account = gas_price(state), state.accounts[acting.user]
    if gas > max_gas:
        raise ActionError(ActionReject.DEPLOY_GAS)
    if gas:
        pay_gas(ex, account, gas)
    token_id = blake2b(f"{index}/{account.address}".encode(), digest_size=16).hexdigest()
    token = Token(
        index,
        name,
        sz_decimals,
        wei_decimals,
        f"0x{token_id}",
        full_name=full_name,
        deployer=account.address,
        fee_share=Rate(RATE_SCALE),
    )
    state.deploys[index] = TokenDeploy(index, account.address, gas, state.time_ms)
    relist(state, universe.with_tokens([*universe.tokens, token]))


def user_genesis(
    ex: Exchange,
    acting: Acting,
    *,
    token_index: int,
    users: tuple[tuple[Address, str], ...],
    holders: tuple[tuple[int, str], ...],
    blacklist: tuple[tuple[Address, bool], ...],
) -> None:
    """Notes what the genesis will give to whom; a later call overrides what it names again.

    Assumed: an amount of zero takes a row out.
    """
    deploy = _before_genesis(ex.state, acting, token_index)
    tokens = len(ex.state.universe.tokens)
    if any(index >= tokens or index == token_index for index, _ in holders):
        raise ActionError(ActionReject.DEPLOY_TOKENS)
    to_users = deploy.users | {user: _wei(text) for user, text in users}
    to_holders = deploy.holders | {index: _wei(text) for index, text in holders}
    barred = deploy.blacklist | {user: None for user, is_barred in blacklist if is_barred}
    for user, is_barred in blacklist:
        if not is_barred:
            barred.pop(user, None)
    if len(to_users) + len(to_holders) + len(barred) > MOST_GENESIS_ROWS:
        raise ActionError(ActionReject.GENESIS_BALANCE)
    if sum(to_users.values()) + sum(to_holders.values()) >= MOST_SUPPLY:
        raise ActionError(ActionReject.GENESIS_BALANCE)
    deploy.users = {user: wei for user, wei in to_users.items() if wei}
    deploy.holders = {index: wei for index, wei in to_holders.items() if wei}
    deploy.blacklist = barred


def genesis(
    ex: Exchange, acting: Acting, *, token_index: int, max_supply: str, no_hyperliquidity: bool
) -> None:
    """Makes the token: its supply is fixed, and everybody gets their part.

    Documented: the maximum supply is a checksum of what `userGenesis` gave away. Assumed: holders
    of another token share in proportion, rounded down, and what is left over never comes into
    being; without hyperliquidity it must have been given nothing, and a vault never.
    """
    state = ex.state
    deploy = _before_genesis(state, acting, token_index)
    supply = _wei(max_supply)
    if supply == 0 or supply != deploy.total:
        raise ActionError(ActionReject.GENESIS_SUPPLY)
    if any(user in state.vaults for user in deploy.users):
        raise ActionError(ActionReject.GENESIS_BALANCE)
    if no_hyperliquidity and HYPERLIQUIDITY in deploy.users:
        raise ActionError(ActionReject.GENESIS_BALANCE)
    shares = dict(deploy.users)
    for other, amount in deploy.holders.items():
        for user, share in _shares(state, other, amount, deploy.blacklist):
            shares[user] = Wei(shares.get(user, 0) + share)
    made = sum(shares.values())
    token = replace(state.universe.tokens[token_index], total_supply=made, circulating_supply=made)
    tokens = list(state.universe.tokens)
    tokens[token_index] = token
    relist(state, state.universe.with_tokens(tokens))
    deploy.max_supply, deploy.no_hyperliquidity = supply, no_hyperliquidity
    state.treasury.token_minted[token_index] = Wei(made)
    for user, share in shares.items():
        held = balance(ex.open_account(user), token_index)
        held.total = share
        held.entry_ntl = _genesis_cost(share, made)
        ex.touch(user)
        record(ex, SpotGenesis(token.name, share, token.wei_decimals), user, hash_=acting.hash)


def register_spot(ex: Exchange, acting: Acting, base: int, quote: int) -> None:
    """Lists the pair `base`/`quote` at the next index, with an empty book.

    Documented: it takes the deployer of the base token and a quote token (exchange 5.2). Assumed:
    trading begins at once; a token that quotes some pair, USDC and those enabled are quote tokens.
    """
    state = ex.state
    universe = state.universe
    deploy = own(state, acting, base)
    if deploy.max_supply is None:
        raise ActionError(ActionReject.DEPLOY_NO_GENESIS)
    if quote == base or not is_quote(state, quote):
        raise ActionError(ActionReject.DEPLOY_TOKENS)
    if any((pair.base.index, pair.quote.index) == (base, quote) for pair in universe.pairs):
        raise ActionError(ActionReject.DEPLOY_TOKENS)
    index = max((pair.index for pair in universe.pairs), default=-1) + 1
    if index >= MOST_SPOTS:
        raise ActionError(ActionReject.DEPLOY_TOO_MANY)
    tokens = universe.tokens
    pair = SpotPair(index, f"@{index}" if index else "PURR/USDC", tokens[base], tokens[quote])
    market = prices.open_market(pair, state.time_ms)
    market.mark_px = NEVER_TRADED_PX
    relist(state, universe.with_pair(pair), {pair.id: market})
    ex.emit(PricesChanged((pair.coin,)))


def set_fee_share(ex: Exchange, acting: Acting, token_index: int, text: str) -> None:
    """Lowers the deployer's part of the fees that buyers of the token pay in it.

    Documented: from 0% to 100%, which it begins with, and never more than before.
    """
    state = ex.state
    own(state, acting, token_index)
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise ActionError(ActionReject.DEPLOY_SHARE)
    share = Rate(int(match[1] + (match[2] or "").ljust(8, "0")))
    token = state.universe.tokens[token_index]
    if share > token.fee_share:
        raise ActionError(ActionReject.DEPLOY_SHARE)
    tokens = list(state.universe.tokens)
    tokens[token_index] = replace(token, fee_share=share)
    relist(state, state.universe.with_tokens(tokens))


def set_quote_token(ex: Exchange, acting: Acting, token_index: int, *, is_quote: bool) -> None:
    """Lets pairs be quoted in the token, or no more new ones.

    Assumed: the stake that the exchange asks for is not asked for; eight decimals at least, so that
    a price times a size is a whole number of wei.
    """
    deploy = own(ex.state, acting, token_index)
    if deploy.max_supply is None:
        raise ActionError(ActionReject.DEPLOY_NO_GENESIS)
    if ex.state.universe.tokens[token_index].wei_decimals < QUOTE_DECIMALS:
        raise ActionError(ActionReject.DEPLOY_TOKENS)
    deploy.is_quote = is_quote


# -- reads -----------------------------------------------------------------------------------------


def gas_token(state: State) -> Token | None:
    """HYPE, or None in a world without it."""
    return state.universe.token_by_name.get(GAS_TOKEN)


def gas_price(state: State) -> Wei:
    """What a registration costs now, in wei of HYPE."""
    token = gas_token(state)
    if token is None:
        return Wei(0)
    return Wei(rescale_down(state.rules.spot_deploy_gas, 8, token.wei_decimals))


def spots_of(universe: Universe, token_index: int) -> list[int]:
    """Indices of the pairs whose base is a token."""
    return [pair.index for pair in universe.pairs if pair.base.index == token_index]


# -- parts -----------------------------------------------------------------------------------------


def own(state: State, acting: Acting, token_index: int) -> TokenDeploy:
    """The deployment of the user's own token. Raises ActionError for anybody else's."""
    deploy = state.deploys.get(token_index)
    if deploy is None or deploy.deployer != acting.user:
        raise ActionError(ActionReject.DEPLOY_FOREIGN)
    return deploy


def _before_genesis(state: State, acting: Acting, token_index: int) -> TokenDeploy:
    deploy = own(state, acting, token_index)
    if deploy.max_supply is not None:
        raise ActionError(ActionReject.GENESIS_DONE)
    return deploy


def is_quote(state: State, index: int) -> bool:
    """True for a token that something may be quoted in, or cleared in."""
    deploy = state.deploys.get(index)
    if deploy is not None:
        return deploy.is_quote
    return index == USDC or index in state.universe.quotes


def _wei(text: str) -> Wei:
    """A whole number of wei. Raises ActionError. Assumed: in plain digits."""
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise ActionError(ActionReject.AMOUNT_INVALID)
    return Wei(parse_amount(text, 0)) if text.strip("0") else Wei(0)


def pay_gas(ex: Exchange, account: Account, gas: Wei) -> None:
    """Charges the gas of a deployment. Raises ActionError."""
    token = gas_token(ex.state)
    assert token is not None
    held = account.spot.get(token.index)
    if held is None or free(ex.state, account, token.index) < gas:
        raise ActionError(ActionReject.DEPLOY_GAS_BALANCE)
    held.entry_ntl = div_down(held.entry_ntl * (held.total - gas), held.total)
    held.total = Wei(held.total - gas)
    fees = ex.state.treasury.token_fees
    fees[token.index] = Wei(fees.get(token.index, 0) + gas)
    ex.touch(account.address)
    record(ex, DeployGasAuction(token.name, gas, token.wei_decimals), account.address)


def _shares(
    state: State, other: int, amount: Wei, blacklist: dict[Address, None]
) -> list[tuple[Address, Wei]]:
    """What each holder of the token `other` gets of `amount`, in proportion, rounded down."""
    held = [
        (account.address, account.spot[other].total)
        for account in state.accounts.values()
        if other in account.spot and account.address not in blacklist
    ]
    total = sum(wei for _, wei in held)
    shares = [(user, Wei(div_down(amount * wei, total))) for user, wei in held if wei]
    return [(user, share) for user, share in shares if share]


def _genesis_cost(share: Wei, supply: int) -> int:
    """Documented: genesis counts as bought at a market cap of 10000 USDC (mechanics 12)."""
    return div_down(10_000 * 10**8 * share, supply)
