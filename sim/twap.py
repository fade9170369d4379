"""TWAP orders: checks at placement, slices by timer, triggers and stops by mark.

One timer a running TWAP, and none for one that waits for a price. Errors are told inside the
reply's own status (exchange 7.3), so they are returned, not raised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

from ..matching.types import Side, Tif
from . import margin, trading
from .assets import Asset, has_legal_decimals, lot, on_lot, on_tick, round_px
from .clearinghouse import Cause
from .errors import ActionReject, OrderReject, Reject, TwapReject
from .fixed import USD_SCALE, Px, Sz, div_down, floor_to, ntl
from .ids import ZERO_HASH
from .order_checks import first_reject, is_closed_to
from .orders import Order
from .replies import Filled
from .rules import Rules
from .state import Account, Market, State
from .timers import Timer
from .twap_state import PxWait, Twap, TwapStatus, TwapTerms, TwapUpdate

if TYPE_CHECKING:
    from .exchange import Exchange

MINUTE_MS = 60_000
SHORTEST_MINUTES = 5
"""Documented: 5 minutes to 7 days (mechanics 4); the maximum is `Rules.twap_max_minutes`."""
MINIMUM_USD = 100
MINIMUM_USD_PER_MINUTE = 10
"""Documented: $100 in all; an older text has $10 for each minute (contested 15)."""
SLICE_USD = 10
"""Inferred: no more slices than $10 fit into the total (mechanics 4)."""
CATCH_UP = 3
"""Documented: a slice is at most three times the normal one (mechanics 4)."""
SLIPPAGE_PERCENT = 3
"""Documented: at most 3 % a slice. Assumed: from the mark (mechanics 4)."""
SPREAD = 2_000
"""Documented: `randomize` moves the size of a slice by up to 20 % (mechanics 4), in 1e-4."""


# -- placing and cancelling ------------------------------------------------------------------------


def place(
    ex: Exchange,
    account: Account,
    market: Market,
    *,
    side: Side,
    sz: Sz,
    reduce_only: bool,
    minutes: int,
    randomize: bool,
    trigger: PxWait | None,
    stop_px: Px | None,
) -> int | Reject:
    """The id of a new TWAP, or why there is none.

    Assumed: the first slice goes out at once, and a trigger that is met already activates at once.
    """
    state, asset = ex.state, market.asset
    terms = TwapTerms(
        state.next_twap_id,
        account.address,
        asset.id,
        asset.coin,
        side,
        sz,
        minutes,
        reduce_only,
        randomize,
        trigger,
        stop_px,
        state.time_ms,
    )
    reject = _first_reject(state, account, market, terms)
    if reject is not None:
        return reject
    state.next_twap_id += 1
    twap = Twap(terms, slice_count(ntl(market.mark_px, sz), minutes))
    state.twaps[terms.id] = account.twaps[terms.id] = twap
    if trigger is None or trigger.is_met(market.mark_px):
        _activate(ex, market, twap)
    else:
        _sleep(market, twap, trigger)
        _tell(ex, twap, TwapStatus.WAITING)
    return terms.id


def cancel(ex: Exchange, account: Account, asset_id: int, twap_id: int) -> Reject | None:
    """Ends a TWAP of `account`, running or waiting; the asset must be its own (Assumed)."""
    twap = account.twaps.get(twap_id)
    if twap is None or twap.terms.asset_id != asset_id:
        return Reject(TwapReject.NOT_RUNNING, asset_id)
    _end(ex, twap, TwapStatus.TERMINATED)
    return None


def end_all(ex: Exchange, account: Account, asset_ids: Collection[int] | None = None) -> None:
    """Terminates the TWAPs of `account`, all or those of some assets.

    Assumed: where positions are liquidated or settled, as the orders there are cancelled.
    """
    for twap in list(account.twaps.values()):
        if asset_ids is None or twap.terms.asset_id in asset_ids:
            _end(ex, twap, TwapStatus.TERMINATED)


def slice_count(notional: int, minutes: int) -> int:
    """How many slices `notional` µUSD are cut into, the first at once and the last at the end.

    Inferred: min(2 * minutes + 1, notional / $10), at least every 30 s (mechanics 4).
    """
    return min(2 * minutes + 1, div_down(notional, SLICE_USD * USD_SCALE))


def _first_reject(
    state: State, account: Account, market: Market, terms: TwapTerms
) -> Reject | None:
    """What is wrong with a TWAP, the payload before the account.

    Observed and Documented: zero size, duration, value and reduce-only (exchange 7.3). Assumed: the
    order of the checks, and that lots, ticks, halts, vaults and reduce-only on spot are asked as of
    any order; the band is not, nor is margin, which slices are asked for one by one.
    """
    asset, rules = market.asset, state.rules
    if terms.sz == 0:
        return Reject(OrderReject.ZERO_SZ, asset.id)
    if not on_lot(asset, terms.sz):
        return Reject(OrderReject.INVALID_SZ, asset.id)
    if not SHORTEST_MINUTES <= terms.minutes <= rules.twap_max_minutes:
        return Reject(TwapReject.DURATION, asset.id, {"minutes": terms.minutes})
    trigger_px = None if terms.trigger is None else terms.trigger.px
    for px in (trigger_px, terms.stop_px):
        why = None if px is None else _px_reject(asset, px)
        if why is not None:
            return Reject(why, asset.id)
    if asset.is_spot and terms.reduce_only:
        return Reject(OrderReject.SPOT_REDUCE_ONLY, asset.id)
    if is_closed_to(state, asset, account.address):
        return Reject(ActionReject.VAULT_ON_USER_SIGNED, asset.id)
    if market.halted or asset.is_delisted:
        return Reject(OrderReject.HALTED, asset.id)
    too_small, least = smallest(rules, terms.minutes)
    # Assumed: the value is that of the mark at placement.
    if ntl(market.mark_px, terms.sz) < least * USD_SCALE:
        return Reject(too_small, asset.id, {"least": least})
    if terms.reduce_only and not _reducible(state, account, terms):
        return Reject(TwapReject.REDUCE_ONLY, asset.id)
    if len(account.twaps) >= rules.max_twaps:
        return Reject(TwapReject.TOO_MANY, asset.id)
    return None


def smallest(rules: Rules, minutes: int) -> tuple[TwapReject, int]:
    """What refuses a TWAP of so many minutes that is worth too little, and the least in USD."""
    if rules.twap_minimum == "per_minute":
        return TwapReject.VALUE_PER_MINUTE, MINIMUM_USD_PER_MINUTE * minutes
    return TwapReject.VALUE, MINIMUM_USD


def _px_reject(asset: Asset, px: Px) -> OrderReject | None:
    if px == 0:
        return OrderReject.ZERO_PX
    if not has_legal_decimals(asset, px):
        return OrderReject.INVALID_PX
    return None if on_tick(px) else OrderReject.TICK


def _may_fill(state: State, market: Market) -> bool:
    """False while slices only pass by. Documented: "no fills" after a network upgrade (mechanics
    17); Assumed: nor on a halted market, where a TWAP goes on and makes up for it later.
    """
    return trading.refusal(state, market, Tif.IOC) is None


def _reducible(state: State, account: Account, terms: TwapTerms) -> Sz:
    """How much of the position a reduce-only TWAP could close now."""
    position = margin.position_of(state, account, terms.asset_id)
    if position is None or position.szi * terms.side.sign > 0:
        return Sz(0)
    return Sz(abs(position.szi))


# -- what time and marks cause ---------------------------------------------------------------------


def on_due(ex: Exchange, twap_id: int) -> None:
    """The time of the next slice came, unless the same moment has ended the TWAP."""
    twap = ex.state.twaps.get(twap_id)
    if twap is not None:
        _send_slice(ex, ex.state.markets[twap.terms.asset_id], twap)


def on_marks(ex: Exchange, moved: Mapping[int, None]) -> None:
    """Activates what waited for the new marks and stops what they ended.

    Documented: activates when the mark reaches the trigger, terminates when it reaches the stop
    (mechanics 4).
    """
    for asset_id in moved:
        market = ex.state.markets[asset_id]
        for twap_id in market.twap_waits.wake(market.mark_px):
            twap = ex.state.twaps[twap_id]
            twap.waits_for = None
            if twap.started_ms is None:
                _activate(ex, market, twap)
            else:
                _end(ex, twap, TwapStatus.STOPPED)


def _activate(ex: Exchange, market: Market, twap: Twap) -> None:
    """Starts the clock of a TWAP and sends its first slice.

    Assumed: the stop is watched from now on, from the side on which the mark stands now.
    """
    twap.started_ms = ex.state.time_ms
    _tell(ex, twap, TwapStatus.ACTIVATED)
    stop_px = twap.terms.stop_px
    if stop_px is not None:
        stop = PxWait(stop_px, is_above=stop_px >= market.mark_px)
        if stop.is_met(market.mark_px):
            _end(ex, twap, TwapStatus.STOPPED)
            return
        _sleep(market, twap, stop)
    _send_slice(ex, market, twap)


def _sleep(market: Market, twap: Twap, wait: PxWait) -> None:
    market.twap_waits.add(twap.terms.id, wait.px, is_above=wait.is_above)
    twap.waits_for = wait


def _send_slice(ex: Exchange, market: Market, twap: Twap) -> None:
    """Trades the slice that is due, then ends the TWAP or sets its timer.

    Observed: without margin it ends with `error` (exchange 5.1). Assumed: what does not match is
    made up for by later slices; a reduce-only TWAP is terminated by the first slice that finds
    nothing to reduce; it is finished as soon as all is executed, or short after its last slice.
    """
    state, terms = ex.state, twap.terms
    account = state.accounts[terms.user]
    if terms.reduce_only and not _reducible(state, account, terms):
        _end(ex, twap, TwapStatus.TERMINATED)
        return
    sz = _slice_sz(state, account, market.asset, twap)
    twap.tried += 1
    twap.due_ms = None
    if sz and _may_fill(state, market):
        error = _trade(ex, account, market, twap, sz)
        if error is not None:
            _end(ex, twap, TwapStatus.ERROR, error)
            return
    if twap.executed_sz == terms.sz or twap.tried == twap.slices:
        _end(ex, twap, TwapStatus.FINISHED)
        return
    assert twap.started_ms is not None
    after_ms = div_down(terms.minutes * MINUTE_MS * twap.tried, twap.slices - 1)
    twap.due_ms = twap.started_ms + after_ms
    state.timers.push(twap.due_ms, Timer.TWAP, str(terms.id))


def _slice_sz(state: State, account: Account, asset: Asset, twap: Twap) -> Sz:
    """What the slice that is due should trade, whole lots; 0 when it is ahead of its target.

    Documented: the target is elapsed / total * size, a slice that is behind trades up to three
    normal ones (mechanics 4). Inferred: the target of slice k of n is k / n of the size, so that n
    equal slices make it up. Assumed: one lot at least when that is more than three normal slices;
    the last slice is not randomised.
    """
    terms, number = twap.terms, twap.tried + 1
    step = lot(asset)
    wanted: int = div_down(terms.sz * number, twap.slices) - twap.executed_sz
    if terms.randomize and number < twap.slices:
        wanted = div_down(wanted * _spread(state.seed, terms.id, number), 10_000)
    most = max(step, div_down(CATCH_UP * terms.sz, twap.slices))
    wanted = min(wanted, most, terms.sz - twap.executed_sz)
    if terms.reduce_only:
        wanted = min(wanted, _reducible(state, account, terms))
    return Sz(max(0, floor_to(wanted, step)))


def _spread(seed: int, twap_id: int, number: int) -> int:
    """A factor from 0.8 to 1.2 in 1e-4, the same for the same slice of the same world."""
    digest = blake2b(f"{seed}/{twap_id}/{number}".encode(), digest_size=8, person=b"hlsim twap")
    return 10_000 - SPREAD + int.from_bytes(digest.digest(), "big") % (2 * SPREAD + 1)


def _trade(ex: Exchange, account: Account, market: Market, twap: Twap, sz: Sz) -> Reject | None:
    """Sends one slice as an immediate order; the refusal that ends the TWAP, or None.

    Observed: fills carry the zero hash (contested 31). Assumed: a slice that nothing would match
    becomes no order: it takes no oid and leaves no row in the order history.
    """
    state, terms = ex.state, twap.terms
    order = Order(
        0,
        terms.user,
        terms.side,
        _limit_px(market, terms.side),
        sz,
        terms.asset_id,
        terms.coin,
        sz,
        Tif.IOC,
        terms.reduce_only,
        None,
        state.time_ms,
        twap_id=terms.id,
    )
    reject = first_reject(state, account, market, order)
    if reject is not None:
        return None if reject.why is OrderReject.IOC_CANCEL else reject
    order.oid = state.next_oid
    state.next_oid += 1
    traded = account.volume.total_usd
    reply = ex.desk.execute(account, market, order, Cause(ZERO_HASH))
    if isinstance(reply, Filled):
        twap.executed_sz = Sz(twap.executed_sz + reply.total_sz)
        # Nothing else of this account traded meanwhile: its own orders are no counterparty.
        twap.executed_ntl += account.volume.total_usd - traded
    return None


def _limit_px(market: Market, side: Side) -> Px:
    """The worst price that a slice may trade at, on tick inside the allowed slippage."""
    percent = 100 + side.sign * SLIPPAGE_PERCENT
    return round_px(market.asset, div_down(market.mark_px * percent, 100), up=side is Side.ASK)


# -- ends and news ---------------------------------------------------------------------------------


def _end(ex: Exchange, twap: Twap, status: TwapStatus, error: Reject | None = None) -> None:
    """Takes a TWAP off every list, and takes its timer back."""
    state, terms = ex.state, twap.terms
    wait = twap.waits_for
    if wait is not None:
        waits = state.markets[terms.asset_id].twap_waits
        waits.remove(terms.id, wait.px, is_above=wait.is_above)
        twap.waits_for = None
    if twap.due_ms is not None:
        state.timers.cancel(twap.due_ms, Timer.TWAP, str(terms.id))
    del state.twaps[terms.id], state.accounts[terms.user].twaps[terms.id]
    _tell(ex, twap, status, error)


def _tell(ex: Exchange, twap: Twap, status: TwapStatus, error: Reject | None = None) -> None:
    row = TwapUpdate(
        twap.terms, twap.executed_sz, twap.executed_ntl, status, error, ex.state.time_ms
    )
    ex.state.accounts[twap.terms.user].twap_history.append(row)
    ex.emit(row)
