"""An archive behind a real server: clocks, the SDK, going back, and what the command line says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from archives import FIRST_MS, book_line, trade_line, write
from eth_account import Account
from hyperliquid.exchange import Exchange as SdkExchange
from hyperliquid.info import Info
from struck import until

import hlsim

GTC = {"limit": {"tif": "Gtc"}}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """SOL at 99 to 101; 5 are sold to the bids a second later, and 2 a minute later."""
    write(
        tmp_path / "market_data/20260401/0/l2Book/SOL.lz4",
        *(book_line(500 * n, "99 x 5", "101 x 5") for n in range(200)),
    )
    write(
        tmp_path / "node_trades/hourly/20260401/0.lz4",
        trade_line(1000, "A", "5 @ 99"),
        trade_line(60_000, "A", "2 @ 99"),
    )
    return tmp_path


def test_a_bot_trades_in_its_turn_and_again_after_going_back(archive: Path) -> None:
    """Snapshot, restore and reset in the middle of the files."""
    with hlsim.start(market=f"replay:{archive}") as running:
        info = Info(running.url, skip_ws=True)
        account = running.accounts[0]
        trader = SdkExchange(Account.from_key(account.key), running.url)
        assert info.l2_snapshot("SOL")["time"] == FIRST_MS
        trader.order("SOL", True, 1, 99, GTC)
        kept = running.snapshot()
        running.clock.advance(seconds=30)
        assert info.user_fills(account.address) == []
        middle = running.snapshot()
        running.clock.advance(seconds=31)
        # 5 stood before it until the first trade; the snapshot after that put 5 behind it.
        (fill,) = info.user_fills(account.address)
        assert (fill["px"], fill["sz"], fill["time"] - FIRST_MS) == ("99.0", "1.0", 60_000)
        end = running.state_hash()

        for moment, seconds in ((middle, 31), (kept, 61), (middle, 31)):
            running.restore(moment)
            running.clock.advance(seconds=seconds)
            assert running.state_hash() == end

        running.reset()
        assert info.l2_snapshot("SOL")["time"] == FIRST_MS
        trader.order("SOL", True, 1, 99.5, GTC)
        running.clock.advance(seconds=2)
        (fill,) = info.user_fills(account.address)
        assert (fill["px"], fill["time"] - FIRST_MS, fill["crossed"]) == ("99.5", 1000, False)


@pytest.mark.parametrize("clock", ["auto", "wall"])
def test_any_clock_plays_it(archive: Path, clock: str) -> None:
    with hlsim.start(market=f"replay:{archive}", clock=clock, speed=100) as running:
        info = Info(running.url, skip_ws=True)
        began_ms = info.l2_snapshot("SOL")["time"]
        # Nobody asks meanwhile: an auto clock waits for who does.
        until(lambda: running.read(lambda ex: ex.state.time_ms) >= FIRST_MS + 60_000)
        trades = info.post("/info", {"type": "recentTrades", "coin": "SOL"})

    assert began_ms >= FIRST_MS
    assert [trade["time"] - FIRST_MS for trade in trades] == [60_000, 1000]


def test_the_start_may_be_in_the_middle(archive: Path) -> None:
    with hlsim.start(market=f"replay:{archive}", start_time=FIRST_MS + 2000) as running:
        info = Info(running.url, skip_ws=True)
        assert info.l2_snapshot("SOL")["levels"][0] == [{"px": "99.0", "sz": "5.0", "n": 1}]
        running.clock.advance(minutes=1)
        trades = info.post("/info", {"type": "recentTrades", "coin": "SOL"})

    assert [trade["time"] - FIRST_MS for trade in trades] == [60_000]


def test_what_cannot_be_played_is_one_line_on_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "{}")

    said = subprocess.run(
        [sys.executable, "-m", "hlsim", "serve", "--port", "0", "--market", f"replay:{path}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, said.stderr) == (2, f"hlsim: {path}:1: it has no coin\n")
