"""Who referred whom, and what referrers and builders earned."""

from __future__ import annotations

from itertools import islice

from ...sim.fixed import Address
from ...sim.referrals import REFERRER_VOLUME
from ...sim.state import Account, Referral, Rewards
from ...sim.view import View
from ..shapes.text import decimal_text, px_text
from .registry import Json, info

REFERRALS_SHOWN = 5_000
"""Inferred: from a client's note; `nReferrals` counts all of them. Assumed: the newest."""
_USDC_DECIMALS = 8


@info("referral", source="info 7.5")
def referral(view: View, user: Address) -> Json:
    """Codes, and rewards of referrals and as a builder.

    Documented: the sums at the top are those of USDC, and claims show in the ledger, not in
    `rewardHistory`. Assumed: `unclaimedRewards` and `claimedRewards` count both kinds,
    `builderRewards` what was ever earned as a builder; an account that earned nothing still has its
    USDC row, a never-seen one has no rows.
    """
    account = view.account(user)
    states = [
        [token, _token_state(view, account, token)] for token in sorted({0, *account.rewards})
    ]
    return {
        "referredBy": _referrer(view, account),
        **_token_state(view, account, 0),
        "tokenToState": states if view.knows(user) else [],
        "referrerState": _referrer_state(view, account),
        "rewardHistory": [],
    }


def _token_state(view: View, account: Account, token: int) -> Json:
    """Rewards in one token. Assumed: all volume counts as that of USDC."""
    rewards = account.rewards.get(token) or Rewards()
    return {
        "cumVlm": px_text(account.volume.total_usd if token == 0 else 0),
        "unclaimedRewards": _amount(view, token, rewards.unclaimed),
        "claimedRewards": _amount(view, token, rewards.claimed),
        "builderRewards": _amount(view, token, rewards.builder),
    }


def _amount(view: View, token: int, amount: int) -> str:
    tokens = view.universe.tokens
    return decimal_text(amount, tokens[token].wei_decimals if tokens else _USDC_DECIMALS)


def _referrer(view: View, account: Account) -> Json:
    if account.referred_by is None:
        return None
    code = view.account(account.referred_by).referral_code
    return {"referrer": account.referred_by, "code": code or ""}


def _referrer_state(view: View, account: Account) -> Json:
    if account.referral_code is not None:
        newest = islice(reversed(account.referrals), REFERRALS_SHOWN)
        return {
            "stage": "ready",
            "data": {
                "code": account.referral_code,
                "nReferrals": len(account.referrals),
                "referralStates": [_referred(view, view.account(user)) for user in newest],
            },
        }
    if account.volume.total_usd >= REFERRER_VOLUME * 10**8:
        return {"stage": "needToCreateCode"}
    return {"stage": "needToTrade", "data": {"required": f"{REFERRER_VOLUME}.0"}}


def _referred(view: View, account: Account) -> Json:
    """What one referred user brought."""
    found = account.referral or Referral(0)
    states = [[token, _brought(view, account, found, token)] for token in sorted({0, *found.parts})]
    return {
        **_brought(view, account, found, 0),
        "timeJoined": found.joined_ms,
        "user": account.address,
        "tokenToState": states,
    }


def _brought(view: View, account: Account, found: Referral, token: int) -> Json:
    """Documented: 196.838825 in fees brought 19.683748, truncated fill by fill."""
    return {
        "cumVlm": px_text(account.volume.total_usd if token == 0 else 0),
        "cumRewardedFeesSinceReferred": _amount(view, token, found.fees.get(token, 0)),
        "cumFeesRewardedToReferrer": _amount(view, token, found.parts.get(token, 0)),
    }
