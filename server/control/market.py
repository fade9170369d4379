"""The market by hand: prices, books, halts, listings."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ...matching.merged import UNIT
from ...scenarios.director import MovePrice, SetBook
from ...scenarios.ladder import size_for, step_for
from ...sim.assets import Asset, OutcomeSide, lot, round_px
from ...sim.fixed import Px, Sz, Usd, div_down
from ...sim.operations import DelistPerp, ListPerp, SetHalt, SetMark, SetOpenInterestCap, SetOracle
from ...sim.prices import mid_px
from ...sim.state import Market
from ..console import Console
from ..shapes.text import px_text
from ..slips import no_coin
from ..values import parse_amount
from .money import Amount
from .registry import Asked, control

MOST_MS = 30 * 86_400_000
LEVELS = 20
SPACING = 500
"""Of a book by its mid: millionths of the price between two levels."""
DEPTH = 1_000_000
SPREAD_BPS = 1
MOST_LEVELS = 200
"""Of one side."""
LEAST_NTL = 10 * 10**16
"""No order may be worth less, 10 USD in px * sz units (mechanics 2.5)."""

Coin = Annotated[str, msgspec.Meta(description="as in l2Book: BTC, @107, PURR/USDC")]
Level = tuple[Amount, Amount]


class OneMarket(Asked):
    """Which market."""

    coin: Coin


class MarketTold(msgspec.Struct, rename="camel"):
    """Where a market stands. Prices are decimal texts."""

    coin: str
    asset: int
    """Its id in orders."""
    mid: str | None
    mark: str
    oracle: str | None
    """Perps only."""
    halted: bool
    time: int


def market_of(console: Console, coin: str) -> Market:
    """The market of a coin. Raises ValueError with the nearest ones when there is none."""
    state = console.node.exchange.state
    asset = state.universe.by_coin.get(coin)
    if asset is not None:
        return state.markets[asset.id]
    raise no_coin(coin, state.universe)


def _live(console: Console, coin: str) -> int:
    """The asset id of a market that has not ended. Raises ValueError as `market_of` does."""
    asset = market_of(console, coin).asset
    if asset.is_delisted:
        raise ValueError(f"{coin} is delisted")
    return asset.id


def _live_perp(console: Console, coin: str) -> int:
    """The asset id of a perp that has not ended. Raises ValueError."""
    asset_id = _live(console, coin)
    if market_of(console, coin).asset.is_spot:
        raise ValueError(f"{coin} is no perp")
    return asset_id


def _told(console: Console, coin: str) -> MarketTold:
    market = market_of(console, coin)
    mid = mid_px(market)
    return MarketTold(
        coin=coin,
        asset=market.asset.id,
        mid=None if mid is None else px_text(mid),
        mark=px_text(market.mark_px),
        oracle=None if market.asset.is_spot else px_text(market.oracle_px),
        halted=market.halted,
        time=console.node.exchange.state.time_ms,
    )


class MoveAsked(OneMarket):
    """Which market, where to, and in which time."""

    to: Annotated[Amount, msgspec.Meta(description="the price")]
    over_ms: Annotated[
        int, msgspec.Meta(ge=0, le=MOST_MS, description="of exchange time; 0: at once")
    ] = 0


@control("POST", "market/move")
def move(console: Console, asked: MoveAsked) -> MarketTold:
    """Brings the price of a market somewhere, at once or on a straight line.

    Books, oracle and mark go to the legal price nearest to `to`; orders of clients in the way are
    traded with, stops fire, and who falls below maintenance is liquidated. A living market walks on
    from there. Where nobody quotes, oracle and mark move, and orders in the way fill all the same.
    """
    asset = market_of(console, asked.coin).asset
    px = parse_amount(asked.to, 8, "price")
    console.node.direct(MovePrice(asset.id, px, asked.over_ms))
    return _told(console, asked.coin)


class BookAsked(OneMarket):
    """Which market, and its book: either its levels, or where they are made around."""

    levels: Annotated[
        tuple[list[Level], list[Level]] | None,
        msgspec.Meta(description="bids and asks, each [px, sz], best first"),
    ] = None
    mid: Annotated[
        Amount | None, msgspec.Meta(description="instead of levels: where they are made around")
    ] = None
    depth: Annotated[
        Amount | None,
        msgspec.Meta(
            description=f"around mid: USD on each side, over {LEVELS} levels 5 basis points apart; "
            f"left out: {DEPTH}"
        ),
    ] = None
    spread_bps: Annotated[
        Amount | None,
        msgspec.Meta(
            description="around mid: basis points of it between the best bid and ask; left out: "
            f"{SPREAD_BPS}"
        ),
    ] = None

    def __post_init__(self) -> None:
        if (self.levels is None) is (self.mid is None):
            raise ValueError("either levels or mid")
        for name in ("depth", "spread_bps"):
            if self.levels is not None and getattr(self, name) is not None:
                raise ValueError(f"{name} goes with mid: levels say it themselves")


@control("POST", "market/book")
def book(console: Console, asked: BookAsked) -> MarketTold:
    """Makes a book these levels and what clients have in it. The market's own makers leave it.

    Orders of clients that the levels cross are traded with. What is taken is not replaced;
    `market/move` takes the levels along. Oracle and mark do what they do with such a book.
    """
    market = market_of(console, asked.coin)
    asset = market.asset
    if asked.levels is not None:
        bids, asks = (_levels(asset, side) for side in asked.levels)
        for side, sign in ((bids, -1), (asks, 1)):
            pxs = [sign * px for px, _ in side]
            if pxs != sorted(set(pxs)):
                raise ValueError("levels are not best first, or one is there twice")
        if bids and asks and bids[0][0] >= asks[0][0]:
            raise ValueError("the best bid is not below the best ask")
    else:
        bids, asks = _around(asset, asked)
    console.node.direct(SetBook(asset.id, tuple(bids), tuple(asks)))
    return _told(console, asked.coin)


def _levels(asset: Asset, side: list[Level]) -> list[tuple[Px, Sz]]:
    if len(side) > MOST_LEVELS:
        raise ValueError(f"more than {MOST_LEVELS} levels on a side")
    found = []
    for px_given, sz_given in side:
        px, sz = parse_amount(px_given, 8, "price"), parse_amount(sz_given, 8, "size")
        if round_px(asset, px, up=False) != px or (isinstance(asset, OutcomeSide) and px >= UNIT):
            near = px_text(round_px(asset, px, up=True))
            raise ValueError(f"{px_text(px)} is no price of {asset.coin}; {near} would be one")
        if sz % lot(asset):
            raise ValueError(f"sizes of {asset.coin} are multiples of {px_text(lot(asset))}")
        if px * sz < LEAST_NTL:
            raise ValueError(f"{px_text(sz)} at {px_text(px)} is worth less than 10 USD")
        found.append((Px(px), Sz(sz)))
    return found


def _around(asset: Asset, asked: BookAsked) -> tuple[list[tuple[Px, Sz]], list[tuple[Px, Sz]]]:
    """Twenty levels a side around a mid."""
    assert asked.mid is not None
    mid = parse_amount(asked.mid, 8, "price")
    spread_bps = SPREAD_BPS if asked.spread_bps is None else asked.spread_bps
    depth = DEPTH if asked.depth is None else asked.depth
    half = div_down(mid * parse_amount(spread_bps, 4, "spread"), 2 * 10**8)
    usd = div_down(parse_amount(depth, 0, "depth"), LEVELS)
    step = step_for(asset, mid, SPACING)
    sides: list[list[tuple[Px, Sz]]] = []
    for sign, best in ((-1, mid - half), (1, mid + half)):
        first = round_px(asset, max(1, best), up=sign > 0)
        pxs = [round_px(asset, first + sign * place * step, up=sign > 0) for place in range(LEVELS)]
        sides.append([(px, size_for(asset, px, usd)) for px in dict.fromkeys(pxs) if px > 0])
    bids, asks = sides
    if not bids or not asks or bids[0][0] >= asks[0][0]:
        raise ValueError("no legal bid below an ask there")
    return bids, asks


@control("POST", "market/halt")
def halt(console: Console, asked: OneMarket) -> MarketTold:
    """Halts trading of a market: orders are refused, cancels still work."""
    console.node.operate(SetHalt(_live(console, asked.coin), True))
    return _told(console, asked.coin)


@control("POST", "market/resume")
def resume(console: Console, asked: OneMarket) -> MarketTold:
    """Lets a halted market trade again."""
    console.node.operate(SetHalt(_live(console, asked.coin), False))
    return _told(console, asked.coin)


class ListAsked(Asked):
    """A new perp."""

    coin: Annotated[str, msgspec.Meta(description="letters and digits")]
    px: Annotated[Amount, msgspec.Meta(description="where oracle and mark start")]
    sz_decimals: int = 2
    max_leverage: int = 10


@control("POST", "market/list")
def list_perp(console: Console, asked: ListAsked) -> MarketTold:
    """Lists one more perp, with the next asset id. A living market quotes it soon."""
    px = Px(parse_amount(asked.px, 8, "price"))
    console.node.operate(ListPerp(asked.coin, asked.sz_decimals, asked.max_leverage, px))
    return _told(console, asked.coin)


@control("POST", "market/delist")
def delist(console: Console, asked: OneMarket) -> MarketTold:
    """Ends a perp: orders are cancelled, positions settled at the oracle's mean of an hour."""
    console.node.operate(DelistPerp(_live_perp(console, asked.coin)))
    return _told(console, asked.coin)


class PriceAsked(OneMarket):
    """Which perp, and its price."""

    px: Annotated[Amount, msgspec.Meta(description="the price")]


@control("POST", "market/oracle")
def oracle(console: Console, asked: PriceAsked) -> MarketTold:
    """Sets the oracle price of a perp alone. Its book stays, so the premium, and with it funding,
    follow. A living market sets its own again with its next turn.
    """
    px = Px(parse_amount(asked.px, 8, "price"))
    console.node.operate(SetOracle(((_live_perp(console, asked.coin), px),)))
    return _told(console, asked.coin)


@control("POST", "market/mark")
def mark(console: Console, asked: PriceAsked) -> MarketTold:
    """Sets the mark of a perp alone, until the exchange computes it anew, 3 s later at most: a
    spike that fires stops and liquidates, though nobody traded there.
    """
    px = Px(parse_amount(asked.px, 8, "price"))
    console.node.operate(SetMark(((_live_perp(console, asked.coin), px),)))
    return _told(console, asked.coin)


class CapAsked(OneMarket):
    """Which perp, and its cap."""

    usd: Annotated[
        Amount | None, msgspec.Meta(description="notional of one side; left out: no cap")
    ] = None


@control("POST", "market/cap")
def cap(console: Console, asked: CapAsked) -> MarketTold:
    """Caps the open interest of a perp, or lifts its cap. At the cap orders that add are refused,
    and some that rest are cancelled.
    """
    usd = None if asked.usd is None else Usd(parse_amount(asked.usd, 6, "notional"))
    console.node.operate(SetOpenInterestCap(_live_perp(console, asked.coin), usd))
    return _told(console, asked.coin)
