"""Programs that are not Python under `hlsim run --own-time`: they show the exchange's time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hlsim.config import Refused, Settings
from hlsim.library import RunningExchange
from hlsim.own_time.stamps import Stamps, find_library, library_for, stamped
from hlsim.server.pacer import START_MS

PATIENCE_S = 120
SLACK_MS = 2
"""Two clocks, each cut to whole milliseconds."""

LIBRARY = find_library()
needs_library = pytest.mark.skipif(
    LIBRARY is None and "CI" not in os.environ, reason="libfaketime is not installed"
)


@contextmanager
def running(**words: Any) -> Iterator[tuple[RunningExchange, Stamps]]:
    """An exchange whose clients' stamps follow it."""
    settings = Settings(port=0, market="empty", **{"start_time": START_MS, **words})
    with (
        RunningExchange(settings, own_time=True) as exchange,
        stamped(exchange, library_for(["date"])) as stamps,
    ):
        yield exchange, stamps


@contextmanager
def watch(stamps: Stamps) -> Iterator[Any]:
    """A program that runs on and tells its time, in seconds, whenever it is asked."""
    program = "$|=1; while(<STDIN>){print time,qq(\\n)}"
    with subprocess.Popen(
        ["perl", "-e", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, **stamps.environment()},
    ) as child:

        def look() -> int:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("\n")
            return int(child.stdout.readline())

        yield look
        assert child.stdin is not None
        child.stdin.close()


def check_same(exchange: RunningExchange, look: Any) -> None:
    """A stamp lies between what the exchange's clock shows before it and after it."""
    before_ms = exchange.clock.now_ms
    stamp_s = look()
    after_ms = exchange.clock.now_ms
    assert (before_ms - SLACK_MS) // 1000 <= stamp_s <= (after_ms + SLACK_MS) // 1000


@needs_library
def test_stamps_are_the_exchanges_time_wherever_it_goes() -> None:
    with running(clock="wall") as (exchange, stamps), watch(stamps) as look:
        check_same(exchange, look)
        assert look() // 3600 == START_MS // 3_600_000
        mark = exchange.snapshot()
        exchange.clock.advance(hours=2)
        check_same(exchange, look)
        exchange.clock.set("2026-01-01T04:00:00Z")
        check_same(exchange, look)
        exchange.restore(mark)
        check_same(exchange, look)
        exchange.clock.advance(hours=3)
        exchange.reset()
        check_same(exchange, look)
        # A program that starts now, too.
        told = subprocess.run(
            ["date", "-u", "+%Y-%m-%dT%H"],
            env={**os.environ, **stamps.environment()},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == "2026-01-01T00\n"


@needs_library
def test_stamps_of_a_clock_that_stands_run_on_and_are_never_behind() -> None:
    with running(clock="manual") as (exchange, stamps), watch(stamps) as look:
        seen = [look()]
        for _ in range(3):
            exchange.clock.advance(minutes=1)
            seen.append(look())
            assert seen[-1] >= exchange.clock.now_ms // 1000
        assert seen == sorted(seen)
        exchange.clock.advance(hours=2)
        assert look() // 3600 == exchange.clock.now_ms // 3_600_000


@needs_library
def test_nonces_that_such_a_program_stamps_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    import eth_account
    from hyperliquid.exchange import Exchange

    with running(clock="wall") as (exchange, stamps), watch(stamps) as look:
        exchange.clock.set("2026-01-01T04:00:00Z")
        monkeypatch.setattr("hyperliquid.exchange.get_timestamp_ms", lambda: 1000 * look())
        bot = Exchange(eth_account.Account.from_key(exchange.accounts[0].key), exchange.url)
        assert bot.update_leverage(5, "ETH")["status"] == "ok"


@needs_library
def test_the_command_sets_them_for_a_shell() -> None:
    def run(*flags: str) -> list[str]:
        words = ["--own-time", "--market", "empty", *flags, "--", "sh", "-c"]
        found = subprocess.run(
            [sys.executable, "-m", "hlsim", "run", *words, "date -u +%Y-%m-%d; exit 7"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert (found.returncode, found.stderr) == (7, "")
        return found.stdout.splitlines()

    assert run() == ["2026-01-01"]
    assert run("--start-time", "2031-05-05T01:00:00Z", "--clock", "manual") == ["2031-05-05"]


def test_without_the_library_it_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        library_for(["./bot", "--fast"], [str(tmp_path)])
    assert str(refused.value) == (
        "--own-time: ./bot is no Python, and its clock needs libfaketime: "
        "apt-get install libfaketime"
    )
    (tmp_path / "libfaketimeMT.so.1").touch()
    assert library_for(["./bot"], [str(tmp_path)]) == str(tmp_path / "libfaketimeMT.so.1")
