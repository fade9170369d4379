"""Oracle, mark, mid and impact prices, and the timer that keeps them going. No orders, no money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.book import OrderBook
from ..matching.depth import impact_px
from ..matching.types import Side
from .assets import MAX_PX, Asset, Perp, px_decimals
from .averages import BASIS_DECAY, LOCAL_DECAY, PERIOD_MS
from .events import PricesChanged
from .fixed import RATE_SCALE, TEN, Px, Rate, bare_text, div_down, div_half_even, ntl
from .state import Market, State
from .timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .exchange import Exchange

MINUTE_MS = 60_000
DAY_MS = 86_400_000
STALE_MS = 10_000
STEP_PART = 100
DAY_FACTOR = 10
"""Documented: of perps that somebody deployed (mechanics 9, 17)."""

_NTL_PER_USD = 10**10
"""px * sz units (1e-16 USD) in one µUSD."""


def open_market(asset: Asset, time_ms: int) -> Market:
    """A market with an empty book whose oracle and mark stand at the world's starting price."""
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
        wanted = market.asset.impact_ntl * _NTL_PER_USD
        bid, ask = impact_px(book, Side.BID, wanted), impact_px(book, Side.ASK, wanted)
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
    if _is_deployed(market.asset):
        # Documented and observed: (bid + ask) / 2 / oracle - 1 (mechanics 9).
        return Rate(div_half_even((sum(pxs) - 2 * oracle) * RATE_SCALE, 2 * oracle))
    gap = max(pxs[0] - oracle, 0) - max(oracle - pxs[1], 0)
    return Rate(div_half_even(gap * RATE_SCALE, oracle)) if gap else Rate(0)


# -- marks -----------------------------------------------------------------------------------------


def on_timer(ex: Exchange) -> None:
    """Samples every market, computes the marks anew and tells which of them moved.

    Once a minute the mark goes into the row of marks from which `prevDayPx` is read.
    """
    state, calm = ex.state, ex.state.calm
    now = state.time_ms
    state.timers.push(now + PERIOD_MS, Timer.PRICES)
    if calm.marks == (ex.told, div_down(now, DAY_MS)):
        calm.updates += 1
    else:
        _update_marks(ex)
    if now % MINUTE_MS == 0:
        _note_minute(state)
    ex.marks_computed()


def _update_marks(ex: Exchange) -> None:
    state, calm = ex.state, ex.state.calm
    now = state.time_ms
    calm.settle(state)
    moved, is_calm = [], True
    for market in state.markets.values():
        averages, asset = market.averages, market.asset
        if asset.is_delisted:
            continue
        inputs = (market.book.version, market.oracle_px, market.last_px)
        if averages.settled == inputs:
            averages.held += 1
            continue
        if _is_deployed(asset):
            mark = _renewed_mark(market, now)
            is_calm = is_calm and now - market.updated_ms > STALE_MS
        else:
            mark = _sample(market) if isinstance(asset, Perp) else _spot_mark(market)
            is_calm = False
        if mark != market.mark_px:
            _move_mark(ex, market, mark)
            moved.append(asset.coin)
    if moved:
        ex.emit(PricesChanged(tuple(moved)))
    calm.marks = (ex.told, div_down(now, DAY_MS)) if is_calm and not moved else None


def _note_minute(state: State) -> None:
    now = state.time_ms
    for market in state.markets.values():
        if market.asset.is_delisted:
            continue
        market.prev_day.append((now, market.mark_px))
        if not market.asset.is_spot:
            market.oracle_minutes.append(market.oracle_px)
            market.open_interest_base = market.open_interest


def set_oracle(ex: Exchange, pxs: Iterable[tuple[int, Px]]) -> None:
    """Sets oracle prices, rounded to the asset's decimals, and computes those marks at once.

    Raises ValueError, before anything changed, for an id that is no perp and for a price that is
    not above 0, as rounded, or is above `MAX_PX`.
    """
    wanted = _of_perps(ex, pxs, "oracle price")
    for market, oracle in wanted:
        market.oracle_px = oracle
        if _is_deployed(market.asset):
            market.updated_ms = ex.state.time_ms
            mark = _legal(market, _deployed_px(market, (oracle,)))
        else:
            mark = _mark(market)
        if mark != market.mark_px:
            _move_mark(ex, market, mark)
    ex.marks_computed()
    if wanted:
        ex.emit(PricesChanged(tuple(market.asset.coin for market, _ in wanted)))


def set_marks(ex: Exchange, pxs: Iterable[tuple[int, Px]]) -> None:
    """Sets marks, rounded to the asset's decimals, until they are computed anew: with new books,
    oracles or trades, 3 s later at most.

    Raises ValueError as `set_oracle` does.
    """
    wanted = _of_perps(ex, pxs, "mark")
    for market, mark in wanted:
        if mark != market.mark_px:
            _move_mark(ex, market, mark)
    ex.marks_computed()
    if wanted:
        ex.emit(PricesChanged(tuple(market.asset.coin for market, _ in wanted)))


def _of_perps(ex: Exchange, pxs: Iterable[tuple[int, Px]], noun: str) -> list[tuple[Market, Px]]:
    """Markets and legal prices. Raises ValueError for what is no perp or no price."""
    found = []
    for asset_id, px in pxs:
        market = ex.state.markets.get(asset_id)
        if market is None or market.asset.is_spot:
            raise ValueError(f"no perp has asset id {asset_id}")
        legal = rounded(market.asset, px)
        if not 0 < legal <= MAX_PX:
            raise ValueError(f"no {noun} for {market.asset.coin}: {bare_text(px, 8)}")
        found.append((market, legal))
    return found


# -- deployed perps --------------------------------------------------------------------------------


def deploy_pxs(ex: Exchange, updates: Iterable[tuple[Market, Px | None, Sequence[Px]]]) -> None:
    """What a deployer's `setOracle` does to prices: (market, oracle, marks) each, None for an
    oracle that stays.

    Documented: the mark is the median of the deployer's and the book's own price; an update moves
    either by 1 % at most, and to no more than ten times what the day began with (mechanics 9).
    """
    now, coins = ex.state.time_ms, []
    for market, oracle, marks in updates:
        _begin_day(market, now)
        if oracle is not None:
            wanted = min(oracle, market.day_pxs[1] * DAY_FACTOR)
            market.oracle_px = _step(market, market.oracle_px, wanted)
        px = min(_deployed_px(market, marks), market.day_pxs[2] * DAY_FACTOR)
        mark = _step(market, market.mark_px, px)
        market.updated_ms = now
        if mark != market.mark_px and not _outgrows_cap(market, mark):
            _move_mark(ex, market, mark)
        coins.append(market.asset.coin)
    ex.marks_computed()
    ex.emit(PricesChanged(tuple(coins)))


def _is_deployed(asset: Asset) -> bool:
    return isinstance(asset, Perp) and asset.deployed is not None


def _deployed_px(market: Market, marks: Sequence[int]) -> int:
    """The median of `marks` and the book's own price; the mark where there is neither."""
    found = sorted(marks)
    local = _own_px(market)
    if local is not None:
        found = sorted((*marks, local))
    if not found:
        return market.mark_px
    low, high = found[div_down(len(found) - 1, 2)], found[div_down(len(found), 2)]
    return div_half_even(low + high, 2)


def _own_px(market: Market) -> int | None:
    """median(bid, ask, last trade). Assumed: while a side is empty the last trade's price."""
    bid, ask = market.book.best_bid(), market.book.best_ask()
    if bid is None or ask is None:
        return market.last_px
    return _local_px(bid, ask, market.last_px)


def _renewed_mark(market: Market, now: int) -> Px:
    """Documented: a mark that is older than 10 s is the book's own price (mechanics 9).

    Assumed: as long as nobody sets another, and however far it is.
    """
    _begin_day(market, now)
    if now - market.updated_ms <= STALE_MS:
        return market.mark_px
    mark = _own_mark(market)
    return market.mark_px if _outgrows_cap(market, mark) else mark


def _own_mark(market: Market) -> Px:
    """The mark of a deployed perp when nobody sets it. Nearly always what it was 3 s ago."""
    averages, version, last = market.averages, market.book.version, market.last_px
    if averages.own_mark[:2] == (version, last):
        return averages.own_mark[2]
    own = _own_px(market)
    if own is None:
        return _legal(market, market.mark_px)
    mark = _legal(market, own)
    averages.own_mark = (version, last, mark)
    return mark


def _begin_day(market: Market, now: int) -> None:
    """Notes with which prices a UTC day begins."""
    day = div_down(now, DAY_MS)
    if market.day_pxs[0] != day:
        market.day_pxs = (day, market.oracle_px, market.mark_px)


def _step(market: Market, px: Px, wanted: int) -> Px:
    """`wanted`, no further from `px` than an update may go: rounded toward it, and by one step of
    the last decimal at least, so that no price stands still for ever (Assumed).
    """
    unit = TEN[8 - px_decimals(market.asset)]
    most = max(div_down(px, STEP_PART), unit)
    found = max(px - most, min(px + most, wanted))
    found += -found % unit if found < px else -(found % unit)
    return Px(max(unit, found))


def _outgrows_cap(market: Market, mark: Px) -> bool:
    """Documented: no mark moves open interest past ten times its cap (mechanics 17)."""
    cap = market.open_interest_cap
    if cap is None or mark <= market.mark_px:
        return False
    return ntl(mark, market.open_interest) >= DAY_FACTOR * cap


# -- validators' perps -----------------------------------------------------------------------------


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


def rounded(asset: Asset, px: int) -> Px:
    """Rounded half to even to the decimals that a price of `asset` may have."""
    step = 10 ** (8 - px_decimals(asset))
    return Px(div_half_even(px, step) * step)


def _legal(market: Market, px: int) -> Px:
    """`px` rounded; never below one step of the last decimal."""
    found = rounded(market.asset, px)
    return found if found > 0 else Px(10 ** (8 - px_decimals(market.asset)))
