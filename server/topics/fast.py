"""The prices of all markets once a second, compressed: what changed since the last frame."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ...matching.dataclass import dataclass
from ...sim.events import Event
from ...sim.state import Market
from ...sim.view import View
from ..info.registry import Json
from ..shapes.markets import mid_text
from ..shapes.text import px_text
from .registry import Feed, Topic, topic

FAST_CONTEXTS_MS = 1_000
"""Observed: about one frame a second (ws 3.9)."""

_to_json = msgspec.json.Encoder().encode


def packed(prices: dict[str, Any]) -> str:
    """`prices` as the `data` of a frame: JSON, deflated without any header, in base64.

    Documented: the example of ws 3.9 comes out to the byte with the usual zlib at its usual level.
    NB: another zlib may make other bytes of the same JSON.
    """
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return b64encode(deflate.compress(_to_json(prices)) + deflate.flush()).decode()


@topic("fastAssetCtxs", source="ws 3.9")
@dataclass(frozen=True, slots=True)
class FastAssetCtxs(Topic):
    """Mark and mid of every market: all of them first, then changed fields of changed coins."""

    def feed(self) -> Feed:
        return FastPrices()

    def period_ms(self, view: View) -> int:
        return FAST_CONTEXTS_MS


@dataclass(slots=True)
class _Row:
    """One market as it was last looked at."""

    market: Market
    key: tuple[int, int] = (-1, -1)
    """Version of the book and mark; what is told depends on nothing else."""
    told: dict[str, str | None] | None = None


class FastPrices:
    """What was told, and what has changed since the last tick.

    A client that joins between two ticks is told everything as it is then. Whatever changed since
    the last tick is in the next one all the same, and what changed back, too: so the frames are
    right for those who were there and for the newcomer.
    """

    def __init__(self) -> None:
        self._markets: dict[int, Market] | None = None
        self._rows: list[_Row] = []
        self._news: dict[str, dict[str, str | None]] = {}
        self._full: str | None = None

    def first(self, view: View) -> Json:
        is_new = self._markets is None
        self._look(view)
        if is_new:
            self._news = {}
        if self._full is None:
            self._full = packed({row.market.asset.coin: row.told for row in self._rows})
        return self._full

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return ()

    def tick(self, view: View) -> Json | None:
        """Assumed: no frame when nothing changed, which never happens on the exchange."""
        self._look(view)
        news, self._news = self._news, {}
        return packed(news) if news else None

    def news(self, data: Json) -> object | None:
        return None

    def _look(self, view: View) -> None:
        """Notes what changed since the last look."""
        if view.state.markets is not self._markets:
            self._list(view.state.markets)
        for row in self._rows:
            market = row.market
            key = (market.book.version, market.mark_px)
            if key == row.key:
                continue
            row.key = key
            now = {"markPx": px_text(market.mark_px), "midPx": mid_text(market)}
            before = row.told
            changed = {
                name: text for name, text in now.items() if before is None or before[name] != text
            }
            if changed:
                row.told, self._full = now, None
                self._news.setdefault(market.asset.coin, {}).update(changed)

    def _list(self, markets: dict[int, Market]) -> None:
        """Takes up what is listed now. After a restore every market is another one."""
        known = {id(row.market): row for row in self._rows}
        if self._markets is not None and not any(id(one) in known for one in markets.values()):
            self._news = {}
        self._markets, self._full = markets, None
        self._rows = [known.get(id(market)) or _Row(market) for market in markets.values()]
