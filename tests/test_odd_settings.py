"""Settings that nobody means, on a machine where nothing is as usual: one line, no traceback."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hlsim import banner
from hlsim.config import Refused, Settings, settings
from hlsim.scenarios.worlds import MAX_PX, load_world, parse_world
from hlsim.serving import serve

FACTS = banner.Facts(
    url="http://127.0.0.1:3001",
    version="1",
    chain="testnet",
    clock="wall",
    seed=0,
    market="live",
    world="w\udcffé.json",
    perps=1,
    pairs=1,
    accounts=[],
    funded=[],
    token=None,
)


# -- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("fund = " + "[" * 5000 + "]" * 5000, id="deep lists"),
        pytest.param("a = " + "{b = " * 5000, id="deep tables"),
        pytest.param("seed = " + "9" * 5000, id="an integer without end"),
        pytest.param("seed = 1\0", id="a zero byte"),
        pytest.param(b"\xff\xfe", id="no text"),
    ],
)
def test_a_file_that_no_parser_bears_is_refused(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Refused) as refused:
        settings({"config": str(path)}, {})
    assert str(refused.value).startswith(f"{path}: not TOML: ")


@pytest.mark.parametrize("name", ["ready-file", "world", "host"])
def test_a_zero_byte_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(f'{name} = "a\\u0000b"\n')
    with pytest.raises(Refused) as refused:
        settings({"config": str(path)}, {})
    assert str(refused.value) == f"{path}: {name}: it has a zero byte"


@pytest.mark.parametrize(
    "text",
    [
        "1969-12-31T23:59:59",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "253402300800000",
        "9" * 20,
    ],
)
def test_time_lies_between_1970_and_9999(text: str) -> None:
    with pytest.raises(Refused) as refused:
        settings({"start-time": text}, {})
    complaint = f"{text!r} is no time: it lies outside the years 1970 to 9999"
    assert str(refused.value) == f"--start-time: {complaint}"


def test_the_ready_file_takes_the_place_of_plain_files_only(tmp_path: Path) -> None:
    """Not of a device or a pipe, which would be gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(Refused) as refused:
        serve(Settings(port=0, market="empty", ready_file=str(pipe)))
    assert str(refused.value) == f"{pipe}: not a plain file"
    assert pipe.is_fifo()


# -- the banner ------------------------------------------------------------------------------------


class FullDisk(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(28, "No space left on device")


def test_a_banner_that_cannot_be_written_is_told_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "stdout", FullDisk())
    banner.show(FACTS, log="text", quiet=False)
    assert caplog.messages == ["no banner: No space left on device"]
    sys.stdout.close()


def test_without_a_standard_output_there_is_no_banner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    banner.show(FACTS, log="text", quiet=False)


def test_a_name_that_the_terminal_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    banner.show(FACTS, log="text", quiet=False)
    assert rb"of world w\udcff\xe9.json" in written.getvalue()


# -- worlds ----------------------------------------------------------------------------------------


def one_perp(**changes: object) -> str:
    perp = {"name": "OP", "szDecimals": 1, "maxLeverage": 10, "oraclePx": "0.5"}
    return json.dumps({"perps": [perp | changes]})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[" * 100_000, "w: maximum recursion depth exceeded"),
        ('{"perps":[{"szDecimals":' + "9" * 5000 + "}]}", "w: Exceeds the limit"),
        (one_perp(name="\ud800"), r'(\ud800): name: "\ud800" cannot be shown'),
        (one_perp(name="a\nb"), r'name: "a\nb" cannot be shown'),
        (one_perp(oraclePx=str(10**12 + 1)), "oraclePx: must be at most 1000000000000, not 1000"),
    ],
)
def test_a_world_that_nobody_can_trade_in_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^w") as refused:
        parse_world(text, "w")
    assert complaint in str(refused.value).replace("\ud800", r"\ud800")


def test_the_highest_price_is_one() -> None:
    assert parse_world(one_perp(oraclePx=str(10**12))).perps[0].start_px == MAX_PX


def test_a_world_file_with_an_impossible_name_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot read world"):
        load_world("a\0b.json")


def test_quiet_keeps_no_token_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    facts = replace(FACTS, token="abc")
    banner.show(facts, log="text", quiet=True)
    first, last = capsys.readouterr().out.splitlines()
    assert "token    abc" in first
    assert last == banner.last_line(FACTS.url)
    banner.show(facts, log="json", quiet=True)
    told = json.loads(capsys.readouterr().out)
    assert told == {"event": "listening", "url": FACTS.url, "token": "abc"}
