"""Staking: HYPE from spot, to validators, and back through the queue; rewards once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .abstraction import free
from .assets import Token
from .errors import ActionError, ActionReject
from .fixed import RATE_SCALE, TEN, Address, Rate, Wei, div_down
from .ids import ZERO_HASH
from .ledger import StakingTransfer
from .stakes import (
    HYPE,
    Delegated,
    Delegation,
    Deposited,
    Stake,
    StakingChange,
    StakingReward,
    StakingRow,
    Unstaking,
    Validator,
    Withdrawn,
)
from .state import Account, State
from .timers import Timer
from .transfers import credit, debit, record
from .volume import DAY_MS

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

QUEUE_LENGTH = 5
"""Documented: at most five withdrawals wait at once (mechanics 13)."""
YEARLY_RATE = Rate(237_000_000)
"""Documented: about 2.37 % a year at 400M staked (mechanics 13). Assumed: at any stake."""
MINUTE_MS = 60_000
MINUTES_A_YEAR = 525_600
BASE_STAKE = 400_000_000
"""Whole HYPE that the world delegates to its validators in all."""

_COMMISSION = Rate(400_000_000)
_VALIDATORS = (
    ("0x5ac99df645f3414876c816caa18b2d234024b487", "Validator 1", 40, True, False),
    ("0xa012b9040d83c5cbad9e6ea73c525027b755f596", "Validator 2", 30, True, False),
    ("0xb8f45222a3246a2b0104696a1df26842007c5bc5", "Validator 3", 20, True, False),
    ("0x15458aae65e0a2d6d2e8a4d3d6c64a2cc29a1e10", "Validator 4", 10, True, True),
    ("0x2f5a0d6e9f9cb2fd2ee15b3f3a1d6a6b3ad7c0d5", "Validator 5", 0, False, False),
)
"""Address, name, percent of the base stake, active, delegations disabled. Assumed: a small world;
the first two addresses are validators in recorded requests."""


def open_validators(state: State) -> None:
    """Puts the world's validators into a fresh state; none where HYPE is not listed."""
    token = state.universe.token_by_name.get(HYPE)
    if token is None:
        return
    for address, name, percent, is_active, is_closed in _VALIDATORS:
        stake = Wei(div_down(BASE_STAKE * percent, 100) * TEN[token.wei_decimals])
        state.stakes.validators[Address(address)] = Validator(
            Address(address),
            Address(address),
            name,
            "",
            stake,
            _COMMISSION,
            is_active=is_active,
            delegations_disabled=is_closed,
        )


# -- between spot and staking ----------------------------------------------------------------------


def deposit(ex: Exchange, acting: Acting, amount: int) -> None:
    """Moves `amount` wei of HYPE from spot to the staking account, at once.

    Raises ActionError. Assumed: the texts of token transfers.
    """
    token, account = _hype(ex.state), ex.state.accounts[acting.user]
    if amount == 0:
        raise ActionError(ActionReject.AMOUNT_ZERO)
    if amount > free(ex.state, account, token.index):
        raise ActionError(ActionReject.TOKEN_BALANCE)
    debit(ex, account, token, Wei(amount))
    stake = account.stake = account.stake or Stake()
    stake.undelegated = Wei(stake.undelegated + amount)
    _note(ex, stake, Deposited(Wei(amount)), acting.hash)
    row = StakingTransfer(token.name, Wei(amount), token.wei_decimals, True)
    record(ex, row, account.address, hash_=acting.hash)


def withdraw(ex: Exchange, acting: Acting, amount: int) -> None:
    """Puts `amount` wei of undelegated HYPE into the queue to spot.

    Documented: seven days, five at once (mechanics 13). Raises ActionError; the texts are Assumed.
    """
    state = ex.state
    _hype(state)
    stake = state.accounts[acting.user].stake
    if amount == 0:
        raise ActionError(ActionReject.WITHDRAW_ZERO)
    if stake is None or amount > stake.undelegated:
        raise ActionError(ActionReject.WITHDRAW_BALANCE)
    if len(stake.unstaking) >= QUEUE_LENGTH:
        raise ActionError(ActionReject.UNSTAKING_TOO_MANY)
    due_ms = state.time_ms + state.rules.unstaking_ms
    stake.undelegated = Wei(stake.undelegated - amount)
    stake.unstaking.append(Unstaking(Wei(amount), due_ms))
    state.timers.push(due_ms, Timer.UNSTAKING, acting.user)
    _note(ex, stake, Withdrawn(Wei(amount), is_final=False), acting.hash)


def on_unstaked(ex: Exchange, user: Address) -> None:
    """Pays what waited long enough out to spot. Assumed: the ledger shows it when it arrives."""
    state = ex.state
    account, token = state.accounts[user], _hype(state)
    stake = account.stake
    while stake is not None and stake.unstaking and stake.unstaking[0].due_ms <= state.time_ms:
        amount = stake.unstaking.popleft().amount
        credit(ex, account, token, amount)
        _note(ex, stake, Withdrawn(amount, is_final=True), ZERO_HASH)
        row = StakingTransfer(token.name, amount, token.wei_decimals, False)
        record(ex, row, user, hash_=ZERO_HASH)


# -- between the staking account and validators ----------------------------------------------------


def delegate(ex: Exchange, acting: Acting, address: Address, amount: int) -> None:
    """Delegates `amount` wei of undelegated HYPE to a validator; locks all that is there.

    Documented: the lock is one day (mechanics 13). Raises ActionError; Observed: the first two
    texts (exchange 5.3). Assumed: the other, and that a new delegation locks the older part, too.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    validator, stake = _validator(state, address), account.stake
    if validator.delegations_disabled:
        raise ActionError(ActionReject.VALIDATOR_CLOSED)
    if amount == 0:
        raise ActionError(ActionReject.AMOUNT_ZERO)
    if stake is None or amount > stake.undelegated:
        raise ActionError(ActionReject.DELEGATABLE)
    delegation = stake.delegations.setdefault(address, Delegation())
    _accrue(delegation, state.time_ms)
    stake.undelegated = Wei(stake.undelegated - amount)
    delegation.amount = Wei(delegation.amount + amount)
    delegation.locked_until_ms = state.time_ms + state.rules.delegation_lock_ms
    validator.stake = Wei(validator.stake + amount)
    _expect_rewards(state, acting.user)
    _moved(ex, account, stake, Delegated(address, Wei(amount), is_undelegate=False), acting.hash)


def undelegate(ex: Exchange, acting: Acting, address: Address, amount: int) -> None:
    """Takes `amount` wei back from a validator, at once.

    Raises ActionError; Observed: the text of the lock (exchange 5.3). Assumed: the others, and
    their order.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    validator, stake = _validator(state, address), account.stake
    if amount == 0:
        raise ActionError(ActionReject.AMOUNT_ZERO)
    delegation = None if stake is None else stake.delegations.get(address)
    if stake is None or delegation is None or amount > delegation.amount:
        raise ActionError(ActionReject.STAKE_SHORT)
    if state.time_ms < delegation.locked_until_ms:
        raise ActionError(ActionReject.DELEGATION_LOCKED)
    _accrue(delegation, state.time_ms)
    delegation.amount = Wei(delegation.amount - amount)
    stake.undelegated = Wei(stake.undelegated + amount)
    validator.stake = Wei(validator.stake - amount)
    _moved(ex, account, stake, Delegated(address, Wei(amount), is_undelegate=True), acting.hash)


# -- rewards ---------------------------------------------------------------------------------------


def on_rewards(ex: Exchange) -> None:
    """Pays the day's rewards to everybody who delegated during it.

    Documented: they accrue every minute, are paid daily and delegated again (mechanics 13).
    Assumed: at midnight UTC; truncated to the wei; not delegated again but kept undelegated where
    nothing is delegated to that validator any more.
    """
    state = ex.state
    paid, state.stakes.delegators = state.stakes.delegators, {}
    for user in paid:
        _pay(ex, state.accounts[user])


def _pay(ex: Exchange, account: Account) -> None:
    state, stake, total = ex.state, account.stake, 0
    assert stake is not None
    for address, delegation in list(stake.delegations.items()):
        _accrue(delegation, state.time_ms)
        validator = state.stakes.validators[address]
        earned = daily_reward(delegation.accrued, validator.commission)
        delegation.accrued = 0
        total += earned
        if delegation.amount:
            delegation.amount = Wei(delegation.amount + earned)
            validator.stake = Wei(validator.stake + earned)
            _expect_rewards(state, account.address)
        else:
            stake.undelegated = Wei(stake.undelegated + earned)
            del stake.delegations[address]
    restake(state, account)
    if total == 0:
        return
    token, minted = _hype(state), state.treasury.token_minted
    minted[token.index] = Wei(minted.get(token.index, 0) + total)
    stake.rewards.append(StakingReward(state.time_ms, Wei(total)))
    ex.touch(account.address)


def daily_reward(accrued: int, commission: Rate) -> Wei:
    """What `accrued` (wei times minutes) earns, less the validator's commission."""
    kept = accrued * YEARLY_RATE * (RATE_SCALE - commission)
    return Wei(div_down(kept, RATE_SCALE**2 * MINUTES_A_YEAR))


def _accrue(delegation: Delegation, now_ms: int) -> None:
    """Counts every full minute of UTC that began since the last count."""
    minute = now_ms // MINUTE_MS
    delegation.accrued += delegation.amount * (minute - delegation.accrued_minute)
    delegation.accrued_minute = minute


def _expect_rewards(state: State, user: Address) -> None:
    """Has rewards of `user` paid at the next midnight."""
    stakes, now = state.stakes, state.time_ms
    stakes.delegators[user] = None
    if stakes.rewards_due_ms <= now:
        stakes.rewards_due_ms = now + DAY_MS - now % DAY_MS
        state.timers.push(stakes.rewards_due_ms, Timer.STAKING_REWARDS)


# -- parts -----------------------------------------------------------------------------------------


def _hype(state: State) -> Token:
    """Raises ActionError where HYPE is not listed."""
    token = state.universe.token_by_name.get(HYPE)
    if token is None:
        raise ActionError(ActionReject.UNKNOWN_TOKEN, token=HYPE)
    return token


def _validator(state: State, address: Address) -> Validator:
    validator = state.stakes.validators.get(address)
    if validator is None:
        raise ActionError(ActionReject.VALIDATOR_UNKNOWN)
    return validator


def _moved(ex: Exchange, account: Account, stake: Stake, delta: Delegated, hash_: str) -> None:
    """Tells that what counts for the fee discount changed."""
    restake(ex.state, account)
    _note(ex, stake, delta, hash_)
    ex.touch(account.address)


def restake(state: State, account: Account) -> None:
    """Forgets the fee rates that the stake of `account` set, its own and its trading user's."""
    account.standing = None
    if account.staking_link is not None:
        state.accounts[account.staking_link.other].standing = None


def _note(ex: Exchange, stake: Stake, delta: StakingChange, hash_: str) -> None:
    stake.history.append(StakingRow(ex.state.time_ms, hash_, delta))
