"""Account modes. In a unified account spot and perps share one balance of USDC.

The cash of a unified account lies in its perps ledger, where margin, liquidation and funding look
for it; on spot stays what spot orders hold. `gather` and `cover` move it across, and since they
move what is one balance to its owner, nothing but the two ledgers can tell. Portfolio margin is
not built: who may have it is refused it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.types import Side
from . import margin
from .assets import SpotPair
from .clearinghouse import USDC, balance
from .errors import ActionError, ActionReject
from .fixed import Address, Usd, Wei, div_down, ntl_wei, rescale_down
from .margin import UNIFIED
from .state import Account, Market, State

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange
    from .orders import Order

DEFAULT, DISABLED, PORTFOLIO_MARGIN = "default", "disabled", "portfolioMargin"
DEX_ABSTRACTION = "dexAbstraction"

_PORTFOLIO_VALUE = 10_000_000_000
_PORTFOLIO_VOLUME = 5_000_000 * 10**8
"""Observed: what the refusal of portfolio margin asks for, $10000 or $5M (exchange 7.6)."""


# -- changing the mode -----------------------------------------------------------------------------


def own_account(ex: Exchange, acting: Acting, user: Address) -> Account:
    """The account that `acting` may change as `user`: its own or a sub-account.

    Raises ActionError. Observed: the text (exchange 7.5).
    """
    account = ex.state.accounts.get(user)
    if account is None or (user != acting.user and account.master != acting.user):
        params = {"sub": user, "address": acting.user}
        raise ActionError(ActionReject.SUB_ACCOUNT_FOREIGN, **params)
    return account


def check_untouched(account: Account) -> None:
    """Raises ActionError unless no mode was ever set.

    Observed: an agent may enable dex abstraction from null only (exchange 5.1). Assumed: it may set
    a mode for the first time only, too.
    """
    if account.abstraction != DEFAULT or account.dex_abstraction is not None:
        raise ActionError(ActionReject.ABSTRACTION)


def set_mode(ex: Exchange, account: Account, mode: str) -> None:
    """Sets a mode that can be asked for; the same mode again changes nothing.

    Raises ActionError. Observed: the texts (exchange 7.6). Inferred: a unified account does not
    become a standard one again, as several clients say. Assumed: who qualifies for portfolio margin
    is refused all the same, since there is no borrowing in this world.
    """
    if mode == account.abstraction:
        return
    if mode == PORTFOLIO_MARGIN:
        _check_portfolio(ex.state, account)
    if mode == PORTFOLIO_MARGIN or account.abstraction == UNIFIED:
        raise ActionError(ActionReject.ABSTRACTION)
    if account.dex_abstraction:
        account.dex_abstraction = False
    _enter(ex, account, mode)


def set_dex_abstraction(ex: Exchange, account: Account, *, enabled: bool) -> None:
    """The discontinued mode: a flag, since there is one dex (mechanics 6.5).

    Raises ActionError. Assumed: it is for standard accounts; who ends it has opted out.
    """
    if account.abstraction == UNIFIED:
        raise ActionError(ActionReject.ABSTRACTION)
    account.dex_abstraction = enabled
    _enter(ex, account, DEX_ABSTRACTION if enabled else DISABLED)


def _enter(ex: Exchange, account: Account, mode: str) -> None:
    account.abstraction = mode
    if mode == UNIFIED:
        ex.state.unified[account.address] = None
        gather(ex, account)
    ex.touch(account.address)


def start_mode(state: State, account: Account) -> None:
    """Gives an account that was just made the mode of new ones (contested 64)."""
    account.abstraction = state.rules.new_account_mode
    if account.abstraction == UNIFIED:
        state.unified[account.address] = None


def _check_portfolio(state: State, account: Account) -> None:
    """Assumed: the account value is that of perps and the USDC on spot."""
    value = margin.total_summary(state, account).account_value + _usd(state, _spot_wei(account))
    if value < _PORTFOLIO_VALUE and account.volume.total_usd < _PORTFOLIO_VOLUME:
        raise ActionError(ActionReject.PORTFOLIO_MARGIN)


def refuse_unified(account: Account) -> None:
    """Raises ActionError for a unified account, which has no classes to transfer between."""
    if account.abstraction == UNIFIED:
        raise ActionError(ActionReject.UNIFIED_DISABLED)


# -- one balance -----------------------------------------------------------------------------------


def free(state: State, account: Account, token_index: int) -> Wei:
    """What of a token no order holds and no position needs: what the account can give away."""
    held = account.spot.get(token_index)
    found = held.total - held.hold if held is not None else 0
    if token_index == USDC and account.abstraction == UNIFIED:
        found += _wei(state, margin.withdrawable(state, account))
    return Wei(found)


def gather(ex: Exchange, account: Account) -> None:
    """Moves the USDC that no spot order holds to the perps ledger; a part of a µUSD stays."""
    held = account.spot.get(USDC)
    if held is not None and held.total > held.hold:
        _shift(ex.state, account, -_usd(ex.state, held.total - held.hold))


def gather_all(ex: Exchange, touched: dict[Address, None]) -> None:
    """`gather` for the unified ones among the accounts that changed."""
    state = ex.state
    for user in touched:
        if user in state.unified:
            gather(ex, state.accounts[user])


def cover(ex: Exchange, account: Account, token_index: int, amount: int) -> None:
    """Sees to it that `amount` of a token lies on spot beside what is on hold there."""
    if token_index != USDC or account.abstraction != UNIFIED:
        return
    held = balance(account, USDC)
    short = amount + held.hold - held.total
    if short > 0:
        # Rounded up to a whole µUSD.
        _shift(ex.state, account, -_usd_down(ex.state, -short))


def cover_order(ex: Exchange, account: Account, market: Market, order: Order) -> None:
    """`cover` for all that a spot order may pay at its limit."""
    pair = market.asset
    if isinstance(pair, SpotPair) and order.side is Side.BID:
        amount = ntl_wei(order.px, order.sz, pair.quote.wei_decimals)
        cover(ex, account, pair.quote.index, amount)


def _shift(state: State, account: Account, usd: int) -> None:
    """Moves `usd` from the perps ledger to spot; negative for the other way."""
    held = balance(account, USDC)
    account.raw_usd = Usd(account.raw_usd - usd)
    held.total = Wei(held.total + _wei(state, usd))
    state.treasury.usd_to_spot = Usd(state.treasury.usd_to_spot + usd)


# -- what it looks like ----------------------------------------------------------------------------


def shown_perps(state: State, account: Account) -> tuple[margin.Summary, margin.Summary]:
    """(all, cross) summaries of a unified account: the margin of its positions and their pnl.

    Inferred from one account, whose perps value was its margin used and what it was withdrawable
    beyond, with ten times as much on spot (info 5.1).
    """
    total, cross = margin.total_summary(state, account), margin.cross_summary(state, account)
    idle = cross.account_value - cross.total_margin_used - margin.cross_pnl(state, account)
    return _without(total, idle), _without(cross, idle)


def _without(summary: margin.Summary, idle: int) -> margin.Summary:
    return margin.Summary(
        Usd(summary.account_value - idle),
        summary.total_ntl_pos,
        Usd(summary.total_raw_usd - idle),
        summary.total_margin_used,
    )


def shown_usdc(state: State, account: Account) -> tuple[Wei, Wei]:
    """(total, hold) of the one balance: its cash, and what orders and positions need of it.

    Observed: `hold` is the perps margin used, and that of perps orders shows there (info 5.1,
    mechanics 6.5). Inferred: unrealised profit is no cash.
    """
    cash: int = account.raw_usd
    for position in account.positions.values():
        cash += position.entry_ntl + position.raw_usd
    used = margin.total_summary(state, account).total_margin_used
    used = Usd(used + margin.order_margin(state, account))
    held = balance_or_none(account)
    return Wei(_wei(state, cash) + held[0]), Wei(_wei(state, used) + held[1])


def balance_or_none(account: Account) -> tuple[int, int]:
    """(total, hold) of USDC as it lies on spot."""
    held = account.spot.get(USDC)
    return (0, 0) if held is None else (held.total, held.hold)


# -- units -----------------------------------------------------------------------------------------


def _spot_wei(account: Account) -> int:
    return balance_or_none(account)[0]


def _usd(state: State, wei: int) -> Usd:
    return Usd(rescale_down(wei, state.universe.tokens[USDC].wei_decimals, 6))


def _usd_down(state: State, wei: int) -> int:
    """As `_usd`, rounded toward minus infinity."""
    return div_down(wei, _wei(state, 1))


def _wei(state: State, usd: int) -> int:
    return rescale_down(usd, 6, state.universe.tokens[USDC].wei_decimals)
