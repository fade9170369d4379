"""The operator's hand on the market: prices that move where they are told to, and books as told.

It leads the script that keeps the books, and has accounts of its own for what that one does not do.
Everything goes through the front of the exchange, so a journal knows what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..matching.dataclass import dataclass
from ..matching.types import Side, Tif
from ..sim.actions.orders import NewOrder, PlaceOrders
from ..sim.assets import Asset, OutcomeSide, SpotPair, round_px
from ..sim.errors import OrderReject
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Px, Sz, Wei, bare_text, ntl_wei, sz_to_wei
from ..sim.operations import MintToken, SetMark, SetOracle
from ..sim.order_checks import static_reject
from ..sim.prices import mid_px
from ..sim.state import Account, Market
from ..sim.trading import is_open
from .actors import Pen, actor_address, deposit, equip, listed, new_order
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
                asset = listed(ex, direction.asset_id)
                self.move(ex, asset, direction.px, direction.over_ms)
            case SetBook():
                asset = listed(ex, direction.asset_id)
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
            if asset.is_spot and asset.id in self._books:
                self._check_levels(ex, asset, *self._shifted(asset, px))
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
        Raises ValueError for a market that does not trade, and for a level that is no order there.
        """
        self._check_open(ex, asset)
        self._check_levels(ex, asset, bids, asks)
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
        if asset.id in self._books:
            bids, asks = self._shifted(asset, px)
            self._books[asset.id] = (px, _rows(bids), _rows(asks))
            if not asset.is_spot and self._refusal(ex, asset, bids, asks) is not None:
                # So far from the mark that no order may stand there: the mark goes first.
                ex.operate(SetMark(((asset.id, px),)))
            self._quote(ex, asset, bids, asks)
        else:
            if self._market is not None:
                self._market.withdraw(ex, asset.id)
            self._sweep(ex, asset, px, px)
        if self._market is not None:
            self._market.aim(ex, asset, px)
        if not asset.is_spot:
            # Last: the mark is computed from the books, too.
            ex.operate(SetOracle(((asset.id, px),)))

    def _shifted(self, asset: Asset, px: Px) -> tuple[Levels, Levels]:
        """The operator's levels as they stand around another price."""
        before, bids, asks = self._books[asset.id]

        def side(rows: list[list[int]], *, up: bool) -> Levels:
            return [
                (round_px(asset, max(1, one * px // before), up=up), Sz(sz)) for one, sz in rows
            ]

        return side(bids, up=False), side(asks, up=True)

    def _check_levels(self, ex: Exchange, asset: Asset, bids: Levels, asks: Levels) -> None:
        refusal = self._refusal(ex, asset, bids, asks)
        if refusal is not None:
            raise ValueError(refusal)

    def _refusal(self, ex: Exchange, asset: Asset, bids: Levels, asks: Levels) -> str | None:
        """Why the exchange would refuse one of the levels whatever the book is."""
        maker, market = Account(actor_address(f"operator/{asset.id}")), ex.state.markets[asset.id]
        for new in _orders(asset, bids, asks):
            reject = static_reject(ex.state, market, ex.desk.draft(maker, new))
            if reject is not None:
                far = reject.why is OrderReject.PRICE_BAND
                hint = ": too far from the mark, which market/move brings there" if far else ""
                level = f"{bare_text(new.px, 8)} for {bare_text(new.sz, 8)} {asset.coin}"
                return f"the exchange refuses {level}, {reject.why.name}{hint}"
        return None

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
        if isinstance(asset, SpotPair) and not isinstance(asset, OutcomeSide):
            _endow(ex, maker, asset, bids, asks)
        self._pen.place(ex, maker, _orders(asset, bids, asks))

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


def _orders(asset: Asset, bids: Levels, asks: Levels) -> list[NewOrder]:
    return [
        new_order(asset, is_buy=is_buy, px=px, sz=sz, tif=Tif.GTC)
        for is_buy, levels in ((True, bids), (False, asks))
        for px, sz in levels
        if px > 0
    ]


def _endow(ex: Exchange, maker: Address, pair: SpotPair, bids: Levels, asks: Levels) -> None:
    """Gives a maker what its levels of a pair need beyond what it has."""
    account = ex.account(maker)
    assert account is not None
    wei = pair.base.wei_decimals
    needs = (
        (pair.base.index, sum(sz_to_wei(sz, wei) for _, sz in asks)),
        (pair.quote.index, sum(ntl_wei(px, sz, pair.quote.wei_decimals) for px, sz in bids)),
    )
    for token, needed in needs:
        balance = account.spot.get(token)
        missing = needed - (0 if balance is None else balance.total)
        if missing > 0:
            ex.operate(MintToken(maker, token, Wei(missing)))


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
