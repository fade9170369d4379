"""Funding of perps: a premium sample every 5 s, a payment every hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import danger
from .assets import Deployed, Perp
from .events import FundingPaid, FundingRate, PricesChanged
from .fixed import RATE_SCALE, Px, Rate, Szi, Usd, div_half_even, div_trunc
from .prices import premium_of
from .timers import Timer

if TYPE_CHECKING:
    from .exchange import Exchange
    from .state import Account, Clearing, Market, State
    from .treasury import PerpsFlow

SAMPLE_MS = 5_000
HOUR_MS = 3_600_000
"""Documented: premium sampled every 5 s, funding paid every hour (mechanics 10)."""

INTEREST = Rate(1_000_000)
"""Documented: 0.01 % per 8 hours."""
CLAMP = Rate(5_000_000)
"""Documented: interest less premium counts up to 0.05 % either way."""
HOURS = 8
"""The formula's period; an hour pays an eighth."""
CAP = Rate(400_000_000)
"""Documented: at most 4 % an hour."""

_USD_PER_PAYMENT = 10**20
"""szi * px * rate units (1e-26 USD) in one µUSD."""


def start_timers(state: State) -> None:
    """Sets both timers on the clock: samples every 5 s from now or the next one on, hours full.

    Assumed: the sample at the full hour belongs to the hour that begins, so an hour has 720.
    """
    state.timers.push(state.time_ms + -state.time_ms % SAMPLE_MS, Timer.PREMIUM_SAMPLE)
    state.timers.push(_next_hour(state.time_ms), Timer.FUNDING)


def hourly_rate(premium: int, deployed: Deployed | None = None) -> Rate:
    """(P + clamp(I - P, -0.05 %, 0.05 %)) / 8, at most 4 % either way; P a mean premium.

    Documented: a deployer sets the interest, and a multiplier of the rate (mechanics 10). Assumed:
    the cap holds for what is multiplied.
    """
    interest = INTEREST
    if deployed is not None and deployed.interest is not None:
        interest = deployed.interest
    eight_hours = premium + max(-CLAMP, min(CLAMP, interest - premium))
    if deployed is None:
        rate = div_half_even(eight_hours, HOURS)
    else:
        rate = div_half_even(eight_hours * deployed.multiplier, HOURS * RATE_SCALE)
    return Rate(max(-CAP, min(CAP, rate)))


def payment(szi: Szi, oracle_px: Px, rate: Rate) -> Usd:
    """What a position receives, negative when it pays, truncated at six decimals.

    Documented: -szi * oracle price * rate (mechanics 10). Inferred: the truncation, from the one
    sample with enough digits (contested 52).
    """
    return Usd(div_trunc(-szi * oracle_px * rate, _USD_PER_PAYMENT))


def mean_premium(market: Market) -> Rate:
    """Mean premium of the running hour, rounded.

    Assumed: before the hour's first sample the latest of the hour before; 0 when the book was too
    thin for any.
    """
    if market.premium_samples:
        return Rate(div_half_even(market.premium_sum, market.premium_samples))
    return market.premium or Rate(0)


def predicted_rate(market: Market) -> Rate:
    """The hourly rate as the running hour would settle now; 0 for what does not trade.

    Documented: `funding` of the asset contexts (mechanics 10, info 4.3).
    """
    asset = market.asset
    if asset.is_delisted or not isinstance(asset, Perp):
        return Rate(0)
    return hourly_rate(mean_premium(market), asset.deployed)


def on_sample(ex: Exchange) -> None:
    """Samples the premium of every perp and tells which of them have a new one.

    Assumed: a book too thin for impact prices gives no sample (mechanics 10 is silent).
    """
    state, calm = ex.state, ex.state.calm
    state.timers.push(state.time_ms + SAMPLE_MS, Timer.PREMIUM_SAMPLE)
    if calm.premiums == ex.told:
        calm.samples += 1
        return
    calm.settle(state)
    changed, is_calm = [], True
    for perp in state.universe.all_perps:
        if perp.is_delisted:
            continue
        market = state.markets[perp.id]
        if _sample(market):
            changed.append(perp.coin)
        premium = market.premium
        is_calm = is_calm and (
            premium is None or premium * market.premium_samples == market.premium_sum
        )
    if changed:
        ex.emit(PricesChanged(tuple(changed)))
    calm.premiums = ex.told if is_calm else None


def _sample(market: Market) -> bool:
    """Counts one sample; True when the premium or the predicted rate moved."""
    averages, before = market.averages, market.premium
    seen = (market.book.version, market.oracle_px)
    if seen == averages.premium_seen:
        premium = before
    else:
        averages.premium_seen = seen
        market.premium = premium = premium_of(market)
    if premium is None:
        return before is not None
    total, samples = market.premium_sum, market.premium_samples
    market.premium_sum = total + premium
    market.premium_samples = samples + 1
    if premium != before:
        return True
    if premium * samples == total:
        return False
    asset = market.asset
    assert isinstance(asset, Perp)
    return hourly_rate(div_half_even(total, samples), asset.deployed) != predicted_rate(market)


def on_hour(ex: Exchange) -> None:
    """Pays the hour's funding on every position and begins the next hour.

    Documented: longs pay while the rate is positive (mechanics 10).
    """
    state = ex.state
    now = state.time_ms
    state.timers.push(_next_hour(now), Timer.FUNDING)
    due: Due = {}
    for perp in state.universe.all_perps:
        if perp.is_delisted:
            continue
        market = state.markets[perp.id]
        premium = mean_premium(market)
        rate = hourly_rate(premium, perp.deployed)
        due[perp.id] = (rate, market, state.treasury.flow(perp.collateral))
        row = FundingRate(perp.coin, rate, premium, now)
        market.funding_rates.append(row)
        ex.emit(row)
        market.premium_sum = market.premium_samples = 0
    for account in state.accounts.values():
        if account.positions:
            _pay(ex, account, 0, account, due)
        for key, clearing in account.dexes.items():
            if clearing.positions:
                _pay(ex, account, key, clearing, due)


Due = dict[int, tuple[Rate, "Market", "PerpsFlow"]]
"""What an hour costs, by asset id: its rate, its market, and where truncation goes."""


def _pay(ex: Exchange, account: Account, key: int, clearing: Clearing, due: Due) -> None:
    """Pays or charges one clearing, position by position in the order of the universe.

    What truncation leaves goes to the treasury. Assumed: a row is written for a payment of nothing,
    too.
    """
    user, now, positions = account.address, ex.state.time_ms, clearing.positions
    all_time, fundings = clearing.funding_all_time, account.fundings
    for asset_id in sorted(positions) if len(positions) > 1 else positions:
        rate, market, flow = due[asset_id]
        position = positions[asset_id]
        szi = position.szi
        usd = payment(szi, market.oracle_px, rate)
        if position.is_cross:
            clearing.raw_usd = Usd(clearing.raw_usd + usd)
        else:
            position.raw_usd = Usd(position.raw_usd + usd)
        flow.funding = Usd(flow.funding - usd)
        position.funding_since_open = Usd(position.funding_since_open - usd)
        position.funding_since_change = Usd(position.funding_since_change - usd)
        all_time[asset_id] = Usd(all_time.get(asset_id, 0) - usd)
        row = FundingPaid(user, market.asset.coin, usd, szi, rate, now)
        fundings.append(row)
        ex.emit(row)
    if danger.is_inside(ex.state, user, key, clearing):
        ex.touch_safely(user)
    else:
        ex.touch(user)


def _next_hour(time_ms: int) -> int:
    return time_ms + HOUR_MS - time_ms % HOUR_MS
