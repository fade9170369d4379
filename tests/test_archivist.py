"""The recorder: public formats from a running exchange, and the same books when they are played.

Evidence: paths and lines of mechanics 18.1 and 18.2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from archives import CONTEXTS
from hyperliquid.exchange import Exchange as SdkExchange
from hyperliquid.info import Info

import hlsim

SMALL = {
    "perps": [
        {"name": "SOL", "szDecimals": 2, "maxLeverage": 20, "oraclePx": "81.595"},
        {"name": "DOGE", "szDecimals": 0, "maxLeverage": 10, "oraclePx": "0.12"},
    ],
    "tokens": [
        {"index": 0, "name": "USDC", "szDecimals": 8, "weiDecimals": 8},
        {"index": 1, "name": "PURR", "szDecimals": 0, "weiDecimals": 5},
    ],
    "spot": [
        {"index": 0, "name": "PURR/USDC", "tokens": [1, 0], "markPx": "0.2", "isCanonical": True}
    ],
}


@pytest.fixture
def world(tmp_path: Path) -> str:
    path = tmp_path / "world.json"
    path.write_text(json.dumps(SMALL))
    return str(path)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return tmp_path / "recording"


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def sides(info: Info, coin: str) -> list[list[tuple[str, str]]]:
    found = info.l2_snapshot(coin)["levels"]
    return [[(level["px"], level["sz"]) for level in side] for side in found]


def traded(info: Info, coin: str) -> list[tuple[str, str, str, int]]:
    rows = info.post("/info", {"type": "recentTrades", "coin": coin})
    return [(row["side"], row["px"], row["sz"], row["time"]) for row in rows]


def bot(running: Any, place: int) -> SdkExchange:
    from eth_account import Account

    return SdkExchange(Account.from_key(running.accounts[place].key), running.url)


def test_it_writes_what_the_public_archives_have(world: str, recording: Path) -> None:
    with hlsim.start(world=world, clock="manual", record=str(recording)) as running:
        running.clock.advance(ms=250)
        taken = bot(running, 0).order("SOL", True, 1, 82, {"limit": {"tif": "Ioc"}})
        running.clock.advance(minutes=61)
        fills = Info(running.url, skip_ws=True).user_fills(running.accounts[0].address)

    names = sorted(str(path.relative_to(recording)) for path in recording.rglob("*.*"))
    assert names == [
        "asset_ctxs/20260101.csv",
        "market_data/20260101/0/l2Book/DOGE.jsonl",
        "market_data/20260101/0/l2Book/PURR%2FUSDC.jsonl",
        "market_data/20260101/0/l2Book/SOL.jsonl",
        "market_data/20260101/1/l2Book/SOL.jsonl",
        "node_trades/hourly/20260101/0.jsonl",
    ]
    first, *_ = lines(recording / "market_data/20260101/0/l2Book/SOL.jsonl")
    assert (first["time"], first["ver_num"]) == ("2026-01-01T00:00:00.000000000", 1)
    told = first["raw"]["data"]
    assert (first["raw"]["channel"], told["coin"]) == ("l2Book", "SOL")
    assert told["time"] == 1_767_225_600_000
    assert [len(side) for side in told["levels"]] == [20, 20]
    assert set(told["levels"][0][0]) == {"px", "sz", "n"}
    (trade,) = lines(recording / "node_trades/hourly/20260101/0.jsonl")
    assert taken["response"]["data"]["statuses"][0]["filled"]["avgPx"] == trade["px"]
    assert (trade["coin"], trade["side"], trade["sz"]) == ("SOL", "B", "1.0")
    assert trade["time"] == "2026-01-01T00:00:00.250"
    assert trade["trade_dir_override"] == "Na"
    buyer, seller = trade["side_info"]
    assert (buyer["user"], buyer["oid"]) == (running.accounts[0].address, fills[0]["oid"])
    assert set(buyer) == set(seller) == {"user", "start_pos", "oid", "twap_id", "cloid"}
    header, *rows = (recording / "asset_ctxs/20260101.csv").read_text().splitlines()
    assert header == CONTEXTS
    times = ["00:00:00Z", "01:00:00.250Z", "01:01:00.250Z"]
    named = [f"2026-01-01T{time},{coin}" for time in times for coin in ("SOL", "DOGE")]
    assert [",".join(row.split(",")[:2]) for row in rows] == named
    assert rows[0].startswith("2026-01-01T00:00:00Z,SOL,0.0000125,0.0,81.595,0.0,")


def test_a_trade_on_a_whole_second_is_written_as_any_other(world: str, recording: Path) -> None:
    with hlsim.start(world=world, clock="manual", record=str(recording)) as running:
        for ms in (7, 993):
            running.clock.advance(ms=ms)
            bot(running, 0).order("SOL", True, 1, 82, {"limit": {"tif": "Ioc"}})

    found = lines(recording / "node_trades/hourly/20260101/0.jsonl")
    assert [line["time"][-12:] for line in found] == ["00:00:00.007", "00:00:01.000"]


def test_books_are_half_a_second_apart_at_least(world: str, recording: Path) -> None:
    with hlsim.start(world=world, clock="manual", record=str(recording)) as running:
        trader = bot(running, 0)
        for _ in range(12):
            running.clock.advance(ms=100)
            trader.order("SOL", True, 1, 60, {"limit": {"tif": "Gtc"}})

    found = lines(recording / "market_data/20260101/0/l2Book/SOL.jsonl")
    times = [line["raw"]["data"]["time"] - 1_767_225_600_000 for line in found]
    assert times == [0, 500, 1000, 1200]


@pytest.mark.parametrize("limit", [90, 4000])
def test_a_recording_plays_as_the_same_market(world: str, recording: Path, limit: int) -> None:
    """A living market with a client in it; what it ends with is what the recording ends with."""
    with hlsim.start(world=world, market="live", seed=3, record=str(recording)) as running:
        trader = bot(running, 0)
        for n in range(10):
            running.clock.advance(ms=(limit * 100) // 9)
            is_buy, px = n % 2 == 0, 78 + 7 * (n % 2 == 0)
            trader.order("SOL", is_buy, 1 + n, px, {"limit": {"tif": "Ioc"}})
            trader.order("SOL", True, 1, 80, {"limit": {"tif": "Gtc"}})
        running.clock.advance(seconds=1)
        info = Info(running.url, skip_ws=True)
        coins = ["SOL", "DOGE", "PURR/USDC"]
        expected = [(sides(info, coin), traded(info, coin)) for coin in coins]
        end_ms = info.l2_snapshot("SOL")["time"]

    with hlsim.start(world=world, market=f"replay:{recording}") as playing:
        info = Info(playing.url, skip_ws=True)
        began_ms = info.l2_snapshot("SOL")["time"]
        playing.clock.advance(ms=end_ms - began_ms)
        found = [(sides(info, coin), traded(info, coin)) for coin in coins]
        playing.clock.advance(hours=1)
        assert [sides(info, coin) for coin in coins] == [book for book, _ in expected]
    assert began_ms == 1_767_225_600_000
    assert found == expected
    assert len(expected[0][1]) >= 10


def test_what_comes_again_after_a_restore_is_recorded_once(world: str, recording: Path) -> None:
    with hlsim.start(world=world, clock="manual", record=str(recording)) as running:
        trader = bot(running, 0)
        kept = running.snapshot()
        running.clock.advance(seconds=2)
        trader.order("SOL", True, 1, 82, {"limit": {"tif": "Ioc"}})
        running.restore(kept)
        running.clock.advance(seconds=1)
        trader.order("SOL", True, 2, 82, {"limit": {"tif": "Ioc"}})
        running.clock.advance(seconds=2)
        trader.order("SOL", True, 3, 82, {"limit": {"tif": "Ioc"}})

    trades = lines(recording / "node_trades/hourly/20260101/0.jsonl")
    books = lines(recording / "market_data/20260101/0/l2Book/SOL.jsonl")
    assert [trade["sz"] for trade in trades] == ["1.0", "3.0"]
    times = [line["raw"]["data"]["time"] for line in books]
    assert times == sorted(times)


def test_a_folder_in_use_is_refused(world: str, recording: Path) -> None:
    recording.mkdir()
    (recording / "note").touch()

    for path, fault in (
        (recording, "it is not empty, and one folder is one recording"),
        (recording / "note", "File exists"),
    ):
        with pytest.raises(ValueError, match=fault) as refusal:
            hlsim.start(world=world, record=str(path))
        assert str(refusal.value) == f"{path}: {fault}"


@pytest.mark.breaks
def test_a_disk_that_fails_ends_the_recording_and_not_the_exchange(
    world: str, recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with hlsim.start(world=world, clock="manual", record=str(recording)) as running:
        hours = recording / "node_trades"
        hours.write_text("no folder")
        taken = bot(running, 0).order("SOL", True, 1, 82, {"limit": {"tif": "Ioc"}})
        running.clock.advance(hours=1)

    assert "filled" in taken["response"]["data"]["statuses"][0]
    (told,) = caplog.messages
    assert told.startswith(f"{recording}: ")
    assert told.endswith("; the recording ends")
