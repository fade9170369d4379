"""Vaults: accounts whose leader trades with the money of many, and whose shares say whose it is.

The money is in the account of the vault's address, as anybody's; the register is in
`State.vaults`. A payout goes to the perps account of whoever it is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import margin, shares, twap
from .errors import ActionError, ActionReject
from .fixed import Address, Usd, div_down
from .ledger import (
    VaultCreate,
    VaultDeposit,
    VaultDistribution,
    VaultLeaderCommission,
    VaultWithdraw,
)
from .orders import OrderStatus
from .shares import Stake, Vault
from .state import State
from .sub_accounts import fresh_address, utf16_units
from .transfers import move_usd, record
from .vault_closing import carry_out, plan

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

LOCKUP_MS = 86_400_000
"""Documented: a day after the latest deposit (mechanics 13)."""
LEAST_INITIAL = 100_000_000
LEAST_DEPOSIT = 5_000_000
LEAST_DISTRIBUTION = 10_000_000
"""Documented: $100 to begin with; Observed: $5 a deposit, $10 a distribution (exchange 5.2)."""


def find(state: State, address: Address) -> Vault:
    """The vault of an address. Raises ActionError; the text is Observed (exchange 7.1)."""
    vault = state.vaults.get(address)
    if vault is None:
        raise ActionError(ActionReject.VAULT_UNKNOWN, address=address)
    return vault


def value_of(state: State, address: Address) -> int:
    """What a vault is worth: the value of its account, isolated positions included."""
    return margin.total_summary(state, state.accounts[address]).account_value


# -- the leader ------------------------------------------------------------------------------------


def refuse_tokens(state: State, address: Address) -> None:
    """Raises ActionError where spot tokens would go to a vault: it could do nothing with them, and
    no share is worth more by them.

    Documented: a vault trades perps only (mechanics 13). Assumed: that it is sent none, the text,
    and that it is asked first.
    """
    if address in state.vaults:
        raise ActionError(ActionReject.INVALID_SEND)


def create(
    ex: Exchange, acting: Acting, *, name: str, description: str, usd: Usd, nonce: int
) -> Address:
    """Opens a vault led by the user, with `usd` of the user's in it, and returns its address.

    Raises ActionError; the texts of money are Observed (exchange 5.2). Assumed: the order of the
    checks; the inner nonce is asked as that of a user-signed action.
    """
    state, user = ex.state, acting.user
    account, fee = state.accounts[user], ex.state.rules.vault_creation_fee
    if nonce != acting.nonce:
        raise ActionError(ActionReject.NONCE_MISMATCH)
    if not 3 <= utf16_units(name) <= 50:
        raise ActionError(ActionReject.VAULT_NAME)
    if not 10 <= utf16_units(description) <= 250:
        raise ActionError(ActionReject.VAULT_DESCRIPTION)
    if usd < LEAST_INITIAL:
        raise ActionError(ActionReject.VAULT_INITIAL)
    if usd + fee > margin.withdrawable(state, account):
        raise ActionError(ActionReject.VAULT_CREATE_BALANCE)
    address = fresh_address(state, "vault", user, len(account.vaults_led))
    vault = Vault(address, user, name, description, state.time_ms)
    state.vaults[address] = vault
    account.vaults_led[address] = None
    ex.open_account(address)
    state.treasury.usd.fees = Usd(state.treasury.usd.fees + fee)
    move_usd(ex, account, -fee)
    _put(ex, vault, user, usd, shares.minted(vault, usd, 0))
    record(ex, VaultCreate(address, usd, fee), user, address, hash_=acting.hash)
    return address


def modify(
    ex: Exchange,
    user: Address,
    address: Address,
    *,
    allow_deposits: bool | None,
    always_close: bool | None,
) -> None:
    """Changes what is not None. Raises ActionError."""
    vault = _led(ex.state, user, address)
    if allow_deposits is not None:
        vault.allow_deposits = allow_deposits
    if always_close is not None:
        vault.always_close = always_close


def distribute(ex: Exchange, acting: Acting, address: Address, usd: Usd) -> None:
    """Pays `usd` to all who have shares, in proportion; they keep their shares.

    Raises ActionError; the least amount is Observed (exchange 5.2). Assumed: it can be no more than
    what no position or order needs; the leader's part of the profit is taken as at a withdrawal;
    what rounding leaves stays in the vault.
    """
    state = ex.state
    vault = _led(state, acting.user, address)
    if usd < LEAST_DISTRIBUTION:
        raise ActionError(ActionReject.VAULT_DISTRIBUTE_SMALL)
    value = value_of(state, address)
    if usd > min(value, margin.withdrawable(state, state.accounts[address])):
        raise ActionError(ActionReject.VAULT_EQUITY)
    _pay_all(ex, acting, vault, usd, value)


def close(ex: Exchange, acting: Acting, address: Address) -> None:
    """Pays out everything and ends the vault; its orders and TWAPs are cancelled.

    Raises ActionError. Documented: all positions must be closed before (mechanics 13).
    """
    state = ex.state
    vault, account = _led(state, acting.user, address), state.accounts[address]
    if account.positions:
        raise ActionError(ActionReject.VAULT_POSITIONS)
    twap.end_all(ex, account)
    for order in list(account.orders.values()):
        ex.desk.cancel_order(order, OrderStatus.VAULT_WITHDRAWAL_CANCELED)
    value = max(0, account.raw_usd)
    _pay_all(ex, acting, vault, value, value)
    for user in vault.stakes:
        del state.accounts[user].vaults_joined[address]
    vault.stakes.clear()
    vault.shares = 0
    vault.allow_deposits = False
    vault.is_closed = True


def _led(state: State, user: Address, address: Address) -> Vault:
    """The open vault that `user` leads. Raises ActionError; a closed one is gone (Assumed)."""
    vault = find(state, address)
    if vault.leader != user:
        raise ActionError(ActionReject.VAULT_LEADER_ONLY)
    if vault.is_closed:
        raise ActionError(ActionReject.VAULT_UNKNOWN, address=address)
    return vault


def _pay_all(ex: Exchange, acting: Acting, vault: Vault, usd: int, value: int) -> None:
    """Pays `usd` of the vault's `value` in proportion to the shares."""
    paid = earned = 0
    for user, stake in vault.stakes.items():
        gross = div_down(usd * stake.shares, vault.shares)
        basis = shares.basis_of(stake, usd, value) if value else stake.basis
        cut = Usd(0) if user == vault.leader else shares.commission(gross, basis)
        stake.basis = Usd(stake.basis - basis)
        stake.realized = Usd(stake.realized + gross - cut - basis)
        move_usd(ex, ex.state.accounts[user], gross - cut)
        record(ex, VaultDistribution(vault.address, Usd(gross - cut)), user, hash_=acting.hash)
        paid += gross
        earned += cut
    move_usd(ex, ex.state.accounts[vault.address], -paid)
    row = VaultDistribution(vault.address, Usd(paid))
    record(ex, row, vault.address, hash_=acting.hash)
    _earn(ex, acting, vault, earned)


def _earn(ex: Exchange, acting: Acting, vault: Vault, usd: int) -> None:
    """Pays the leader a commission that was kept back."""
    if usd:
        move_usd(ex, ex.state.accounts[vault.leader], usd)
        row = VaultLeaderCommission(vault.leader, Usd(usd))
        record(ex, row, vault.leader, hash_=acting.hash)


# -- depositors ------------------------------------------------------------------------------------


def deposit(ex: Exchange, acting: Acting, address: Address, usd: Usd) -> None:
    """Buys shares for `usd` at the vault's value of now.

    Raises ActionError; the texts are Observed or Inferred (exchange 5.2). Assumed: the order of the
    checks; one that takes no more depositors, or is worth nothing, accepts no deposits; what buys
    not a single share is too small.
    """
    state, user = ex.state, acting.user
    vault, account = find(state, address), state.accounts[user]
    value = value_of(state, address)
    if not vault.allow_deposits or (vault.shares and value <= 0):
        raise ActionError(ActionReject.VAULT_NO_DEPOSITS)
    if user not in vault.stakes and len(vault.stakes) >= state.rules.max_vault_depositors:
        raise ActionError(ActionReject.VAULT_NO_DEPOSITS)
    new = shares.minted(vault, usd, value)
    if usd < LEAST_DEPOSIT or new == 0:
        raise ActionError(ActionReject.VAULT_DEPOSIT_SMALL)
    if usd > margin.withdrawable(state, account):
        raise ActionError(ActionReject.DEPOSIT_BALANCE)
    if user != vault.leader and not _leader_keeps(vault, 0, vault.shares + new):
        raise ActionError(ActionReject.VAULT_LEADER_SHARE)
    _put(ex, vault, user, usd, new)
    record(ex, VaultDeposit(address, usd), user, address, hash_=acting.hash)


def withdraw(ex: Exchange, acting: Acting, address: Address, usd: Usd) -> None:
    """Sells shares worth `usd`; the vault gives up orders and positions when it must.

    Raises ActionError; the texts are Observed (exchange 5.2). Documented: the leader keeps 5 %, and
    takes 10 % of what the others gained (mechanics 13). Assumed: the order of the checks; the text
    of a leader who would have less than 5 % left; nothing is a withdrawal of zero; should a maker
    fail at the match, what came free is paid and the rest stays in shares.
    """
    state, user = ex.state, acting.user
    vault = find(state, address)
    stake, account = vault.stakes.get(user), state.accounts[address]
    if stake is None:
        raise ActionError(ActionReject.VAULT_ZERO_BALANCE)
    if usd == 0:
        raise ActionError(ActionReject.WITHDRAW_ZERO)
    if state.time_ms < stake.locked_until_ms:
        raise ActionError(ActionReject.VAULT_LOCKED)
    value = value_of(state, address)
    if usd > shares.worth(vault, stake.shares, value):
        raise ActionError(ActionReject.VAULT_EQUITY)
    gone = shares.burned(vault, stake, usd, value)
    if user == vault.leader and not _leader_keeps(vault, gone, vault.shares - gone):
        raise ActionError(ActionReject.VAULT_EQUITY)
    agreed = plan(state, account, usd, (usd, value) if vault.always_close else (0, 1))
    carry_out(ex, account, agreed, acting.hash)
    cost = min(usd, max(0, value - value_of(state, address)))
    gross = min(usd - cost, margin.withdrawable(state, account))
    _pay(ex, acting, vault, usd=usd, cost=cost, gross=gross, value=value)


def _pay(
    ex: Exchange, acting: Acting, vault: Vault, *, usd: Usd, cost: int, gross: int, value: int
) -> None:
    """Takes the shares of what was freed and used up, and pays it. `value` is that before."""
    user, stake = acting.user, vault.stakes[acting.user]
    gone = shares.burned(vault, stake, gross + cost, value)
    basis = shares.basis_of(stake, gone, stake.shares)
    cut = Usd(0) if user == vault.leader else shares.commission(gross, basis)
    net = Usd(gross - cut)
    if shares.take(vault, user, shares=gone, basis=basis, net=net):
        del ex.state.accounts[user].vaults_joined[vault.address]
    move_usd(ex, ex.state.accounts[vault.address], -gross)
    move_usd(ex, ex.state.accounts[user], net)
    row = VaultWithdraw(vault.address, user, usd, cut, Usd(cost), basis, net)
    record(ex, row, user, vault.address, hash_=acting.hash)
    _earn(ex, acting, vault, cut)


def _put(ex: Exchange, vault: Vault, user: Address, usd: Usd, new: int) -> None:
    """Moves a deposit and writes its shares into the register."""
    state = ex.state
    move_usd(ex, state.accounts[user], -usd)
    move_usd(ex, state.accounts[vault.address], usd)
    now = state.time_ms
    shares.add(vault, user, Stake(new, usd, now, now + LOCKUP_MS))
    state.accounts[user].vaults_joined[vault.address] = None


def _leader_keeps(vault: Vault, gone: int, whole: int) -> bool:
    """True when the leader, less `gone` shares, has enough of `whole`."""
    stake = vault.stakes.get(vault.leader)
    held = stake.shares if stake is not None else 0
    return shares.leader_keeps(vault, held - gone, whole)
