"""Builders of archives: lines as the public ones have them, and small worlds that play them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from stories import Story, universe

from hlsim.scenarios.archive import Archive
from hlsim.scenarios.director import Director
from hlsim.scenarios.replay import RecordedMarket
from hlsim.sim.exchange import Exchange

FIRST_MS = 1_775_001_612_017
"""2026-04-01T00:00:12.017Z."""

CONTEXTS = (
    "time,coin,funding,open_interest,prev_day_px,day_ntl_vlm,premium,oracle_px,mark_px,mid_px,"
    "impact_bid_px,impact_ask_px"
)
HASH = "0xdc25d330b40799afdd9f043ebc4c380200f739a6"


def iso(ms: int) -> str:
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}"


def book_line(after_ms: int, bids: str, asks: str, coin: str = "SOL") -> str:
    """`bids` and `asks` as in `99 x 5, 98.5 x 1`, best first."""
    sides = [
        [
            {"px": px, "sz": sz, "n": 1}
            for px, sz in (level.split(" x ") for level in side.split(", ") if level)
        ]
        for side in (bids, asks)
    ]
    ms = FIRST_MS + after_ms
    told = {"coin": coin, "time": ms, "levels": sides}
    line = {"time": iso(ms) + "126791", "ver_num": 1, "raw": {"channel": "l2Book", "data": told}}
    return json.dumps(line)


def trade_line(after_ms: int, side: str, terms: str, coin: str = "SOL", **more: Any) -> str:
    """A line of node_trades; `terms` as in `5 @ 99`."""
    sz, px = terms.split(" @ ")
    party = {"user": "0x" + "ab" * 20, "start_pos": "0.0", "oid": 1, "twap_id": None, "cloid": None}
    line = {"coin": coin, "side": side, "time": iso(FIRST_MS + after_ms), "px": px, "sz": sz}
    line |= {"hash": HASH, "trade_dir_override": "Na", "side_info": [party, party]}
    return json.dumps(line | more)


def fill(after_ms: int, side: str, terms: str, coin: str = "SOL", **more: Any) -> list[Any]:
    """A fill as node_fills has it: the taker's, unless told otherwise."""
    sz, px = terms.split(" @ ")
    told = {"coin": coin, "px": px, "sz": sz, "side": side, "time": FIRST_MS + after_ms}
    told |= {"startPosition": "-162.6", "dir": "Open Short", "closedPnl": "0.0", "hash": HASH}
    told |= {"oid": 481702553903, "crossed": True, "fee": "-0.001255", "tid": 340554939716632}
    return ["0xa775" + "0" * 32 + "5277", told | more]


def block_line(after_ms: int, *events: list[Any]) -> str:
    """A line of node_fills_by_block."""
    time = iso(FIRST_MS + after_ms) + "820"
    line = {"local_time": time, "block_time": time, "block_number": 1052527672, "events": events}
    return json.dumps(line)


def context_row(after_ms: int, coin: str, oracle: str, mark: str = "") -> str:
    """A row of asset_ctxs, of which premium, mid and impact prices are empty."""
    time = iso(FIRST_MS + after_ms) + "Z"
    return f"{time},{coin},0.0000125,1000.0,{oracle},5000.0,,{oracle},{mark},,,"


def write(path: Path, *lines: str) -> Path:
    """A file of lines, compressed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(line + "\n" for line in lines).encode()
    if path.suffix == ".lz4":
        import lz4.frame

        text = lz4.frame.compress(text)
    path.write_bytes(text)
    return path


class Show:
    """A small exchange on which an archive is played, as a node would play it."""

    def __init__(self, path: Path, *, after_ms: int | None = None) -> None:
        archive = Archive(str(path))
        first_ms = archive.first_ms if after_ms is None else FIRST_MS + after_ms
        self.market = RecordedMarket(universe(), archive)
        self.director = Director(self.market)
        self.story = Story(Exchange.create(universe(), time_ms=first_ms))
        self.story.nonces = count(first_ms)
        self.director.open(self.ex)
        self.ex.seal()

    @property
    def ex(self) -> Exchange:
        return self.story.ex

    def play(self, until_ms: int) -> Show:
        """Lets exchange time go on to so many ms after FIRST_MS."""
        end_ms = FIRST_MS + until_ms
        while (due_ms := self.director.next_due_ms()) is not None and due_ms <= end_ms:
            self.ex.advance(due_ms)
            self.director.run(self.ex, self.ex.state.time_ms)
            self.ex.seal()
        self.ex.advance(end_ms)
        return self

    def levels(self, coin: str = "SOL") -> list[list[tuple[str, str]]]:
        """What anybody sees of a book: [bids, asks]."""
        from hlsim.server.shapes.books import levels

        found = levels(self.story.market(coin), count=200)
        return [[(each["px"], each["sz"]) for each in side] for side in found]

    def trades(self, coin: str = "SOL") -> list[tuple[str, str, str, int]]:
        """(side, px, sz, ms after FIRST_MS), oldest first."""
        from hlsim.server.shapes.fills import trade_row

        rows = [trade_row(trade) for trade in self.story.market(coin).trades]
        return sorted(
            [(row["side"], row["px"], row["sz"], row["time"] - FIRST_MS) for row in rows],
            key=lambda row: row[3],
        )
