"""Money on the move: deposits and withdrawals, sends between users, perps to spot and back.

Amounts arrive as the text that was signed. Every transfer writes one ledger row for each party, and
the treasury books what enters, leaves or is kept as a fee.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.dataclass import dataclass
from . import margin, sub_accounts
from .abstraction import cover, free, pool_of, refuse_unified
from .amounts import USD_DECIMALS, USDC, from_usd, parse_amount, token_named, usd_value, value_of
from .assets import Token
from .clearinghouse import balance
from .errors import ActionError, ActionReject
from .events import LedgerRow
from .fixed import Address, Usd, Wei, div_down, rescale_down
from .ids import tx_hash
from .ledger import (
    AccountClassTransfer,
    Deposit,
    InternalTransfer,
    LedgerChange,
    Send,
    SpotGenesis,
    SpotTransfer,
    Withdraw,
)
from .state import POOLED, Account, State

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

PERPS, SPOT = "", "spot"
"""Names of the first dex and of spot in sendAsset."""

_ENTRY_DECIMALS = 8


# -- from and to the outside -----------------------------------------------------------------------


def deposit(ex: Exchange, user: Address, usd: Usd) -> None:
    """USDC from outside onto the perps account; makes the account. ValueError unless above zero."""
    if usd <= 0:
        raise ValueError(f"a deposit is more than nothing: {usd}")
    treasury = ex.state.treasury
    treasury.usd_deposited = Usd(treasury.usd_deposited + usd)
    move_usd(ex, ex.open_account(user), usd)
    record(ex, Deposit(usd), user)


def mint(ex: Exchange, user: Address, token_index: int, amount: Wei) -> None:
    """Spot tokens from nowhere; makes the account.

    Raises ValueError for an unknown token, one before its genesis, or no amount. Assumed: their
    cost is what they are worth at mark, as of a transfer (mechanics 12).
    """
    tokens = ex.state.universe.tokens
    if not 0 <= token_index < len(tokens):
        raise ValueError(f"no token has index {token_index}")
    if amount <= 0:
        raise ValueError(f"a mint is more than nothing: {amount}")
    if token_index in ex.state.deploys and ex.state.deploys[token_index].max_supply is None:
        raise ValueError(f"token {token_index} has no supply before its genesis")
    token, minted = tokens[token_index], ex.state.treasury.token_minted
    minted[token_index] = Wei(minted.get(token_index, 0) + amount)
    credit(ex, ex.open_account(user), token, amount)
    record(ex, SpotGenesis(token.name, amount, token.wei_decimals), user)


def withdraw(ex: Exchange, acting: Acting, text: str) -> None:
    """Takes `text` USDC off the perps account; the fee is part of it.

    Raises ActionError; the texts are Observed (exchange 7.5). Assumed: the ledger row shows what
    arrives.
    """
    account, fee = ex.state.accounts[acting.user], ex.state.rules.withdraw_fee
    usd = parse_amount(text, USD_DECIMALS, zero=ActionReject.WITHDRAW_ZERO)
    if usd <= fee:
        raise ActionError(ActionReject.WITHDRAW_FEE)
    if usd > margin.withdrawable(ex.state, account):
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    treasury, arrives = ex.state.treasury, Usd(usd - fee)
    treasury.usd_withdrawn = Usd(treasury.usd_withdrawn + arrives)
    treasury.usd.fees = Usd(treasury.usd.fees + fee)
    move_usd(ex, account, -usd)
    row = Withdraw(arrives, acting.nonce, fee)
    record(ex, row, account.address, hash_=acting.hash)


# -- perps USDC ------------------------------------------------------------------------------------


def usd_send(ex: Exchange, acting: Acting, destination: Address, text: str) -> None:
    """Sends perps USDC; a new account's activation is paid out of it.

    Raises ActionError; the texts are Observed (exchange 7.5). Observed: nothing is special about
    sending to oneself. Assumed: an amount no larger than the activation fee, or below the floor for
    an account that exists, is the one "smaller than fee"; zero is, too.
    """
    account, rules = ex.state.accounts[acting.user], ex.state.rules
    usd = parse_amount(text, USD_DECIMALS, zero=ActionReject.USD_SEND_FEE)
    is_new = destination not in ex.state.accounts
    fee = rules.activation_fee if is_new else Usd(0)
    if usd < rules.usd_send_fee_floor or usd <= fee:
        raise ActionError(ActionReject.USD_SEND_FEE)
    if usd > margin.withdrawable(ex.state, account):
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    treasury = ex.state.treasury
    treasury.usd.fees = Usd(treasury.usd.fees + fee)
    move_usd(ex, account, -usd)
    move_usd(ex, ex.open_account(destination), usd - fee)
    row = InternalTransfer(Usd(usd), account.address, destination, fee)
    record(ex, row, account.address, destination, hash_=acting.hash)


def usd_class_transfer(ex: Exchange, acting: Acting, text: str, *, to_perp: bool) -> None:
    """Moves USDC between perps and spot of the user, or of the sub-account that the text names.

    Raises ActionError. Observed: more than six decimals are an invalid send (mechanics 12).
    Assumed: what the perps account or the spot balance lacks has the texts of withdrawals and of
    token transfers.
    """
    account = ex.state.accounts[acting.user]
    amount, names_sub, sub = text.partition(" subaccount:")
    if names_sub:
        account = sub_accounts.named(ex.state, account, sub)
    refuse_unified(account)
    usd = parse_amount(amount, USD_DECIMALS, imprecise=ActionReject.INVALID_SEND)
    token = ex.state.universe.tokens[USDC]
    wei = from_usd(usd, token)
    if to_perp:
        if wei > free(ex.state, account, USDC):
            raise ActionError(ActionReject.TOKEN_BALANCE)
        debit(ex, account, token, wei)
        move_usd(ex, account, usd)
    else:
        if usd > margin.withdrawable(ex.state, account):
            raise ActionError(ActionReject.WITHDRAW_BALANCE)
        move_usd(ex, account, -usd)
        credit(ex, account, token, wei)
    _book_to_spot(ex.state, -usd if to_perp else usd)
    row = AccountClassTransfer(Usd(usd), to_perp)
    record(ex, row, account.address, hash_=acting.hash)


# -- spot tokens -----------------------------------------------------------------------------------


def spot_send(
    ex: Exchange, acting: Acting, destination: Address, token_text: str, text: str
) -> None:
    """Sends a spot token to another user.

    Raises ActionError; the texts are Observed (exchange 7.5). Assumed: the order of the checks.
    """
    account = ex.state.accounts[acting.user]
    token = token_named(ex.state, token_text)
    amount = Wei(parse_amount(text, token.wei_decimals))
    if destination == account.address:
        raise ActionError(ActionReject.SELF_TRANSFER)
    gas = _spot_gas(ex, account, destination, token, amount)
    value = usd_value(ex.state, token, amount)
    _pay_gas(ex, account, gas)
    debit(ex, account, token, amount)
    credit(ex, ex.open_account(destination), token, amount)
    sent = (token.name, amount, token.wei_decimals, value, account.address, destination)
    row = SpotTransfer(*sent, gas.fee, gas.decimals, gas.token, acting.nonce)
    record(ex, row, account.address, destination, hash_=acting.hash)


def send_asset(
    ex: Exchange,
    acting: Acting,
    *,
    destination: Address,
    source_dex: str,
    destination_dex: str,
    token: str,
    amount: str,
    from_sub_account: str,
) -> None:
    """Sends a token between dexes, of one user or of two.

    Raises ActionError; the texts are Observed (exchange 5.3, 7.5). Documented: to and from a perps
    dex goes its collateral only. Assumed: the order of the checks; another token is an invalid
    send; a new account's activation is paid on the dex that the amount comes from.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    if from_sub_account:
        account = sub_accounts.named(state, account, from_sub_account)
    source, target_dex = (dex_named(state, name) for name in (source_dex, destination_dex))
    if account.abstraction in POOLED and (source, target_dex) != (None, None):
        raise ActionError(ActionReject.UNIFIED_SPOT_ONLY)
    if target_dex and state.universe.dexes[target_dex - 1].is_disabled:
        raise ActionError(ActionReject.INVALID_DEX)
    sent = token_named(state, token)
    if destination == account.address and source == target_dex:
        raise ActionError(ActionReject.INVALID_SEND)
    perps = [dex for dex in (source, target_dex) if dex is not None]
    if any(collateral_of(state, dex) != sent.index for dex in perps):
        raise ActionError(ActionReject.INVALID_SEND)
    usd = 0
    if perps:
        usd = parse_amount(amount, USD_DECIMALS, imprecise=ActionReject.INVALID_SEND)
        wei = from_usd(usd, sent)
    else:
        wei = Wei(parse_amount(amount, sent.wei_decimals))
    value = usd_value(state, sent, wei)
    if source is not None:
        gas = _perps_gas(ex, account, source, destination, sent, usd)
        move_usd(ex, account, -usd - gas.fee, source)
        flow = state.treasury.flow(sent.index)
        flow.fees = Usd(flow.fees + gas.fee)
    else:
        gas = _spot_gas(ex, account, destination, sent, wei)
        _pay_gas(ex, account, gas)
        debit(ex, account, sent, wei)
    target = ex.open_account(destination)
    if target_dex is not None:
        move_usd(ex, target, usd, target_dex)
    else:
        credit(ex, target, sent, wei)
    if (source is None) is not (target_dex is None):
        _book_to_spot(state, usd if target_dex is None else -usd, sent.index)
    parties = (account.address, destination, source_dex, destination_dex)
    what = (sent.name, wei, sent.wei_decimals, value)
    row = Send(*parties, *what, gas.fee, gas.decimals, gas.token, acting.nonce)
    record(ex, row, account.address, destination, hash_=acting.hash)


# -- gas ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gas:
    """The activation fee of a new account, in units of 10 ** -decimals of a token; 0 for others."""

    token_index: int
    fee: Wei
    decimals: int
    token: str


def dex_named(state: State, name: str) -> int | None:
    """The perps dex of a name, None for spot. Raises ActionError. Assumed: a dex that was disabled
    takes nothing more, but gives back what it holds.
    """
    if name in (PERPS, SPOT):
        return 0 if name == PERPS else None
    dex = state.universe.dex(name)
    if dex is None:
        raise ActionError(ActionReject.INVALID_DEX)
    return dex.index


def collateral_of(state: State, dex: int) -> int:
    """Index of the token in which a dex is cleared."""
    return USDC if dex == 0 else state.universe.dexes[dex - 1].collateral


def _perps_gas(
    ex: Exchange, account: Account, dex: int, destination: Address, token: Token, usd: int
) -> Gas:
    """What a transfer from perps costs on top; ActionError unless there is enough for both."""
    available = margin.withdrawable(ex.state, account, account.at(dex))
    if usd > available:
        raise ActionError(ActionReject.TOKEN_BALANCE)
    fee = 0 if destination in ex.state.accounts else ex.state.rules.activation_fee
    if usd + fee > available:
        raise ActionError(ActionReject.TRANSFER_GAS_QUOTE, quote=token.name)
    return Gas(token.index, Wei(fee), USD_DECIMALS, token.name)


def _spot_gas(
    ex: Exchange, account: Account, destination: Address, token: Token, amount: Wei
) -> Gas:
    """What a transfer from spot costs on top; ActionError unless there is enough for both.

    Observed: one quote token; when a quote token itself is sent, in that very token (exchange 7.5).
    Assumed: else in the first quote token, by index, of which there is enough.
    """
    if amount > free(ex.state, account, token.index):
        raise ActionError(ActionReject.TOKEN_BALANCE)
    universe = ex.state.universe
    if destination in ex.state.accounts:
        usdc = universe.tokens[USDC]
        return Gas(USDC, Wei(0), usdc.wei_decimals, usdc.name)
    quotes = {USDC: universe.tokens[USDC]}
    quotes.update((pair.quote.index, pair.quote) for pair in universe.pairs)
    own = token.index in quotes
    for index in [token.index] if own else sorted(quotes):
        quote = quotes[index]
        fee = Wei(rescale_down(ex.state.rules.activation_fee, USD_DECIMALS, quote.wei_decimals))
        if free(ex.state, account, index) >= fee + (amount if own else 0):
            return Gas(index, fee, quote.wei_decimals, quote.name)
    if own:
        raise ActionError(ActionReject.TRANSFER_GAS_QUOTE, quote=token.name)
    raise ActionError(ActionReject.TRANSFER_GAS)


def _pay_gas(ex: Exchange, account: Account, gas: Gas) -> None:
    if gas.fee == 0:
        return
    state = ex.state
    debit(ex, account, state.universe.tokens[gas.token_index], gas.fee)
    fees = state.treasury.token_fees
    fees[gas.token_index] = Wei(fees.get(gas.token_index, 0) + gas.fee)


# -- bookkeeping -----------------------------------------------------------------------------------


def move_usd(ex: Exchange, account: Account, usd: int, dex: int = 0) -> None:
    """Adds `usd` to the cross ledger of a dex.

    Assumed: who is unified receives what is sent to a deployed dex on the one balance; a unit of
    any collateral counts as a dollar.
    """
    key = dex
    if dex and account.abstraction in POOLED:
        key = pool_of(ex.state, collateral_of(ex.state, dex)) or 0
    clearing = account.open(key)
    clearing.raw_usd = Usd(clearing.raw_usd + usd)
    account.net_deposits = Usd(account.net_deposits + usd)
    if dex:
        moved = ex.state.treasury.dex_deposits
        moved[dex] = Usd(moved.get(dex, 0) + usd)
    ex.touch(account.address)


def _book_to_spot(state: State, usd: int, token: int = USDC) -> None:
    """Notes that `usd` went from perps to spot; negative for the other way."""
    flow = state.treasury.flow(token)
    flow.to_spot = Usd(flow.to_spot + usd)


def credit(ex: Exchange, account: Account, token: Token, amount: Wei) -> None:
    """Adds tokens. Observed: they cost what they are worth at mark (mechanics 12)."""
    held = balance(account, token.index)
    held.total = Wei(held.total + amount)
    if token.index != USDC:
        held.entry_ntl += value_of(ex.state, token, amount, _ENTRY_DECIMALS)
    ex.touch(account.address)


def debit(ex: Exchange, account: Account, token: Token, amount: Wei) -> None:
    """Takes tokens off. Inferred: their cost goes in proportion, as of a sale (mechanics 12)."""
    cover(ex, account, token.index, amount)
    held = account.spot[token.index]
    held.entry_ntl = div_down(held.entry_ntl * (held.total - amount), held.total)
    held.total = Wei(held.total - amount)
    ex.touch(account.address)


def record(ex: Exchange, delta: LedgerChange, *users: Address, hash_: str | None = None) -> None:
    """Writes the row into the ledger of every party, once each."""
    state = ex.state
    found = tx_hash(state.height, state.action_index) if hash_ is None else hash_
    for user in dict.fromkeys(users):
        row = LedgerRow(user, state.time_ms, found, delta)
        state.accounts[user].ledger.append(row)
        ex.emit(row)
