"""What referrers and builders earn of other users' fees, as fills bring it in.

Rewards are spot money from the moment they are earned, whatever they were earned on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import fee_tiers
from .fixed import Usd, Wei, div_trunc, rescale_down
from .state import Account, Rewards, State

if TYPE_CHECKING:
    from .exchange import Exchange
    from .orders import Builder

_USDC = 0
"""Token index of the perps collateral."""
_USD_DECIMALS = 6
_USDC_DECIMALS = 8
"""Documented: weiDecimals of USDC (mechanics 12), for worlds that list no token."""


def referrer_part(account: Account, fee: int) -> int:
    """What of a fee that `account` pays is its referrer's, in the unit of the fee.

    Documented: a tenth, until the referred user has traded $1B (mechanics 11.3). Assumed: of the
    protocol's part only, truncated fill by fill, of makers' fees too, and nothing of a rebate.
    """
    if account.referred_by is None or fee <= 0:
        return 0
    if account.volume.total_usd >= fee_tiers.REFERRER_USD * fee_tiers.USD:
        return 0
    return div_trunc(fee, fee_tiers.REFERRER_PART)


def pay_referrer(ex: Exchange, account: Account, token: int, fee: int, part: int) -> None:
    """Credits `part` of a `fee` of `account` to its referrer, both in wei of `token`."""
    referral = account.referral
    if account.referred_by is None or referral is None or part <= 0:
        return
    referral.fees[token] = Wei(referral.fees.get(token, 0) + fee)
    referral.parts[token] = Wei(referral.parts.get(token, 0) + part)
    _earn(ex.open_account(account.referred_by), token, part)


def pay_builder(ex: Exchange, builder: Builder, token: int, fee: int) -> None:
    """Credits a builder's part of a fill, in wei of `token`."""
    rewards = _earn(ex.open_account(builder.address), token, fee)
    rewards.builder = Wei(rewards.builder + fee)


def usd_to_wei(state: State, usd: int) -> Wei:
    """µUSD of a perps fee as wei of spot USDC."""
    tokens = state.universe.tokens
    decimals = tokens[_USDC].wei_decimals if tokens else _USDC_DECIMALS
    return Wei(rescale_down(usd, _USD_DECIMALS, decimals))


def book_perps(state: State, usd: int) -> None:
    """Notes that `usd` of perps fees became rewards, which are spot money."""
    state.treasury.usd_to_rewards = Usd(state.treasury.usd_to_rewards + usd)


def _earn(account: Account, token: int, amount: int) -> Rewards:
    rewards = account.rewards.setdefault(token, Rewards())
    rewards.unclaimed = Wei(rewards.unclaimed + amount)
    return rewards
