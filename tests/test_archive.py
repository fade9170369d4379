"""Archives: every public format, plain or compressed, in the order of time; what is broken named.

Evidence of all formats: mechanics 18.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from archives import (
    CONTEXTS,
    FIRST_MS,
    block_line,
    book_line,
    context_row,
    fill,
    trade_line,
    write,
)
from stories import px, sz

from hlsim.scenarios.archive import MOST_FAULTS, Archive, Played
from hlsim.scenarios.archive_rows import (
    BookRow,
    Columns,
    ContextRow,
    TradeRow,
    parse_json,
    parse_ms,
)

SOLD = TradeRow("SOL", False, px("72.153"), sz("0.58"))
OLD = "time,user,coin,side,px,sz,crossed"


def liquidated(method: str) -> dict[str, object]:
    return {"dir": "Liquidated Cross Long", "liquidation": {"method": method}}


def everything(path: Path) -> list[Played]:
    archive = Archive(str(path))
    found = []
    while archive.next_ms is not None:
        found.append(archive.take())
    return found


def rows(path: Path) -> list[tuple[int, object]]:
    """(ms after FIRST_MS, row) of all there is."""
    return [(line.time_ms - FIRST_MS, row) for line in everything(path) for row in line.rows]


# -- lines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        trade_line(5, "A", "0.58 @ 72.153"),
        json.dumps(fill(5, "A", "0.58 @ 72.153")),
        block_line(5, fill(5, "B", "0.58 @ 72.153", crossed=False), fill(5, "A", "0.58 @ 72.153")),
    ],
)
def test_a_trade_is_the_same_in_every_format(text: str) -> None:
    line = parse_json(text)

    assert (line.time_ms - FIRST_MS, line.rows) == (5, (SOLD,))


def test_old_trades_are_the_rows_that_crossed() -> None:
    columns = Columns(OLD)
    found = [
        columns.parse(f"2023-04-15 00:00:00,0xab,SOL,A,72.153,0.58,{crossed}").rows
        for crossed in ("True", "False")
    ]

    assert found == [(SOLD,), ()]


@pytest.mark.parametrize(
    ("text", "trades"),
    [
        (json.dumps(fill(0, "A", "1 @ 72", dir="Settlement")), 0),
        (json.dumps(fill(0, "A", "1 @ 72", dir="Auto-Deleveraging")), 0),
        (json.dumps(fill(0, "A", "1 @ 72", **liquidated("market"))), 1),
        (json.dumps(fill(0, "A", "1 @ 72", **liquidated("backstop"))), 0),
        (trade_line(0, "A", "1 @ 72", trade_dir_override="LiquidatedMarket"), 1),
        (trade_line(0, "A", "1 @ 72", trade_dir_override="NetChildVaultPositions"), 0),
    ],
)  # fmt: skip
def test_only_what_was_in_the_book_is_a_trade(text: str, trades: int) -> None:
    assert len(parse_json(text).rows) == trades


def test_a_book_and_a_context_are_read_whole() -> None:
    line = parse_json(book_line(0, "99 x 5, 98.5 x 1", "101 x 2"))
    context = Columns(CONTEXTS).parse(context_row(3, "SOL", "100.5", "100.4"))

    levels = ((px("99"), sz("5")), (px("98.5"), sz("1")))
    assert line.rows == (BookRow("SOL", levels, ((px("101"), sz("2")),)),)
    assert context.rows == (ContextRow("SOL", px("100.5"), px("100.4")),)
    assert context.time_ms == FIRST_MS + 3


def test_a_context_without_an_oracle_says_nothing() -> None:
    """Premium, mid and impact may be empty (mechanics 18.1), and coins may trade no more."""
    columns = Columns(CONTEXTS)

    assert columns.parse(context_row(0, "SOL", "", "")).rows == ()
    assert columns.parse(context_row(0, "SOL", "0.0", "0.0")).rows == ()
    (row,) = columns.parse(context_row(0, "SOL", "5", "0.0")).rows
    assert row == ContextRow("SOL", px("5"), px("0"))


@pytest.mark.parametrize(
    ("given", "ms"),
    [
        ("2025-11-13T00:01:00Z", 1_762_992_060_000),
        ("2025-10-24 20:00:00.000", 1_761_336_000_000),
        ("2026-06-28T08:43:53.257028820", 1_782_636_233_257),
        (1_782_636_233_257, 1_782_636_233_257),
        ("1782636233257", 1_782_636_233_257),
    ],
)
def test_times_are_read_in_all_their_forms(given: object, ms: int) -> None:
    assert parse_ms(given) == ms


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jsonl", "lz4"])
def test_files_of_a_folder_are_one_stream_in_the_order_of_time(tmp_path: Path, suffix: str) -> None:
    """Of one moment contexts go first, then trades, then books: those show it after its trades."""
    write(
        tmp_path / f"l2Book/SOL.{suffix}", book_line(0, "99 x 5", ""), book_line(700, "98 x 5", "")
    )
    write(tmp_path / f"node_trades/0.{suffix}", trade_line(700, "A", "5 @ 99"))
    write(tmp_path / "asset_ctxs/20260401.csv", CONTEXTS, context_row(700, "SOL", "98.5"))
    write(tmp_path / "README.md", "no market data")

    assert [(ms, type(row)) for ms, row in rows(tmp_path)] == [
        (0, BookRow),
        (700, ContextRow),
        (700, TradeRow),
        (700, BookRow),
    ]


def test_a_file_is_played_by_itself_whatever_its_name(tmp_path: Path) -> None:
    """Nodes write files without a suffix."""
    path = write(tmp_path / "hourly/20260401/0", trade_line(5, "A", "0.58 @ 72.153"), "")

    assert rows(path) == [(5, SOLD)]


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell expands what stands behind `replay:`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write(tmp_path / "a.jsonl", trade_line(5, "A", "0.58 @ 72.153"))

    assert rows(Path("~/a.jsonl")) == [(5, SOLD)]


def test_a_state_is_gone_back_to_in_the_middle_of_any_file(tmp_path: Path) -> None:
    for name in ("a.lz4", "b.jsonl"):
        write(tmp_path / name, *(trade_line(ms, "A", f"{ms + 1} @ 99") for ms in range(40)))
    write(tmp_path / "c.csv", CONTEXTS, *(context_row(10 * ms, "SOL", "99") for ms in range(4)))
    lines = everything(tmp_path)
    archive = Archive(str(tmp_path))
    states = []
    for _ in lines:
        states.append(archive.state())
        archive.take()
    states.append(archive.state())

    for at in (50, 3, len(lines), 0, 83):
        for other in (archive, Archive(str(tmp_path))):
            other.restore(states[at])
            assert other.state() == states[at]
            rest = []
            while other.next_ms is not None:
                rest.append(other.take())
            assert rest == lines[at:]


def test_a_line_that_is_a_little_late_is_played_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", trade_line(60_000, "A", "1 @ 9"), trade_line(0, "A", "2 @ 9")
    )

    assert [ms for ms, _ in rows(path)] == [60_000, 60_000]


def test_a_long_archive_takes_no_more_memory_than_a_line_of_each_file(tmp_path: Path) -> None:
    line = trade_line(0, "A", "0.58 @ 72.153")
    for name in ("a.jsonl", "b.lz4"):
        write(tmp_path / name, *[line] * 10_000)
    total = 20_000 * len(line)
    tracemalloc.start()
    try:
        archive = Archive(str(tmp_path))
        while archive.next_ms is not None:
            archive.take()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert total > 5_000_000
    assert peak < 1_000_000


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no list of open files here")
def test_only_files_whose_time_has_come_are_open(tmp_path: Path) -> None:
    """A day of all coins is thousands of files."""
    for hour in range(60):
        ms = 3_600_000 * hour
        write(tmp_path / f"{hour:02d}.jsonl", *[trade_line(ms, "A", "1 @ 9")] * 3)
    before = len(os.listdir("/proc/self/fd"))
    archive = Archive(str(tmp_path))

    most = 0
    while archive.next_ms is not None:
        archive.take()
        most = max(most, len(os.listdir("/proc/self/fd")) - before)

    assert most == 1
    assert len(os.listdir("/proc/self/fd")) == before


# -- what is broken --------------------------------------------------------------------------------

BROKEN = [
    ("{", "it is no JSON"),
    ("[" * 100_000, "it is no JSON"),
    ("{}", "it has no coin"),
    ('{"raw": 5}', "it is neither l2Book nor a trade nor fills"),
    ('[1, 2, 3]', "it is neither l2Book nor a trade nor fills"),
    ('{"raw": {"channel": "trades"}}', "channel is 'trades', not l2Book"),
    (book_line(0, "99 x 1", "99 x 1"), "the best bid is not below the best ask"),
    (book_line(0, "98 x 1, 99 x 1", ""), "levels do not stand best first"),
    (book_line(0, "-1 x 1", ""), "no price: '-1'"),
    (book_line(0, "99 x 0", ""), "no size: '0'"),
    (book_line(0, "99 x 1e5", ""), "no size: '1e5'"),
    (trade_line(0, "C", "1 @ 99"), "side is neither A nor B: 'C'"),
    (trade_line(0, "A", "1 @ 99", coin=7), "no coin: 7"),
    (trade_line(0, "A", "1 @ 99", time="noon"), "no time: 'noon'"),
    (trade_line(0, "A", "1 @ 99", time=-1), "no time: -1"),
    (block_line(0, fill(0, "A", "1 @ 99", crossed=None)), "crossed is neither true nor false"),
    (
        "coin,price",
        "it has neither time, coin, oracle_px, mark_px nor time, coin, side, px, sz, crossed as"
        " columns",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), BROKEN, ids=lambda text: text[:30])
def test_a_first_line_that_is_broken_is_refused_by_file_line_and_fault(
    tmp_path: Path, text: str, fault: str
) -> None:
    path = write(tmp_path / "a.jsonl", "", text)

    with pytest.raises(ValueError) as refusal:  # noqa: PT011  (its text is what is tested)
        Archive(str(path))

    assert str(refusal.value) == f"{path}:2: {fault}"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,SOL", "it has 2 columns of 12"),
        (context_row(0, "SOL", "-1"), "no price: '-1'"),
        (context_row(0, "SOL", "1", "x"), "no price: 'x'"),
    ],
)
def test_a_row_of_a_table_is_named_by_its_line(tmp_path: Path, row: str, fault: str) -> None:
    path = write(tmp_path / "a.csv", CONTEXTS, row)

    with pytest.raises(ValueError, match=r"a\.csv:2: ") as refusal:
        Archive(str(path))

    assert str(refusal.value) == f"{path}:2: {fault}"


def test_a_later_fault_is_told_of_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = trade_line(60_001, "A", "0.58 @ 72.153")
    path = write(tmp_path / "a.jsonl", good, good[:40], good, trade_line(0, "A", "1 @ 9"), good)

    assert rows(path) == [(60_001, SOLD)] * 3
    assert caplog.messages == [
        f"{path}:2: it is no JSON; it is left out",
        f"{path}:4: it goes back in time by more than a minute; it is left out",
    ]


def test_a_file_of_faults_is_read_no_further(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = trade_line(0, "A", "0.58 @ 72.153")
    path = write(tmp_path / "a.jsonl", good, *["?"] * 50, good)

    assert rows(path) == [(0, SOLD)]
    assert len(caplog.messages) == MOST_FAULTS
    assert caplog.messages[-1].endswith("the rest of a file with so many faults is left out")


def test_a_torn_lz4_file_is_played_as_far_as_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [trade_line(ms, "A", f"{ms + 1} @ 99") for ms in range(3000)]
    path = write(tmp_path / "a.lz4", *lines)
    path.write_bytes(path.read_bytes()[:-20])

    found = rows(path)

    assert found == [(ms, TradeRow("SOL", False, px("99"), sz(str(ms + 1)))) for ms in
                     range(len(found))]  # fmt: skip
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.getMessage().startswith(f"{path}:{len(found) + 1}: ")
    assert told.getMessage().endswith("; the rest of the file is left out")


def test_what_cannot_be_read_at_all_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, empty, noise = tmp_path / "folder", tmp_path / "empty.csv", tmp_path / "noise.lz4"
    folder.mkdir()
    empty.write_text("\n")
    noise.write_bytes(b"no frame of LZ4 begins like this")
    whole = write(tmp_path / "a.lz4", trade_line(0, "A", "1 @ 99"))

    for path, fault in (
        (tmp_path / "none", "no such file or folder"),
        (folder, "no .jsonl, .csv or .lz4 file in it"),
        (empty, "nothing in it"),
        (noise, ""),
    ):
        with pytest.raises(ValueError) as refusal:  # noqa: PT011  (its text is what is tested)
            Archive(str(path))
        assert str(refusal.value).startswith(f"{path}: {fault}")
        assert "\n" not in str(refusal.value)
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    with pytest.raises(
        ValueError, match=r"to read \.lz4 install lz4: pip install 'hlsim\[archive\]'"
    ):
        Archive(str(whole))
