"""Encoded forms of what is asked most, kept until it changes. Same bytes as encoding the shapes.

Everything hangs on the identity of the markets: whatever replaces them (a restored snapshot, a
second exchange in the process) starts with nothing kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from ...matching.book import OrderBook
from ...sim.assets import SpotPair
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

    def __init__(self, state: State) -> None:
        coins = sorted(state.universe.by_coin.items())
        self.markets = [state.markets[asset.id] for _, asset in coins]
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


_mids = PerState(_Mids)


def mids_json(view: View) -> Raw:
    """`markets.mids`, encoded."""
    return _mids.of(view.state).json(view.state)


# -- listings and contexts -------------------------------------------------------------------------

_meta = PerState(lambda state: Raw(msgspec.json.encode(markets.meta(state.universe))))
_spot_meta = PerState(lambda state: Raw(msgspec.json.encode(markets.spot_meta(state.universe))))


def meta_json(view: View) -> Raw:
    """`markets.meta`, encoded once."""
    return _meta.of(view.state)


def spot_meta_json(view: View) -> Raw:
    """`markets.spot_meta`, encoded once."""
    return _spot_meta.of(view.state)


CtxKey = tuple[Any, ...]


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
        self.perps = [perp.id for perp in universe.perps]
        by_index = {pair.index: pair for pair in universe.pairs}
        self.spots: list[SpotPair | bytes] = [
            by_index.get(index) or msgspec.json.encode(markets.hidden_spot_ctx(index))
            for index in range(max(by_index, default=-1) + 1)
        ]
        # Observed: outcomes stand behind all indices (info 4.7).
        self.spots += universe.outcomes
        self.kept: dict[int, tuple[CtxKey, bytes]] = {}
        self.replies: dict[str, tuple[Stamp, Raw]] = {}

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

    def all_perps(self, state: State) -> bytes:
        return b",".join(self.one(state.markets[perp], state.time_ms) for perp in self.perps)

    def all_spots(self, state: State) -> bytes:
        return b",".join(
            row if isinstance(row, bytes) else self.one(state.markets[row.id], state.time_ms)
            for row in self.spots
        )

    def reply(self, state: State, name: str, make: Callable[[State], bytes]) -> Raw:
        """`[…]` of what `make` joins, kept until the next input."""
        now = stamp(state)
        found = self.replies.get(name)
        if found is not None and found[0] == now:
            return found[1]
        raw = Raw(b"[%b]" % make(state))
        self.replies[name] = (now, raw)
        return raw


_contexts = PerState(_Contexts)


def ctx_json(view: View, market: Market) -> Raw:
    """`markets.perp_ctx` or `markets.spot_ctx` of one market, encoded."""
    return Raw(_contexts.of(view.state).one(market, view.time_ms))


def perp_ctxs_json(view: View) -> Raw:
    """The contexts of all perps, in the order of the universe."""
    kept = _contexts.of(view.state)
    return kept.reply(view.state, "perps", kept.all_perps)


def spot_ctxs_json(view: View) -> Raw:
    """The contexts of all spot indices from 0, gaps filled: list position is the index."""
    kept = _contexts.of(view.state)
    return kept.reply(view.state, "spots", kept.all_spots)
