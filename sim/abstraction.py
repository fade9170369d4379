"""Account modes. In a unified account spot and all perps share one balance of each collateral.

The cash of a unified account lies in its perps ledgers, where margin, liquidation and funding look
for it; on spot stays what spot orders hold. `gather` and `cover` move it across, and since they
move what is one balance to its owner, nothing but the two ledgers can tell. An account with
portfolio margin is a unified one that also borrows and lends (`portfolio.py`).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ..matching.types import Side
from . import margin, portfolio
from .amounts import usd_value
from .assets import SpotPair
from .clearinghouse import USDC, balance
from .errors import ActionError, ActionReject
from .fixed import Address, Usd, Wei, div_down, ntl_wei, rescale_down, sz_to_wei
from .state import POOLED, PORTFOLIO_MARGIN, UNIFIED, Account, Clearing, Market, State

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange
    from .orders import Order

DEFAULT, DISABLED, DEX_ABSTRACTION = "default", "disabled", "dexAbstraction"


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
    become a standard one again, as several clients say. Assumed: it may ask for portfolio margin,
    which is for good, too.
    """
    if mode == account.abstraction:
        return
    if account.abstraction == PORTFOLIO_MARGIN:
        raise ActionError(ActionReject.ABSTRACTION)
    if mode == PORTFOLIO_MARGIN:
        portfolio.check_entry(ex.state, account, _spot_usd(ex.state, account))
    elif account.abstraction == UNIFIED:
        raise ActionError(ActionReject.ABSTRACTION)
    if account.dex_abstraction:
        account.dex_abstraction = False
    _enter(ex, account, mode)


def set_dex_abstraction(ex: Exchange, account: Account, *, enabled: bool) -> None:
    """The discontinued mode: a flag, which moves no collateral by itself (mechanics 6.5).

    Raises ActionError. Assumed: it is for standard accounts; who ends it has opted out.
    """
    if account.abstraction in POOLED:
        raise ActionError(ActionReject.ABSTRACTION)
    account.dex_abstraction = enabled
    _enter(ex, account, DEX_ABSTRACTION if enabled else DISABLED)


def _enter(ex: Exchange, account: Account, mode: str) -> None:
    was_pooled, account.abstraction = account.abstraction in POOLED, mode
    if mode in POOLED:
        ex.state.unified[account.address] = None
        if not was_pooled:
            _merge(ex.state, account)
        if mode == PORTFOLIO_MARGIN:
            portfolio.enter(ex.state, account)
        gather(ex, account)
    ex.touch(account.address)


def start_mode(state: State, account: Account) -> None:
    """Gives an account that was just made the mode of new ones (contested 64)."""
    account.abstraction = state.rules.new_account_mode
    if account.abstraction == UNIFIED:
        state.unified[account.address] = None


def _spot_usd(state: State, account: Account) -> Usd:
    """What the spot tokens of an account are worth at mark."""
    tokens = state.universe.tokens
    held = {token: account.spot[token.index] for token in tokens if token.index in account.spot}
    return Usd(sum(usd_value(state, token, each.total) for token, each in held.items()))


def refuse_unified(account: Account) -> None:
    """Raises ActionError for a unified account, which has no classes to transfer between."""
    if account.abstraction in POOLED:
        raise ActionError(ActionReject.UNIFIED_DISABLED)


# -- one balance -----------------------------------------------------------------------------------


def pool_of(state: State, token_index: int) -> int | None:
    """Which clearing of a unified account a token is the collateral of; None for other tokens."""
    if token_index == USDC:
        return 0
    dexes = state.universe.dexes
    return next((dex.index for dex in dexes if dex.collateral == token_index), None)


def _pools(state: State) -> dict[int, int]:
    """Every collateral, by token index, with its pool."""
    found = {USDC: 0}
    for dex in state.universe.dexes:
        found.setdefault(dex.collateral, dex.index)
    return found


def free(state: State, account: Account, token_index: int) -> Wei:
    """What of a token no order, position or debt needs: what the account can give away."""
    held = account.spot.get(token_index)
    found = held.total - held.hold if held is not None else 0
    if account.abstraction in POOLED:
        pool = pool_of(state, token_index)
        if pool is not None:
            usd = margin.withdrawable(state, account, account.at(pool))
            found += wei_of(state, token_index, usd)
    if found and account.address in state.portfolio and token_index in state.reserves:
        found = max(0, found - portfolio.bound(state, account, token_index))
    return Wei(found)


def spendable(state: State, account: Account, token_index: int) -> Wei:
    """What a spot order may pay of a token: what is `free`, and with portfolio margin also USDC
    that can be borrowed, and all of a collateral, since it is sold for something.
    """
    if account.abstraction != PORTFOLIO_MARGIN or token_index not in state.reserves:
        return free(state, account, token_index)
    total, hold = on_spot(account, token_index)
    found = total - hold
    if token_index == USDC:
        found += wei_of(state, USDC, max(0, margin.free_margin(state, account)))
    return Wei(found)


def gather(ex: Exchange, account: Account) -> None:
    """Moves the collateral that no spot order holds to the perps ledgers, and evens out what
    borrows and lends by itself; a part of a millionth stays.
    """
    for token_index, pool in _pools(ex.state).items():
        held = account.spot.get(token_index)
        if held is not None and held.total > held.hold:
            usd = _usd(ex.state, token_index, held.total - held.hold)
            _shift(ex.state, account, token_index, pool, -usd)
    if account.abstraction == PORTFOLIO_MARGIN:
        portfolio.even_out(ex.state, account)


def gather_all(ex: Exchange, touched: dict[Address, None]) -> None:
    """`gather` for the unified ones among the accounts that changed."""
    state = ex.state
    for user in touched:
        if user in state.unified:
            gather(ex, state.accounts[user])


def cover(ex: Exchange, account: Account, token_index: int, amount: int) -> None:
    """Sees to it that `amount` of a token lies on spot beside what is on hold there."""
    if account.abstraction not in POOLED:
        return
    pool = pool_of(ex.state, token_index)
    if pool is None:
        return
    held = balance(account, token_index)
    short = amount + held.hold - held.total
    if short > 0:
        # Rounded up to a whole millionth.
        usd = -div_down(-short, wei_of(ex.state, token_index, 1))
        _shift(ex.state, account, token_index, pool, usd)


def cover_order(ex: Exchange, account: Account, market: Market, order: Order) -> None:
    """`cover` for all that a spot order may pay at its limit."""
    pair = market.asset
    if not isinstance(pair, SpotPair):
        return
    if order.side is Side.BID:
        amount = ntl_wei(order.px, order.sz, pair.quote.wei_decimals)
        cover(ex, account, pair.quote.index, amount)
    else:
        cover(ex, account, pair.base.index, sz_to_wei(order.sz, pair.base.wei_decimals))


def _shift(state: State, account: Account, token_index: int, pool: int, usd: int) -> None:
    """Moves `usd` from a perps ledger to spot; negative for the other way."""
    if usd == 0:
        return
    held, clearing = balance(account, token_index), account.open(pool)
    clearing.raw_usd = Usd(clearing.raw_usd - usd)
    held.total = Wei(held.total + wei_of(state, token_index, usd))
    flow = state.treasury.flow(token_index)
    flow.to_spot = Usd(flow.to_spot + usd)


def _merge(state: State, account: Account) -> None:
    """Clears together what has one collateral, as a unified account does."""
    apart, account.dexes = account.dexes, {}
    for index, clearing in apart.items():
        pool = pool_of(state, state.universe.dexes[index - 1].collateral)
        assert pool is not None
        whole = account.open(pool)
        whole.raw_usd = Usd(whole.raw_usd + clearing.raw_usd)
        whole.positions |= clearing.positions
        whole.leverages |= clearing.leverages
        whole.funding_all_time |= clearing.funding_all_time
        whole.order_loads |= clearing.order_loads
        times = (whole.liquidated_partly_ms, clearing.liquidated_partly_ms)
        whole.liquidated_partly_ms = max((one for one in times if one is not None), default=None)


# -- what it looks like ----------------------------------------------------------------------------


def part_of(state: State, account: Account, dex: int) -> Clearing:
    """What of an account's perps is shown with one dex, to be read."""
    if account.abstraction not in POOLED:
        return account.at(dex)
    token = USDC if dex == 0 else state.universe.dexes[dex - 1].collateral
    pool = pool_of(state, token)
    assert pool is not None
    whole = account.at(pool)
    positions = {
        asset_id: position
        for asset_id, position in whole.positions.items()
        if margin.perp_of(state, asset_id).dex == dex
    }
    return replace(_alone(whole), positions=positions)


def _alone(clearing: Clearing) -> Clearing:
    """The clearing alone, without the account that it may be."""
    return Clearing(**{each.name: getattr(clearing, each.name) for each in fields(Clearing)})


def shown_perps(state: State, part: Clearing) -> tuple[margin.Summary, margin.Summary]:
    """(all, cross) summaries of a unified account: the margin of its positions and their pnl.

    Inferred from one account, whose perps value was its margin used and what it was withdrawable
    beyond, with ten times as much on spot (info 5.1).
    """
    total, cross = margin.total_summary(state, part), margin.cross_summary(state, part)
    idle = cross.account_value - cross.total_margin_used - margin.cross_pnl(state, part)
    return _without(total, idle), _without(cross, idle)


def _without(summary: margin.Summary, idle: int) -> margin.Summary:
    return margin.Summary(
        Usd(summary.account_value - idle),
        summary.total_ntl_pos,
        Usd(summary.total_raw_usd - idle),
        summary.total_margin_used,
    )


def shown_balances(state: State, account: Account) -> dict[int, tuple[Wei, Wei]]:
    """(total, hold) of each collateral: its cash, and what orders and positions need of it.

    Observed: `hold` is the perps margin used, and that of perps orders shows there (info 5.1,
    mechanics 6.5). Inferred: unrealised profit is no cash.
    """
    found = {}
    for token_index, pool in _pools(state).items():
        clearing = account.at(pool)
        cash: int = clearing.raw_usd
        for position in clearing.positions.values():
            cash += position.entry_ntl + position.raw_usd
        used = margin.total_summary(state, clearing).total_margin_used
        used = Usd(used + margin.order_margin(state, clearing))
        total, hold = on_spot(account, token_index)
        found[token_index] = (
            Wei(wei_of(state, token_index, cash) + total),
            Wei(wei_of(state, token_index, used) + hold),
        )
    return found


def after_maintenance(state: State, account: Account) -> dict[int, Wei]:
    """What of each collateral neither maintenance nor an order needs.

    Observed by clients: unified accounts show it, too (info 5.2). Assumed: as with portfolio
    margin, the balance with unrealised profit less the maintenance of cross positions.
    """
    found = {}
    for token_index, pool in _pools(state).items():
        clearing = account.at(pool)
        total, hold = on_spot(account, token_index)
        usd = margin.cross_value(state, clearing) - margin.cross_maintenance(state, clearing)
        found[token_index] = Wei(wei_of(state, token_index, usd) + total - hold)
    if account.abstraction == PORTFOLIO_MARGIN:
        found[USDC] = portfolio.after_maintenance(state, account)
    return found


def on_spot(account: Account, token_index: int) -> tuple[int, int]:
    """(total, hold) of a token as it lies on spot."""
    held = account.spot.get(token_index)
    return (0, 0) if held is None else (held.total, held.hold)


# -- units -----------------------------------------------------------------------------------------


def _usd(state: State, token_index: int, wei: int) -> Usd:
    return Usd(rescale_down(wei, state.universe.tokens[token_index].wei_decimals, 6))


def wei_of(state: State, token_index: int, usd: int) -> int:
    return rescale_down(usd, 6, state.universe.tokens[token_index].wei_decimals)
