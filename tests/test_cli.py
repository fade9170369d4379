"""Flags, environment, file; and what a user reads when one of them is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hlsim import __version__, banner, cli, known
from hlsim.config import (
    OPTIONS,
    Refused,
    Settings,
    nearest,
    settings,
    strangers,
)
from hlsim.server.limits import NONE
from hlsim.server.values import parse_time, parse_usd

ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
COMMANDS = "bench, coverage, profile, replay, run, scenario, serve"


def of(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    return settings(flags or {}, environ or {})


def refusal(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(Refused) as caught:
        of(flags, environ)
    return str(caught.value)


# -- settings --------------------------------------------------------------------------------------


def test_without_a_word_everything_has_its_default() -> None:
    assert of() == Settings()


def test_every_option_is_a_setting_and_has_an_environment_twin() -> None:
    keys = [option.key for option in OPTIONS]
    assert [*keys, "own_time", "given"] == list(Settings.__dataclass_fields__)
    assert {option.name: option.env for option in OPTIONS}["ready-file"] == "HLSIM_READY_FILE"


TEXTS: list[tuple[str, str, Any]] = [
    ("host", "0.0.0.0", "0.0.0.0"),
    ("port", "0", 0),
    ("ready-file", "up.txt", "up.txt"),
    ("chain", "any", "any"),
    ("world", "testnet", "testnet"),
    ("market", "empty", "empty"),
    ("market", "replay:a folder/1", "replay:a folder/1"),
    ("seed", "7", 7),
    ("clock", "auto", "auto"),
    ("speed", "2.5", 2.5),
    ("start-time", "1700000000000", 1_700_000_000_000),
    ("block-time", "70", 70),
    ("ws-lag", "40", 40),
    ("accounts", "3", 3),
    ("balance", "12.5", 12_500_000),
    ("profile", "duplicate_cloid=reject", (("duplicate_cloid", "reject"),)),
    ("limits", "warn", "warn"),
    ("limit-set", "guide", (("guide", 0),)),
    ("limit-header", "X-Forwarded-For", "X-Forwarded-For"),
    ("record", "a folder/1", "a folder/1"),
    ("journal", "day.journal", "day.journal"),
    ("scenario", "lost-reply", "lost-reply"),
    ("log", "json", "json"),
]


@pytest.mark.parametrize(("name", "text", "value"), TEXTS)
def test_a_setting_reads_the_same_from_all_three_places(
    tmp_path: Path, name: str, text: str, value: Any
) -> None:
    key = name.replace("-", "_")
    file = tmp_path / "hlsim.toml"
    file.write_text(f'{name} = "{text}"\n')
    assert getattr(of({name: text}), key) == value
    assert getattr(of({}, {f"HLSIM_{key.upper()}": text}), key) == value
    assert getattr(of({"config": str(file)}), key) == value


def test_a_flag_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hlsim.toml"
    file.write_text("port = 1\nseed = 1\naccounts = 1\n")
    environ = {"HLSIM_PORT": "2", "HLSIM_SEED": "2", "HLSIM_CONFIG": str(file)}

    found = of({"port": "3"}, environ)

    assert (found.port, found.seed, found.accounts) == (3, 2, 1)


def test_the_file_takes_toml_types_and_either_spelling_of_a_name(tmp_path: Path) -> None:
    file = tmp_path / "hlsim.toml"
    file.write_text(
        f"port = 4000\nspeed = 2.5\nquiet = true\nblock_time = 70\n"
        f'start-time = 2026-03-01T00:00:00Z\nfund = ["{ADDRESS}:5", "{ADDRESS}:0.5"]\n'
    )
    assert of({"config": str(file)}) == Settings(
        port=4000,
        speed=2.5,
        quiet=True,
        block_time=70,
        start_time=1_772_323_200_000,
        fund=((ADDRESS, 5_000_000), (ADDRESS, 500_000)),
    )


def test_fund_is_repeated_or_separated_by_commas() -> None:
    both = ((ADDRESS, 1_000_000), ("0x" + "ab" * 20, 2_000_000))
    texts = (f"{ADDRESS.upper().replace('X', 'x')}:1", "0x" + "AB" * 20 + ":2")
    assert of({"fund": texts}).fund == both
    assert of({}, {"HLSIM_FUND": ", ".join(texts)}).fund == both


def test_limits_are_a_set_and_numbers(tmp_path: Path) -> None:
    numbers = (("guide", 0), ("ip_weight", 600), ("ws_users", NONE))
    texts = ("guide", "ip-weight=600", "ws-users=none")
    file = tmp_path / "hlsim.toml"
    file.write_text(f"limit-set = {json.dumps(texts)}\n")
    assert of({"limit-set": texts}).limit_set == numbers
    assert of({}, {"HLSIM_LIMIT_SET": ", ".join(texts)}).limit_set == numbers
    assert of({"config": str(file)}).limit_set == numbers


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"port": "x"}, "--port: 'x' is no port"),
    ({"port": "65536"}, "--port: 65536 is no port: it lies outside 0 to 65535"),
    ({"chain": "devnet"}, "--chain: 'devnet' is none of testnet, mainnet, any"),
    ({"market": "replay"}, "--market: 'replay' is none of live, static, empty, replay:PATH"),
    ({"market": "replay:"}, "--market: 'replay:' is none of live, static, empty, replay:PATH"),
    ({"clock": "fast"}, "--clock: 'fast' is none of wall, manual, auto"),
    ({"seed": "-1"}, f"--seed: -1 is no seed: it lies outside 0 to {2**63 - 1}"),
    ({"speed": "0"}, "--speed: '0' is no speed: a number above 0, at most 10000"),
    ({"speed": "nan"}, "--speed: 'nan' is no speed: a number above 0, at most 10000"),
    ({"balance": "-1"}, "--balance: '-1' is no amount of dollars"),
    ({"fund": (ADDRESS,)}, f"--fund: '{ADDRESS}' is not ADDRESS:AMOUNT"),
    ({"fund": ("0x12:1",)}, "--fund: '0x12' is no address: 0x and 40 hex digits"),
    ({"limits": "on"}, "--limits: 'on' is none of strict, warn, off"),
    ({"limit-set": ("offical",)}, "--limit-set: 'offical' is no limit; nearest: official"),
    ({"fault": ("oder:1:drop",)}, "--fault: unknown oder; nearest: order"),
    (
        {"limit-set": ("ip-wieght=3",)},
        "--limit-set: 'ip-wieght=3' is no limit; nearest: ip-weight=",
    ),
    ({"limit-set": ("ip-weight",)}, "--limit-set: 'ip-weight' is no limit; nearest: ip-weight="),
    (
        {"limit-set": ("ip-weight=x",)},
        "--limit-set: 'x' is no number, and none stands for no limit",
    ),
    (
        {"limit-set": ("ws-users=-1",)},
        "--limit-set: -1 is no number, and none stands for no limit: it lies outside 0 to"
        " 1000000000",
    ),
    ({"limit-header": "X Y"}, "--limit-header: 'X Y' is no name of a header"),
    ({"log": "xml"}, "--log: 'xml' is none of text, json"),
    ({"host": ""}, "--host: it is empty"),
    (
        {"start-time": "soon"},
        "--start-time: 'soon' is no time: now, milliseconds or ISO 8601",
    ),
]


@pytest.mark.parametrize(("flags", "text"), REFUSALS)
def test_a_bad_value_is_refused_by_name(flags: dict[str, Any], text: str) -> None:
    assert refusal(flags) == text


def test_a_bad_value_is_blamed_on_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "hlsim.toml"
    file.write_text("port = true\n")
    assert refusal({}, {"HLSIM_PORT": "x"}) == "HLSIM_PORT: 'x' is no port"
    assert refusal({"config": str(file)}) == f"{file}: port: 'true' is no port"


FILES: list[tuple[bytes, str]] = [
    (b"prot = 3\n", "unknown setting 'prot'; nearest: port"),
    (b"config = 'x'\n", "unknown setting 'config'; nearest: "),
    (b"port = \n", "not TOML: Invalid value"),
    (b"\xff\xfe", "not TOML: "),
    (b"[port]\nx = 1\n", "port: it takes one value"),
    (b"port = [1]\n", "port: it takes one value"),
]


@pytest.mark.parametrize(("text", "complaint"), FILES)
def test_a_bad_file_is_refused_with_its_name(tmp_path: Path, text: bytes, complaint: str) -> None:
    file = tmp_path / "hlsim.toml"
    file.write_bytes(text)
    found = refusal({"config": str(file)})
    assert found.startswith(f"{file}: {complaint}")
    assert "\n" not in found


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert (
        refusal({"config": str(tmp_path / "no")}) == f"{tmp_path / 'no'}: No such file or directory"
    )


def test_a_variable_that_is_no_setting_is_named_with_its_neighbour() -> None:
    environ = {"HLSIM_PROT": "1", "HLSIM_SEED": "1", "PATH": "x", "HLSIM_CONFIG": "y"}
    assert strangers(environ) == ["HLSIM_PROT is ignored; nearest: HLSIM_PORT"]


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("0", 0),
        ("2026-01-01", 1_767_225_600_000),
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01T01:00:00.250+01:00", 1_767_225_600_250),
    ],
)
def test_times_are_milliseconds_or_iso(text: str, time_ms: int) -> None:
    assert parse_time(text) == time_ms


@pytest.mark.parametrize(
    ("text", "usd"), [("1", 1_000_000), ("0.000001", 1), ("100000.5", 100_000_500_000)]
)
def test_dollars_are_micro_dollars(text: str, usd: int) -> None:
    assert parse_usd(text) == usd


@pytest.mark.parametrize("text", ["", ".", "1e3", "-1", "0.0000001", "nan", "1" * 30])
def test_other_texts_are_no_dollars(text: str) -> None:
    with pytest.raises(ValueError, match="no amount of dollars"):
        parse_usd(text)


def test_the_nearest_name_is_found_however_far() -> None:
    assert nearest("prot", ["host", "port"]) == "port"
    assert nearest("zzzz", ["host"]) == "host"


# -- the banner ------------------------------------------------------------------------------------

FACTS = banner.Facts(
    url="http://127.0.0.1:3001",
    version="1.2.3",
    chain="testnet",
    clock="wall",
    seed=7,
    market="live",
    world="mainnet",
    perps=190,
    pairs=40,
    accounts=[("0xA", "0xkey", "100,000")],
    funded=[("0xB", "5")],
    token=None,
)


def shown(capsys: pytest.CaptureFixture[str], *, log: str = "text", quiet: bool = False) -> str:
    banner.show(FACTS, log=log, quiet=quiet)
    return capsys.readouterr().out


def test_the_banner_ends_with_the_address_alone_on_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys)
    assert text.endswith("\n\nListening on http://127.0.0.1:3001\n")
    for word in ("1.2.3", "testnet", "wall, seed 7", "190 perps", "40 spot", "0xA", "0xkey", "0xB"):
        assert word in text
    assert "never send real funds" in text
    assert 'base_url="http://127.0.0.1:3001"' in text


def test_quiet_leaves_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, quiet=True) == "Listening on http://127.0.0.1:3001\n"


def test_json_says_the_same_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, log="json")
    assert text.count("\n") == 1
    found = json.loads(text)
    assert found["event"] == "listening"
    assert found["url"] == FACTS.url
    assert found["accounts"] == [{"address": "0xA", "key": "0xkey", "usdc": "100,000"}]
    quiet = json.loads(shown(capsys, log="json", quiet=True))
    assert quiet == {"event": "listening", "url": FACTS.url}


# -- commands --------------------------------------------------------------------------------------


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refused command line prints: one line on standard error, nothing else."""
    assert cli.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err.strip()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("srve", f"hlsim: no command 'srve'; nearest: serve; there are {COMMANDS}"),
        ("--verson", "hlsim: unknown flag --verson; nearest: --version"),
        ("serve --prot 1", "hlsim: unknown flag --prot; nearest: --port"),
        ("serve --prot=1", "hlsim: unknown flag --prot; nearest: --port"),
        ("serve --port", "hlsim: Option '--port' requires an argument"),
        ("serve now", "hlsim: Got unexpected extra argument (now)"),
        ("serve --port x", "hlsim: --port: 'x' is no port"),
        ("coverage --all", "hlsim: unknown flag --all; nearest: --help"),
        ("bench --quik", "hlsim: unknown flag --quik; nearest: --quick"),
    ],
)
def test_a_wrong_command_line_gives_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], line: str, text: str
) -> None:
    assert complaint(capsys, *line.split()) == text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"hlsim {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["serve", "--help"]])
def test_help_goes_to_standard_output(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert cli.run(arguments) == 0
    assert capsys.readouterr().out.startswith("Usage: hlsim")


def test_help_of_serve_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["serve", "--help"])
    text = capsys.readouterr().out
    for option in OPTIONS:
        assert f"--{option.name} " in text


def test_the_module_runs_like_the_command() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "hlsim", "--version"], capture_output=True, text=True, check=True
    )
    assert found.stdout == f"hlsim {__version__}\n"


# -- coverage --------------------------------------------------------------------------------------


def test_coverage_lists_every_known_name_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["coverage"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    names = [(row[0], row[1]) for row in rows if len(row) >= 4 and row[0] in KINDS]
    assert len(set(names)) == len(names)
    for kind, listed in KINDS.items():
        assert {name for found, name in names if found == kind} >= set(listed)


KINDS: dict[str, Mapping[str, str]] = {
    "action": known.ACTIONS,
    "info": {**known.INFO_TYPES, **known.INFO_REFUSED},
    "explorer": {**known.EXPLORER_TYPES, **known.EXPLORER_UNSPECIFIED},
    "subscription": known.SUBSCRIPTIONS,
}


def test_coverage_tells_built_from_missing() -> None:
    from hlsim.coverage import entries

    found = {(entry.kind, entry.name): entry for entry in entries()}
    assert found["action", "order"].status == "modelled"
    assert found["action", "order"].source == "exchange 5.1"
    assert found["info", "l2Book"].status == "modelled"
    assert found["info", "webData3"].status == "refused"
    assert found["subscription", "webData2"].status == "refused"
    assert found["explorer", "blockList"].status == "unspecified"


def test_whatever_is_built_is_a_known_name() -> None:
    """A registered name that the exchange does not have would be an invention."""
    from hlsim.coverage import entries

    assert [entry for entry in entries() if entry.source == "not listed"] == []
