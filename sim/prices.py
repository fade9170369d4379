"""Oracle, mark, mid and impact prices, and the timer that keeps them going. No orders, no money."""

from __future__ import annotations

from dataclasses import field
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from ..matching.book import OrderBook
from ..matching.dataclass import dataclass
from ..matching.depth import impact_px
from ..matching.types import Side
from .assets import Asset, Perp, px_decimals
from .events import PricesChanged
from .fixed import RATE_SCALE, Px, Rate, div_down, div_half_even
from .timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .exchange import Exchange
    from .state import Market, State

PERIOD_MS = 3_000
"""Documented: oracle and mark move about every 3 s (mechanics 9)."""
MINUTE_MS = 60_000

WEIGHT = 10**12
"""One sample's weight in an average."""
HOLDS = 1_500
"""After so many equal samples no average can tell one more: e ** -30."""
_NTL_PER_USD = 10**10
"""px * sz units (1e-16 USD) in one µUSD."""


def decay(elapsed_ms: int, period_ms: int) -> int:
    """e ** -(elapsed / period), scaled by WEIGHT."""
    context = Context(prec=30)
    power = context.divide(Decimal(-elapsed_ms), Decimal(period_ms))
    return int(context.multiply(context.exp(power), Decimal(WEIGHT)))


BASIS_DECAY = decay(PERIOD_MS, 150_000)
LOCAL_DECAY = decay(PERIOD_MS, 30_000)
"""Documented: 150 s for mid against oracle, 30 s for the book's own price (mechanics 9)."""


@dataclass(slots=True)
class Ema:
    """An exponential average of samples that come at equal intervals.

    Documented: num = num * e^(-t/T) + sample * t, den = den * e^(-t/T) + t, ema = num / den
    (mechanics 9); t is the same for all, so it cancels.
    """

    num: int = 0
    den: int = 0

    def add(self, sample: int, kept: int) -> int:
        """Counts `sample` and returns the new average, rounded; `kept` is the decay."""
        self.num = num = div_down(self.num * kept, WEIGHT) + sample * WEIGHT
        self.den = den = div_down(self.den * kept, WEIGHT) + WEIGHT
        return div_half_even(num, den)

    def hold(self, sample: int, times: int, kept: int) -> None:
        """Counts `times` more samples that all equal the average."""
        den = self.den
        for _ in range(min(times, HOLDS)):
            den = div_down(den * kept, WEIGHT) + WEIGHT
        self.num, self.den = sample * den, den

    def value(self) -> int | None:
        """The average, rounded half to even; None before the first sample."""
        return div_half_even(self.num, self.den) if self.den else None


@dataclass(slots=True)
class Averages:
    """What the mark of one market remembers between two updates, and what was read last."""

    basis: Ema = field(default_factory=Ema)
    """Mid less oracle, 1e-8."""
    local: Ema = field(default_factory=Ema)
    """The book's own price, 1e-8."""
    basis_px: int = 0
    local_px: int = 0
    """The latest sample of each."""
    settled: tuple[int, Px, Px | None] | None = None
    """(book version, oracle, last price) at which both averages had reached their samples."""
    held: int = 0
    """Updates since then, not counted into the averages yet."""
    impact: tuple[int, tuple[int, int] | None] = field(
        default=(-1, None), compare=False, metadata={"transient": True}
    )
    """A cache: the book's version and its impact prices."""
    premium_seen: tuple[int, Px] | None = field(
        default=None, compare=False, metadata={"transient": True}
    )
    """(book version, oracle) of the latest premium sample."""


def open_market(asset: Asset, time_ms: int) -> Market:
    """A market with an empty book whose oracle and mark stand at the world's starting price."""
    from .state import Market  # state.py needs Averages first

    market = Market(asset, OrderBook(), asset.start_px, asset.start_px)
    market.prev_day.append((time_ms, asset.start_px))
    return market


def start_timers(state: State) -> None:
    """Sets the price timer: every 3 s of the clock, so that minutes begin with one."""
    late = state.time_ms % PERIOD_MS
    state.timers.push(state.time_ms + PERIOD_MS - late, Timer.PRICES)


# -- reads -----------------------------------------------------------------------------------------


def mid_px(market: Market) -> int | None:
    """(best bid + best ask) / 2, 1e-8; None while a side is empty."""
    bid, ask = market.book.best_bid(), market.book.best_ask()
    if bid is None or ask is None:
        return None
    return div_half_even(bid + ask, 2)


def mid_or_last(market: Market) -> int | None:
    """What `allMids` shows: the mid, else the last trade's price, else None (mechanics 9)."""
    mid = mid_px(market)
    return market.last_px if mid is None else mid


def impact_pxs(market: Market) -> tuple[int, int] | None:
    """(bid, ask): average prices at which the impact notional would sell and buy, 1e-8.

    None when a side is too thin for it, and for spot pairs. Cached by the book's version.
    """
    averages, book = market.averages, market.book
    if averages.impact[0] == book.version:
        return averages.impact[1]
    found = None
    if isinstance(market.asset, Perp):
        ntl = market.asset.impact_ntl * _NTL_PER_USD
        bid, ask = impact_px(book, Side.BID, ntl), impact_px(book, Side.ASK, ntl)
        found = None if bid is None or ask is None else (bid, ask)
    averages.impact = (book.version, found)
    return found


def premium_of(market: Market) -> Rate | None:
    """(max(impact bid - oracle, 0) - max(oracle - impact ask, 0)) / oracle, rounded.

    None when the book is too thin. Observed: BTC impact ask 64760 under oracle 64765.1 and other
    vectors (mechanics 9, info 4.3).
    """
    pxs = impact_pxs(market)
    if pxs is None:
        return None
    oracle = market.oracle_px
    gap = max(pxs[0] - oracle, 0) - max(oracle - pxs[1], 0)
    return Rate(div_half_even(gap * RATE_SCALE, oracle)) if gap else Rate(0)


# -- marks -----------------------------------------------------------------------------------------


def on_timer(ex: Exchange) -> None:
    """Samples every market, computes the marks anew and tells which of them moved.

    Once a minute the mark goes into the row of marks from which `prevDayPx` is read.
    """
    state = ex.state
    now = state.time_ms
    state.timers.push(now + PERIOD_MS, Timer.PRICES)
    is_minute = now % MINUTE_MS == 0
    moved = []
    for market in state.markets.values():
        averages, asset = market.averages, market.asset
        if asset.is_delisted:
            continue
        inputs = (market.book.version, market.oracle_px, market.last_px)
        if averages.settled == inputs:
            averages.held += 1
        else:
            mark = _sample(market) if isinstance(asset, Perp) else _spot_mark(market)
            if mark != market.mark_px:
                _move_mark(ex, market, mark)
                moved.append(asset.coin)
        if is_minute:
            market.prev_day.append((now, market.mark_px))
            if not asset.is_spot:
                market.oracle_minutes.append(market.oracle_px)
                market.open_interest_base = market.open_interest
    ex.marks_computed()
    if moved:
        ex.emit(PricesChanged(tuple(moved)))


def set_oracle(ex: Exchange, pxs: Iterable[tuple[int, Px]]) -> None:
    """Sets oracle prices, rounded to the asset's decimals, and computes those marks at once.

    Raises ValueError, before anything changed, for an id that is no perp or a price that is not
    above zero.
    """
    markets = ex.state.markets
    wanted = []
    for asset_id, px in pxs:
        market = markets.get(asset_id)
        if market is None or market.asset.is_spot:
            raise ValueError(f"no perp has asset id {asset_id}")
        rounded = _rounded(market.asset, px)
        if rounded <= 0:
            raise ValueError(f"no oracle price for {market.asset.coin}: {px}")
        wanted.append((market, rounded))
    for market, oracle in wanted:
        market.oracle_px = oracle
        mark = _mark(market)
        if mark != market.mark_px:
            _move_mark(ex, market, mark)
    ex.marks_computed()
    if wanted:
        ex.emit(PricesChanged(tuple(market.asset.coin for market, _ in wanted)))


def _move_mark(ex: Exchange, market: Market, mark: Px) -> None:
    market.mark_px_before, market.mark_px = market.mark_px, mark
    ex.mark_moved(market.asset.id)


def _sample(market: Market) -> Px:
    """Feeds both averages of a perp and returns its mark.

    Assumed: while a side of the book is empty the basis counts as 0, so that the mark goes to the
    oracle, and the book's own average begins anew when it has both sides again.
    """
    averages = market.averages
    basis_ema, local_ema = averages.basis, averages.local
    if averages.settled is not None:
        basis_ema.hold(averages.basis_px, averages.held, BASIS_DECAY)
        if local_ema.den:
            local_ema.hold(averages.local_px, averages.held, LOCAL_DECAY)
        averages.settled, averages.held = None, 0
    oracle, last = market.oracle_px, market.last_px
    bid, ask = market.book.best_bid(), market.book.best_ask()
    if bid is None or ask is None:
        averages.basis_px = averages.local_px = 0
        local_ema.num = local_ema.den = 0
        basis = basis_ema.add(0, BASIS_DECAY)
        local = smooth = 0
        mark = oracle + basis
    else:
        averages.basis_px = div_half_even(bid + ask, 2) - oracle
        averages.local_px = local = _local_px(bid, ask, last)
        basis = basis_ema.add(averages.basis_px, BASIS_DECAY)
        smooth = local_ema.add(local, LOCAL_DECAY)
        mark = _median(oracle + basis, local, smooth)
    if basis == averages.basis_px and smooth == local:
        averages.settled = (market.book.version, oracle, last)
    return _legal(market, mark)


def _mark(market: Market) -> Px:
    """The mark of a perp with the averages as they stand.

    Documented: median of oracle + EMA150(mid - oracle), median(bid, ask, last trade) and, for want
    of other venues, EMA30 of the latter (mechanics 9).
    """
    averages, oracle = market.averages, market.oracle_px
    bid, ask = market.book.best_bid(), market.book.best_ask()
    if bid is None or ask is None:
        return _legal(market, oracle + (averages.basis.value() or 0))
    local = _local_px(bid, ask, market.last_px)
    basis = averages.basis.value()
    if basis is None:
        basis = div_half_even(bid + ask, 2) - oracle
    smooth = averages.local.value()
    return _legal(market, _median(oracle + basis, local, local if smooth is None else smooth))


def _spot_mark(market: Market) -> Px:
    """The mark of a spot pair: median(bid, ask, last trade).

    Assumed: the rule of the book's own price of a perp; while a side is empty the last trade's
    price, before any trade what it was.
    """
    last = market.last_px
    bid, ask = market.book.best_bid(), market.book.best_ask()
    market.averages.settled = (market.book.version, market.oracle_px, last)
    if bid is None or ask is None:
        return market.mark_px if last is None else last
    return _legal(market, _local_px(bid, ask, last))


def _local_px(bid: Px, ask: Px, last: Px | None) -> int:
    """median(bid, ask, last trade). Assumed: the mid while there was no trade."""
    if last is None:
        return div_half_even(bid + ask, 2)
    return _median(bid, ask, last)


def _median(a: int, b: int, c: int) -> int:
    if a > b:
        a, b = b, a
    return a if c < a else min(b, c)


def _rounded(asset: Asset, px: int) -> Px:
    """Rounded half to even to the decimals that a price of `asset` may have."""
    step = 10 ** (8 - px_decimals(asset))
    return Px(div_half_even(px, step) * step)


def _legal(market: Market, px: int) -> Px:
    """`px` rounded; never below one step of the last decimal."""
    rounded = _rounded(market.asset, px)
    return rounded if rounded > 0 else Px(10 ** (8 - px_decimals(market.asset)))
