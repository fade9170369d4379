"""Which rates a user pays, and what a fill costs. Truncated part by part, as the exchange does."""

from __future__ import annotations

from .assets import OutcomeSide, SpotPair
from .fixed import RATE_SCALE, Rate, Usd, Wei, div_down, mul_trunc
from .state import Account, State

TENTH_BP = Rate(div_down(RATE_SCALE, 100_000))
"""A tenth of a basis point, the unit of builder fees: `f` 10 is 1 bp (mechanics 11.3)."""

STABLE_SCALE = Rate(div_down(RATE_SCALE, 5))


def perp_rates(state: State, account: Account) -> tuple[Rate, Rate]:
    """(taker, maker) of perps. Every user is in tier 0 until volume tiers exist."""
    return state.rules.taker_rate, state.rules.maker_rate


def spot_rates(state: State, account: Account) -> tuple[Rate, Rate]:
    """(taker, maker) of spot."""
    return state.rules.spot_taker_rate, state.rules.spot_maker_rate


def pair_rates(state: State, account: Account, pair: SpotPair) -> tuple[Rate, Rate]:
    """(taker, maker) of one spot pair.

    Documented: a fifth between two quote assets, 0.014 % and 0.008 % (mechanics 11.2, 11.3).
    Observed: nothing on outcomes (contested 55; the other reading names no rates).
    """
    if isinstance(pair, OutcomeSide):
        return Rate(0), Rate(0)
    taker, maker = spot_rates(state, account)
    if pair.base.index not in state.universe.quotes:
        return taker, maker
    return Rate(mul_trunc(taker, STABLE_SCALE)), Rate(mul_trunc(maker, STABLE_SCALE))


def perp_fee(notional: int, rate: Rate) -> Usd:
    """Protocol fee of one perps fill in µUSD, truncated toward zero; negative is a rebate.

    Observed: 66653.0 * 0.001 at 0.015 % is 0.009997, -0.0010006152 is -0.001 (mechanics 11.4).
    """
    return Usd(mul_trunc(notional, rate))


def builder_fee(notional: int, tenths: int) -> int:
    """The builder's part, truncated on its own (mechanics 11.4: 4.268017 + 0.221254 = 4.489271)."""
    return mul_trunc(notional, tenths * TENTH_BP)


def spot_buy_fee(gross: Wei, px: int, rate: Rate, base_decimals: int, quote_decimals: int) -> Wei:
    """Fee of a spot buy in base wei: floored in quote wei first, then divided by the price.

    Observed: 1.267 @ 160.32 at 0.07 % is 0.00088689, not size times rate (contested 25).
    """
    quote_fee = mul_trunc(gross, rate)
    return Wei(div_down(quote_fee * 10 ** (base_decimals + 8), px * 10**quote_decimals))


def spot_sell_fee(gross: Wei, rate: Rate) -> Wei:
    """Fee of a spot sell in quote wei, truncated."""
    return Wei(mul_trunc(gross, rate))
