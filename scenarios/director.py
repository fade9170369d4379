"""The operator's hand on the market: prices that move where they are told to, and books as told.

It leads the script that keeps the books, and has accounts of its own for what that one does not do.
Everything goes through the front of the exchange, so a journal knows what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..matching.dataclass import dataclass
from ..matching.types import Side, Tif
from ..sim.actions.orders import PlaceOrders
from ..sim.assets import Asset, round_px
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Px, Sz
from ..sim.operations import SetOracle
from ..sim.prices import mid_px
from ..sim.state import Market
from ..sim.trading import is_open
from .actors import Pen, actor_address, deposit, equip, new_order
from .cast import ActorCancels, ActorOrder, OpenActor, cancel, open_actor, place
from .ladder import highest_px, tick
from .paths import nearest_px
from .script import Quoting

STEPS = 100
STEP_MS = 100
"""A move takes so many steps at most, and none shorter."""
SPOT_USD = 50_000_000
"""Tokens of a pair, worth so much each, that an account of the operator trades with."""
SWEEPS = 20
"""So many orders at most clear the way of a move: each takes what one order may."""

Levels = Sequence[tuple[Px, Sz]]
"""Best first."""


@dataclass(frozen=True, slots=True)
class MovePrice:
    """What the operator says: a price is to go to `px`, in so much exchange time."""

    asset_id: int
    px: int
    over_ms: int = 0


@dataclass(frozen=True, slots=True)
class SetBook:
    """What the operator says: these levels are the book, whatever clients have in it aside."""

    asset_id: int
    bids: tuple[tuple[Px, Sz], ...]
    asks: tuple[tuple[Px, Sz], ...]


Direction = MovePrice | SetBook | OpenActor | ActorOrder | ActorCancels


@dataclass(slots=True)
class Move:
    """A price on its way."""

    asset_id: int
    from_px: int
    to_px: int
    began_ms: int
    until_ms: int
    due_ms: int

    def px_at(self, time_ms: int) -> int:
        """Where it is, on a straight line."""
        if time_ms >= self.until_ms:
            return self.to_px
        part, whole = time_ms - self.began_ms, self.until_ms - self.began_ms
        return self.from_px + (self.to_px - self.from_px) * part // whole


class Director:
    """Leads a market script, or nobody in an empty market."""

    def __init__(self, market: Quoting | None = None) -> None:
        self._market = market
        self._pen = Pen()
        self._moves: dict[int, Move] = {}
        self._books: dict[int, tuple[int, list[list[int]], list[list[int]]]] = {}
        """Of markets whose books the operator set: where they stand, bids and asks [px, sz]."""
        self._equipped: list[str] = []
        """Accounts with what they need, `address/asset id`."""

    # -- as a script -------------------------------------------------------------------------------

    def open(self, ex: Exchange) -> None:
        """Opens the market."""
        if self._market is not None:
            self._market.open(ex)

    def next_due_ms(self) -> int | None:
        """When the market has a turn or a price its next step."""
        due_ms = None if self._market is None else self._market.next_due_ms()
        if not self._moves:
            return due_ms  # asked for with every action
        step_ms = min(move.due_ms for move in self._moves.values())
        return step_ms if due_ms is None else min(due_ms, step_ms)

    def run(self, ex: Exchange, time_ms: int) -> None:
        """Moves the prices that are due, then lets the market have its turn."""
        for move in [move for move in self._moves.values() if move.due_ms <= time_ms]:
            asset = ex.state.markets[move.asset_id].asset
            if asset.is_delisted or time_ms >= move.until_ms:
                del self._moves[move.asset_id]
            step_ms = max(STEP_MS, (move.until_ms - move.began_ms) // STEPS)
            move.due_ms = min(time_ms + step_ms, move.until_ms)
            if is_open(ex.state.markets[move.asset_id]):
                self._aim(ex, asset, move.px_at(time_ms))
        if self._market is not None:
            due_ms = self._market.next_due_ms()
            if due_ms is not None and due_ms <= time_ms:
                self._market.run(ex, time_ms)

    def state(self) -> Any:
        """All that lasts, the market's state in it."""
        moves = [
            [one.asset_id, one.from_px, one.to_px, one.began_ms, one.until_ms, one.due_ms]
            for one in self._moves.values()
        ]
        books = [[asset_id, *book] for asset_id, book in self._books.items()]
        own = self._pen.last_nonce, moves, books, list(self._equipped)
        return own, None if self._market is None else self._market.state()

    def restore(self, state: Any) -> None:
        """Goes on where the director of `state` stood."""
        own, market = state
        self._pen.last_nonce, moves, books, equipped = own
        self._equipped = list(equipped)
        self._moves = {row[0]: Move(*row) for row in moves}
        self._books = {asset_id: (px, bids, asks) for asset_id, px, bids, asks in books}
        if self._market is not None:
            self._market.restore(market)

    # -- what the operator says --------------------------------------------------------------------

    def follow(self, ex: Exchange, direction: Direction) -> None:
        """Does what the operator says. Raises ValueError for what cannot be done."""
        match direction:
            case MovePrice():
                asset = ex.state.markets[direction.asset_id].asset
                self.move(ex, asset, direction.px, direction.over_ms)
            case SetBook():
                asset = ex.state.markets[direction.asset_id].asset
                self.book(ex, asset, direction.bids, direction.asks)
            case OpenActor():
                open_actor(ex, direction)
            case ActorOrder():
                place(ex, self._pen, direction)
            case ActorCancels():
                cancel(ex, self._pen, direction)

    def move(self, ex: Exchange, asset: Asset, to_px: int, over_ms: int = 0) -> None:
        """Brings the price of an asset to the legal price nearest to `to_px`, at once or in time.

        Books, mark and oracle go there, and orders in the way are traded with. Raises ValueError
        for a market that does not trade, and for one whose price nobody makes.
        """
        self._check_open(ex, asset)
        led = self._market is not None and self._market.quotes(asset.id)
        if asset.is_spot and not led and asset.id not in self._books:
            raise ValueError(f"nobody quotes {asset.coin} here: give it a book first")
        px = nearest_px(asset, min(to_px, highest_px(asset)))
        market = ex.state.markets[asset.id]
        began_ms = ex.state.time_ms
        if over_ms <= 0:
            self._moves.pop(asset.id, None)
            self._aim(ex, asset, px)
        else:
            from_px = mid_px(market) or market.mark_px
            due_ms = began_ms + min(over_ms, max(STEP_MS, over_ms // STEPS))
            move = Move(asset.id, from_px, px, began_ms, began_ms + over_ms, due_ms)
            self._moves[asset.id] = move

    def book(self, ex: Exchange, asset: Asset, bids: Levels, asks: Levels) -> None:
        """Makes the book of an asset these levels and what clients have in it.

        Whoever else quoted there leaves for good. Orders that the levels cross are traded with.
        Raises ValueError for a market that does not trade.
        """
        self._check_open(ex, asset)
        if self._market is not None:
            self._market.leave(ex, asset.id)
        self._moves.pop(asset.id, None)
        best = [side[0][0] for side in (bids, asks) if side]
        px = sum(best) // max(1, len(best))
        self._books[asset.id] = (px, _rows(bids), _rows(asks))
        self._quote(ex, asset, bids, asks)

    def _check_open(self, ex: Exchange, asset: Asset) -> None:
        if not is_open(ex.state.markets[asset.id]):
            raise ValueError(f"{asset.coin} does not trade: it is halted or delisted")

    # -- doing it ----------------------------------------------------------------------------------

    def _aim(self, ex: Exchange, asset: Asset, to_px: int) -> None:
        """Brings books, oracle and mark of an asset to a price."""
        px = nearest_px(asset, to_px)
        own = self._books.get(asset.id)
        if own is not None:
            shifted = [
                [(round_px(asset, max(1, one * px // own[0]), up=up), Sz(sz)) for one, sz in side]
                for up, side in ((False, own[1]), (True, own[2]))
            ]
            self._books[asset.id] = (px, _rows(shifted[0]), _rows(shifted[1]))
            self._quote(ex, asset, *shifted)
        else:
            if self._market is not None:
                self._market.withdraw(ex, asset.id)
            self._sweep(ex, asset, px, px)
        if self._market is not None:
            self._market.aim(ex, asset, px)
        if not asset.is_spot:
            # Last: the mark is computed from the books, too.
            ex.operate(SetOracle(((asset.id, px),)))

    def _quote(self, ex: Exchange, asset: Asset, bids: Levels, asks: Levels) -> None:
        """Puts levels of its own into a book, and nothing else."""
        maker = actor_address(f"operator/{asset.id}")
        self._pen.withdraw(ex, maker, asset.id)
        self._sweep(
            ex,
            asset,
            asks[0][0] if asks else highest_px(asset),
            bids[0][0] if bids else Px(0),
        )
        self._equip(ex, maker, asset)
        sides = ((True, bids), (False, asks))
        orders = [
            new_order(asset, is_buy=is_buy, px=px, sz=sz, tif=Tif.GTC)
            for is_buy, levels in sides
            for px, sz in levels
            if px > 0
        ]
        self._pen.place(ex, maker, orders)

    def _sweep(self, ex: Exchange, asset: Asset, highest: Px, lowest: Px) -> None:
        """Trades with all bids above `highest` and all asks below `lowest`."""
        market = ex.state.markets[asset.id]
        for side, limit in ((Side.BID, highest), (Side.ASK, lowest)):
            for _ in range(SWEEPS):
                sz = _beyond(market, side, limit)
                if not sz or not self._take(ex, asset, side, limit, sz):
                    break

    def _take(self, ex: Exchange, asset: Asset, side: Side, limit: Px, sz: Sz) -> bool:
        """Takes `sz` of what rests on `side`; False when that changed nothing."""
        taker = actor_address("operator")
        self._equip(ex, taker, asset)
        step = tick(asset, limit)
        px = limit + step if side is Side.BID else max(step, limit - step)
        px = round_px(asset, px, up=side is Side.BID)
        market = ex.state.markets[asset.id]
        version = market.book.version
        order = new_order(asset, is_buy=side is Side.ASK, px=px, sz=sz, tif=Tif.IOC)
        self._pen.send(ex, taker, PlaceOrders((order,)))
        return market.book.version != version

    def _equip(self, ex: Exchange, user: Address, asset: Asset) -> None:
        name = f"{user}/{asset.id}"
        if name in self._equipped:
            return
        if ex.account(user) is None:
            deposit(ex, user)
        equip(ex, user, asset, self._pen, spot_usd=SPOT_USD)
        self._equipped.append(name)


def _rows(levels: Levels) -> list[list[int]]:
    return [[px, sz] for px, sz in levels]


def _beyond(market: Market, side: Side, limit: Px) -> Sz:
    """How much rests on `side` at better prices than `limit`."""
    total = 0
    for level in market.book.levels(side):
        if level.px <= limit if side is Side.BID else level.px >= limit:
            break
        total += level.sz
    return Sz(total)
