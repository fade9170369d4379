"""What delegated HYPE earns: counted by the minute, paid by the day."""

from __future__ import annotations

from stakers import (
    DAY_MS,
    SECOND,
    VALIDATOR,
    amounts,
    ask,
    delegates,
    deposits,
    hype,
    staker,
    stakes,
    summary,
    undelegates,
)
from stories import START_MS
from test_conservation import check_money

from hlsim.sim.fixed import Rate
from hlsim.sim.replies import Done
from hlsim.sim.staking import daily_reward


def test_a_day_earns_what_the_yearly_rate_says() -> None:
    """Documented: about 2.37 % a year (mechanics 13), here less 4 % commission and for a day."""
    full_day = 1_000_000 * 10**8 * 1440

    assert daily_reward(full_day, Rate(0)) == hype("64.93150684")
    assert daily_reward(full_day, Rate(400_000_000)) == hype("62.33424657")
    assert daily_reward(0, Rate(0)) == 0


def test_rewards_are_paid_at_midnight_and_delegated_again() -> None:
    """Documented: accrued every minute, paid daily (mechanics 13); the hour is Assumed."""
    m, alice = staker("1000000")
    m.advance(hours=6)
    stakes(alice, "1000000")
    m.advance(hours=17)
    assert amounts(m, alice) == {VALIDATOR: "1000000.0"}

    m.advance(hours=1)

    # 18 of 24 hours of 62.33424657
    assert amounts(m, alice) == {VALIDATOR: "1000046.75068493"}
    assert ask(m, "delegatorRewards", user=alice.address) == [
        {"time": START_MS + DAY_MS, "source": "delegation", "totalAmount": "46.75068493"}
    ]
    m.advance(hours=24)
    rewards = ask(m, "delegatorRewards", user=alice.address)
    assert [row["totalAmount"] for row in rewards] == ["62.33716074", "46.75068493"]
    assert m.ex.state.treasury.token_minted[2] == hype("1000109.08784567")
    check_money(m.ex.state)


def test_every_minute_counts_what_was_delegated_when_it_began() -> None:
    """Documented: "accrue per minute" (mechanics 13)."""
    m, alice = staker("1000000", delegation_lock_ms=0)
    m.advance(ms=59_999)
    stakes(alice, "1000000")
    m.advance(ms=1)
    assert undelegates(alice, "1000000") == Done()
    m.advance(ms=60_000)
    delegates(alice, "500000", SECOND)
    m.advance(ms=59_999)
    undelegates(alice, "500000", SECOND)

    m.advance(hours=24)

    # One minute of a million; the second delegation saw none begin.
    one = daily_reward(1_000_000 * 10**8, Rate(400_000_000))
    assert summary(m, alice) == ("0.0", f"1000000.0{one}", "0.0", 0)
    assert one == hype("0.04328767")
    assert alice.account.stake is not None
    assert alice.account.stake.delegations == {}
    check_money(m.ex.state)


def test_nobody_is_woken_when_nobody_delegates() -> None:
    """The timer stands only while rewards are due."""
    m, alice = staker()
    stakes(alice, "10")
    m.advance(ms=DAY_MS)
    undelegates(alice, amounts(m, alice)[VALIDATOR])
    m.advance(ms=2 * DAY_MS)
    stakes_of = m.ex.state.stakes
    assert stakes_of.delegators == {}
    assert stakes_of.rewards_due_ms < m.ex.state.time_ms
    before = ask(m, "delegatorRewards", user=alice.address)

    deposits(alice, "1")
    delegates(alice, "1")
    m.advance(ms=DAY_MS)

    assert len(ask(m, "delegatorRewards", user=alice.address)) == len(before) + 1
    check_money(m.ex.state)
