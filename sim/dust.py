"""The spot dust conversion: what is less than a lot is pooled and sold at the market, by token.

Documented: once a day at midnight UTC; balances below one lot and worth at most $1; not where a
book has one side or the pool is worth more than $3000 (PURR: $10000); who opted out keeps his dust.
Observed on testnet: every minute, above $1 too; whole lots of the pool are sold and a pool below
one is burned; proceeds are split in proportion, rounded down, and what that leaves goes to the
largest holder, of equals to the lowest address (mechanics 12, contested 59).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.types import Order as BookOrder
from ..matching.types import Side
from . import clearinghouse
from .assets import SpotPair, lot, px_decimals
from .clearinghouse import USDC, Cause, balance
from .events import Direction, Fill
from .fixed import (
    TEN,
    Address,
    Px,
    Sz,
    Szi,
    Usd,
    Wei,
    div_down,
    floor_to,
    ntl_wei,
    rescale_down,
    sz_to_wei,
    wei_to_sz,
)
from .ids import ZERO_ADDRESS, ZERO_HASH
from .orders import Order
from .state import Account, Market, State
from .timers import Timer
from .volume import DAY_MS

if TYPE_CHECKING:
    from .exchange import Exchange

MINUTE_MS = 60_000
LARGEST_HOLDING: Usd = Usd(1_000_000)
LARGEST_POOL: Usd = Usd(3_000_000_000)
LARGEST_POOLS = {"PURR": Usd(10_000_000_000)}

_CAUSE = Cause(ZERO_HASH)


def start_timers(state: State) -> None:
    """Sets the first sweep."""
    _set_timer(state)


def on_timer(ex: Exchange) -> None:
    """Sweeps every token that has a pair against USDC, and sets the next sweep."""
    for pair in _pairs(ex.state):
        _sweep(ex, pair)
    _set_timer(ex.state)


def _set_timer(state: State) -> None:
    step = DAY_MS if state.rules.dust_schedule == "midnight" else MINUTE_MS
    state.timers.push(floor_to(state.time_ms, step) + step, Timer.SPOT_DUST)


def _pairs(state: State) -> list[SpotPair]:
    """The first pair against USDC of each token, as for its worth (`transfers.usd_value`)."""
    found: dict[int, SpotPair] = {}
    for pair in state.universe.pairs:
        if pair.quote.index == USDC:
            found.setdefault(pair.base.index, pair)
    return list(found.values())


# -- one token -------------------------------------------------------------------------------------


def _sweep(ex: Exchange, pair: SpotPair) -> None:
    """Pools the dust of one token and sells it, unless the pool or the book is not fit for it.

    Assumed: nor where the bids do not take the whole pool; what the pool has beyond whole lots is
    burned with them.
    """
    state = ex.state
    market = state.markets[pair.id]
    dust = _dust(state, market, pair)
    pool = sum(dust.values())
    if pool == 0 or market.halted or not _has_both_sides(market):
        return
    worth = _worth(market, pair, pool)
    if worth > LARGEST_POOLS.get(pair.base.name, LARGEST_POOL):
        return
    sz = Sz(floor_to(wei_to_sz(pool, pair.base.wei_decimals), lot(pair)))
    if sz > market.book.total_sz(Side.BID):
        return
    proceeds, average = (0, Px(0)) if sz == 0 else _sell(ex, market, pair, sz)
    sold = sz_to_wei(sz, pair.base.wei_decimals)
    burned = state.treasury.token_burned
    if pool > sold:
        burned[pair.base.index] = Wei(burned.get(pair.base.index, 0) + pool - sold)
    _share_out(ex, pair, dust, proceeds, average)


def _dust(state: State, market: Market, pair: SpotPair) -> dict[Address, int]:
    """What is dust of the token, by owner, in the order in which the accounts were made."""
    base = pair.base
    one_lot = sz_to_wei(lot(pair), base.wei_decimals)
    any_worth = state.rules.dust_schedule == "minute"
    found: dict[Address, int] = {}
    for user, account in state.accounts.items():
        held = account.spot.get(base.index)
        # No order holds any of it: orders are of whole lots.
        if held is None or not 0 < held.total < one_lot or account.is_dusting_off:
            continue
        if any_worth or _worth(market, pair, held.total) <= LARGEST_HOLDING:
            found[user] = held.total
    return found


def _has_both_sides(market: Market) -> bool:
    return market.book.best_bid() is not None and market.book.best_ask() is not None


def _worth(market: Market, pair: SpotPair, amount: int) -> int:
    """µUSD at mark, rounded down."""
    return rescale_down(amount * market.mark_px, pair.base.wei_decimals + 8, 6)


# -- the sale --------------------------------------------------------------------------------------


class _Sale:
    """The gate of the engine's own market order. Makers are settled as in any match."""

    __slots__ = ("ex", "gross", "market", "ntl", "quote_decimals")

    def __init__(self, ex: Exchange, market: Market, pair: SpotPair) -> None:
        self.ex = ex
        self.market = market
        self.quote_decimals = pair.quote.wei_decimals
        self.gross = 0
        self.ntl = 0

    def admit(self, maker: BookOrder, sz: Sz) -> object | None:
        return None

    def settle(self, maker: BookOrder, px: Px, sz: Sz) -> None:
        assert isinstance(maker, Order)
        self.ntl += px * sz
        self.gross += ntl_wei(px, sz, self.quote_decimals)
        self.ex.desk.weigh(maker, -sz)
        clearinghouse.settle_sale_of_nobody(self.ex, self.market, maker, px, sz, _CAUSE)
        self.ex.desk.matched(maker)

    def removed(self, maker: BookOrder, reason: object) -> None:
        raise AssertionError(f"the dust order belongs to nobody and removed {maker.oid}")


def _sell(ex: Exchange, market: Market, pair: SpotPair, sz: Sz) -> tuple[int, Px]:
    """Sells `sz` to the bids: (quote wei, average price, truncated as of any order)."""
    sale = _Sale(ex, market, pair)
    order = BookOrder(0, ZERO_ADDRESS, Side.ASK, Px(1), sz)
    market.book.take(order, sale)
    ex.touch_book(market.asset.coin)
    step = TEN[8 - px_decimals(pair)]
    # The book has used up the order's own size.
    return sale.gross, Px(floor_to(div_down(sale.ntl, sz), step))


def _share_out(ex: Exchange, pair: SpotPair, dust: dict[Address, int], gross: int, px: Px) -> None:
    """Takes the dust off its owners and splits `gross` quote wei among them; `px` 0: no sale.

    Observed: rows with `fee` and `closedPnl` zero, an oid that nobody knows, no volume and no
    ledger row. Assumed: one oid for the pool, and the pool's average price.
    """
    state = ex.state
    oid = state.next_oid
    state.next_oid += px > 0
    pool = sum(dust.values())
    shares = {user: div_down(gross * amount, pool) for user, amount in dust.items()}
    largest = min(dust, key=lambda user: (-dust[user], user))
    shares[largest] += gross - sum(shares.values())
    for user, amount in dust.items():
        account = state.accounts[user]
        sold = account.spot[pair.base.index]
        # Not all of it when a bid of the owner's bought some of the pool.
        left = sold.total - amount
        sold.total, sold.entry_ntl = Wei(left), div_down(sold.entry_ntl * left, sold.total)
        ex.touch(user)
        if px > 0:
            paid = balance(account, USDC)
            paid.total = Wei(paid.total + shares[user])
            _tell(ex, account, pair, Sz(wei_to_sz(amount, pair.base.wei_decimals)), px, oid)


def _tell(ex: Exchange, account: Account, pair: SpotPair, sz: Sz, px: Px, oid: int) -> None:
    fill = Fill(
        account.address,
        pair.coin,
        pair.id,
        px,
        sz,
        Side.ASK,
        ex.state.time_ms,
        Szi(sz),
        Direction.SPOT_DUST,
        0,
        ZERO_HASH,
        oid,
        True,
        0,
        pair.quote.wei_decimals,
        pair.quote.name,
        0,
        0,
        None,
    )
    account.fills.append(fill)
    ex.emit(fill)
