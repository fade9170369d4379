"""Staking: what a user delegates and earned, and who the validators are."""

from __future__ import annotations

from ...sim.fixed import RATE_SCALE, Address, Rate, mul_trunc
from ...sim.stakes import HYPE, Delegated, Deposited, Stake, StakingChange, Validator, Withdrawn
from ...sim.staking import YEARLY_RATE
from ...sim.view import View
from ..shapes.text import decimal_text, rate_text
from .registry import Json, info

PERIODS = (("day", 1), ("week", 7), ("month", 30))
MINUTES_A_DAY = 1_440
RECENT_BLOCKS = 1_000
"""Assumed: of a validator that is active."""
_DECIMALS = 8
"""Of HYPE, for worlds that do not list it."""


def _stake(view: View, user: Address) -> Stake:
    return view.account(user).stake or Stake()


def _text(view: View, amount: int) -> str:
    """HYPE as a decimal."""
    token = view.universe.token_by_name.get(HYPE)
    return decimal_text(amount, _DECIMALS if token is None else token.wei_decimals)


@info("delegations", source="info 8")
def delegations(view: View, user: Address) -> Json:
    """One row a validator, in the order of the first delegation (Assumed)."""
    return [
        {
            "validator": validator,
            "amount": _text(view, delegation.amount),
            "lockedUntilTimestamp": delegation.locked_until_ms,
        }
        for validator, delegation in _stake(view, user).delegations.items()
        if delegation.amount
    ]


@info("delegatorSummary", source="info 8")
def delegator_summary(view: View, user: Address) -> Json:
    stake = _stake(view, user)
    return {
        "delegated": _text(view, stake.delegated),
        "undelegated": _text(view, stake.undelegated),
        "totalPendingWithdrawal": _text(view, stake.leaving),
        "nPendingWithdrawals": len(stake.unstaking),
    }


@info("delegatorHistory", rows_per_weight=20, source="info 8")
def delegator_history(view: View, user: Address) -> Json:
    """Newest first."""
    return [
        {"time": row.time_ms, "hash": row.hash, "delta": _delta(view, row.delta)}
        for row in reversed(_stake(view, user).history)
    ]


def _delta(view: View, delta: StakingChange) -> Json:
    if isinstance(delta, Deposited):
        return {"cDeposit": {"amount": _text(view, delta.amount)}}
    if isinstance(delta, Delegated):
        amount, is_undelegate = _text(view, delta.amount), delta.is_undelegate
        shape = {"validator": delta.validator, "amount": amount, "isUndelegate": is_undelegate}
        return {"delegate": shape}
    assert isinstance(delta, Withdrawn)
    phase = "finalized" if delta.is_final else "initiated"
    return {"withdrawal": {"amount": _text(view, delta.amount), "phase": phase}}


@info("delegatorRewards", rows_per_weight=20, source="info 8")
def delegator_rewards(view: View, user: Address) -> Json:
    """A row for each day that earned something, newest first (Assumed, info 2.6)."""
    return [
        {"time": row.time_ms, "source": "delegation", "totalAmount": _text(view, row.amount)}
        for row in reversed(_stake(view, user).rewards)
    ]


@info("validatorSummaries", source="info 9")
def validator_summaries(view: View) -> Json:
    """Stakes are computed; the rest is constant.

    Assumed: an active validator never missed a sample, one a minute; the predicted rate is what
    a delegator gets, after commission.
    """
    return [_validator(validator) for validator in view.state.stakes.validators.values()]


def _validator(validator: Validator) -> Json:
    apr = Rate(mul_trunc(YEARLY_RATE, RATE_SCALE - validator.commission))
    uptime, predicted = ("1.0", rate_text(apr)) if validator.is_active else ("0.0", "0.0")
    return {
        "validator": validator.address,
        "signer": validator.signer,
        "name": validator.name,
        "description": validator.description,
        "nRecentBlocks": RECENT_BLOCKS if validator.is_active else 0,
        "stake": validator.stake,
        "isJailed": False,
        "unjailableAfter": None,
        "isActive": validator.is_active,
        "commission": rate_text(validator.commission),
        "stats": [
            [
                name,
                {
                    "uptimeFraction": uptime,
                    "predictedApr": predicted,
                    "nSamples": days * MINUTES_A_DAY,
                },
            ]
            for name, days in PERIODS
        ],
    }


@info("validatorL1Votes", status="empty", source="info 9")
def validator_l1_votes(view: View) -> Json:
    """Validators here have nothing to vote on."""
    return []
