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
    amounts,
    ask,
    delegates,
    deposits,
    hype,
    refusal,
    staker,
    stakes,
    summary,
    undelegates,
    withdraws,
)
from stories import START_MS, Story, Trader, address, universe
from test_conservation import check_money

from hlsim.sim import stakes as plain
from hlsim.sim.exchange import Exchange
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.replies import Done


def spot(alice: Trader) -> int:
    return alice.spot("HYPE")


# -- in and out ------------------------------------------------------------------------------------


def test_hype_goes_from_spot_to_staking_at_once() -> None:
    """Documented: spot to staking is instant (mechanics 13)."""
    m, alice = staker()

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
    _, alice = staker("10")
    alice.sells("4 @107 @ 41")

    assert refusal(deposits(alice, "6.00000001")) == "Insufficient balance for token transfer"
    assert refusal(deposits(alice, "0")) == "Send amount cannot be zero"
    assert alice.account.stake is None
    assert deposits(alice, "6") == Done()


def test_unstaking_takes_seven_days() -> None:
    """Documented: a seven-day queue (mechanics 13)."""
    m, alice = staker()
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
    m, alice = staker()
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
    m, alice = staker(delegation_lock_ms=120_000, unstaking_ms=300_000)
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
    m, alice = staker()
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
    m, alice = staker()
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
    m, alice = staker()
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
    m, alice = staker()
    stakes(alice, "30")

    assert refusal(undelegates(alice, amount, validator)) == text
    assert summary(m, alice) == ("30.0", "0.0", "0.0", 0)


def test_who_never_staked_has_nothing_to_move() -> None:
    m, alice = staker()
    assert refusal(delegates(alice, "1")) == "Insufficient delegatable balance"
    assert refusal(undelegates(alice, "1")) == "Insufficient stake"
    assert refusal(withdraws(alice, "1")) == "Insufficient balance for withdrawal."
    assert alice.account.stake is None
    assert summary(m, alice) == ("0.0", "0.0", "0.0", 0)


def test_validators_show_what_is_delegated_to_them() -> None:
    """Evidence: the keys of info 9; what they say is Assumed."""
    m, alice = staker()
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


# -- as state --------------------------------------------------------------------------------------


def test_the_histories_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest rows give way."""
    monkeypatch.setattr(plain, "STAKING_ROWS_KEPT", 3)
    m, alice = staker(delegation_lock_ms=0)
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
    m, alice = staker("1000")
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
