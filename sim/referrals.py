"""Referral codes: making one, naming one's referrer, claiming what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .amounts import usd_value
from .errors import ActionError, ActionReject
from .fixed import Address, Usd, Wei
from .ledger import RewardsClaim
from .state import Referral
from .transfers import credit, record
from .volume import dollars

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

REFERRER_VOLUME = 10_000
"""USD that a referrer must have traded. Documented: mechanics 13."""
CODE_CHARS = 20
"""Documented: by the client libraries, as the most a code may have."""
LEAST_CLAIM = Usd(1_000_000)
"""Documented: rewards are claimed from 1 USDC on (exchange 5.2)."""


def register(ex: Exchange, user: Address, code: str) -> None:
    """Makes `code` the referral code of `user`, for good.

    Raises ActionError. Observed: how the first two texts begin (exchange 5.2). Assumed: the order
    of the checks; whoever has a code gets no second one; a code's case counts.
    """
    state = ex.state
    account = state.accounts[user]
    if not 1 <= len(code) <= CODE_CHARS:
        raise ActionError(ActionReject.REFERRAL_CODE)
    if account.referral_code is not None or code in state.referral_codes:
        raise ActionError(ActionReject.REFERRAL_TAKEN)
    traded = account.volume.total_usd
    if traded < REFERRER_VOLUME * 10**8:
        raise ActionError(ActionReject.REFERRAL_VOLUME, traded=dollars(traded))
    account.referral_code = code
    state.referral_codes[code] = user


def set_referrer(ex: Exchange, user: Address, code: str) -> None:
    """Names the owner of `code` as the referrer of `user`, once.

    Raises ActionError. Observed: the text of an unknown code (mechanics 13); the others are
    Assumed.
    """
    state = ex.state
    account = state.accounts[user]
    referrer = state.referral_codes.get(code)
    if referrer is None:
        raise ActionError(ActionReject.REFERRAL_UNKNOWN)
    if referrer == user:
        raise ActionError(ActionReject.REFERRAL_SELF)
    if account.referred_by is not None:
        raise ActionError(ActionReject.REFERRAL_SET)
    account.referred_by = referrer
    account.referral = Referral(state.time_ms)
    state.accounts[referrer].referrals[user] = None


def claim(ex: Exchange, acting: Acting) -> None:
    """Moves all rewards, of referrals and as a builder, to the user's spot balances.

    Raises ActionError; the texts are Observed (exchange 5.2). Assumed: what all tokens together are
    worth at mark decides; all of them are claimed at once, one ledger row each, onto spot, where
    the row's `token` says that they are.
    """
    state = ex.state
    account = state.accounts[acting.user]
    due = [
        (state.universe.tokens[token], rewards)
        for token, rewards in sorted(account.rewards.items())
        if rewards.unclaimed and token < len(state.universe.tokens)
    ]
    if not due:
        raise ActionError(ActionReject.REWARDS_NONE)
    if sum(usd_value(state, token, rewards.unclaimed) for token, rewards in due) < LEAST_CLAIM:
        raise ActionError(ActionReject.REWARDS_FEW)
    for token, rewards in due:
        amount, rewards.unclaimed = rewards.unclaimed, Wei(0)
        rewards.claimed = Wei(rewards.claimed + amount)
        credit(ex, account, token, amount)
        row = RewardsClaim(token.name, amount, token.wei_decimals)
        record(ex, row, account.address, hash_=acting.hash)
