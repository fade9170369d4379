"""Reserves under random moves: nothing is made or lost, and nobody borrows beyond the LTV."""

from __future__ import annotations

from random import Random

import pytest
from lenders import HYPE, USDC, lends
from lending_crowd import LendingCrowd
from stories import px
from test_conservation import check_money

from hlsim.sim import lending
from hlsim.sim.exchange import Exchange
from hlsim.sim.lending_state import Lent, Reserve
from hlsim.sim.state import State


def check_reserves(state: State) -> None:
    """Sums of shares, and interest paid = interest earned + what the reserve keeps."""
    for token, pool in state.reserves.items():
        lents = [a.lent[token] for a in state.accounts.values() if token in a.lent]
        assert pool.supplied == sum(lent.supply.scaled for lent in lents)
        assert pool.borrowed == sum(lent.borrow.scaled for lent in lents)
        now = pool.at(state.time_ms)
        owned = sum(now.supply_worth(lent) for lent in lents)
        owed = sum(now.borrow_worth(lent) for lent in lents)
        assert pool.cash >= 0
        # In whole wei the reserve can always pay.
        assert pool.cash + owed - owned >= 0
        assert owed - now.total_borrowed in range(len(lents) + 1)
        assert now.total_supplied - owned in range(len(lents) + 1)
    owing = {u: None for u, a in state.accounts.items() if lending.debt(state, a)}
    assert state.borrowers.keys() == owing.keys()


@pytest.mark.parametrize("seed", range(6))
def test_a_crowd_that_lends_makes_and_loses_nothing(seed: int) -> None:
    crowd = LendingCrowd(seed)
    for _ in range(25):
        crowd.run(25)
        check_money(crowd.market.ex.state)
        check_reserves(crowd.market.ex.state)
    assert min(crowd.done.values()) > 0, crowd.done


@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_of_a_lending_crowd_goes_on_equally(seed: int) -> None:
    crowd, twin = LendingCrowd(seed), LendingCrowd(seed)
    for each in (crowd, twin):
        each.run(200)
    twin.market.ex = Exchange.restore(twin.market.ex.snapshot())
    for each in (crowd, twin):
        each.run(100)

    assert crowd.market.ex.state_hash() == twin.market.ex.state_hash()


@pytest.mark.parametrize("seed", range(20))
def test_interest_paid_is_interest_earned_and_what_the_reserve_keeps(seed: int) -> None:
    """To the wei, after any moves of any size at any time, with utilizations up to 1."""
    rng = Random(seed)
    pool, time_ms = Reserve(0, 8, lending.LTVS["HYPE"], is_borrowable=True), 0
    lents = [Lent() for _ in range(5)]
    paid = earned = 0
    for _ in range(400):
        time_ms += rng.choice((0, 1, 70, 60_000, 3_600_000))
        before = [(pool.supply_worth(one), pool.borrow_worth(one)) for one in lents]
        pool.accrue(time_ms)
        after = [(pool.supply_worth(one), pool.borrow_worth(one)) for one in lents]
        for (old_own, old_owe), (own, owe) in zip(before, after, strict=True):
            assert own >= old_own
            assert owe >= old_owe
            earned, paid = earned + own - old_own, paid + owe - old_owe
        lent, most = rng.choice(lents), 10 ** rng.randrange(1, 14)
        own, owe = pool.supply_worth(lent), pool.borrow_worth(lent)
        kind = rng.randrange(4)
        amount = rng.randrange(1, most)
        if kind == 0:
            pool.supply(lent, amount)
            assert pool.supply_worth(lent) - own == amount
        elif kind == 1 and (amount := min(amount, own, pool.cash)):
            pool.withdraw(lent, amount)
            assert own - pool.supply_worth(lent) == amount
        elif kind == 2 and (amount := min(amount, pool.cash)):
            pool.borrow(lent, amount)
            assert pool.borrow_worth(lent) - owe == amount
        elif kind == 3 and (amount := min(amount, owe)):
            pool.repay(lent, amount)
            assert owe - pool.borrow_worth(lent) == amount
        owned = sum(pool.supply_worth(one) for one in lents)
        owed = sum(pool.borrow_worth(one) for one in lents)
        assert pool.cash + owed - owned == paid - earned >= 0


def test_a_borrow_that_is_granted_leaves_the_account_within_its_ltv() -> None:
    for seed in range(4):
        crowd = LendingCrowd(seed)
        state = crowd.market.ex.state
        for _ in range(150):
            trader = crowd.rng.choice(crowd.traders)
            crowd.market.market("@107").mark_px = px(str(crowd.rng.randrange(20, 60)))
            if lends(trader, "borrow", USDC, str(crowd.rng.randrange(1, 3_000))) == "ok":
                backing = lending.backing(state, trader.account, lending.at_ltv)
                assert 0 < lending.debt_worth(state, trader.account) <= backing
            else:
                lends(trader, "supply", HYPE, "3.5")
            crowd.market.advance(seconds=10)
