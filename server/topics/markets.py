"""What everybody sees: mids, books, trades, candles, contexts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from ...matching.dataclass import dataclass
from ...sim.events import Event, Trade
from ...sim.state import Market
from ...sim.view import View
from ..info.registry import Json
from ..info.request import Interval
from ..shapes import books, cached
from ..shapes.fills import trade_row
from ..shapes.markets import candle_row
from .holdings import FIRST_DEX, unless_dex
from .registry import Refusal, Source, Topic, topic

MIDS_MS = 5_050
BOOK_MS = {"5s": 5_400, "2s": 2_000, "500ms": 500}
FAST_BOOK_MS = 540
CONTEXT_MS = 1_000
"""Observed: cadences of 2026-09, and of two earlier times of the default book, by the names that
`Rules.l2_cadence` has for them (ws 3; contested 22)."""

CANDLE_GAP_MS = 500
"""Observed: at most one or two candles a second however often the coin trades (ws 3)."""

TRADES_REPLAYED = 30
"""Observed: exactly 30 (ws 3.4)."""


def _listed(view: View, coin: str) -> Market:
    """The market of a coin that was there when it was subscribed to."""
    market = view.market(coin)
    if market is None:
        raise LookupError(f"{coin} is not listed any more")
    return market


def _unless_listed(view: View, coin: str) -> Refusal | None:
    """Observed: an unknown coin kills the socket (ws 2.3); older clients were told (contested
    20).
    """
    if view.market(coin) is not None:
        return None
    closes = view.state.rules.ws_unknown_coin == "close"
    return Refusal.HANG_UP if closes else Refusal.INVALID


@topic("allMids", source="ws 3.1")
@dataclass(frozen=True, slots=True)
class AllMids(Topic):
    """Every mid, on the clock."""

    echoes_null: ClassVar[bool] = False

    dex: str | None = None

    def refusal(self, view: View) -> Refusal | None:
        return unless_dex(view, self.dex or FIRST_DEX)

    def period_ms(self, view: View) -> int:
        return MIDS_MS

    def first(self, view: View) -> Json:
        """Observed: no `dex` key for the first dex."""
        mids = cached.mids_json(view, view.dex(self.dex or FIRST_DEX) or 0)
        return {"dex": self.dex, "mids": mids} if self.dex else {"mids": mids}


@topic("l2Book", source="ws 3.2")
@dataclass(frozen=True, slots=True)
class L2Book(Topic):
    """The whole book on the clock, changed or not; all coins at the same time."""

    coin: str
    n_sig_figs: int | None = None
    mantissa: int | None = None
    fast: bool = False

    def refusal(self, view: View) -> Refusal | None:
        """Observed: aggregations that do not exist kill the socket (ws 2.3)."""
        if self.n_sig_figs not in (None, 2, 3, 4, 5) or self.mantissa not in (None, 2, 5):
            return Refusal.HANG_UP
        if self.mantissa is not None and self.n_sig_figs != 5:
            return Refusal.HANG_UP
        return _unless_listed(view, self.coin)

    def period_ms(self, view: View) -> int:
        return FAST_BOOK_MS if self.fast else BOOK_MS[view.state.rules.l2_cadence]

    def first(self, view: View) -> Json:
        """Observed: `fast` is there with fast subscriptions only, after everything else."""
        raw = cached.book_json(
            view,
            _listed(view, self.coin),
            count=books.FAST_LEVELS if self.fast else books.LEVELS,
            n_sig_figs=self.n_sig_figs,
            mantissa=self.mantissa,
        )
        return cached.Raw(bytes(raw)[:-1] + b',"fast":true}') if self.fast else raw


@topic("bbo", source="ws 3.3")
@dataclass(frozen=True, slots=True)
class Bbo(Topic):
    """The best prices, for each block that changed price, size or count of one of them."""

    coin: str

    def refusal(self, view: View) -> Refusal | None:
        return _unless_listed(view, self.coin)

    def sources(self) -> tuple[Source, ...]:
        return (("bbo", self.coin),)

    def first(self, view: View) -> Json | None:
        """Observed: a delisted coin stays silent (ws 2.3)."""
        market = _listed(view, self.coin)
        return None if market.asset.is_delisted else books.bbo(market, view.time_ms)

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (books.bbo(_listed(view, self.coin), view.time_ms),)

    def news(self, data: Json) -> object:
        return data["bbo"]


@topic("trades", source="ws 3.4")
@dataclass(frozen=True, slots=True)
class Trades(Topic):
    """A replay without any mark, then the trades of each block in order of execution."""

    coin: str

    def refusal(self, view: View) -> Refusal | None:
        return _unless_listed(view, self.coin)

    def sources(self) -> tuple[Source, ...]:
        return (("trades", self.coin),)

    def first(self, view: View) -> Json | None:
        """Assumed: oldest first like the later frames, and no frame when there was no trade."""
        trades = list(_listed(view, self.coin).trades)[-TRADES_REPLAYED:]
        return [trade_row(trade) for trade in trades] or None

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return ([trade_row(event) for event in events if isinstance(event, Trade)],)


@topic("candle", source="ws 3.5")
@dataclass(frozen=True, slots=True)
class Candle(Topic):
    """The bars that traded, one object a frame. No bar is ever marked as closed."""

    gap_ms: ClassVar[int] = CANDLE_GAP_MS

    # The order of the ack: interval first (contested 36).
    interval: Interval
    coin: str

    def refusal(self, view: View) -> Refusal | None:
        """Observed: told, with the socket left open (ws 2.2)."""
        return None if view.market(self.coin) is not None else Refusal.INVALID

    def sources(self) -> tuple[Source, ...]:
        return (("candle", self.coin),)

    def update(self, view: View, events: Sequence[Event]) -> Iterator[Json]:
        """A bar that ended while an update was held back is told before the next one."""
        times = [event.time_ms for event in events if isinstance(event, Trade)]
        candles = _listed(view, self.coin).candles
        for candle in candles.rows(self.interval, times[0], times[-1], view.time_ms):
            # Inferred: no trade, no push; bars that only fill gaps are for the info type (ws 3.5).
            if candle.n:
                yield candle_row(self.coin, self.interval, candle)


@topic("activeAssetCtx", source="ws 3.6")
@dataclass(frozen=True, slots=True)
class ActiveAssetCtx(Topic):
    """How one market stands, on the clock; frames of a spot coin come by a channel of their own."""

    coin: str

    def refusal(self, view: View) -> Refusal | None:
        """Assumed: an unknown coin is told, as for candle and activeAssetData."""
        return None if view.market(self.coin) is not None else Refusal.INVALID

    def channel(self, view: View) -> str:
        is_spot = _listed(view, self.coin).asset.is_spot
        return "activeSpotAssetCtx" if is_spot else "activeAssetCtx"

    def period_ms(self, view: View) -> int:
        return CONTEXT_MS

    def first(self, view: View) -> Json:
        """No time stands anywhere in it."""
        return {"coin": self.coin, "ctx": cached.ctx_json(view, _listed(view, self.coin))}
