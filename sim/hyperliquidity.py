"""Liquidity that a new pair has by itself (HIP-2): a ladder of orders, renewed every few seconds.

Documented: prices px_i = round(px_(i-1) * 1.003); as many whole orders are asked from the top as
the balance allows, then a part of one, and below them the rest is bid; post-only, 3 s apart, for
pairs against USDC (mechanics 12). Assumed: it is an account like any other, which pays fees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.types import Side, Tif
from .abstraction import cover, free
from .amounts import USDC, usd_value
from .assets import FIRST_SPOT_ID, SpotPair, has_legal_decimals, lot, on_lot, on_tick, round_px
from .clearinghouse import Cause, balance
from .errors import ActionError, ActionReject
from .fixed import (
    Address,
    Px,
    Sz,
    Wei,
    div_down,
    floor_to,
    ntl_wei,
    parse_decimal,
    wei_to_sz,
)
from .ids import tx_hash
from .ledger import SpotTransfer
from .order_checks import static_reject
from .orders import Order, OrderStatus
from .spot_deploy import HYPERLIQUIDITY, own
from .spot_deploy_state import Hyperliquidity
from .state import Account, Market
from .timers import Timer
from .transfers import record

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

PERIOD_MS = 3_000
STEP = 1003
"""Of one price to the next, thousandths."""
MOST_ORDERS = 1_000
"""Assumed: as many as an account may have open."""


def pool_of(spot: int) -> Address:
    """Who trades for a pair. Assumed: each pair's pool has an address of its own."""
    return Address("0x" + "f" * 32 + f"{spot:08x}")


# -- registration ----------------------------------------------------------------------------------


def register(
    ex: Exchange,
    acting: Acting,
    *,
    spot: int,
    start_px: str,
    order_sz: str,
    n_orders: int,
    seeded_levels: int,
) -> None:
    """The last step, which ends a deployment: the pair's liquidity, or that there is none.

    Documented: a token made without hyperliquidity has no orders, and the step is required all the
    same; the deployer pays for the lowest `seeded_levels`, which begin as bids. Assumed: at least
    one order for any other token, and no two prices alike.
    """
    state = ex.state
    pair = state.universe.by_id.get(FIRST_SPOT_ID + spot)
    if not isinstance(pair, SpotPair):
        raise ActionError(ActionReject.DEPLOY_SPOT)
    deploy = own(state, acting, pair.base.index)
    if deploy.is_done or deploy.no_hyperliquidity != (n_orders == 0):
        raise ActionError(ActionReject.DEPLOY_HYPERLIQUIDITY)
    if n_orders == 0:
        if seeded_levels:
            raise ActionError(ActionReject.DEPLOY_HYPERLIQUIDITY)
        deploy.is_done = True
        return
    if pair.quote.index != USDC or n_orders > MOST_ORDERS or seeded_levels > n_orders:
        raise ActionError(ActionReject.DEPLOY_HYPERLIQUIDITY)
    sz = Sz(_decimal(order_sz))
    pxs = _ladder(pair, Px(_decimal(start_px)), n_orders)
    if not pxs or sz == 0 or not on_lot(pair, sz):
        raise ActionError(ActionReject.DEPLOY_HYPERLIQUIDITY)
    seeded = Wei(sum(ntl_wei(px, sz, pair.quote.wei_decimals) for px in pxs[:seeded_levels]))
    account = state.accounts[acting.user]
    if seeded > free(state, account, USDC):
        raise ActionError(ActionReject.TOKEN_BALANCE)
    deploy.is_done = True
    state.hyperliquidity[spot] = Hyperliquidity(pxs, sz, seeded)
    _fund(ex, acting, account, pair, seeded)
    on_timer(ex, spot)


def _decimal(text: str) -> int:
    """A price or size, 1e-8. Raises ActionError."""
    try:
        value = parse_decimal(text, 8)
    except ValueError:
        raise ActionError(ActionReject.DEPLOY_HYPERLIQUIDITY) from None
    if not 0 < value < 1 << 64:
        raise ActionError(ActionReject.DEPLOY_HYPERLIQUIDITY)
    return value


def _ladder(pair: SpotPair, start: Px, count: int) -> list[Px]:
    """The prices of a range, ascending; none when they are not legal or do not ascend.

    Assumed: rounded to the nearest price that is legal, up when two are.
    """
    if not has_legal_decimals(pair, start) or not on_tick(start):
        return []
    pxs = [start]
    while len(pxs) < count:
        exact = div_down(pxs[-1] * STEP, 1000)
        low, high = round_px(pair, exact, up=False), round_px(pair, exact, up=True)
        px = low if exact - low < high - exact else high
        if px <= pxs[-1]:
            return []
        pxs.append(px)
    return pxs if pxs[-1] < 1 << 64 else []


def _fund(ex: Exchange, acting: Acting, payer: Account, pair: SpotPair, seeded: Wei) -> None:
    """Gives the pool what the genesis and the deployer meant for it."""
    state, pool = ex.state, ex.open_account(pool_of(pair.index))
    given = state.accounts.get(HYPERLIQUIDITY)
    if given is not None and pair.base.index in given.spot:
        pool.spot[pair.base.index] = given.spot.pop(pair.base.index)
    if not seeded:
        return
    quote = pair.quote
    cover(ex, payer, quote.index, seeded)
    paid, got = payer.spot[quote.index], balance(pool, quote.index)
    paid.total = Wei(paid.total - seeded)
    got.total = Wei(got.total + seeded)
    ex.touch(payer.address)
    sent = (quote.name, seeded, quote.wei_decimals, usd_value(state, quote, seeded))
    row = SpotTransfer(
        *sent, payer.address, pool.address, Wei(0), quote.wei_decimals, quote.name, acting.nonce
    )
    record(ex, row, payer.address, pool.address, hash_=acting.hash)


# -- renewal ---------------------------------------------------------------------------------------

Wanted = tuple[Side, Px, Sz]


def on_timer(ex: Exchange, spot: int) -> None:
    """Makes the orders of a pool what its balances say, and leaves those that are right."""
    state = ex.state
    state.timers.push(state.time_ms + PERIOD_MS, Timer.HYPERLIQUIDITY, str(spot))
    market, pool = state.markets[FIRST_SPOT_ID + spot], state.accounts[pool_of(spot)]
    range_ = state.hyperliquidity[spot]
    if market.halted or range_.seen == _seen(market, pool):
        return
    wanted = dict.fromkeys(_wanted(range_, market, pool))
    for order in list(pool.orders.values()):
        found = (order.side, order.px, order.sz)
        if found in wanted:
            del wanted[found]
        else:
            ex.desk.cancel_order(order, OrderStatus.CANCELED)
    cause = Cause(tx_hash(state.height, state.action_index))
    for side, px, sz in wanted:
        _place(ex, market, pool, side, px, sz, cause)
    ex.touch(pool.address)
    range_.seen = _seen(market, pool)


def _seen(market: Market, pool: Account) -> tuple[int, ...]:
    """What the orders of a pool depend on: while it stands, so do they."""
    return market.book.version, *(held.total for held in pool.spot.values())


def _wanted(range_: Hyperliquidity, market: Market, pool: Account) -> list[Wanted]:
    """Asks from the top, a part of one, then bids downward while there is quote for them."""
    pair, pxs, sz = market.asset, range_.pxs, range_.order_sz
    assert isinstance(pair, SpotPair)
    base, quote = pair.base, pair.quote
    held = wei_to_sz(balance(pool, base.index).total, base.wei_decimals)
    full = min(len(pxs), div_down(held, sz))
    found = [(Side.ASK, px, sz) for px in pxs[len(pxs) - full :]]
    below = pxs[: len(pxs) - full]
    part = Sz(floor_to(held - full * sz, lot(pair)))
    if below and part:
        found.append((Side.ASK, below.pop(), part))
    left = balance(pool, quote.index).total
    for px in reversed(below):
        left = Wei(left - ntl_wei(px, sz, quote.wei_decimals))
        if left < 0:
            break
        found.append((Side.BID, px, sz))
    return found


def _place(
    ex: Exchange, market: Market, pool: Account, side: Side, px: Px, sz: Sz, cause: Cause
) -> None:
    """Rests one order, unless it is worth too little, is out of the band or would trade."""
    state, pair = ex.state, market.asset
    order = Order(
        0, pool.address, side, px, sz, pair.id, pair.coin, sz, Tif.ALO, False, None, state.time_ms
    )
    if px * sz < state.rules.min_order_usd * 10**10 or market.book.crosses(side, px):
        return
    if static_reject(state, market, order) is not None:
        return
    order.oid = state.next_oid
    state.next_oid += 1
    ex.desk.execute(pool, market, order, cause)
