"""Staking links: what one user stakes lowers the fees of another, for good.

The trading user asks, the staking user finalizes (mechanics 11.3). From then on the staking user
may disable the trading user and gets its funds a year later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import margin, twap
from .abstraction import free
from .amounts import from_usd, usd_value
from .assets import Token
from .errors import ActionError, ActionReject
from .fixed import Address, Usd, Wei
from .ids import ZERO_HASH
from .ledger import Send
from .orders import OrderStatus
from .stakes import LinkRole, StakingLink
from .staking import restake
from .state import Account, State
from .timers import Timer
from .transfers import PERPS, SPOT, collateral_of, credit, debit, move_usd, record

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange


def request(ex: Exchange, acting: Acting, staking_user: Address) -> None:
    """The trading user asks `staking_user` for a link; a later request takes the place of it.

    Raises ActionError. Documented: the trading user comes first (mechanics 11.3). Assumed: who
    neither exists nor can sign is no staking user, and each account is in one link at most.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    other = state.accounts.get(staking_user)
    if other is None or other is account or not _signs(state, other):
        raise ActionError(ActionReject.LINK_USER)
    if _is_linked(account) or _is_linked(other):
        raise ActionError(ActionReject.LINK_TAKEN)
    account.staking_link = StakingLink(LinkRole.REQUESTED, staking_user)


def finalize(ex: Exchange, acting: Acting, trading_user: Address) -> None:
    """The staking user makes a link of a request that it was asked; for good.

    Raises ActionError. Assumed: a request of its own is forgotten.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    other = state.accounts.get(trading_user)
    if other is None or other is account:
        raise ActionError(ActionReject.LINK_USER)
    if _is_linked(account) or _is_linked(other):
        raise ActionError(ActionReject.LINK_TAKEN)
    if other.staking_link != StakingLink(LinkRole.REQUESTED, acting.user):
        raise ActionError(ActionReject.LINK_UNASKED)
    account.staking_link = StakingLink(LinkRole.STAKING_USER, trading_user)
    other.staking_link = StakingLink(LinkRole.TRADING_USER, acting.user)
    restake(state, account)


def disable(ex: Exchange, acting: Acting, trading_user: Address) -> None:
    """The staking user makes its trading user unusable and gets what it has a year later.

    Raises ActionError. Documented: irreversible (mechanics 11.3). Assumed: its orders and TWAPs are
    cancelled; positions stay, to be funded and liquidated as any.
    """
    state = ex.state
    link = state.accounts[acting.user].staking_link
    if link != StakingLink(LinkRole.STAKING_USER, trading_user):
        raise ActionError(ActionReject.LINK_MISSING)
    account = state.accounts[trading_user]
    if account.is_disabled:
        raise ActionError(ActionReject.LINK_DISABLED)
    account.is_disabled = True
    twap.end_all(ex, account)
    for order in list(account.orders.values()):
        ex.desk.cancel_order(order, OrderStatus.CANCELED)
    due_ms = state.time_ms + state.rules.staking_link_lock_ms
    state.timers.push(due_ms, Timer.STAKING_LINK, trading_user)


def on_released(ex: Exchange, trading_user: Address) -> None:
    """Moves the funds of a disabled trading user to its staking user.

    Documented: automatically, a year after (mechanics 11.3). Assumed: what is on spot, and of perps
    what no position needs; the rest stays locked. The ledgers show it as sent.
    """
    state = ex.state
    account = state.accounts[trading_user]
    assert account.staking_link is not None
    heir = state.accounts[account.staking_link.other]
    tokens = {token.index: token for token in state.universe.tokens}
    tokens.update((side.id, side.base) for side in state.universe.outcomes)
    for index in list(account.spot):
        token, amount = tokens[index], free(state, account, index)
        if amount:
            debit(ex, account, token, amount)
            credit(ex, heir, token, amount)
            _tell(ex, account, heir, SPOT, token, amount)
    for dex in (0, *account.dexes):
        usd = margin.withdrawable(state, account, account.at(dex))
        if usd > 0:
            token = tokens[collateral_of(state, dex)]
            move_usd(ex, account, -usd, dex)
            move_usd(ex, heir, usd, dex)
            name = state.universe.dexes[dex - 1].name if dex else PERPS
            _tell(ex, account, heir, name, token, from_usd(usd, token))


def _tell(
    ex: Exchange, account: Account, heir: Account, dex: str, token: Token, amount: Wei
) -> None:
    value: Usd = usd_value(ex.state, token, amount)
    parties = (account.address, heir.address, dex, dex)
    what = (token.name, amount, token.wei_decimals, value)
    row = Send(*parties, *what, Wei(0), token.wei_decimals, token.name, ex.state.time_ms)
    record(ex, row, account.address, heir.address, hash_=ZERO_HASH)


def _signs(state: State, account: Account) -> bool:
    """True unless it is a sub-account or a vault, which have no key."""
    return account.master is None and account.address not in state.vaults


def _is_linked(account: Account) -> bool:
    link = account.staking_link
    return link is not None and link.role is not LinkRole.REQUESTED
