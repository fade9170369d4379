"""A journal on disk: what goes on from it, what a replay compares, what is refused."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from asking import get
from crashing import WORLD
from wire import Pen, order

import hlsim
from hlsim import cli, config
from hlsim.library import RunningExchange
from hlsim.opening import open_server
from hlsim.server.blocks import Block, Turn
from hlsim.server.pacer import Clock, wall_ms
from hlsim.server.records import DEEDS, last_records
from hlsim.sim.operations import DepositUsd

DAY_MS = 86_400_000


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    world = tmp_path / "world.json"
    world.write_text(json.dumps(WORLD))
    return {"journal": str(tmp_path / "journal"), "world": str(world), "seed": 3}


def records(settings: dict[str, Any]) -> list[dict[str, Any]]:
    lines = Path(settings["journal"]).read_bytes().splitlines()
    return [json.loads(line) for line in lines[1:]]


def replayed(settings: dict[str, Any], *flags: str) -> tuple[int, dict[str, str], str]:
    """Exit code of `hlsim replay`, what it prints, and its complaint."""
    out, complaint = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(complaint):
        code = cli.run(["replay", settings["journal"], *flags])
    rows = [line.split(maxsplit=1) for line in out.getvalue().splitlines()]
    return code, {row[0]: row[1] for row in rows}, complaint.getvalue()


def everything(exchange: RunningExchange) -> None:
    """One of each thing that may happen to a node."""
    alice, bob = (Pen(exchange, account.key) for account in exchange.accounts[:2])
    alice.buys(0, "0.01", "101000")
    exchange.market.move("BTC", 103_000, over_ms=5_000)
    exchange.clock.advance(seconds=2)
    kept = exchange.snapshot()
    bob.sells(0, "0.02", "90000")
    exchange.clock.advance(minutes=5)
    exchange.restore(kept)
    exchange.market.book("ETH", [[[3990, 1]], [[4010, 1]]])
    alice.buys(1, "0.5", "4010")
    exchange.market.halt("ETH")
    with pytest.raises(ValueError, match="halted"):
        exchange.market.move("ETH", 5000)
    exchange.fund(bob.address, usdc=5)
    exchange.control("actor/open", actor="carol", usdc=500)
    exchange.control("actor/order", actor="carol", coin="BTC", side="buy", sz="0.01", px=90_000)
    exchange.control("actor/cancel", actor="carol")
    exchange.clock.mode("auto")
    exchange.clock.skew(5_000)
    exchange.clock.mode(auto_wait=25)
    saved = exchange.save()
    exchange.reset()
    exchange.clock.mode("manual", speed=2)
    exchange.operate(DepositUsd(bob.address, 7))  # type: ignore[arg-type]
    bob.l1({"type": "order", "orders": [order(99, "1", "1")], "grouping": "na"})
    exchange.load(saved)
    exchange.restore(kept)
    alice.user("usdSend", destination=bob.address, amount="1000000000")
    exchange.clock.advance(minutes=1)


@pytest.mark.parametrize("market", ["live", "static", "empty"])
def test_everything_that_happens_is_there_when_it_goes_on(
    settings: dict[str, Any], market: str
) -> None:
    settings["market"] = market
    with hlsim.start(**settings) as exchange:
        if market == "empty":
            exchange.market.book("BTC", mid=100_000)
        everything(exchange)
        hash_, time_ms = exchange.state_hash(), exchange.clock.now_ms
        orders = exchange.control("accounts")
    told = records(settings)
    assert {row["deed"] for row in told if "deed" in row} >= set(DEEDS) - {"turn"}
    assert [row["n"] for row in told] == list(range(1, len(told) + 1))

    with hlsim.start(**settings) as again:
        assert (again.state_hash(), again.clock.now_ms) == (hash_, time_ms)
        assert again.control("accounts") == orders
        # What was kept is kept, and the start is still the start.
        again.restore(1)
        again.reset()
        Pen(again, again.accounts[0].key).buys(0, "0.01", "90000")
        hash_ = again.state_hash()
    code, out, _ = replayed(settings, "--check")
    assert (code, out["hash"]) == (0, hash_)
    assert out["checked"].endswith("and 2 hashes, all as recorded")


def test_clocks_that_were_set_apart_still_are(settings: dict[str, Any]) -> None:
    day_ms = 86_400_000
    with hlsim.start(**settings, market="empty") as exchange:
        exchange.clock.skew(3 * day_ms)
        kept = exchange.snapshot()
        exchange.clock.skew(0)
        Pen(exchange, exchange.accounts[0].key).buys(0, "0.01", "50000")
        exchange.clock.skew(-2 * day_ms)
    with hlsim.start(**settings, market="empty") as again:
        pen = Pen(again, again.accounts[0].key)
        assert "nonce too high" in pen.buys(0, "0.01", "50000")["response"]
        again.restore(kept)
        assert "nonce too low" in pen.buys(0, "0.01", "50000")["response"]
        again.reset()
        assert pen.buys(0, "0.01", "50000")["status"] == "ok"


def test_the_market_goes_on_as_it_would_have(settings: dict[str, Any]) -> None:
    """Its scripts keep their chance: with or without a restart in between, it is the same day."""
    hashes = []
    for name, stops in (("one", 1), ("two", 3)):
        mine = settings | {"journal": settings["journal"] + name, "market": "live"}
        for _ in range(stops):
            with hlsim.start(**mine) as exchange:
                exchange.clock.advance(minutes=6 // stops)
                hash_ = exchange.state_hash()
        hashes.append(hash_)
    assert hashes[0] == hashes[1]


def test_a_record_is_in_the_file_before_anybody_hears_of_it(settings: dict[str, Any]) -> None:
    with hlsim.start(**settings, market="live") as exchange:
        seen: list[tuple[int, int]] = []

        def look(block: Block) -> None:
            recorder = exchange._server.console.recorder
            assert recorder is not None
            seen.append((recorder.count, len(records(settings))))

        exchange.call(lambda server: server.node.subscribe(look))
        Pen(exchange, exchange.accounts[0].key).buys(0, "0.01", "90000")
        exchange.clock.advance(seconds=3)
    assert len(seen) > 3
    assert all(count == written for count, written in seen)


def test_a_torn_record_is_cut_and_the_rest_stays(settings: dict[str, Any]) -> None:
    path = Path(settings["journal"])
    with hlsim.start(**settings, market="static") as exchange:
        Pen(exchange, exchange.accounts[0].key).buys(0, "0.01", "90000")
    whole = path.read_bytes()
    hash_ = replayed(settings)[1]["hash"]
    (*_, last) = whole.splitlines(keepends=True)
    for torn in (last[:-1], last[:1], b"\0\0\0"):
        path.write_bytes(whole + torn)
        code, out, _ = replayed(settings, "--check")
        assert (code, out["hash"]) == (0, hash_)
        assert out["torn"] == f"{len(torn)} bytes at the end, left out"
        with hlsim.start(**settings, market="static") as exchange:
            assert exchange.state_hash() == hash_
        assert path.read_bytes().startswith(whole + b'{"n":')
        assert replayed(settings, "--check")[0] == 0
    for torn in (b"", b'{"jour', whole.splitlines()[0]):
        path.write_bytes(torn)
        with hlsim.start(**settings, market="static") as exchange:
            assert exchange.control("journal").records == 0


def damaged(lines: list[bytes]) -> dict[str, list[bytes]]:
    return {
        "not a journal of hlsim": [b"[client]\n", *lines[1:]],
        "a journal of format 2, not 1": [lines[0].replace(b'"journal":1', b'"journal":2')],
        "the header is damaged": [lines[0][:200] + b"\n", *lines[1:]],
        "record 2 is damaged": [*lines[:2], b"{\n", *lines[3:]],
        "record 2 is missing: 3 stands there": [*lines[:2], *lines[3:]],
        "record 1: not a journal line: unknown sold": [
            lines[0],
            lines[1].replace(b'"kind":"applied"', b'"kind":"sold"'),
        ],
    }


def test_what_is_no_journal_is_refused_and_left_alone(settings: dict[str, Any]) -> None:
    path = Path(settings["journal"])
    with hlsim.start(**settings, market="empty") as exchange:
        pen = Pen(exchange, exchange.accounts[0].key)
        for _ in range(3):
            pen.buys(0, "0.01", "90000")
    for complaint, lines in damaged(path.read_bytes().splitlines(keepends=True)).items():
        path.write_bytes(b"".join(lines))
        code, _, said = replayed(settings)
        assert code == 2
        assert f"{path}: {complaint}" in said
        assert said.count("\n") == 1
        with pytest.raises(ValueError, match=complaint):
            hlsim.start(**settings, market="empty")
        assert path.read_bytes() == b"".join(lines)


def altered(
    rows: list[dict[str, Any]], where: Callable[[dict[str, Any]], bool], **changes: Any
) -> int:
    """Changes the last such record, as JSON. Returns its number."""
    row = next(row for row in reversed(rows) if where(row))
    row.update(changes)
    return int(row["n"])


@pytest.mark.parametrize(
    ("key", "change", "complaint", "is_unchecked"),
    [
        ("replies", ["0" * 16], "the reply to a client differs", True),
        ("did", [1, "0" * 16], "what the market does differs", False),
        ("hash", "0" * 64, "the hash of the state differs", True),
        ("time", 1, "it is ", False),
    ],
)
def test_a_replay_says_where_something_differs(
    settings: dict[str, Any], key: str, change: Any, complaint: str, is_unchecked: bool
) -> None:
    path = Path(settings["journal"])
    with hlsim.start(**settings, market="live") as exchange:
        Pen(exchange, exchange.accounts[0].key).buys(0, "0.01", "90000")
        exchange.clock.advance(seconds=5)
    header = path.read_bytes().splitlines(keepends=True)[0]
    rows = records(settings)
    number = altered(
        rows,
        lambda row: key in row and "hash" not in (row if key == "time" else {}),
        **{key: change},
    )
    path.write_bytes(header + b"".join(json.dumps(row).encode() + b"\n" for row in rows))

    code, _, said = replayed(settings, "--check")
    assert code == 1
    assert f"{path}: record {number}, at " in said
    assert complaint in said
    assert replayed(settings)[0] == (0 if is_unchecked else 1)
    with pytest.raises(ValueError, match=complaint):
        hlsim.start(**settings, market="live")


def test_another_start_is_told(settings: dict[str, Any]) -> None:
    with hlsim.start(**settings, market="empty"):
        pass
    path = Path(settings["journal"])
    path.write_bytes(path.read_bytes().replace(b'"seed":3', b'"seed":4'))
    code, _, said = replayed(settings)
    assert code == 1
    assert "the start state is another one than that of hlsim" in said


def test_settings_of_another_start_are_refused_by_name(settings: dict[str, Any]) -> None:
    with hlsim.start(**settings, market="empty", limits="off"):
        pass
    same: dict[str, Any] = {"market": "empty", "limits": "off"}
    with pytest.raises(ValueError, match="another --chain, --seed: leave that out"):
        hlsim.start(**settings | same | {"seed": 4}, chain="mainnet")
    world = Path(settings["world"])
    world.write_text(world.read_text().replace("100000", "100001"))
    with pytest.raises(ValueError, match="another --world:"):
        hlsim.start(**settings, **same)
    # What is not said is as it was, and the world is in the journal.
    world.unlink()
    opened = open_server(config.settings({"journal": settings["journal"]}, environ={}))
    server, found = opened.server, opened.settings
    assert server.console.recorder is not None
    server.console.recorder.close(server.node)
    assert (found.seed, found.market, found.limits, found.clock) == (3, "empty", "off", "manual")
    assert server.node.pacer.clock is Clock.MANUAL
    assert server.node.exchange.state.universe.name == "small"


def test_two_exchanges_do_not_share_a_journal(settings: dict[str, Any]) -> None:
    with (
        hlsim.start(**settings, market="empty"),
        pytest.raises(ValueError, match="another exchange writes this journal"),
    ):
        hlsim.start(**settings, market="empty")


@pytest.mark.parametrize("until", ["number", "time"])
def test_a_replay_ends_where_it_is_told_to(settings: dict[str, Any], until: str) -> None:
    with hlsim.start(**settings, market="live") as exchange:
        pen = Pen(exchange, exchange.accounts[0].key)
        pen.buys(0, "0.01", "90000")
        time_ms = exchange.clock.advance(seconds=5)
        hash_ = exchange.state_hash()
        number = exchange.control("journal").records
        exchange.clock.advance(seconds=5)
        pen.buys(0, "0.01", "90000")
        total = exchange.control("journal").records
    code, out, _ = replayed(settings, "--until", str(number if until == "number" else time_ms))
    assert code == 0
    assert (out["records"], out["time"], out["hash"]) == (str(number), str(time_ms), hash_)
    code, out, _ = replayed(settings, "--until", "9999" if until == "number" else "2100-01-01")
    assert (code, out["records"]) == (0, f"{total + 1}: there are no more")


def test_a_wall_clock_goes_on_in_real_time(settings: dict[str, Any]) -> None:
    """Nobody was here meanwhile: what fell due does so at once. A time of one's own goes on."""
    settings["market"] = "live"
    began_ms = wall_ms()
    with hlsim.start(**settings, clock="wall", start_time=began_ms - DAY_MS) as exchange:
        exchange.fund(exchange.accounts[0].address, usdc=5)
    # As if it had been started yesterday, when that was now.
    path = Path(settings["journal"])
    told = path.read_bytes()
    path.write_bytes(told.replace(b'"start_time":%d' % (began_ms - DAY_MS), b'"start_time":null'))
    with hlsim.start(**settings, clock="wall") as exchange:
        state = exchange.control("state")
        assert state.clock == "wall"
        assert state.time >= began_ms
        hours = exchange.read(lambda one: len(one.state.markets[0].funding_rates))
        assert hours >= 24
        exchange.reset()
        assert exchange.clock.now_ms < began_ms
    with hlsim.start(**settings) as exchange:
        assert exchange.clock.now_ms < began_ms
        exchange.clock.advance(minutes=2)
        hash_ = exchange.state_hash()
    code, out, _ = replayed(settings, "--check")
    assert (code, out["hash"]) == (0, hash_)


def test_a_wall_clock_with_a_start_of_its_own_goes_on_from_where_it_was(
    settings: dict[str, Any],
) -> None:
    settings |= {"market": "empty", "clock": "wall", "start_time": "2026-03-01"}
    with hlsim.start(**settings) as exchange:
        left_ms = exchange.clock.advance(days=1)
    with hlsim.start(**settings) as exchange:
        assert left_ms <= exchange.clock.now_ms < left_ms + DAY_MS


def test_the_control_plane_shows_the_end_of_the_journal(settings: dict[str, Any]) -> None:
    path = Path(settings["journal"])
    with hlsim.start(**settings, market="empty") as exchange:
        pen = Pen(exchange, exchange.accounts[0].key)
        for _ in range(5):
            pen.buys(0, "0.01", "90000")
        told = get(exchange, "journal?tail=2")
        assert told["path"] == str(path)
        assert told["records"] == 5
        assert told["size"] == path.stat().st_size
        assert told["tail"] == records(settings)[3:]
        assert [row["inputs"][0]["name"] for row in told["tail"]] == ["order", "order"]
        everything_there = exchange.control("journal", tail=1000).tail
        assert everything_there == records(settings)
    with (
        hlsim.start(market="empty") as exchange,
        pytest.raises(ValueError, match="start with --journal"),
    ):
        exchange.control("journal")


def test_the_end_of_a_long_journal_is_found(tmp_path: Path) -> None:
    path = tmp_path / "long"
    lines = [b'{"journal":1}\n', *(b'{"n":%d,"x":"%s"}\n' % (n, b"x" * 9_000) for n in range(30))]
    path.write_bytes(b"".join(lines) + b'{"n":')
    with open(path, "rb") as file:
        size = path.stat().st_size - 5
        assert [row["n"] for row in last_records(file, size, 20)] == list(range(10, 30))


def test_turns_without_a_trace_are_written_down_too(settings: dict[str, Any]) -> None:
    """A script that only drew a number would draw another one next time."""
    with hlsim.start(**settings, market="live") as exchange:
        turns: list[Block] = []

        def note(block: Block) -> None:
            if isinstance(block.deed, Turn):
                turns.append(block)

        exchange.call(lambda server: server.node.subscribe(note))
        exchange.clock.advance(seconds=20)
    assert len(turns) == sum(row.get("deed") == "turn" for row in records(settings)) > 0
