"""Lines of public market data, as the exchange's own archives have them, to plain rows.

    l2Book      {"time":…,"raw":{"channel":"l2Book","data":{"coin":…,"time":ms,"levels":[…]}}}
    contexts    CSV with time, coin, oracle_px and mark_px among its columns, a row per coin
    trades      {"coin":…,"side":"A"|"B","time":ISO,"px":…,"sz":…,…}
    fills       ["0x…", {fill}], or a block of them: {"block_time":ISO,"events":[["0x…",{fill}],…]}
    old trades  CSV with time, coin, side, px, sz and crossed among its columns

Documented: mechanics 18. Nothing here knows files or what is listed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ..matching.dataclass import dataclass
from ..sim.assets import MAX_PX
from ..sim.events import TRADED
from ..sim.fixed import Px, Sz, parse_decimal

Levels = tuple[tuple[Px, Sz], ...]
"""(px, sz), best first."""

FULL = 20
"""Levels a side of a whole snapshot; what lies deeper is not in it. Documented: mechanics 18.1."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999
_DIRECTIONS = frozenset(direction.value for direction in TRADED)


class Rank(IntEnum):
    """What goes first of one moment: a snapshot shows the book after its trades."""

    CONTEXT = 0
    TRADE = 1
    BOOK = 2


@dataclass(frozen=True, slots=True)
class BookRow:
    """A snapshot of a book."""

    coin: str
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True)
class ContextRow:
    """Prices of a perp; a mark of 0 is not known."""

    coin: str
    oracle_px: Px
    mark_px: Px


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One match; `is_buy` of whoever came later."""

    coin: str
    is_buy: bool
    px: Px
    sz: Sz


Row = BookRow | ContextRow | TradeRow


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of a file says."""

    time_ms: int
    rank: Rank
    rows: tuple[Row, ...]


def parse_json(text: str) -> Line:
    """One line of JSON. Raises ValueError that says what is wrong with it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    try:
        if isinstance(found, list):
            return _fills([found], None)
        if "raw" in found:
            return _snapshot(found["raw"])
        if "events" in found:
            return _fills(found["events"], parse_ms(found["block_time"]))
        return _trade(found)
    except KeyError as error:
        raise ValueError(f"it has no {error.args[0]}") from None
    except (TypeError, IndexError, AttributeError):
        raise ValueError("it is neither l2Book nor a trade nor fills") from None


class Columns:
    """Reads rows of a CSV file by its header. Raises ValueError for one that fits nothing."""

    CONTEXTS = ("time", "coin", "oracle_px", "mark_px")
    TRADES = ("time", "coin", "side", "px", "sz", "crossed")

    def __init__(self, header: str) -> None:
        names = [name.strip() for name in header.split(",")]
        self._count = len(names)
        for wanted in (self.CONTEXTS, self.TRADES):
            if not [name for name in wanted if name not in names]:
                self._wanted = wanted
                self._places = [names.index(name) for name in wanted]
                return
        raise ValueError(
            f"it has neither {', '.join(self.CONTEXTS)} nor {', '.join(self.TRADES)} as columns"
        )

    def parse(self, text: str) -> Line:
        """One line. Raises ValueError that says what is wrong with it."""
        cells = text.split(",")
        if len(cells) != self._count:
            raise ValueError(f"it has {len(cells)} columns of {self._count}")
        time, coin, *rest = [cells[place].strip() for place in self._places]
        time_ms = parse_ms(time)
        if self._wanted is self.CONTEXTS:
            oracle, mark = rest
            context = ContextRow(coin, _px_or_none(oracle), _px_or_none(mark))
            return Line(time_ms, Rank.CONTEXT, (context,) if context.oracle_px else ())
        side, px, sz, crossed = rest
        if crossed.lower() not in {"true", "false"}:
            raise ValueError(f"crossed is neither true nor false: {crossed!r}")
        trade = TradeRow(coin, _is_buy(side), _px(px), _sz(sz))
        # The other side of the match has a row of its own, or none.
        return Line(time_ms, Rank.TRADE, (trade,) if crossed.lower() == "true" else ())


def parse_ms(given: Any) -> int:
    """ms since 1970 of a number of them or of ISO 8601, UTC unless it says so. Raises ValueError.

    Digits beyond a ms are cut off.
    """
    if isinstance(given, str) and not given.isdigit():
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            raise ValueError(f"no time: {given!r:.80}") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        found = (moment - _EPOCH) // timedelta(milliseconds=1)
    elif isinstance(given, str) and given.isascii() and len(given) <= 20:
        found = int(given)
    elif type(given) is int:
        found = given
    else:
        raise ValueError(f"no time: {given!r:.80}")
    if not 0 <= found <= _LAST_MS:
        raise ValueError(f"no time: {given!r:.80}")
    return found


# -- books -----------------------------------------------------------------------------------------


def _snapshot(raw: Any) -> Line:
    if raw["channel"] != "l2Book":
        raise ValueError(f"channel is {raw['channel']!r:.80}, not l2Book")
    told = raw["data"]
    sides = told["levels"]
    if len(sides) != 2:
        raise ValueError("levels are not [bids, asks]")
    bids, asks = _levels(sides[0], -1), _levels(sides[1], 1)
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise ValueError("the best bid is not below the best ask")
    return Line(parse_ms(told["time"]), Rank.BOOK, (BookRow(_coin(told), bids, asks),))


def _levels(rows: Sequence[Any], sign: int) -> Levels:
    found = tuple((_px(row["px"]), _sz(row["sz"])) for row in rows)
    pxs = [sign * px for px, _ in found]
    if any(after <= before for before, after in pairwise(pxs)):
        raise ValueError("levels do not stand best first")
    return found


# -- trades ----------------------------------------------------------------------------------------


def _trade(told: Any) -> Line:
    trade = _trade_row(told)
    # Assumed: what child vaults net among themselves never was in the book.
    is_netting = told.get("trade_dir_override") == "NetChildVaultPositions"
    return Line(parse_ms(told["time"]), Rank.TRADE, () if is_netting else (trade,))


def _fills(events: Any, time_ms: int | None) -> Line:
    """Each match is two fills, the taker's `crossed`. What no order did is left out: settlements,
    what the engine hands over.
    """
    found = []
    for event in events:
        fill = event[1]
        if time_ms is None:
            time_ms = parse_ms(fill["time"])
        trade = _trade_row(fill)
        if type(fill["crossed"]) is not bool:
            raise ValueError("crossed is neither true nor false")
        liquidation = fill.get("liquidation")
        by_order = fill["dir"] in _DIRECTIONS
        by_order |= liquidation is not None and liquidation["method"] == "market"
        if fill["crossed"] and by_order:
            found.append(trade)
    if time_ms is None:
        raise ValueError("it has no time")
    return Line(time_ms, Rank.TRADE, tuple(found))


def _trade_row(told: Any) -> TradeRow:
    return TradeRow(_coin(told), _is_buy(told["side"]), _px(told["px"]), _sz(told["sz"]))


# -- words -----------------------------------------------------------------------------------------


def _coin(told: Any) -> str:
    coin = told["coin"]
    if not isinstance(coin, str) or not coin:
        raise ValueError(f"no coin: {coin!r:.80}")
    return coin


def _is_buy(side: Any) -> bool:
    if side not in ("A", "B"):
        raise ValueError(f"side is neither A nor B: {side!r:.80}")
    return bool(side == "B")


def _px(text: Any) -> Px:
    return Px(_positive(text, "price"))


def _px_or_none(text: str) -> Px:
    """0 for a price that is empty or 0, as of a coin that trades no more."""
    return _px(text) if text.strip("0.") else Px(0)


def _sz(text: Any) -> Sz:
    return Sz(_positive(text, "size"))


def _positive(text: Any, noun: str) -> int:
    found = _decimal(text) if isinstance(text, str) and len(text) <= 60 else 0
    if not 0 < found <= MAX_PX:
        raise ValueError(f"no {noun}: {text!r:.80}")
    return found


@lru_cache(maxsize=65_536)
def _decimal(text: str) -> int:
    """1e-8 of a decimal, 0 for what is none. Most of a snapshot was in the one before it."""
    try:
        return parse_decimal(text, 8)
    except ValueError:
        return 0
