"""Why an order is refused: the checks in the order in which they run, one guard a line.

Three stages: `static_reject` judges the payload (one error answers for the whole batch),
`first_reject` judges the order against the account and the book. Nothing here changes state.
"""

from __future__ import annotations

from functools import cache

from ..matching.dataclass import dataclass
from ..matching.level import Level
from ..matching.merged import UNIT, MergedBook
from ..matching.types import Side, Tif
from . import margin, open_interest
from .abstraction import spendable
from .assets import (
    FIRST_SPOT_ID,
    Asset,
    OutcomeSide,
    Perp,
    SpotPair,
    has_legal_decimals,
    on_lot,
    on_tick,
)
from .errors import ActionReject, OrderReject, Reject
from .fixed import RATE_SCALE, Sz, div_down, ntl, ntl_wei, sz_to_wei
from .orders import Order, Stage
from .rules import Rules
from .state import Account, Clearing, Market, State

_USD = 10**16
"""One USD in px * sz units."""

_MARKET_NTLS = ((25, 30_000_000), (20, 5_000_000), (10, 2_000_000), (0, 500_000))
"""Documented: largest market order by the asset's maximum leverage; limit orders ten times as much
(mechanics 2.6)."""


@cache
def market_order_cap(max_leverage: int) -> int:
    """Whole USD that one market order of an asset may be worth."""
    return next(cap for least, cap in _MARKET_NTLS if max_leverage >= least)


def band_percent(rules: Rules) -> int:
    """How far a price may be away, as the refusal says it."""
    return div_down(rules.price_band * 100, RATE_SCALE)


def static_reject(state: State, market: Market, order: Order) -> Reject | None:
    """What is wrong with the payload itself, at the prices of now.

    Observed: zero size is asked before the price, the tick before the band (mechanics 2.9).
    Assumed: the text for a vault that may not trade the asset.
    """
    asset, trigger = market.asset, order.trigger
    if order.sz == 0 and (trigger is None or not trigger.is_position_tpsl):
        return Reject(OrderReject.ZERO_SZ, asset.id)
    if not on_lot(asset, order.sz):
        return Reject(OrderReject.INVALID_SZ, asset.id)
    if order.px == 0:
        return Reject(OrderReject.ZERO_PX, asset.id)
    if not has_legal_decimals(asset, order.px):
        return Reject(OrderReject.INVALID_PX, asset.id)
    if trigger is not None:
        # Observed: the rules of any price hold for a trigger price (mechanics 3.3).
        if trigger.px == 0:
            return Reject(OrderReject.ZERO_PX, asset.id)
        if not has_legal_decimals(asset, trigger.px):
            return Reject(OrderReject.INVALID_PX, asset.id)
    if isinstance(asset, SpotPair):
        if order.reduce_only:
            return Reject(OrderReject.SPOT_REDUCE_ONLY, asset.id)
        if isinstance(asset, OutcomeSide):
            # Assumed: 0 and 1 are the only band, and a price beyond it is no price.
            return None if order.px < UNIT else Reject(OrderReject.INVALID_PX, asset.id)
        supply = asset.base.total_supply
        if supply and 2 * sz_to_wei(order.sz, asset.base.wei_decimals) > supply:
            return Reject(OrderReject.SPOT_SUPPLY, asset.id)
    if is_closed_to(state, asset, order.owner):
        return Reject(ActionReject.VAULT_ON_USER_SIGNED, asset.id)
    if not on_tick(order.px) or (trigger is not None and not on_tick(trigger.px)):
        return None  # refused at execution, before the band is looked at
    if not _in_band(state, market, order):
        return Reject(OrderReject.PRICE_BAND, asset.id, {"percent": band_percent(state.rules)})
    if isinstance(asset, Perp):
        is_limit = order.tif.rests if trigger is None else not trigger.is_market
        cap = market_order_cap(asset.max_leverage) * (10 if is_limit else 1)
        if order.px * order.sz > cap * _USD:
            return Reject(OrderReject.VALUE_TOO_LARGE, asset.id, {"max_ntl": cap})
    return None


def is_closed_to(state: State, asset: Asset, owner: str) -> bool:
    """Documented: a vault trades perps of the first dex only (mechanics 13)."""
    return asset.id >= FIRST_SPOT_ID and owner in state.vaults


def _in_band(state: State, market: Market, order: Order) -> bool:
    """(1-d) * mark < px <= mark / (1-d).

    Observed: edges 0.2 * mark excluded and 5 * mark included on testnet spot with d = 0.8
    (mechanics 2.6). Assumed: a pair without a price of its own has no band.
    """
    if market.oracle_px == 0 and market.last_px is None:
        return True
    inner = RATE_SCALE - state.rules.price_band
    low = market.mark_px * inner < order.px * RATE_SCALE
    return low and order.px * inner <= market.mark_px * RATE_SCALE


@dataclass(slots=True)
class Crossing:
    """What an incoming order meets on the other side."""

    sz: int
    """How much of the order would trade; own orders are no counterparty."""
    ntl: int
    """px * sz over that part."""


def crossing_of(account: Account, market: Market, order: Order) -> Crossing:
    """Walks the opposite side as far as the order reaches, no further than its size."""
    found = Crossing(0, 0)
    book, is_bid = market.book, order.side is Side.BID
    if not book.crosses(order.side, order.px):
        return found
    mine = account.orders_by_asset.get(market.asset.id, {})
    for level in book.levels(order.side.opposite):
        if (level.px > order.px) if is_bid else (level.px < order.px):
            break
        if _meet(found, order, level, None if type(book) is MergedBook else mine):
            break
    return found


def _meet(found: Crossing, order: Order, level: Level, mine: dict[int, Order] | None) -> bool:
    """Adds what trades at `level`, own orders left out; True when the order is used up.

    Walks the shorter of two lists: the line at the level, or the user's open orders `mine`, None
    where own orders may stand mirrored.
    """
    if mine is not None and len(mine) < level.count:
        own = sum(each.sz for each in mine.values() if each.level is level)
        return _reach(found, order, level.px, level.sz - own)
    return any(
        maker.owner != order.owner and _reach(found, order, level.px, maker.sz) for maker in level
    )


def _reach(found: Crossing, order: Order, px: int, sz: int) -> bool:
    """Adds what trades at `px`; True when the order is used up."""
    traded = min(sz, order.sz - found.sz)
    found.sz += traded
    found.ntl += px * traded
    return found.sz == order.sz


def first_reject(state: State, account: Account, market: Market, order: Order) -> Reject | None:
    """The first check that an order fails at execution, or None.

    Inferred: the order of the checks (mechanics 2.9). Observed: an immediate order that crosses
    nothing is refused before its notional is looked at (contested 11).
    """
    if order.stage is not Stage.LIVE:
        return _trigger_reject(state, account, market, order)
    asset = market.asset
    if not on_tick(order.px):
        return Reject(OrderReject.TICK, asset.id)
    if len(account.orders) >= _open_order_limit(state, account, order):
        return Reject(OrderReject.TOO_MANY_OPEN, asset.id)
    crosses = market.book.crosses(order.side, order.px)
    if not crosses and not order.tif.rests and state.rules.ioc_check_order == "match_first":
        return Reject(no_match(order.tif), asset.id)
    best = market.book.best(order.side.opposite) if crosses else None
    if isinstance(asset, SpotPair):
        return _spot_reject(state, account, market, asset, order, best)
    return _perp_reject(state, account, market, asset, order, best)


def no_match(tif: Tif) -> OrderReject:
    """Why an immediate order that traded nothing is refused (mechanics 2.2)."""
    return OrderReject.IOC_CANCEL if tif is Tif.IOC else OrderReject.NO_LIQUIDITY


def _open_order_limit(state: State, account: Account, order: Order) -> int:
    """How many orders may be open before this one.

    Documented: 1000 + 1 per $5M of volume up to 5000; from 1000 on, reduce-only and trigger orders
    are refused (mechanics 2.7).
    """
    rules = state.rules
    if order.reduce_only or order.trigger is not None:
        return rules.max_open_orders
    extra = div_down(account.volume.total_usd, 5_000_000 * 10**8)
    return min(rules.max_open_orders + extra, rules.max_open_orders_cap)


def _crossing_reject(market: Market, order: Order, best: Level | None) -> Reject | None:
    """Whether the order must meet something and does not, or must not and does."""
    if best is None:
        return None if order.tif.rests else Reject(no_match(order.tif), market.asset.id)
    if order.tif is not Tif.ALO:
        return None
    bbo = (market.book.best_bid(), market.book.best_ask())
    return Reject(OrderReject.BAD_ALO_PX, market.asset.id, {"bbo": bbo})


def _is_too_small(state: State, order: Order, best: Level | None) -> bool:
    """True for less than the minimum notional.

    Observed: at the first crossing price, if there is one (contested 10). Inferred: slices of a
    TWAP may be worth less (mechanics 2.5).
    """
    if order.twap_id is not None:
        return False
    rules = state.rules
    px = order.px if best is None or rules.min_notional_price == "limit" else best.px
    return px * order.sz < rules.min_order_usd * 10**10


# -- perps -----------------------------------------------------------------------------------------


def _perp_reject(
    state: State, account: Account, market: Market, perp: Perp, order: Order, best: Level | None
) -> Reject | None:
    """`best` is the level that the order meets first, own orders included; None: none."""
    position = account.of(perp).positions.get(perp.id)
    szi = position.szi if position is not None else 0
    reduces = szi * order.side.sign < 0
    closes_all = reduces and _closes_all(szi, order)
    if not closes_all and _is_too_small(state, order, best):
        return Reject(OrderReject.MIN_TRADE_NTL, perp.id)
    if order.reduce_only and not reduces:
        return Reject(OrderReject.REDUCE_ONLY, perp.id)
    if market.open_interest_cap is not None or perp.dex:
        capped = open_interest.first_reject(state, market, szi, order)
        if capped is not None:
            return Reject(capped, perp.id)
    crossing_reject = _crossing_reject(market, order, best)
    if crossing_reject is not None:
        return crossing_reject
    return _opening_reject(state, account, market, perp, szi, order)


def _closes_all(szi: int, order: Order) -> bool:
    """Observed: only an order that closes the whole position may be worth less (mechanics 2.5)."""
    return order.sz == abs(szi) or (order.reduce_only and order.sz > abs(szi))


def _opening_reject(
    state: State, account: Account, market: Market, perp: Perp, szi: int, order: Order
) -> Reject | None:
    """What is asked of the part of an order that does not reduce the position `szi`."""
    if order.reduce_only or (szi * order.side.sign < 0 and order.sz <= abs(szi)):
        return None
    if _exceeds_tier(account.of(perp), market, perp, szi, order):
        return Reject(OrderReject.MAX_POSITION, perp.id)
    if not _affords(state, account, market, perp, order):
        return Reject(OrderReject.MARGIN, perp.id)
    return None


def _exceeds_tier(clearing: Clearing, market: Market, perp: Perp, szi: int, order: Order) -> bool:
    """True when the position would be larger than the user's leverage allows.

    Documented: BTC at 40x may not exceed $150M of notional (mechanics 2.6).
    """
    leverage = margin.leverage_of(clearing, perp).value
    after = ntl(market.mark_px, abs(szi + order.side.sign * order.sz))
    return perp.margin_table.tier(after).max_leverage < leverage


def _affords(state: State, account: Account, market: Market, perp: Perp, order: Order) -> bool:
    """True when free margin covers what the order adds to exposure.

    A resting order is margined at its own price, the crossing part at the prices that it would
    trade at (Assumed).
    """
    sz: int = order.sz
    exposed = order.px * sz
    if market.book.crosses(order.side, order.px):
        crossing = crossing_of(account, market, order)
        if not order.tif.rests:
            sz = crossing.sz
        exposed = crossing.ntl + order.px * (sz - crossing.sz)
    clearing = account.of(perp)
    if state.rules.order_margin != "sum":
        exposed = max(0, exposed - margin.spare_load(state, clearing, perp.id, order.side))
    free = margin.free_margin(state, clearing)
    return margin.pays_for(state, clearing, perp, order.side, sz, exposed, free)


# -- trigger orders --------------------------------------------------------------------------------


def _trigger_reject(state: State, account: Account, market: Market, order: Order) -> Reject | None:
    """The first check that a trigger order fails when it is placed, or None.

    Inferred: the order of the checks (mechanics 2.9). It reserves no margin (mechanics 3.2), so
    none is asked for. Assumed: of a child that waits for its parent neither the position nor the
    mark of now is asked, and no child needs a minimum notional of its own.
    """
    trigger, asset_id = order.trigger, order.asset_id
    assert trigger is not None
    if not on_tick(order.px) or not on_tick(trigger.px):
        return Reject(OrderReject.TICK, asset_id)
    if len(account.orders) >= _open_order_limit(state, account, order):
        return Reject(OrderReject.TOO_MANY_OPEN, asset_id)
    if order.stage is Stage.WAITING:
        return None
    position = margin.position_of(state, account, asset_id)
    szi = position.szi if position is not None else 0
    reduces = szi * order.side.sign < 0
    is_exempt = order.group is not None or order.sz == 0 or (reduces and _closes_all(szi, order))
    if not is_exempt and order.px * order.sz < state.rules.min_order_usd * 10**10:
        return Reject(OrderReject.MIN_TRADE_NTL, asset_id)
    if order.reduce_only and not reduces:
        return Reject(OrderReject.REDUCE_ONLY, asset_id)
    if trigger.is_reached(order.side, market.mark_px):
        return Reject(OrderReject.BAD_TRIGGER_PX, asset_id)
    return None


def fired_reject(state: State, account: Account, market: Market, order: Order) -> Reject | None:
    """Why an order that was just triggered goes no further, or None.

    Documented: a market order needs somebody to trade with (exchange 7.2). Assumed: the margin of a
    stop entry is judged when it fires, by the rules of any order (mechanics 3.2, 3.3), and so is
    what it adds at an open-interest cap; how it is priced is not.
    """
    trigger, perp = order.trigger, market.asset
    assert trigger is not None
    assert isinstance(perp, Perp)
    if trigger.is_market and market.book.best(order.side.opposite) is None:
        return Reject(OrderReject.NO_LIQUIDITY, perp.id)
    position = account.of(perp).positions.get(perp.id)
    szi = position.szi if position is not None else 0
    capped = open_interest.adding_reject(state, market, szi, order)
    if capped is not None:
        return Reject(capped, perp.id)
    return _opening_reject(state, account, market, perp, szi, order)


# -- spot ------------------------------------------------------------------------------------------


def _spot_reject(
    state: State, account: Account, market: Market, pair: SpotPair, order: Order, best: Level | None
) -> Reject | None:
    is_bid = order.side is Side.BID
    token = pair.quote if is_bid else pair.base
    free = spendable(state, account, token.index)
    match_first = state.rules.ioc_check_order == "match_first"
    if free == 0 and not order.tif.rests and match_first:
        # Observed: an empty balance is asked before the notional of an immediate order (mechanics
        # 2.9).
        return Reject(OrderReject.SPOT_BALANCE, pair.id)
    if _is_too_small(state, order, best):
        return Reject(OrderReject.MIN_TRADE_SPOT_NTL, pair.id, {"quote": pair.quote.name})
    crossing_reject = _crossing_reject(market, order, best)
    if crossing_reject is not None:
        return crossing_reject
    crossing = crossing_of(account, market, order)
    sz = Sz(order.sz if order.tif.rests else crossing.sz)
    if is_bid:
        rest = sz - crossing.sz
        decimals = pair.quote.wei_decimals
        needed = div_down(crossing.ntl, 10 ** (16 - decimals)) + ntl_wei(order.px, rest, decimals)
    else:
        needed = sz_to_wei(sz, pair.base.wei_decimals)
    if needed > free:
        return Reject(OrderReject.SPOT_BALANCE, pair.id)
    return None
