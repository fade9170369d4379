"""The recorded market: books, trades and prices of an archive, with clients' orders among them.

A coin has a maker that holds what was in its book, and a taker that trades what was traded.
Exchange time is the archive's. At its end everything stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from ..matching.dataclass import dataclass
from ..matching.types import Side
from ..sim.assets import MAX_PX, Asset, OutcomeSide, Universe, px_decimals
from ..sim.exchange import Exchange
from ..sim.fixed import Px, Sz
from ..sim.operations import Requote, SetMark, SetOracle, TakeBook
from ..sim.state import Account
from ..sim.trading import is_open, matches
from .actors import Pen
from .archive import Archive
from .archive_rows import BookRow, ContextRow, Row, TradeRow
from .paths import STEP_MS
from .replayed import Scale, clearance, fault_of, requotes
from .stand_ins import StandIns, maker_address

logger = logging.getLogger("hlsim.archive")

Told = tuple[int, str, Row]
"""A row: when it is due, and where it stands."""


@dataclass(slots=True)
class Coin:
    """What is known of a coin of the archive."""

    asset: Asset
    scale: Scale = Scale()
    has_context: bool = False
    """True once a row told its oracle. Until then the mid of its book stands for it, without books
    the price of a trade (Assumed).
    """
    oracle_ms: int = 0
    """When that was set last."""
    book: BookRow | None = None
    """The latest snapshot."""
    is_left: bool = False
    """True once the operator took the market over."""


class RecordedMarket:
    """The script behind `--market replay:PATH`. Same universe, same files, same market."""

    def __init__(self, universe: Universe, archive: Archive) -> None:
        self._universe = universe
        self._archive = archive
        self._pen = Pen()
        self._stand_ins = StandIns(self._pen)
        self._coins: dict[str, Coin] = {}
        self._strangers: dict[str, None] = {}
        """Coins that are not listed, and were told of."""

    # -- as a script -------------------------------------------------------------------------------

    def open(self, ex: Exchange) -> None:
        """Sets the stage as the archive has it by now: the latest of each coin, without trades."""
        latest: dict[tuple[type[Row], str], Told] = {}
        for told in self._due(ex.state.time_ms):
            row = told[2]
            if not isinstance(row, TradeRow):
                latest[type(row), row.coin] = (0, *told[1:])
        self._play(ex, sorted(latest.values(), key=lambda told: isinstance(told[2], BookRow)))

    def next_due_ms(self) -> int | None:
        """The time of the next line; None at the end of the archive."""
        return self._archive.next_ms

    def run(self, ex: Exchange, time_ms: int) -> None:
        """Plays every line that is due."""
        self._play(ex, self._due(time_ms))

    def state(self) -> Any:
        """All that lasts beside accounts and books. The snapshots in it are those in use: tuples,
        which nothing changes.
        """
        coins = tuple(
            (
                name,
                (coin.scale.px, coin.scale.of),
                coin.has_context,
                coin.oracle_ms,
                None if coin.book is None else (coin.book.bids, coin.book.asks),
                coin.is_left,
            )
            for name, coin in self._coins.items()
        )
        return self._pen.last_nonce, self._archive.state(), coins, tuple(self._strangers)

    def restore(self, state: Any) -> None:
        """Goes on where the market of `state` stood; the files must be the same."""
        self._pen.last_nonce, places, coins, strangers = state
        self._archive.restore(places)
        self._strangers = dict.fromkeys(strangers)
        self._coins = {
            name: Coin(
                self._universe.by_coin[name],
                Scale(*scale),
                has_context,
                oracle_ms,
                None if book is None else BookRow(name, *book),
                is_left,
            )
            for name, scale, has_context, oracle_ms, book, is_left in coins
        }

    # -- for the operator --------------------------------------------------------------------------

    def quotes(self, asset_id: int) -> bool:
        """True for what the archive told of until now."""
        coin = self._of(asset_id)
        return coin is not None and not coin.is_left

    def withdraw(self, ex: Exchange, asset_id: int) -> None:
        """Takes its orders off one market. They are there again with the next snapshot."""
        coin = self._of(asset_id)
        if coin is not None:
            self._pen.withdraw(ex, maker_address(coin.asset), asset_id)

    def aim(self, ex: Exchange, asset: Asset, px: Px) -> None:
        """Moves all prices from now on, in proportion, so that the book of now stands at `px`."""
        coin = self._of(asset.id)
        if coin is None or coin.is_left:
            return
        mid = _mid(coin.book)
        coin.scale = Scale(px, mid or ex.state.markets[asset.id].oracle_px)
        if coin.book is not None:
            self._show(ex, coin, coin.book)

    def leave(self, ex: Exchange, asset_id: int) -> None:
        """Plays one market no more."""
        self.withdraw(ex, asset_id)
        asset = self._universe.by_id.get(asset_id)
        if asset is not None:
            self._coins.setdefault(asset.coin, Coin(asset)).is_left = True

    def _of(self, asset_id: int) -> Coin | None:
        asset = self._universe.by_id.get(asset_id)
        return None if asset is None else self._coins.get(asset.coin)

    # -- playing -----------------------------------------------------------------------------------

    def _due(self, time_ms: int) -> Iterable[Told]:
        archive = self._archive
        while (next_ms := archive.next_ms) is not None and next_ms <= time_ms:
            line = archive.take()
            for row in line.rows:
                yield line.time_ms, line.where, row

    def _play(self, ex: Exchange, rows: Iterable[Told]) -> None:
        """Plays rows in their order, those of one moment and kind together."""
        known = (told for told in rows if self._is_known(ex, told))
        for (_, kind), group in groupby(known, lambda told: (told[0], type(told[2]))):
            told = [row for *_, row in group]
            if kind is ContextRow:
                self._set_prices(ex, [row for row in told if isinstance(row, ContextRow)])
            elif kind is TradeRow:
                self._trade(ex, [row for row in told if isinstance(row, TradeRow)])
            else:
                for row in told:
                    if isinstance(row, BookRow):
                        self._show(ex, self._coins[row.coin], row)

    def _is_known(self, ex: Exchange, told: Told) -> bool:
        """False for a row that cannot be played; says why, of a coin once."""
        _, where, row = told
        asset = self._universe.by_coin.get(row.coin)
        if asset is None or isinstance(asset, OutcomeSide):
            if row.coin not in self._strangers:
                self._strangers[row.coin] = None
                logger.warning("%s: the world lists no %.40s: it is left out", where, row.coin)
            return False
        coin = self._coins.get(row.coin)
        if coin is None:
            coin = self._coins[row.coin] = Coin(asset)
        pairs: list[tuple[Px, Sz]] = []
        if isinstance(row, BookRow):
            pairs = [*row.bids, *row.asks]
        elif isinstance(row, TradeRow):
            pairs = [(row.px, row.sz)]
        elif asset.is_spot:
            return False
        fault = fault_of(asset, pairs)
        if fault is not None:
            logger.warning("%s: %s; it is left out", where, fault)
            return False
        return not coin.is_left and is_open(ex.state.markets[asset.id])

    def _set_prices(self, ex: Exchange, rows: list[ContextRow]) -> None:
        oracles: dict[int, Px] = {}
        marks: dict[int, Px] = {}
        for row in rows:
            coin = self._coins[row.coin]
            coin.has_context = True
            for recorded, pxs in ((row.oracle_px, oracles), (row.mark_px, marks)):
                if recorded:
                    pxs[coin.asset.id] = px = _scaled(coin, recorded)
                    self._stand_ins.back(ex, coin.asset, px)
        ex.operate(SetOracle(tuple(oracles.items())))
        if marks:
            ex.operate(SetMark(tuple(marks.items())))

    def _show(self, ex: Exchange, coin: Coin, row: BookRow) -> None:
        """Makes a book what a snapshot says, and what clients have in it."""
        coin.book = row
        asset, maker = coin.asset, self._stand_ins.maker(ex, coin.asset)
        market = ex.state.markets[asset.id]
        mid = _mid(row)
        if mid is not None:
            self._stand_ins.back(ex, asset, _scaled(coin, mid))
            self._follow(ex, coin, mid)
        bids = coin.scale.levels(asset, row.bids, up=False)
        asks = coin.scale.levels(asset, row.asks, up=True)
        shrunk, placed = requotes(market, maker, Side.BID, bids)
        more_shrunk, more_placed = requotes(market, maker, Side.ASK, asks)
        self._requote(ex, maker, asset, shrunk + more_shrunk, placed + more_placed)

    def _follow(self, ex: Exchange, coin: Coin, px: Px) -> None:
        """Makes a price the oracle of a coin for which nobody told one."""
        now_ms = ex.state.time_ms
        if coin.has_context or coin.asset.is_spot:
            return
        if not coin.oracle_ms or now_ms - coin.oracle_ms >= STEP_MS:
            coin.oracle_ms = now_ms
            ex.operate(SetOracle(((coin.asset.id, _scaled(coin, px)),)))

    def _trade(self, ex: Exchange, rows: list[TradeRow]) -> None:
        """Trades what one side took of a book together from its best price on: an archive may tell
        the fills of one order in either direction.
        """
        for (name, is_buy), group in groupby(rows, lambda row: (row.coin, row.is_buy)):
            coin = self._coins[name]
            sign = 1 if is_buy else -1
            for row in sorted(group, key=lambda row: sign * row.px):
                if matches(ex.state, ex.state.markets[coin.asset.id]):
                    self._trade_one(ex, coin, row)

    def _trade_one(self, ex: Exchange, coin: Coin, row: TradeRow) -> None:
        asset = coin.asset
        market = ex.state.markets[asset.id]
        maker, taker = self._stand_ins.maker(ex, asset), self._stand_ins.taker(ex, asset)
        px = coin.scale.moved(asset, row.px, up=row.is_buy)
        if not px:
            return
        self._stand_ins.back(ex, asset, px, row.sz)
        if coin.book is None:
            self._follow(ex, coin, row.px)
        side = Side.ASK if row.is_buy else Side.BID
        self._requote(ex, maker, asset, *clearance(market, maker, side, px, row.sz))
        if market.book.crosses(side.opposite, px):
            self._stand_ins.supply(ex, taker, asset, [(row.is_buy, px, row.sz)])
            ex.operate(TakeBook(taker.address, asset.id, row.is_buy, px, row.sz))

    def _requote(
        self,
        ex: Exchange,
        maker: Account,
        asset: Asset,
        shrunk: list[tuple[int, Sz]],
        placed: list[tuple[bool, Px, Sz]],
    ) -> None:
        if shrunk or placed:
            self._stand_ins.supply(ex, maker, asset, placed)
            ex.operate(Requote(maker.address, asset.id, tuple(shrunk), tuple(placed)))


def _mid(book: BookRow | None) -> Px | None:
    """Between the best recorded prices; None while a side is empty."""
    if book is None or not book.bids or not book.asks:
        return None
    return Px((book.bids[0][0] + book.asks[0][0]) // 2)


def _scaled(coin: Coin, px: Px) -> Px:
    """Where an oracle or a mark is now; it may have more figures than an order, and is never 0 nor
    beyond what is a price.
    """
    found = px * coin.scale.px // coin.scale.of
    return Px(min(max(found, 10 ** (8 - px_decimals(coin.asset))), MAX_PX))
