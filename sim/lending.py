"""Reserves and who has what in them: prices of collateral, room to borrow, interest by the hour.

What users do with reserves is in `lending_moves.py`, what portfolio margin does in `portfolio.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .amounts import USDC
from .assets import Token
from .fixed import PX_SCALE, RATE_SCALE, Px, Rate, Usd, Wei, div_down, mul_down, rescale_down
from .lending_state import InterestPaid, Lent, Reserve
from .state import Account, State

if TYPE_CHECKING:
    from .exchange import Exchange

LTVS = {"HYPE": Rate(6_500_000_000), "UBTC": Rate(5_000_000_000)}
"""Documented: HYPE 0.65, BTC 0.5 (mechanics 6.5; contested 56: the FAQ has 0.5 for HYPE)."""
PERPS = {"HYPE": "HYPE", "UBTC": "BTC"}
"""Whose mark and oracle price a collateral."""

USD_DECIMALS = 8
"""Of what this file calls worth: 1e-8 USD, as finely as USDC is counted."""

NOTHING = Lent()
"""What an account has in a reserve that it never used; never to be changed."""

Weight = Callable[[Rate], Rate]
"""What of a collateral's worth counts, by its LTV."""


def open_reserves(state: State) -> None:
    """Those of the tokens that the world lists: USDC, and what can be borrowed against.

    Documented: USDC is borrowed, HYPE and BTC are collateral (mechanics 6.5).
    """
    for token in state.universe.tokens:
        if token.index == USDC or (token.name in LTVS and token.deployer is None):
            ltv = LTVS[token.name] if token.index != USDC else Rate(0)
            is_borrowable = token.index == USDC
            state.reserves[token.index] = Reserve(
                token.index, token.wei_decimals, ltv, is_borrowable, time_ms=state.time_ms
            )


# -- reading ---------------------------------------------------------------------------------------


def fresh(state: State, token: int) -> Reserve:
    """The reserve of a token as it is now, not to be changed."""
    return state.reserves[token].at(state.time_ms)


def oracle_px(state: State, token: Token) -> Px:
    """USD price of a token for lending.

    Documented: the median of its spot price against USDC and the mark and the oracle of its perp.
    Assumed: without a perp the spot price alone; USDC is worth 1.
    """
    if token.index == USDC:
        return Px(PX_SCALE)
    pairs = state.universe.pairs
    spot = next(p for p in pairs if p.base.index == token.index and p.quote.index == USDC)
    px = state.markets[spot.id].mark_px
    perp = state.universe.by_coin.get(PERPS[token.name])
    if perp is None:
        return px
    market = state.markets[perp.id]
    return sorted((px, market.mark_px, market.oracle_px))[1]


def is_priced(state: State, token: int) -> bool:
    """False for a collateral that trades against no USDC, which nobody can borrow against."""
    pairs = state.universe.pairs
    return token == USDC or any(p.base.index == token and p.quote.index == USDC for p in pairs)


def worth(state: State, token: int, amount: int) -> int:
    """Of `amount` wei, 1e-8 USD, rounded down."""
    found = state.universe.token(token)
    return rescale_down(amount * oracle_px(state, found), found.wei_decimals + 8, USD_DECIMALS)


def supplied(state: State, account: Account, token: int) -> Wei:
    """What an account could withdraw of a token if the reserve had it."""
    lent = account.lent.get(token)
    return Wei(0) if lent is None else fresh(state, token).supply_worth(lent)


def held(state: State, account: Account, token: int) -> Wei:
    """What an account has of a token, on spot and supplied."""
    found = account.spot.get(token)
    on_spot = found.total if found is not None else 0
    return Wei(on_spot + supplied(state, account, token))


def debt(state: State, account: Account) -> Wei:
    """What it owes, in wei of USDC, which alone is borrowed."""
    lent = account.lent.get(USDC)
    return Wei(0) if lent is None else fresh(state, USDC).borrow_worth(lent)


def net_worth(state: State, account: Account) -> int:
    """What it supplied less what it owes, 1e-8 USD."""
    found = -rescale_down(debt(state, account), state.reserves[USDC].decimals, USD_DECIMALS)
    for token in account.lent:
        found += worth(state, token, supplied(state, account, token))
    return found


# -- collateral ------------------------------------------------------------------------------------


def at_ltv(ltv: Rate) -> Rate:
    """What may be borrowed (Documented)."""
    return ltv


def at_threshold(ltv: Rate) -> Rate:
    """Documented: 0.5 + 0.5 * LTV, from where a borrow can be liquidated (mechanics 6.5)."""
    return Rate(div_down(RATE_SCALE + ltv, 2))


def at_backstop(ltv: Rate) -> Rate:
    """Documented: two thirds of the way from the LTV to 1, from where the liquidator takes all."""
    return Rate(ltv + div_down(2 * (RATE_SCALE - ltv), 3))


def collateral(state: State, account: Account) -> dict[int, Wei]:
    """What an account borrows against: its spot tokens under portfolio margin, else what it
    supplied of them (Documented).
    """
    found: dict[int, Wei] = {}
    for token, reserve in state.reserves.items():
        if reserve.ltv and is_priced(state, token):
            amount = pledged_by(state, account, token) or supplied(state, account, token)
            if amount > 0:
                found[token] = amount
    return found


def pledged_by(state: State, account: Account, token: int) -> Wei:
    """What a portfolio margin account holds of a collateral on spot, which is its collateral."""
    held = account.spot.get(token)
    if held is None or account.address not in state.portfolio or not state.reserves[token].ltv:
        return Wei(0)
    return held.total


def pledged(state: State, token: int) -> Wei:
    """The same of all accounts."""
    accounts = (state.accounts[user] for user in state.portfolio)
    return Wei(sum(pledged_by(state, account, token) for account in accounts))


def backing(state: State, account: Account, weight: Weight) -> int:
    """Worth of the collateral, each weighted by its LTV: 1e-8 USD, rounded down."""
    return sum(
        mul_down(worth(state, token, amount), weight(state.reserves[token].ltv))
        for token, amount in collateral(state, account).items()
    )


def ltv_worth(state: State, token: int, amount: int) -> int:
    """What may be borrowed against `amount` of a collateral, 1e-8 USD, rounded down."""
    return mul_down(worth(state, token, amount), state.reserves[token].ltv)


def debt_worth(state: State, account: Account) -> int:
    """What it owes, 1e-8 USD."""
    return rescale_down(debt(state, account), state.reserves[USDC].decimals, USD_DECIMALS)


def room(state: State, account: Account) -> int:
    """How much more it may borrow by its collateral and by the cap of one user: 1e-8 USD.

    Documented: up to balance * price * LTV (mechanics 6.5), and no more than the cap.
    """
    limit = min(backing(state, account, at_ltv), _in_worth(state.rules.user_borrow_cap))
    return max(0, limit - debt_worth(state, account))


def _in_worth(usd: Usd) -> int:
    return rescale_down(usd, 6, USD_DECIMALS)


# -- moving ----------------------------------------------------------------------------------------


def lent_of(account: Account, token: int) -> Lent:
    """What an account has in a reserve, made when there is nothing."""
    found = account.lent.get(token)
    if found is None:
        found = account.lent[token] = Lent()
    return found


def note_debt(state: State, account: Account) -> None:
    """Lists who owes something, and who does not any more."""
    lent = account.lent.get(USDC)
    if lent is not None and lent.borrow.scaled:
        state.borrowers[account.address] = None
    else:
        state.borrowers.pop(account.address, None)


def on_hour(ex: Exchange) -> None:
    """Draws all indices and tells every account its interest of the hour.

    Documented: interest is indexed by the hour, as funding is. Assumed: no row for no interest.
    """
    state = ex.state
    for reserve in state.reserves.values():
        reserve.accrue(state.time_ms)
    for account in state.accounts.values():
        for token, lent in account.lent.items():
            _tell(ex, account, state.reserves[token], lent)


def _tell(ex: Exchange, account: Account, reserve: Reserve, lent: Lent) -> None:
    owed, owned = reserve.borrow_worth(lent), reserve.supply_worth(lent)
    charged, earned = Wei(owed - lent.borrow.told), Wei(owned - lent.supply.told)
    lent.borrow.told, lent.supply.told = owed, owned
    if charged or earned:
        token = ex.state.universe.token(reserve.token)
        row = (account.address, token.name, charged, earned, reserve.decimals, ex.state.time_ms)
        account.interest.append(InterestPaid(*row))
        ex.touch(account.address)
