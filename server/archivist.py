"""Writes what a running exchange shows of its markets into files as the public archives have them.

    market_data/YYYYMMDD/H/l2Book/COIN.jsonl   books, 20 levels a side
    asset_ctxs/YYYYMMDD.csv                    a row per perp and minute
    node_trades/hourly/YYYYMMDD/H.jsonl        every match

Documented: paths and lines of mechanics 18, there compressed by LZ4. It reads committed blocks, as
an API server does, so nothing is lost however fast the clock.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..matching.types import Side
from ..sim.events import BookChanged, Event, Fill, Trade
from ..sim.state import Market
from ..sim.view import View
from .blocks import Block
from .shapes.books import book
from .shapes.fills import trade_row
from .shapes.markets import perp_ctx
from .shapes.text import iso_text, px_text

logger = logging.getLogger("hlsim.archivist")

BOOK_MS = 500
"""Documented: books are pushed on blocks that are half a second apart at least (mechanics 16)."""
MINUTE_MS = 60_000

CONTEXT_COLUMNS = (
    "time,coin,funding,open_interest,prev_day_px,day_ntl_vlm,premium,oracle_px,mark_px,mid_px,"
    "impact_bid_px,impact_ask_px"
)


class Archivist:
    """One recording. Give it every block, and close it."""

    def __init__(self, folder: str, view: View) -> None:
        """Begins with everything as it is. Raises ValueError for a folder that is in use or cannot
        be made.
        """
        self._folder = Path(folder)
        self._view = view
        self._latest_ms = view.time_ms
        self._minute = -1
        self._changed: dict[str, None] = {}
        """Coins whose books are not written as they are."""
        self._written_ms: dict[str, int] = {}
        """When a book was written last, by coin."""
        self._lines: dict[Path, list[str]] = {}
        self._has_failed = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if any(self._folder.iterdir()):
                raise ValueError(f"{folder}: it is not empty, and one folder is one recording")
            self._note_all()
            self._note_contexts()
            self._note_books(self._changed)
            self._write()
        except OSError as error:
            raise ValueError(f"{folder}: {error.strerror or error}") from None

    def on_block(self, block: Block) -> None:
        """Writes what is due. After the exchange went back in time nothing is, until it is later
        again than it ever was: a recording tells one story.
        """
        if block.restored is not None:
            self._note_all()
        if block.time_ms < self._latest_ms or self._has_failed:
            return
        self._latest_ms = block.time_ms
        if block.restored is None:
            self._note_trades(block.events)
        for event in block.events:
            if type(event) is BookChanged:
                self._changed[event.coin] = None
        if block.time_ms // MINUTE_MS != self._minute:
            self._note_contexts()
        due_ms = block.time_ms - BOOK_MS
        self._note_books(
            [coin for coin in self._changed if self._written_ms.get(coin, 0) <= due_ms]
        )
        self._write_safely()

    def close(self) -> None:
        """Writes the books that were not due yet."""
        if self._view.time_ms == self._latest_ms and not self._has_failed:
            self._note_books(list(self._changed))
            self._write_safely()

    # -- what is written ---------------------------------------------------------------------------

    def _note_all(self) -> None:
        universe = self._view.universe
        listed = [coin for coin, asset in universe.by_coin.items() if not asset.is_delisted]
        self._changed = dict.fromkeys(listed)

    def _note_books(self, coins: Iterable[str]) -> None:
        now_ms = self._latest_ms
        for coin in list(coins):
            market = self._view.market(coin)
            del self._changed[coin]
            if market is None:
                continue
            self._written_ms[coin] = now_ms
            told = {"channel": "l2Book", "data": book(market, now_ms)}
            line = {"time": _nanoseconds(now_ms), "ver_num": 1, "raw": told}
            day, hour = _day_and_hour(now_ms)
            name = quote(coin, safe="@#") + ".jsonl"
            self._note(f"market_data/{day}/{hour}/l2Book/{name}", _compact(line))

    def _note_contexts(self) -> None:
        now_ms = self._latest_ms
        self._minute = now_ms // MINUTE_MS
        day, _ = _day_and_hour(now_ms)
        path = f"asset_ctxs/{day}.csv"
        if not (self._folder / path).exists():
            self._note(path, CONTEXT_COLUMNS)
        for perp in self._view.universe.all_perps:
            if not perp.is_delisted:
                self._note(path, _context_row(self._view.market_of(perp.id), now_ms))

    def _note_trades(self, events: Iterable[Event]) -> None:
        fills = {(event.tid, event.side): event for event in events if type(event) is Fill}
        for trade in events:
            if type(trade) is not Trade:
                continue
            sides = [fills[trade.tid, side] for side in (Side.BID, Side.ASK)]
            day, hour = _day_and_hour(trade.time_ms)
            path = f"node_trades/hourly/{day}/{hour}.jsonl"
            self._note(path, _compact(_trade_line(trade, sides)))

    # -- files -------------------------------------------------------------------------------------

    def _note(self, path: str, line: str) -> None:
        self._lines.setdefault(self._folder / path, []).append(line + "\n")

    def _write(self) -> None:
        """Whole lines only, so that what a crash leaves can be played."""
        noted, self._lines = self._lines, {}
        for path, lines in noted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write("".join(lines))

    def _write_safely(self) -> None:
        try:
            self._write()
        except OSError as error:
            # The exchange goes on: whoever trades on it does not depend on the recording.
            self._has_failed = True
            logger.error("%s: %s; the recording ends", self._folder, error.strerror or error)


def _context_row(market: Market, now_ms: int) -> str:
    """What is not known is empty. Documented: the columns of mechanics 18.1."""
    ctx = perp_ctx(market, now_ms)
    impact = ctx["impactPxs"] or ("", "")
    cells = [
        iso_text(now_ms) + "Z",
        market.asset.coin,
        ctx["funding"],
        ctx["openInterest"],
        ctx["prevDayPx"],
        ctx["dayNtlVlm"],
        ctx["premium"] or "",
        ctx["oraclePx"],
        ctx["markPx"],
        ctx["midPx"] or "",
        *impact,
    ]
    return ",".join(cells)


def _trade_line(trade: Trade, sides: list[Fill]) -> dict[str, Any]:
    """A line of node_trades; `side_info` is buyer, then seller (contested 57)."""
    row = trade_row(trade)
    is_liquidation = any(fill.liquidation is not None for fill in sides)
    return {
        "coin": row["coin"],
        "side": row["side"],
        "time": _milliseconds(trade.time_ms),
        "px": row["px"],
        "sz": row["sz"],
        "hash": row["hash"],
        "trade_dir_override": "LiquidatedMarket" if is_liquidation else "Na",
        "side_info": [
            {
                "user": fill.user,
                "start_pos": px_text(fill.start_position),
                "oid": fill.oid,
                "twap_id": fill.twap_id,
                "cloid": fill.cloid,
            }
            for fill in sides
        ],
    }


def _compact(line: dict[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":"))


def _day_and_hour(time_ms: int) -> tuple[str, int]:
    """Documented: `20260401` and an hour without a leading zero (mechanics 18.1)."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return moment.strftime("%Y%m%d"), moment.hour


def _milliseconds(time_ms: int) -> str:
    """Documented: `2024-07-26T08:26:25.899` (mechanics 18.2). Assumed: a whole second has its three
    digits, too, so that whoever reads with one format reads all of them.
    """
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}"


def _nanoseconds(time_ms: int) -> str:
    return _milliseconds(time_ms) + "000000"
