"""Portfolio margin: one balance that borrows against tokens by itself, and lends what lies idle.

The cash of such an account is kept as that of a unified one. What margin needs beyond it is
borrowed, and what it does not need pays back a debt or earns interest: `even_out` sees to that
after every change and at every mark. Amounts are µUSD where nothing else is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import lending, margin
from .amounts import USDC
from .clearinghouse import balance
from .errors import ActionError, ActionReject
from .fixed import RATE_SCALE, TEN, Rate, Usd, Wei, div_down, div_up, rescale_down
from .lending_state import Reserve
from .state import Account, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .exchange import Exchange

LEAST_VALUE = Usd(10_000_000_000)
LEAST_VOLUME = 5_000_000 * 10**8
"""Observed: what the refusal asks for, $10000 or $5M of volume (exchange 7.6)."""
MOST_VALUE = Usd(25_000_000 * 10**6)
"""Documented: an account is worth less than $25M (mechanics 6.5)."""
BORROW_OFFSET = Usd(20_000_000)
"""Documented: min_borrow_offset, 20 USDC (mechanics 6.5)."""
MOST_RATIO = Rate(9_500_000_000)
"""Documented: an account can be liquidated above it (mechanics 6.5)."""


# -- who may have it -------------------------------------------------------------------------------


def check_entry(state: State, account: Account, spot_usd: Usd) -> None:
    """Raises ActionError unless the account may have portfolio margin; `spot_usd` is the worth of
    its spot balances.

    Observed: the text for who is too small. Documented: nor who is too large, or has positions,
    orders or TWAPs. Assumed: their text; that account value counts spot tokens, too.
    """
    value: int = spot_usd
    for clearing in account.clearings():
        value += margin.total_summary(state, clearing).account_value
    value += rescale_down(lending.net_worth(state, account), lending.USD_DECIMALS, 6)
    if value < LEAST_VALUE and account.volume.total_usd < LEAST_VOLUME:
        raise ActionError(ActionReject.PORTFOLIO_MARGIN)
    has_positions = any(clearing.positions for clearing in account.clearings())
    if value >= MOST_VALUE or has_positions or account.orders or account.twaps:
        raise ActionError(ActionReject.ABSTRACTION)


def enter(state: State, account: Account) -> None:
    """Lists the account. What it had supplied as collateral comes back to its spot balance, where
    it is collateral all the same.
    """
    state.portfolio[account.address] = None
    for token, lent in account.lent.items():
        reserve = state.reserves[token]
        reserve.accrue(state.time_ms)
        amount = reserve.supply_worth(lent)
        if reserve.ltv and amount:
            reserve.withdraw(lent, amount)
            held = balance(account, token)
            held.total = Wei(held.total + amount)


# -- evening out -----------------------------------------------------------------------------------


def even_out(state: State, account: Account) -> None:
    """Borrows what margin lacks; pays back, then lends, what it can spare.

    Documented: insufficient balance is borrowed up to balance * price * LTV, spare money is applied
    to debts, and what is idle earns interest (mechanics 6.5). Assumed: initial and order margin is
    what is needed, and unrealised profit pays back, but is not lent.
    """
    reserve = state.reserves[USDC]
    reserve.accrue(state.time_ms)
    account.credit = Usd(0)
    own = margin.free_margin(state, account)
    if own < 0:
        _fetch(state, account, reserve, -own)
    elif own > 0:
        _put(state, account, reserve, own)
    account.credit = _credit(state, account, reserve)


def _unit(reserve: Reserve) -> int:
    """Wei of USDC in one µUSD."""
    return TEN[reserve.decimals - 6]


def _fetch(state: State, account: Account, reserve: Reserve, needed: int) -> None:
    """Takes idle money back, then borrows; what there is not of either stays missing."""
    unit, lent = _unit(reserve), lending.lent_of(account, USDC)
    idle = div_down(min(reserve.supply_worth(lent), reserve.cash), unit)
    back = min(needed, idle)
    if back > 0:
        reserve.withdraw(lent, back * unit)
    room = div_down(min(_room(state, account, reserve), reserve.cash), unit)
    loan = min(needed - back, room)
    if loan > 0:
        reserve.borrow(lent, loan * unit)
        lending.note_debt(state, account)
    _book(state, account, back + max(0, loan))


def _put(state: State, account: Account, reserve: Reserve, spare: int) -> None:
    unit, lent = _unit(reserve), lending.lent_of(account, USDC)
    owed = reserve.borrow_worth(lent)
    paid = 0
    if owed:
        amount = min(spare * unit, owed)
        paid = div_up(amount, unit)
        reserve.repay(lent, amount)
        lending.note_debt(state, account)
        # A part of a millionth that was paid too much lies on spot from now on.
        held = balance(account, USDC)
        held.total = Wei(held.total + paid * unit - amount)
    rest = spare - paid - max(0, margin.cross_pnl(state, account))
    if rest > 0:
        reserve.supply(lent, rest * unit)
        paid += rest
    _book(state, account, -paid)


def _book(state: State, account: Account, usd: int) -> None:
    """Moves `usd` from the reserve, which holds spot money, to the perps ledger."""
    account.raw_usd = Usd(account.raw_usd + usd)
    flow = state.treasury.flow(USDC)
    flow.to_spot = Usd(flow.to_spot - usd)


def _room(state: State, account: Account, reserve: Reserve) -> int:
    """What may still be borrowed, in wei."""
    return rescale_down(lending.room(state, account), lending.USD_DECIMALS, reserve.decimals)


def _credit(state: State, account: Account, reserve: Reserve) -> Usd:
    lent = lending.lent_of(account, USDC)
    found = reserve.supply_worth(lent) + _room(state, account, reserve)
    return Usd(div_down(min(found, reserve.cash), _unit(reserve)))


def on_marks(ex: Exchange, moved: Mapping[int, None]) -> None:
    """Evens out all that have portfolio margin, before anybody is liquidated."""
    state = ex.state
    for user in state.portfolio:
        account = state.accounts[user]
        before = account.raw_usd
        even_out(state, account)
        if account.raw_usd != before:
            ex.touch(user)


# -- what it is worth and what it needs ------------------------------------------------------------


def net_wei(state: State, account: Account) -> Wei:
    """All its USDC and unrealised profit of cross positions, less what it owes."""
    reserve = lending.fresh(state, USDC)
    lent = account.lent.get(USDC, lending.NOTHING)
    held = account.spot.get(USDC)
    wei = reserve.supply_worth(lent) - reserve.borrow_worth(lent)
    wei += held.total if held is not None else 0
    return Wei(margin.cross_value(state, account) * _unit(reserve) + wei)


def net(state: State, account: Account) -> Usd:
    """The same in µUSD, rounded down."""
    return Usd(div_down(net_wei(state, account), _unit(state.reserves[USDC])))


def equity(state: State, account: Account) -> Usd:
    """`net` and all its collateral at full worth."""
    return Usd(net(state, account) + _backing(state, account, lambda ltv: Rate(RATE_SCALE)))


def _backing(state: State, account: Account, weight: lending.Weight) -> int:
    return rescale_down(lending.backing(state, account, weight), lending.USD_DECIMALS, 6)


def maintenance(state: State, account: Account) -> Usd:
    """What it must hold: the maintenance of its cross positions, and never less than the offset.

    Inferred: the offset is a least value, not a summand: one recorded account had 894.09 USDC,
    870.98516812 available after maintenance and a ratio of 0.025841686, which is the maintenance
    over the balance (info 5.1, 5.2), and public reconstructions of larger ones add none.
    """
    return Usd(max(BORROW_OFFSET, margin.cross_maintenance(state, account)))


def liquidation_value(state: State, account: Account) -> Usd:
    """`net` and the collateral at its liquidation threshold, up to the cap of what may be owed.

    Documented: 0.5 + 0.5 * LTV (mechanics 6.5).
    """
    counted = min(_backing(state, account, lending.at_threshold), state.rules.user_borrow_cap)
    return Usd(net(state, account) + counted)


def after_maintenance(state: State, account: Account) -> Wei:
    """`tokenToAvailableAfterMaintenance` of USDC, in wei. Documented: what holds bind is left out;
    Observed: it is the liquidation value less maintenance.
    """
    unit, held = _unit(state.reserves[USDC]), account.spot.get(USDC)
    spare = liquidation_value(state, account) - net(state, account) - maintenance(state, account)
    hold = held.hold if held is not None else 0
    return Wei(net_wei(state, account) + spare * unit - hold)


def committed(state: State, account: Account) -> Usd:
    """Margin of all positions on the first balance and of resting orders."""
    used = margin.total_summary(state, account).total_margin_used
    return Usd(used + margin.order_margin(state, account))


def capacity(state: State, account: Account) -> Usd:
    """What may be owed in all: by the collateral, and by the cap of one user."""
    return Usd(min(_backing(state, account, lending.at_ltv), state.rules.user_borrow_cap))


def _parts(state: State, account: Account) -> tuple[int, int]:
    """Numerator and denominator of the ratio.

    Documented: maintenance and what must be borrowed for it, over the balance and what collateral
    is worth at its threshold. Observed by a reconstruction to nine digits: what is borrowed is
    what the net balance lacks of the maintenance, and it is part of the balance, too.
    """
    lacking = max(0, margin.cross_maintenance(state, account) - net(state, account))
    top = maintenance(state, account) + lacking
    return top, liquidation_value(state, account) + lacking


def ratio(state: State, account: Account) -> Rate:
    """`portfolioMarginRatio`, 10 decimals. Assumed: 1 where nothing is left to divide by."""
    top, bottom = _parts(state, account)
    return Rate(div_down(top * RATE_SCALE, bottom)) if bottom > 0 else Rate(RATE_SCALE)


def is_exposed(state: State, account: Account) -> bool:
    """True when there is something to liquidate."""
    has_cross = any(position.is_cross for position in account.positions.values())
    return has_cross or account.address in state.borrowers


def is_safe(state: State, account: Account) -> bool:
    """Documented: liquidated when the ratio is above 0.95 (mechanics 6.5)."""
    if not is_exposed(state, account):
        return True
    top, bottom = _parts(state, account)
    return top * RATE_SCALE <= bottom * MOST_RATIO


def is_lost(state: State, account: Account) -> bool:
    """True for what the liquidator takes over.

    Documented: positions go to the book first, below two thirds of maintenance to the liquidator;
    borrows have no such phase (mechanics 6.5, 8.2).
    """
    if is_safe(state, account):
        return False
    if not any(position.is_cross for position in account.positions.values()):
        return True
    return 3 * liquidation_value(state, account) < 2 * maintenance(state, account)


# -- what of it is bound ---------------------------------------------------------------------------


def needed_credit(state: State, account: Account) -> int:
    """What the collateral must back: the debt, and what margin lacks; 1e-8 USD."""
    lacks = max(0, account.credit - margin.free_margin(state, account))
    return lending.debt_worth(state, account) + rescale_down(lacks, 6, lending.USD_DECIMALS)


def bound(state: State, account: Account, token: int) -> Wei:
    """What of a collateral may not leave the account: what the others do not back, rounded up.

    Observed: the hold of such a token is the credit that is needed over price * LTV.
    """
    held = lending.pledged_by(state, account, token)
    if held == 0 or not lending.is_priced(state, token):
        return Wei(0)
    reserve = state.reserves[token]
    own = lending.ltv_worth(state, token, held)
    missing = needed_credit(state, account) - lending.backing(state, account, lending.at_ltv) + own
    if missing <= 0:
        return Wei(0)
    px = lending.oracle_px(state, state.universe.token(token))
    scale = TEN[reserve.decimals + 8 - lending.USD_DECIMALS] * RATE_SCALE
    return Wei(min(held, div_up(missing * scale, px * reserve.ltv)))
