"""Fees and limits: what a user pays for trading, and how much one may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ...sim import fee_tiers, fees, request_budget
from ...sim.fixed import Address, div_down, rescale_down
from ...sim.stakes import LinkRole, StakingLink
from ...sim.state import Account
from ...sim.view import View
from ...sim.volume import DAY_MS
from ..shapes.text import decimal_text, px_text, rate_text
from .registry import Json, info

VOLUME_DAYS = 15
"""Inferred: rows of `dailyUserVlm`, today included (info 7.3)."""

SUPPLY_DIGITS = 5
"""A basis point of the billion HYPE that there is at most is 10**5 of them (mechanics 11.5)."""


@info("userFees", source="info 7.3")
def user_fees(view: View, user: Address) -> Json:
    """Rates as they apply now, with the staking discount and without the referral's.

    Inferred: 0.000315 is 0.00045 less 30 % (mechanics 11.5). Documented: the stake is told exactly,
    "4.7577998927" basis points of the supply at a discount of 0.3. No fee trials here.
    """
    state, account = view.state, view.account(user)
    standing = fees.assess(state, account)
    rates, (stake, decimals) = standing.plain, fees.staked(state, account)
    is_referred = fees.has_referral_discount(account)
    return {
        "dailyUserVlm": _daily_volumes(view, account),
        "feeSchedule": _schedule(view),
        "userCrossRate": rate_text(rates.taker),
        "userAddRate": rate_text(rates.maker),
        "userSpotCrossRate": rate_text(rates.spot_taker),
        "userSpotAddRate": rate_text(rates.spot_maker),
        "activeReferralDiscount": rate_text(fee_tiers.REFERRAL_DISCOUNT if is_referred else 0),
        "trial": None,
        "feeTrialEscrow": "0.0",
        "nextTrialAvailableTimestamp": None,
        "stakingLink": _link(account.staking_link),
        "activeStakingDiscount": {
            "bpsOfMaxSupply": rate_text(rescale_down(stake, decimals + SUPPLY_DIGITS, 10)),
            "discount": rate_text(standing.staking_discount),
        },
    }


def _link(link: StakingLink | None) -> Json:
    """Inferred: one of three forms; a staking user sees nothing of a request (info 7.3)."""
    if link is None:
        return None
    key = "tradingUser" if link.role is LinkRole.STAKING_USER else "stakingUser"
    return {"type": link.role.value, key: link.other}


def _schedule(view: View) -> Json:
    rules = view.state.rules
    return {
        "cross": rate_text(rules.taker_rate),
        "add": rate_text(rules.maker_rate),
        "spotCross": rate_text(rules.spot_taker_rate),
        "spotAdd": rate_text(rules.spot_maker_rate),
        "tiers": {
            "vip": [
                {
                    "ntlCutoff": f"{tier.volume_usd}.0",
                    "cross": rate_text(tier.taker),
                    "add": rate_text(tier.maker),
                    "spotCross": rate_text(tier.spot_taker),
                    "spotAdd": rate_text(tier.spot_maker),
                }
                for tier in fee_tiers.VIP_TIERS
            ],
            "mm": [
                {"makerFractionCutoff": rate_text(tier.share), "add": rate_text(tier.maker)}
                for tier in fee_tiers.MAKER_TIERS
            ],
        },
        "referralDiscount": rate_text(fee_tiers.REFERRAL_DISCOUNT),
        "stakingDiscountTiers": [
            {
                "bpsOfMaxSupply": decimal_text(tier.tokens, SUPPLY_DIGITS),
                "discount": rate_text(tier.discount),
            }
            for tier in fee_tiers.STAKING_TIERS
        ],
    }


def _daily_volumes(view: View, account: Account) -> Json:
    """One row a UTC day, oldest first, weighted as the tiers weigh; `exchange` counts each trade
    once.
    """
    today = div_down(view.time_ms, DAY_MS)
    days = range(today - VOLUME_DAYS + 1, today + 1)
    return [
        {
            "date": _date_text(day),
            "userCross": px_text(account.volume.days.get(day, (0, 0))[0]),
            "userAdd": px_text(account.volume.days.get(day, (0, 0))[1]),
            "exchange": px_text(fees.exchange_volume(view.state, day)),
        }
        for day in days
    ]


def _date_text(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")


@info("userRateLimit", source="info 7.4")
def user_rate_limit(view: View, user: Address) -> Json:
    account = view.account(user)
    return {
        "cumVlm": px_text(account.volume.total_usd),
        "nRequestsUsed": request_budget.used(account),
        "nRequestsCap": request_budget.cap(view.state.rules, account),
        "nRequestsSurplus": request_budget.surplus(account),
    }


@info("maxBuilderFee", source="info 7.6")
def max_builder_fee(view: View, user: Address, builder: Address) -> Json:
    """Tenths of a basis point; 0 means not approved."""
    return view.account(user).builder_limits.get(builder, 0)


@info("approvedBuilders", source="info 7.6")
def approved_builders(view: View, user: Address) -> Json:
    return [builder for builder, most in view.account(user).builder_limits.items() if most]
