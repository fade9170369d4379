"""One recorded book: what its maker does so that a market shows a snapshot or trades a trade.

Arithmetic only: these functions read a market and say which orders shrink and which are placed.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..matching.dataclass import dataclass
from ..matching.types import Side
from ..sim.assets import Asset, has_legal_decimals, on_lot, on_tick, round_px
from ..sim.fixed import Px, Sz
from ..sim.orders import Order
from ..sim.state import Account, Market
from .archive_rows import FULL, Levels

MOST_LEVELS = 100
"""Of one side, those that lie deeper than a snapshot shows among them."""

Shrunk = list[tuple[int, Sz]]
Placed = list[tuple[bool, Px, Sz]]


@dataclass(frozen=True, slots=True)
class Scale:
    """How far prices are moved from those that were recorded: `px` is where `of` was."""

    px: int = 1
    of: int = 1

    def moved(self, asset: Asset, px: Px, *, up: bool) -> Px:
        """A legal price beside where `px` is now; 0 for one that is below them all."""
        if self.px == self.of:
            return px
        return round_px(asset, max(1, px * self.px // self.of), up=up)

    def levels(self, asset: Asset, levels: Levels, *, up: bool) -> dict[Px, Sz]:
        """Sizes by price, best first; levels that meet on one price are one."""
        found: dict[Px, Sz] = {}
        for recorded, sz in levels:
            px = self.moved(asset, recorded, up=up)
            if px:
                found[px] = Sz(found.get(px, 0) + sz)
        return found


def fault_of(asset: Asset, pxs: Iterable[tuple[Px, Sz]]) -> str | None:
    """Why the world's `asset` cannot have had these prices and sizes."""
    for px, sz in pxs:
        if not has_legal_decimals(asset, px) or not on_tick(px):
            return f"{px} e-8 is no price of {asset.coin} in this world"
        if not on_lot(asset, sz):
            return f"{sz} e-8 is no size of {asset.coin} in this world"
    return None


def requotes(
    market: Market, maker: Account, side: Side, wanted: dict[Px, Sz]
) -> tuple[Shrunk, Placed]:
    """What makes the maker's side of a book `wanted`.

    Assumed: an order of a client is not in what was recorded. What a level lost without a trade
    was cancelled behind it as long as there is something behind it; what came stands behind it.
    What lies deeper than a full snapshot is as it was.
    """
    shrunk: Shrunk = []
    placed: Placed = []
    resting = _by_px(market, maker, side)
    worst = next(reversed(wanted)) if len(wanted) >= FULL else None
    deep = []
    for px, orders in resting.items():
        sz = wanted.get(px)
        if sz is None and worst is not None and _is_better(side, worst, px):
            deep.append(px)
            continue
        shrunk += _shrink(orders, sum(order.sz for order in orders) - (sz or 0))
    for px in sorted(deep, reverse=side is Side.BID)[max(0, MOST_LEVELS - len(wanted)) :]:
        shrunk += [(order.oid, Sz(0)) for order in resting[px]]
    for px, sz in wanted.items():
        orders = resting.get(px, [])
        missing = sz - sum(order.sz for order in orders)
        if missing > 0:
            more_shrunk, more_placed = _grow(orders, side, px, missing)
            shrunk += more_shrunk
            placed += more_placed
    return shrunk, placed


def clearance(market: Market, maker: Account, side: Side, px: Px, sz: Sz) -> tuple[Shrunk, Placed]:
    """What lets a trade of `sz` happen at `px` with what rests on `side`.

    A trade shows that nothing better was left in the recorded book, on either side, and that there
    was as much as traded: what is missing comes behind what rests.
    """
    shrunk: Shrunk = []
    for each in (side, side.opposite):
        for other, orders in _by_px(market, maker, each).items():
            if _is_better(each, other, px) or (each is not side and other == px):
                shrunk += [(order.oid, Sz(0)) for order in orders]
    gone = {oid for oid, _ in shrunk}
    there = 0
    for level in market.book.levels(side):
        if _is_better(side, px, level.px):
            break
        there += level.sz
        if level.px != px:
            there -= sum(order.sz for order in level if order.oid in gone)
    if there >= sz:
        return shrunk, []
    orders = _by_px(market, maker, side).get(px, [])
    more_shrunk, placed = _grow(orders, side, px, sz - there)
    return shrunk + more_shrunk, placed


def _by_px(market: Market, maker: Account, side: Side) -> dict[Px, list[Order]]:
    """The maker's orders of one side, those at one price in the order in which they stand."""
    found: dict[Px, list[Order]] = {}
    for order in maker.orders_by_asset.get(market.asset.id, {}).values():
        if order.side is side:
            found.setdefault(order.px, []).append(order)
    return found


def _shrink(orders: list[Order], excess: int) -> Shrunk:
    """Takes `excess` from the end of the line."""
    shrunk: Shrunk = []
    for order in reversed(orders):
        if excess <= 0:
            break
        gone = min(order.sz, excess)
        shrunk.append((order.oid, Sz(order.sz - gone)))
        excess -= gone
    return shrunk


def _grow(orders: list[Order], side: Side, px: Px, missing: int) -> tuple[Shrunk, Placed]:
    """Adds `missing` at the end of the line: to the last order when nobody stands behind it, in one
    order in place of two.
    """
    last = orders[-1] if orders else None
    if last is None or last.level is None or last.level.tail is not last:
        return [], [(side is Side.BID, px, Sz(missing))]
    return [(last.oid, Sz(0))], [(side is Side.BID, px, Sz(last.sz + missing))]


def _is_better(side: Side, px: int, than: int) -> bool:
    return px > than if side is Side.BID else px < than
