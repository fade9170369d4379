"""Fees, limits, referrals: what a user pays and earns besides trading, and how much one may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ...sim import fees
from ...sim.fixed import Address, div_down, rescale_down
from ...sim.state import Account
from ...sim.view import View
from ...sim.volume import DAY_MS
from ..shapes.text import px_text, rate_text
from .registry import Json, info

VOLUME_DAYS = 15
"""Inferred: rows of `dailyUserVlm`, today included (info 7.3)."""

VIP_TIERS = (
    ("5000000.0", "0.0004", "0.00012", "0.0006", "0.0003"),
    ("25000000.0", "0.00035", "0.00008", "0.0005", "0.0002"),
    ("100000000.0", "0.0003", "0.00004", "0.0004", "0.0001"),
    ("500000000.0", "0.00028", "0.0", "0.00035", "0.0"),
    ("2000000000.0", "0.00026", "0.0", "0.0003", "0.0"),
    ("7000000000.0", "0.00024", "0.0", "0.00025", "0.0"),
)
"""14-day volume, then taker and maker rates of perps and of spot. Observed: info 7.3."""

MM_TIERS = (("0.005", "-0.00001"), ("0.015", "-0.00002"), ("0.03", "-0.00003"))
"""Share of maker volume and rebate. Observed: info 7.3."""

STAKING_TIERS = (
    ("0.0", "0.0"),
    ("0.0001", "0.05"),
    ("0.001", "0.1"),
    ("0.01", "0.15"),
    ("0.1", "0.2"),
    ("1.0", "0.3"),
    ("5.0", "0.4"),
)
"""Basis points of the supply and discount. Inferred beyond the first two rows (info 7.3)."""

REFERRAL_DISCOUNT = "0.04"

FREE_REQUESTS = 10_000
"""Documented: an address may make 10000 requests and one more per USDC traded (info 7.4)."""

REFERRER_VOLUME = 10_000
"""USD that a referrer must have traded. Documented: mechanics 13."""


@info("userFees", source="info 7.3")
def user_fees(view: View, user: Address) -> Json:
    """Rates as they apply now. Tiers, stakes and discounts are listed but do not apply yet."""
    state, account = view.state, view.account(user)
    taker, maker = fees.perp_rates(state, account)
    spot_taker, spot_maker = fees.spot_rates(state, account)
    return {
        "dailyUserVlm": _daily_volumes(view, account),
        "feeSchedule": _schedule(view),
        "userCrossRate": rate_text(taker),
        "userAddRate": rate_text(maker),
        "userSpotCrossRate": rate_text(spot_taker),
        "userSpotAddRate": rate_text(spot_maker),
        "activeReferralDiscount": "0.0",
        "trial": None,
        "feeTrialEscrow": "0.0",
        "nextTrialAvailableTimestamp": None,
        "stakingLink": None,
        "activeStakingDiscount": {"bpsOfMaxSupply": "0.0", "discount": "0.0"},
    }


def _schedule(view: View) -> Json:
    rules = view.state.rules
    vip = ("ntlCutoff", "cross", "add", "spotCross", "spotAdd")
    return {
        "cross": rate_text(rules.taker_rate),
        "add": rate_text(rules.maker_rate),
        "spotCross": rate_text(rules.spot_taker_rate),
        "spotAdd": rate_text(rules.spot_maker_rate),
        "tiers": {
            "vip": [dict(zip(vip, tier, strict=True)) for tier in VIP_TIERS],
            "mm": [{"makerFractionCutoff": share, "add": add} for share, add in MM_TIERS],
        },
        "referralDiscount": REFERRAL_DISCOUNT,
        "stakingDiscountTiers": [
            {"bpsOfMaxSupply": bps, "discount": discount} for bps, discount in STAKING_TIERS
        ],
    }


def _daily_volumes(view: View, account: Account) -> Json:
    """One row a UTC day, oldest first; `exchange` counts each trade once."""
    today = div_down(view.time_ms, DAY_MS)
    days = range(today - VOLUME_DAYS + 1, today + 1)
    everyone = dict.fromkeys(days, 0)
    for market in view.state.markets.values():
        for day, (taker, maker) in market.volume.days.items():
            if day in everyone:
                everyone[day] += taker + maker
    return [
        {
            "date": _date_text(day),
            "userCross": px_text(account.volume.days.get(day, (0, 0))[0]),
            "userAdd": px_text(account.volume.days.get(day, (0, 0))[1]),
            "exchange": px_text(everyone[day]),
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
        "nRequestsUsed": account.requests_used,
        "nRequestsCap": FREE_REQUESTS + div_down(account.volume.total_usd, 10**8),
        "nRequestsSurplus": account.requests_reserved,
    }


@info("maxBuilderFee", source="info 7.6")
def max_builder_fee(view: View, user: Address, builder: Address) -> Json:
    """Tenths of a basis point; 0 means not approved."""
    return view.account(user).builder_limits.get(builder, 0)


@info("approvedBuilders", source="info 7.6")
def approved_builders(view: View, user: Address) -> Json:
    return [builder for builder, most in view.account(user).builder_limits.items() if most]


# -- referral --------------------------------------------------------------------------------------


@info("referral", source="info 7.5")
def referral(view: View, user: Address) -> Json:
    """Codes and what builders earned; referrers earn nothing yet.

    Assumed: the sums at the top are those of USDC; an account that earned nothing still has its
    USDC row, a never-seen one has no rows.
    """
    account = view.account(user)
    states = _rewards_by_token(view, account)
    return {
        "referredBy": _referrer(view, account),
        "cumVlm": px_text(account.volume.total_usd),
        "unclaimedRewards": "0.0",
        "claimedRewards": "0.0",
        "builderRewards": states[0][1]["builderRewards"] if states else "0.0",
        "tokenToState": states,
        "referrerState": _referrer_state(view, account),
        "rewardHistory": [],
    }


def _referrer(view: View, account: Account) -> Json:
    if account.referred_by is None:
        return None
    code = view.account(account.referred_by).referral_code
    return {"referrer": account.referred_by, "code": code or ""}


def _referrer_state(view: View, account: Account) -> Json:
    if account.referral_code is not None:
        count = sum(one.referred_by == account.address for one in view.state.accounts.values())
        data = {"code": account.referral_code, "nReferrals": count, "referralStates": []}
        return {"stage": "ready", "data": data}
    if account.volume.total_usd >= REFERRER_VOLUME * 10**8:
        return {"stage": "needToCreateCode"}
    return {"stage": "needToTrade", "data": {"required": f"{REFERRER_VOLUME}.0"}}


def _rewards_by_token(view: View, account: Account) -> Json:
    """`[token, state]` pairs, USDC first: builder fees of perps and of spot are one there."""
    if not view.knows(account.address):
        return []
    earned: dict[int, int] = dict.fromkeys(sorted({0, *account.token_rewards}), 0)
    earned[0] = rescale_down(account.builder_rewards, 6, 8)
    for token, amount in account.token_rewards.items():
        decimals = view.universe.tokens[token].wei_decimals
        earned[token] += rescale_down(amount, decimals, 8)
    return [
        [
            token,
            {
                "cumVlm": px_text(account.volume.total_usd if token == 0 else 0),
                "unclaimedRewards": "0.0",
                "claimedRewards": "0.0",
                "builderRewards": px_text(reward),
            },
        ]
        for token, reward in earned.items()
    ]
