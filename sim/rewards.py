"""What referrers, builders and deployers earn of other users' fees, as fills bring it in.

What referrers and builders earn is spot money from that moment on, whatever it was earned on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import fee_tiers
from .assets import Perp
from .fixed import RATE_SCALE, Rate, Usd, Wei, div_down, div_trunc, rescale_down
from .state import Account, Rewards, State

if TYPE_CHECKING:
    from .exchange import Exchange
    from .orders import Builder, Order

_USD_DECIMALS = 6
_USDC_DECIMALS = 8
"""Documented: weiDecimals of USDC (mechanics 12), for worlds that list no token."""


def share_perp_fee(
    ex: Exchange, account: Account, perp: Perp, order: Order, protocol: Usd, builder: int
) -> None:
    """Books a perps fee (µUSD): the builder's part, the deployer's, the referrer's, and what the
    exchange keeps.
    """
    state, token = ex.state, perp.collateral
    shared = _pay_deployer(ex, perp, protocol) if perp.dex else 0
    part = referrer_part(account, protocol - shared)
    flow = state.treasury.flow(token)
    flow.fees = Usd(flow.fees + protocol - shared - part)
    if part:
        earned = to_wei(state, token, part)
        of = to_wei(state, token, protocol - shared)
        pay_referrer(ex, account, token, of, earned)
    if order.builder is not None:
        pay_builder(ex, order.builder, token, to_wei(state, token, builder))
    flow.to_rewards = Usd(flow.to_rewards + part + builder)


def _deployer_part(fee: int, scale: Rate) -> Usd:
    """What of a fee is the deployer's, truncated: s / (1 + s) below a scale of 1, else one half.

    Documented: mechanics 11.3. Inferred: nothing of a rebate.
    """
    whole = max(0, fee)
    if scale >= RATE_SCALE:
        return Usd(div_down(whole, 2))
    return Usd(div_down(whole * scale, RATE_SCALE + scale))


def _pay_deployer(ex: Exchange, perp: Perp, fee: Usd) -> Usd:
    """Pays the deployer's part of a `fee` and returns it.

    Documented: who receives it is settable (exchange 5.2). Assumed: at once, onto the recipient's
    ledger on that dex, without a row.
    """
    dex = ex.state.universe.dexes[perp.dex - 1]
    part = _deployer_part(fee, dex.fee_scale)
    if part:
        account = ex.open_account(dex.fee_recipient or dex.deployer)
        clearing = account.enter(perp)
        clearing.raw_usd = Usd(clearing.raw_usd + part)
        ex.touch(account.address)
    return part


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


def to_wei(state: State, token: int, usd: int) -> Wei:
    """Millionths of a perps fee as wei of its token on spot."""
    tokens = state.universe.tokens
    decimals = tokens[token].wei_decimals if tokens else _USDC_DECIMALS
    return Wei(rescale_down(usd, _USD_DECIMALS, decimals))


def _earn(account: Account, token: int, amount: int) -> Rewards:
    rewards = account.rewards.setdefault(token, Rewards())
    rewards.unclaimed = Wei(rewards.unclaimed + amount)
    return rewards
