"""Staking: from spot to validators, back through the queue, and what a day earns."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from stakers import (
    CLOSED,
    DAY_MS,
    SECOND,
    VALIDATOR,
    ask,
    delegates,
    deposits,
    hype,
    refusal,
    stakes,
    undelegates,
    withdraws,
)
from stories import START_MS, Story, Trader, address, market, universe
from test_conservation import check_money

from hlsim.sim import stakes as plain
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Rate
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.replies import Done
from hlsim.sim.rules import Rules
from hlsim.sim.staking import daily_reward


def start(amount: str = "100", **rules: Any) -> tuple[Story, Trader]:
    m = market(Rules(**rules))
    return m, m.account("alice", HYPE=amount)


def summary(m: Story, alice: Trader) -> tuple[str, str, str, int]:
    """delegated, undelegated, totalPendingWithdrawal, nPendingWithdrawals."""
    found = ask(m, "delegatorSummary", user=alice.address)
    return tuple(found.values())  # type: ignore[return-value]


def amounts(m: Story, alice: Trader) -> dict[str, str]:
    found = ask(m, "delegations", user=alice.address)
    return {row["validator"]: row["amount"] for row in found}


def spot(alice: Trader) -> int:
    return alice.spot("HYPE")


# -- in and out ------------------------------------------------------------------------------------


def test_hype_goes_from_spot_to_staking_at_once() -> None:
    """Documented: spot to staking is instant (mechanics 13)."""
    m, alice = start()

    assert deposits(alice, "40.5") == Done()

    assert spot(alice) == hype("59.5")
    assert summary(m, alice) == ("0.0", "40.5", "0.0", 0)
    row = ask(m, "userNonFundingLedgerUpdates", user=alice.address)[-1]
    assert row["delta"] == {
        "type": "cStakingTransfer",
        "token": "HYPE",
        "amount": "40.5",
        "isDeposit": True,
    }
    (event,) = ask(m, "delegatorHistory", user=alice.address)
    assert event == {
        "time": START_MS,
        "hash": row["hash"],
        "delta": {"cDeposit": {"amount": "40.5"}},
    }
    check_money(m.ex.state)


def test_what_an_order_holds_cannot_be_staked() -> None:
    """Assumed: the text of token transfers."""
    _, alice = start("10")
    alice.sells("4 @107 @ 41")

    assert refusal(deposits(alice, "6.00000001")) == "Insufficient balance for token transfer"
    assert refusal(deposits(alice, "0")) == "Send amount cannot be zero"
    assert alice.account.stake is None
    assert deposits(alice, "6") == Done()


def test_unstaking_takes_seven_days() -> None:
    """Documented: a seven-day queue (mechanics 13)."""
    m, alice = start()
    deposits(alice, "40")
    assert refusal(withdraws(alice, "40.00000001")) == "Insufficient balance for withdrawal."
    assert refusal(withdraws(alice, "0")) == "Withdrawal amount cannot be zero"

    assert withdraws(alice, "30") == Done()

    assert summary(m, alice) == ("0.0", "10.0", "30.0", 1)
    m.advance(ms=7 * DAY_MS - 1)
    assert spot(alice) == hype("60")
    m.advance(ms=1)
    assert spot(alice) == hype("90")
    assert summary(m, alice) == ("0.0", "10.0", "0.0", 0)
    final, initiated, _ = ask(m, "delegatorHistory", user=alice.address)
    assert initiated["delta"] == {"withdrawal": {"amount": "30.0", "phase": "initiated"}}
    assert final == {
        "time": START_MS + 7 * DAY_MS,
        "hash": ZERO_HASH,
        "delta": {"withdrawal": {"amount": "30.0", "phase": "finalized"}},
    }
    row = ask(m, "userNonFundingLedgerUpdates", user=alice.address)[-1]
    assert row["time"] == START_MS + 7 * DAY_MS
    assert row["delta"] == {
        "type": "cStakingTransfer",
        "token": "HYPE",
        "amount": "30.0",
        "isDeposit": False,
    }
    check_money(m.ex.state)


def test_at_most_five_withdrawals_wait() -> None:
    """Documented: five at once (mechanics 13); the text is Assumed."""
    m, alice = start()
    deposits(alice, "40")
    for number in range(5):
        assert withdraws(alice, f"{number + 1}") == Done()
        m.advance(hours=1)

    assert refusal(withdraws(alice, "1")) == "Too many pending withdrawals."
    assert summary(m, alice) == ("0.0", "25.0", "15.0", 5)
    m.advance(ms=7 * DAY_MS - 5 * 3_600_000)
    assert summary(m, alice) == ("0.0", "25.0", "14.0", 4)
    assert withdraws(alice, "1") == Done()
    m.advance(ms=8 * DAY_MS)
    assert summary(m, alice) == ("0.0", "24.0", "0.0", 0)
    assert spot(alice) == hype("76")
    check_money(m.ex.state)


def test_rules_may_shorten_lock_and_queue() -> None:
    """An operator's numbers, such as those of a test network."""
    m, alice = start(delegation_lock_ms=120_000, unstaking_ms=300_000)
    stakes(alice, "10")
    m.advance(seconds=120)
    assert undelegates(alice, "10") == Done()
    withdraws(alice, "10")

    m.advance(seconds=300)

    # What two minutes earned is on its way at midnight.
    assert spot(alice) == hype("100")


def test_a_world_without_hype_stakes_nothing() -> None:
    """Assumed: the text of an unknown token; nobody validates there."""
    usual = universe()
    bare = replace(usual, pairs=usual.pairs[:1], tokens=usual.tokens[:2])
    m = Story(Exchange.create(bare, time_ms=START_MS))
    alice = m.account("alice")

    assert refusal(deposits(alice, "1")) == "Unknown token HYPE"
    assert refusal(withdraws(alice, "1")) == "Unknown token HYPE"
    assert refusal(delegates(alice, "1")) == "Unknown validator"
    assert ask(m, "validatorSummaries") == []
    assert summary(m, alice) == ("0.0", "0.0", "0.0", 0)
    assert ask(m, "userFees", user=alice.address)["userCrossRate"] == "0.00045"


# -- validators ------------------------------------------------------------------------------------


def test_delegating_locks_for_a_day() -> None:
    """Observed: the text; Documented: one day (exchange 5.3, mechanics 13)."""
    m, alice = start()
    deposits(alice, "50")
    assert delegates(alice, "30") == Done()
    assert summary(m, alice) == ("30.0", "20.0", "0.0", 0)
    assert ask(m, "delegations", user=alice.address) == [
        {"validator": VALIDATOR, "amount": "30.0", "lockedUntilTimestamp": START_MS + DAY_MS}
    ]
    locked = "Cannot undelegate during lockup period after delegating or voting."
    m.advance(ms=DAY_MS - 1)
    assert refusal(undelegates(alice, "1")) == locked
    m.advance(ms=1)
    assert undelegates(alice, "1") == Done()
    assert delegates(alice, "0.5") == Done()
    assert refusal(undelegates(alice, "1")) == locked

    history = [row["delta"] for row in ask(m, "delegatorHistory", user=alice.address)]
    assert [next(iter(delta.values())) for delta in history] == [
        {"validator": VALIDATOR, "amount": "0.5", "isUndelegate": False},
        {"validator": VALIDATOR, "amount": "1.0", "isUndelegate": True},
        {"validator": VALIDATOR, "amount": "30.0", "isUndelegate": False},
        {"amount": "50.0"},
    ]


def test_a_lock_is_of_one_validator() -> None:
    """Assumed: `lockedUntilTimestamp` is a delegation's own (info 8)."""
    m, alice = start()
    deposits(alice, "50")
    delegates(alice, "10")
    m.advance(ms=DAY_MS)
    delegates(alice, "10", SECOND)

    assert undelegates(alice, amounts(m, alice)[VALIDATOR]) == Done()
    assert amounts(m, alice) == {SECOND: "10.0"}
    assert refusal(undelegates(alice, "1")) == "Insufficient stake"


@pytest.mark.parametrize(
    ("amount", "validator", "text"),
    [
        ("1", address("nobody"), "Unknown validator"),
        ("1", CLOSED, "Validator has delegations disabled"),
        ("0", VALIDATOR, "Send amount cannot be zero"),
        ("20.00000001", VALIDATOR, "Insufficient delegatable balance"),
    ],
)
def test_a_delegation_is_refused(amount: str, validator: Any, text: str) -> None:
    """Observed: the first two texts (exchange 5.3); the others are Assumed."""
    m, alice = start()
    stakes(alice, "30")
    deposits(alice, "20")
    before = m.ex.state.stakes.validators[VALIDATOR].stake

    assert refusal(delegates(alice, amount, validator)) == text

    assert summary(m, alice) == ("30.0", "20.0", "0.0", 0)
    assert m.ex.state.stakes.validators[VALIDATOR].stake == before


@pytest.mark.parametrize(
    ("amount", "validator", "text"),
    [
        ("1", address("nobody"), "Unknown validator"),
        ("0", VALIDATOR, "Send amount cannot be zero"),
        ("30.00000001", VALIDATOR, "Insufficient stake"),
        ("1", SECOND, "Insufficient stake"),
        (
            "30",
            VALIDATOR,
            "Cannot undelegate during lockup period after delegating or voting.",
        ),
    ],
)
def test_an_undelegation_is_refused(amount: str, validator: Any, text: str) -> None:
    """Observed: the first and the last text (exchange 5.3, 7.6); the others are Assumed."""
    m, alice = start()
    stakes(alice, "30")

    assert refusal(undelegates(alice, amount, validator)) == text
    assert summary(m, alice) == ("30.0", "0.0", "0.0", 0)


def test_who_never_staked_has_nothing_to_move() -> None:
    m, alice = start()
    assert refusal(delegates(alice, "1")) == "Insufficient delegatable balance"
    assert refusal(undelegates(alice, "1")) == "Insufficient stake"
    assert refusal(withdraws(alice, "1")) == "Insufficient balance for withdrawal."
    assert alice.account.stake is None
    assert summary(m, alice) == ("0.0", "0.0", "0.0", 0)


def test_validators_show_what_is_delegated_to_them() -> None:
    """Evidence: the keys of info 9; what they say is Assumed."""
    m, alice = start()
    stakes(alice, "25")

    first, *_, last = ask(m, "validatorSummaries")

    assert first == {
        "validator": VALIDATOR,
        "signer": VALIDATOR,
        "name": "Validator 1",
        "description": "",
        "nRecentBlocks": 1000,
        "stake": 160_000_025 * 10**8,
        "isJailed": False,
        "unjailableAfter": None,
        "isActive": True,
        "commission": "0.04",
        "stats": [
            [
                name,
                {"uptimeFraction": "1.0", "predictedApr": "0.022752", "nSamples": samples},
            ]
            for name, samples in (("day", 1440), ("week", 10080), ("month", 43200))
        ],
    }
    assert (last["isActive"], last["nRecentBlocks"], last["stake"]) == (False, 0, 0)


# -- rewards ---------------------------------------------------------------------------------------


def test_a_day_earns_what_the_yearly_rate_says() -> None:
    """Documented: about 2.37 % a year (mechanics 13), here less 4 % commission and for a day."""
    full_day = 1_000_000 * 10**8 * 1440

    assert daily_reward(full_day, Rate(0)) == hype("64.93150684")
    assert daily_reward(full_day, Rate(400_000_000)) == hype("62.33424657")
    assert daily_reward(0, Rate(0)) == 0


def test_rewards_are_paid_at_midnight_and_delegated_again() -> None:
    """Documented: accrued every minute, paid daily (mechanics 13); the hour is Assumed."""
    m, alice = start("1000000")
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
    m, alice = start("1000000", delegation_lock_ms=0)
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
    m, alice = start()
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


def test_the_histories_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest rows give way."""
    monkeypatch.setattr(plain, "STAKING_ROWS_KEPT", 3)
    m, alice = start(delegation_lock_ms=0)
    deposits(alice, "50")
    for number in range(3):
        delegates(alice, f"{number + 1}")
    m.advance(ms=5 * DAY_MS)

    history = ask(m, "delegatorHistory", user=alice.address)
    assert [next(iter(row["delta"])) for row in history] == ["delegate"] * 3
    rewards = ask(m, "delegatorRewards", user=alice.address)
    assert [row["time"] for row in rewards] == [START_MS + day * DAY_MS for day in (5, 4, 3)]


def test_a_restore_in_the_middle_of_it_all_changes_nothing() -> None:
    """Queue, accruals and timers are state."""
    m, alice = start("1000")
    stakes(alice, "500")
    deposits(alice, "100")
    withdraws(alice, "50")
    m.advance(ms=DAY_MS // 3)
    twin = Story(Exchange.restore(m.ex.snapshot()))
    other = Trader(twin, alice.address)
    for story, trader in ((m, alice), (twin, other)):
        story.nonces = count(START_MS)
        story.advance(ms=10 * DAY_MS)
        assert undelegates(trader, "100") == Done()
        story.advance(ms=DAY_MS)

    assert twin.ex.state_hash() == m.ex.state_hash()
    assert spot(other) == hype("450")
