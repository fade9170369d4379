"""Traders who also stake, refer and claim: nothing is lost, and no cached rate is ever stale."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from deeds import Crowd, restored
from stakers import CLOSED, SECOND, VALIDATOR, hype
from stories import Trader, address, market
from test_conservation import check_money, check_orders, check_positions

from hlsim.matching.types import Tif
from hlsim.sim import fees, staking
from hlsim.sim.actions.misc import SetReferrer
from hlsim.sim.actions.orders import LimitTerms, NewOrder, OrderTerms, PlaceOrders, Priority
from hlsim.sim.actions.referrals import ClaimRewards, RegisterReferrer
from hlsim.sim.actions.staking import (
    LinkStakingUser,
    StakingDeposit,
    StakingWithdraw,
    TokenDelegate,
)
from hlsim.sim.exchange import Exchange
from hlsim.sim.replies import Refused
from hlsim.sim.rules import Rules
from hlsim.sim.stakes import LinkRole
from hlsim.sim.state import Account, State
from hlsim.sim.volume import DAY_MS

VALIDATORS = (VALIDATOR, SECOND, CLOSED, address("nobody"))


class Stakers(Crowd):
    """The crowd of `deeds`, whose staking takes hours instead of days. Counts what succeeded."""

    def __init__(self, seed: int) -> None:
        rules = Rules(delegation_lock_ms=3_600_000, unstaking_ms=7_200_000)
        super().__init__(seed, story=market(rules))
        self.done: dict[str, int] = {}
        for trader in self.traders:
            trader.account.volume.total_usd = 10**12 * self.rng.randrange(2)

    def deed(self) -> None:
        kind = self.rng.randrange(100)
        if kind < 60:
            super().deed()
        elif kind < 97:
            self.earn(self.rng.choice(self.traders))
        else:
            self.sleep()

    def earn(self, trader: Trader) -> None:
        rng, now = self.rng, self.market.ex.state.time_ms
        amount = hype(str(rng.choice((0, 1, 5, 20, 70)))) + rng.randrange(3)
        validator = rng.choice(VALIDATORS)
        code = f"CODE{rng.randrange(3)}"
        other = rng.choice(self.traders).address
        acts: tuple[Any, ...] = (
            StakingDeposit(amount, now),  # type: ignore[arg-type]
            StakingWithdraw(amount, now),  # type: ignore[arg-type]
            TokenDelegate(validator, amount, rng.random() < 0.5, now),  # type: ignore[arg-type]
            RegisterReferrer(code),
            SetReferrer(code),
            ClaimRewards(),
            LinkStakingUser(other, rng.random() < 0.5, now),  # type: ignore[arg-type]
            PlaceOrders(self.hasty(trader), Priority(rng.choice((1, 80_000, 10**8)))),  # type: ignore[arg-type]
        )
        action = rng.choices(acts, (3, 2, 4, 1, 1, 1, 1, 6))[0]
        before = spared(self.market.ex.state)
        response = trader.act(action)
        name = type(action).__name__
        if isinstance(response, Refused):
            assert spared(self.market.ex.state) == before
        else:
            self.done[name] = self.done.get(name, 0) + 1

    def hasty(self, trader: Trader) -> tuple[NewOrder, ...]:
        """Orders that mostly may have a priority."""
        terms = OrderTerms(LimitTerms(self.rng.choice((Tif.IOC, Tif.ALO, Tif.ALO, Tif.GTC))))
        orders = [self.order(trader) for _ in range(self.rng.randrange(1, 4))]
        return tuple(replace(one, terms=terms, reduce_only=False) for one in orders)

    def sleep(self) -> None:
        """Some hours; clients stamp their nonces later afterwards."""
        self.market.advance(hours=self.rng.randrange(5))
        state = self.market.ex.state
        self.market.nonces = count(max(next(self.market.nonces), state.time_ms))


def spared(state: State) -> str:
    """What a refused action must leave alone."""
    parts: list[Any] = [state.treasury, state.stakes, state.referral_codes]
    for one in state.accounts.values():
        parts += (one.stake, one.staking_link, one.rewards, one.referral, one.spot, one.raw_usd)
    return repr(parts)


def check_stakes(state: State) -> None:
    """Validators hold what is delegated, and whoever delegates waits for rewards."""
    held = dict.fromkeys(state.stakes.validators, 0)
    for user, account in state.accounts.items():
        if account.stake is None:
            continue
        assert account.stake.undelegated >= 0
        assert len(account.stake.unstaking) <= staking.QUEUE_LENGTH
        assert all(entry.due_ms > state.time_ms for entry in account.stake.unstaking)
        for validator, delegation in account.stake.delegations.items():
            assert delegation.amount >= 0
            held[validator] += delegation.amount
            assert user in state.stakes.delegators
    fresh = Exchange.create(state.universe, time_ms=0).state.stakes.validators
    for validator, amount in held.items():
        assert state.stakes.validators[validator].stake == fresh[validator].stake + amount
    assert not state.stakes.delegators or state.stakes.rewards_due_ms > state.time_ms


def check_rates(state: State) -> None:
    """A kept rate is what would be worked out now, and referrals point both ways."""
    for user, account in state.accounts.items():
        if account.standing is not None and account.standing.day == state.time_ms // DAY_MS:
            assert account.standing == fees.assess(state, account)
        check_link(state, account)
        assert (account.referred_by is None) == (account.referral is None)
        if account.referred_by is not None:
            assert user in state.accounts[account.referred_by].referrals


def check_link(state: State, account: Account) -> None:
    """Both sides of a link name each other; a staking user's stake is another's."""
    link = account.staking_link
    if link is not None and link.role is not LinkRole.REQUESTED:
        back = state.accounts[link.other].staking_link
        assert back is not None
        assert {link.role, back.role} == {LinkRole.TRADING_USER, LinkRole.STAKING_USER}
        assert back.other == account.address
        assert link.role is LinkRole.TRADING_USER or fees.staked(state, account)[0] == 0


@pytest.mark.parametrize("seed", range(6))
def test_money_and_rates_hold_whatever_traders_stake_and_claim(seed: int) -> None:
    """And it is about something: everything succeeds at times, referrers and stakers earn."""
    crowd = Stakers(seed)
    for _ in range(40):
        crowd.run(25)
        state = crowd.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        check_stakes(state)
        check_rates(state)
    accounts = [trader.account for trader in crowd.traders]
    assert len(crowd.done) == 8
    assert sum(crowd.market.ex.state.treasury.token_burned.values()) > 0
    assert any(account.staking_link for account in accounts)
    assert any(account.referral and account.referral.parts for account in accounts)
    assert any(account.stake and account.stake.rewards for account in accounts)


@pytest.mark.parametrize("seed", [21, 22])
def test_snapshot_then_restore_is_the_identity(seed: int) -> None:
    restored(Stakers, seed, check_money, before=400, after=200)
