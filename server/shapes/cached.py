"""Encoded forms of what is asked most, kept until it changes. Same bytes as encoding the shapes.

Everything hangs on the identity of the markets: whatever replaces them (a restored snapshot, a
second exchange in the process) starts with nothing kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from ...matching.book import OrderBook
from ...sim.assets import SpotPair, dex_of
from ...sim.state import Market, State
from ...sim.view import View
from ...sim.volume import HOUR_MS
from . import books, markets

T = TypeVar("T")

Raw = msgspec.Raw
"""JSON that is encoded already; encoders copy it."""

_BOOKS_KEPT = 4096


class PerState(Generic[T]):
    """One value for the state that was asked about last, made anew for any other.

    NB: a restored snapshot is put into the old `State` object, but its markets are new ones.
    """

    __slots__ = ("_held", "_make")

    def __init__(self, make: Callable[[State], T]) -> None:
        self._make = make
        self._held: tuple[dict[int, Market], T] | None = None

    def of(self, state: State) -> T:
        held = self._held
        if held is not None and held[0] is state.markets:
            return held[1]
        value = self._make(state)
        # One assignment: threads that serve different exchanges only ever see whole pairs.
        self._held = (state.markets, value)
        return value


Stamp = tuple[int, int, int]


def stamp(state: State) -> Stamp:
    """Differs whenever anything may have changed: every input moves one of the three."""
    return state.height, state.action_index, state.time_ms


# -- books -----------------------------------------------------------------------------------------

BookKey = tuple[str, int, int | None, int | None]
_book_tails: PerState[dict[BookKey, tuple[OrderBook, int, bytes]]] = PerState(lambda state: {})


def book_json(
    view: View,
    market: Market,
    *,
    count: int = books.LEVELS,
    n_sig_figs: int | None = None,
    mantissa: int | None = None,
) -> Raw:
    """`books.book`, encoded; only the time is new while the book stands still.

    Raises ValueError for an unsupported aggregation.
    """
    state, coin, book = view.state, market.asset.coin, market.book
    kept = _book_tails.of(state)
    key = (coin, count, n_sig_figs, mantissa)
    found = kept.get(key)
    if found is not None and found[1] == book.version and found[0] is book:
        tail = found[2]
    else:
        shape = books.book(market, 0, count=count, n_sig_figs=n_sig_figs, mantissa=mantissa)
        del shape["coin"], shape["time"]
        tail = msgspec.json.encode(shape)[1:]
        if len(kept) >= _BOOKS_KEPT:
            kept.clear()
        kept[key] = (book, book.version, tail)
    return Raw(b'{"coin":"%b","time":%d,%b' % (coin.encode(), state.time_ms, tail))


# -- mids ------------------------------------------------------------------------------------------


class _Mids:
    """`"BTC":"64706.5"` for every coin in byte order, each kept while its book stands still."""

    __slots__ = ("markets", "pieces", "reply", "stamp", "versions")

    def __init__(self, state: State, dex: int) -> None:
        coins = sorted(state.universe.by_coin.items())
        ids = [asset.id for _, asset in coins if dex_of(asset.id) == dex]
        self.markets = [state.markets[asset_id] for asset_id in ids]
        self.versions: list[tuple[int, int]] = [(-1, -1)] * len(self.markets)
        self.pieces: list[str] = [""] * len(self.markets)
        self.stamp: Stamp | None = None
        self.reply = Raw(b"{}")

    def json(self, state: State) -> Raw:
        now = stamp(state)
        if now != self.stamp:
            self._renew()
            self.reply = Raw(f"{{{','.join(filter(None, self.pieces))}}}".encode())
            self.stamp = now
        return self.reply

    def _renew(self) -> None:
        versions, pieces = self.versions, self.pieces
        for place, market in enumerate(self.markets):
            # An empty book shows the last trade or the mark; the mark moves without the book.
            version = (market.book.version, market.mark_px)
            if version != versions[place]:
                versions[place] = version
                text = markets.mid_or_last_text(market)
                pieces[place] = "" if text is None else f'"{market.asset.coin}":"{text}"'


_mids: PerState[dict[int, _Mids]] = PerState(lambda state: {})


def mids_json(view: View, dex: int = 0) -> Raw:
    """`markets.mids`, encoded."""
    kept, state = _mids.of(view.state), view.state
    found = kept.get(dex)
    if found is None:
        found = kept[dex] = _Mids(state, dex)
    return found.json(state)


# -- listings and contexts -------------------------------------------------------------------------

_metas: PerState[dict[int, Raw]] = PerState(lambda state: {})
_spot_meta = PerState(lambda state: Raw(msgspec.json.encode(markets.spot_meta(state.universe))))


def meta_json(view: View, dex: int = 0) -> Raw:
    """`markets.meta`, encoded once."""
    kept = _metas.of(view.state)
    found = kept.get(dex)
    if found is None:
        found = kept[dex] = Raw(msgspec.json.encode(markets.meta(view.universe, dex)))
    return found


def spot_meta_json(view: View) -> Raw:
    """`markets.spot_meta`, encoded once."""
    return _spot_meta.of(view.state)


CtxKey = tuple[Any, ...]
SPOT = -1
"""In the place of a dex."""


def _ctx_key(market: Market, time_ms: int) -> CtxKey:
    """Everything that a context shows or is computed from."""
    return (
        market.book.version,
        market.mark_px,
        market.oracle_px,
        market.premium,
        market.premium_sum,
        market.premium_samples,
        market.open_interest,
        market.supply,
        market.volume.total_usd,
        time_ms // HOUR_MS,
        market.prev_day[0] if market.prev_day else None,
    )


class _Contexts:
    """Encoded contexts of all perps and of all spot indices, each kept while its key stands."""

    __slots__ = ("kept", "perps", "replies", "spots")

    def __init__(self, state: State) -> None:
        universe = state.universe
        dexes = range(len(universe.dexes) + 1)
        self.perps = [[perp.id for perp in universe.perps_of(dex)] for dex in dexes]
        by_index = {pair.index: pair for pair in universe.pairs}
        self.spots: list[SpotPair | bytes] = [
            by_index.get(index) or msgspec.json.encode(markets.hidden_spot_ctx(index))
            for index in range(max(by_index, default=-1) + 1)
        ]
        # Observed: outcomes stand behind all indices (info 4.7).
        self.spots += universe.outcomes
        self.kept: dict[int, tuple[CtxKey, bytes]] = {}
        self.replies: dict[int, tuple[Stamp, Raw]] = {}

    def one(self, market: Market, time_ms: int) -> bytes:
        asset, key = market.asset, _ctx_key(market, time_ms)
        found = self.kept.get(asset.id)
        if found is not None and found[0] == key:
            return found[1]
        if isinstance(asset, SpotPair):
            shape = markets.spot_ctx(market, asset, time_ms)
        else:
            shape = markets.perp_ctx(market, time_ms)
        text = msgspec.json.encode(shape)
        self.kept[asset.id] = (key, text)
        return text

    def all_of(self, state: State, dex: int) -> Iterator[bytes]:
        """Those of the perps of one dex, or of all spot indices."""
        now = state.time_ms
        if dex != SPOT:
            return (self.one(state.markets[perp], now) for perp in self.perps[dex])
        return (
            row if isinstance(row, bytes) else self.one(state.markets[row.id], now)
            for row in self.spots
        )

    def reply(self, state: State, dex: int) -> Raw:
        """`[…]` of `all_of`, kept until the next input."""
        now = stamp(state)
        found = self.replies.get(dex)
        if found is not None and found[0] == now:
            return found[1]
        raw = Raw(b"[%b]" % b",".join(self.all_of(state, dex)))
        self.replies[dex] = (now, raw)
        return raw


_contexts = PerState(_Contexts)


def ctx_json(view: View, market: Market) -> Raw:
    """`markets.perp_ctx` or `markets.spot_ctx` of one market, encoded."""
    return Raw(_contexts.of(view.state).one(market, view.time_ms))


def perp_ctxs_json(view: View, dex: int = 0) -> Raw:
    """The contexts of all perps of a dex, in the order of its universe."""
    return _contexts.of(view.state).reply(view.state, dex)


def spot_ctxs_json(view: View) -> Raw:
    """The contexts of all spot indices from 0, gaps filled: list position is the index."""
    return _contexts.of(view.state).reply(view.state, SPOT)
