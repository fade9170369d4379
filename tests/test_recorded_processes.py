"""The journal of `hlsim serve` as a user meets it: full disks, replays that serve, wrong words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from crashing import WORLD, Crashes
from wire import Pen

import hlsim
from hlsim import cli


@pytest.fixture
def world(tmp_path: Path) -> str:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(WORLD))
    return str(path)


@contextmanager
def crashes(folder: Path, *options: str) -> Iterator[Crashes]:
    one = Crashes(folder, 1, "--market", "static", *options)
    try:
        yield one
    finally:
        one.stop()


def buys(pen: Pen) -> None:
    pen.buys(0, "0.001", "80000")


def funds(pen: Pen) -> None:
    pen.post({"address": "0x" + "5" * 40, "usdc": "1"}, "/hlsim/fund")
    pen.buys(0, "0.001", "80000")


@pytest.mark.parametrize("ask", [buys, funds])
def test_a_full_disk_stops_the_exchange_and_loses_nothing(
    tmp_path: Path, ask: Callable[[Pen], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """What could not be written down was not answered; one line says why, and no traceback."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux limits the files of another process")
    with crashes(tmp_path) as one:
        pen = one.pen(one.start())
        pen.buys(0, "0.001", "80000")
        process = one.process
        assert process is not None
        # Room for some records and the first half of another one.
        room = one.journal.stat().st_size + 2_000
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, room))
        acknowledged = 0
        with suppress(AssertionError, OSError):
            for _ in range(100):
                ask(pen)
                acknowledged += 1
        assert process.wait(10) == cli.BAD_USAGE
        assert one.journal.stat().st_size == room
        told = capfd.readouterr().err
        assert told.splitlines()[-1] == f"hlsim: {one.journal}: File too large"
        assert "Traceback" not in told
        assert "bug" not in told
        pen = one.pen(one.start())
        assert len(pen.info("frontendOpenOrders", user=pen.address)) == 1 + acknowledged < 100


def test_a_replay_serves_from_a_moment_on_and_leaves_the_journal(
    tmp_path: Path, world: str
) -> None:
    journal, ready = tmp_path / "journal", tmp_path / "up"
    with hlsim.start(journal=str(journal), world=world, market="live") as exchange:
        pen = Pen(exchange, exchange.accounts[0].key)
        pen.buys(0, "0.001", "80000")
        time_ms = exchange.clock.advance(minutes=1)
        hash_ = exchange.state_hash()
        exchange.clock.advance(ms=1)
        pen.buys(0, "0.001", "80000")
    whole = journal.read_bytes()
    command = [sys.executable, "-m", "hlsim", "replay", str(journal), "--until", str(time_ms)]
    command += ["--check", "--serve", "--port", "0", "--ready-file", str(ready), "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip().removeprefix("Listening on ")
        assert ready.read_text().strip() == url
        state = requests.get(url + "/hlsim/state", timeout=10).json()
        assert (state["hash"], state["time"], state["clock"]) == (hash_, time_ms, "manual")
        asked = {"type": "openOrders", "user": pen.address}
        assert len(requests.post(url + "/info", json=asked, timeout=10).json()) == 1
        requests.post(url + "/hlsim/clock/advance", json={"minutes": 1}, timeout=10)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
    assert process.returncode == 0
    assert journal.read_bytes() == whole


def test_actions_of_one_block_are_one_record(tmp_path: Path, world: str) -> None:
    journal = tmp_path / "journal"
    settings: dict[str, Any] = {"journal": str(journal), "world": world, "market": "static"}
    with hlsim.start(**settings, block_time=200) as exchange:
        pens = [Pen(exchange, account.key) for account in exchange.accounts[:6]]
        threads = [Thread(target=pen.buys, args=(0, "0.001", "80000")) for pen in pens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        hash_ = exchange.state_hash()
        tail = exchange.control("journal", tail=10).tail
    counts = [len(record.get("replies", ())) for record in tail]
    assert sum(counts) == 6
    assert max(counts) > 1
    with hlsim.start(**settings) as exchange:
        assert exchange.state_hash() == hash_


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere"], "hlsim: nowhere: No such file or directory\n"),
        (["journal", "--until", "soon"], "--until: "),
        (["journal", "--port", "0"], "hlsim: --port: only with --serve\n"),
        (["journal", "--chek"], "hlsim: unknown flag --chek; nearest: --check\n"),
        (["empty"], "hlsim: empty: not a journal of hlsim: it has no header\n"),
        (["pipe"], "hlsim: pipe: not a journal of hlsim: it is no plain file\n"),
    ],
)
def test_a_replay_that_cannot_be_is_refused_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    with hlsim.start(journal="journal", market="empty", accounts=1):
        pass
    assert cli.run(["replay", *words]) == cli.BAD_USAGE
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_a_journal_that_cannot_be_kept_is_refused_in_a_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "none" / "journal", tmp_path / "pipe"):
        command = [sys.executable, "-m", "hlsim", "serve", "--port", "0", "--journal", str(path)]
        assert subprocess.run(command, timeout=60).returncode == cli.BAD_USAGE
        said = capfd.readouterr().err
        assert said.startswith(f"hlsim: {path}: ")
        assert said.count("\n") == 1
