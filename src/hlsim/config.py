"""Settings of a server: from flags, the environment and a TOML file, in this precedence."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from hlsim.matching.dataclass import dataclass
from hlsim.server.slips import nearest
from hlsim.server.values import parse_address, parse_time, parse_usd

PREFIX = "HLSIM_"


class Refused(Exception):
    """A setting that cannot be used. The text is one line for the user."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: `name` as in `--name`, and how its text becomes a value.

    `parse` raises ValueError with what is wrong. `parts`: may be given several times; in the
    environment its values are separated by commas, in the file they are a list.
    """

    name: str
    parse: Callable[[str], Any]
    help: str
    metavar: str = "TEXT"
    switch: bool = False
    parts: bool = False

    @property
    def key(self) -> str:
        return self.name.replace("-", "_")

    @property
    def env(self) -> str:
        return PREFIX + self.key.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `hlsim serve` was asked for. Times in ms, money in µUSD."""

    host: str = "127.0.0.1"
    port: int = 3001
    ready_file: str | None = None
    chain: str = "testnet"
    world: str = "mainnet"
    market: str = "live"
    seed: int = 0
    clock: str = "wall"
    speed: float = 1.0
    auto_wait: int = 10
    start_time: int | None = None
    block_time: int = 0
    ws_lag: int = 0
    accounts: int = 10
    balance: int = 100_000_000_000
    fund: tuple[tuple[str, int], ...] = ()
    profile: tuple[tuple[str, str], ...] = ()
    limits: str = "strict"
    limit_set: tuple[tuple[str, int], ...] = ()
    limit_header: str | None = None
    fault: tuple[Any, ...] = ()
    record: str | None = None
    journal: str | None = None
    scenario: str | None = None
    log: str = "text"
    quiet: bool = False
    own_time: bool = False
    """Clients live in exchange time. No flag of `serve`: it takes a client that does."""
    given: tuple[str, ...] = field(default=(), compare=False)
    """Which of them somebody asked for, by the names of these fields."""


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return parse


def _market(text: str) -> str:
    if text.startswith("replay:") and text != "replay:" and "\0" not in text:
        return text
    return _choice("live", "static", "empty", "replay:PATH")(text)


def _integer(low: int, high: int, noun: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError(f"{text!r} is no {noun}") from None
        if not low <= value <= high:
            raise ValueError(f"{text} is no {noun}: it lies outside {low} to {high}")
        return value

    return parse


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 10_000:
        raise ValueError(f"{text!r} is no speed: a number above 0, at most 10000")
    return value


def _fund(text: str) -> tuple[str, int]:
    address, colon, amount = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} is not ADDRESS:AMOUNT")
    return parse_address(address), parse_usd(amount)


def parse_limit(text: str) -> tuple[str, int]:
    """The name of a set of limits and 0, or `NAME=NUMBER` of one of them, `none` for no limit.

    Raises ValueError for anything else.
    """
    from hlsim.server.limits import NONE, NUMBERS, SETS

    name, equals, number = text.partition("=")
    known = [*SETS, *(one.replace("_", "-") + "=" for one in NUMBERS)]
    if name + equals not in known:
        raise ValueError(f"{text!r} is no limit; nearest: {nearest(name + equals, known)}")
    if not equals:
        return name, 0
    if number == "none":
        return name.replace("-", "_"), NONE
    noun = "number, and none stands for no limit"
    return name.replace("-", "_"), _integer(0, 10**9, noun)(number)


def parse_profile(text: str) -> tuple[str, str]:
    """The name of a profile and "", or a contested point and one of its readings.

    Raises ValueError for anything else.
    """
    from hlsim.server.profile import BY_NAME, PROFILES

    name, equals, reading = text.partition("=")
    name = name.replace("-", "_")
    known = [*PROFILES, *(one + "=" for one in BY_NAME)]
    if name + equals not in known:
        raise ValueError(
            f"{text!r} is neither a profile nor a point of one; "
            f"nearest: {nearest(name + equals, known)}"
        )
    if equals:
        point = BY_NAME[name]
        try:
            point.fields(reading)
        except KeyError:
            choices = ", ".join(point.choices)
            raise ValueError(f"{name}: {reading!r} is none of {choices}") from None
    return name, reading


def _fault(text: str) -> Any:
    from hlsim.scenarios.faults import parse_fault
    from hlsim.server.faults import check_name

    fault = parse_fault(text)
    check_name(fault)
    return fault


def _scenario(text: str) -> str:
    from hlsim.scenario.shelf import load

    load(text)
    return text


def _header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", text):
        raise ValueError(f"{text!r} is no name of a header")
    return text


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False, "": False}
    if text.lower() not in words:
        raise ValueError(f"{text!r} is neither true nor false")
    return words[text.lower()]


def _text(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    if "\0" in text:
        raise ValueError("it has a zero byte")
    return text


_milliseconds = _integer(0, 3_600_000, "number of milliseconds")

OPTIONS: tuple[Option, ...] = (
    Option("host", _text, "Address to listen on.", "ADDRESS"),
    Option("port", _integer(0, 65_535, "port"), "Port of HTTP and /ws; 0: a free one.", "PORT"),
    Option("ready-file", _text, "Write the base URL to this file when ready.", "PATH"),
    Option(
        "chain",
        _choice("testnet", "mainnet", "any"),
        "Whose signatures verify. The Python SDK signs as testnet for every local URL.",
        "testnet|mainnet|any",
    ),
    Option("world", _text, "What is listed: mainnet, testnet or a file.", "NAME|PATH"),
    Option(
        "market",
        _market,
        "Who trades: a crowd, a still book, nobody, or what an archive recorded.",
        "live|static|empty|replay:PATH",
    ),
    Option("seed", _integer(0, 2**63 - 1, "seed"), "Seed of all chance.", "NUMBER"),
    Option(
        "clock",
        _choice("wall", "manual", "auto"),
        "Exchange time moves with real time, when told, or by itself to the next event.",
        "wall|manual|auto",
    ),
    Option("speed", _speed, "Exchange seconds per real second of a wall clock.", "NUMBER"),
    Option(
        "auto-wait",
        _milliseconds,
        "How long nobody asks before an auto clock jumps, in ms of real time.",
        "MS",
    ),
    Option("start-time", parse_time, "Exchange time at the start: now, ms or ISO 8601.", "TIME"),
    Option("block-time", _milliseconds, "Block interval in ms; 0: a block per action.", "MS"),
    Option("ws-lag", _milliseconds, "How far streams are behind replies, in ms.", "MS"),
    Option("accounts", _integer(0, 1000, "number of accounts"), "Funded test accounts.", "NUMBER"),
    Option("balance", parse_usd, "Perps collateral of each test account.", "USDC"),
    Option("fund", _fund, "Fund one more account; repeatable.", "ADDRESS:USDC", parts=True),
    Option(
        "profile",
        parse_profile,
        "Readings of contested points, as `hlsim profile` lists them; repeatable.",
        "NAME|POINT=READING",
        parts=True,
    ),
    Option(
        "limits",
        _choice("strict", "warn", "off"),
        "What is above a rate limit is refused, told of in the log, or let pass.",
        "strict|warn|off",
    ),
    Option(
        "limit-set",
        parse_limit,
        "Whose limits: official, guide or address, then numbers of your own; repeatable.",
        "SET|NAME=NUMBER",
        parts=True,
    ),
    Option("limit-header", _header, "Header in which a trusted proxy names the client.", "NAME"),
    Option(
        "fault",
        _fault,
        "Something that goes wrong, as in order:0.05:after:drop; repeatable.",
        "WHAT:RATE:PHASE:EFFECT",
        parts=True,
    ),
    Option("record", _text, "Record books, trades and prices into this new folder.", "FOLDER"),
    Option(
        "journal",
        _text,
        "Write every input to this file; if it is there, go on where it ends.",
        "FILE",
    ),
    Option(
        "scenario",
        _scenario,
        "Play a scenario; what it says of the exchange goes behind flags, environment and file.",
        "NAME|FILE",
    ),
    Option("log", _choice("text", "json"), "Form of banner and log.", "text|json"),
    Option("quiet", _switch, "No banner, only its token and last line.", "", switch=True),
)

NAMES = tuple(option.name for option in OPTIONS)
_BY_NAME = {option.name: option for option in OPTIONS}


def settings(
    flags: Mapping[str, str | bool | Iterable[str] | None],
    environ: Mapping[str, str] = os.environ,
    *,
    defaults: Settings | None = None,
) -> Settings:
    """Flag before environment before file. Raises Refused, one line, naming where the fault is.

    `flags` maps option names to their text, None when not given; `config` names the file.
    """
    path = flags.get("config") or environ.get(PREFIX + "CONFIG") or None
    listed = _from_file(str(path)) if path is not None else {}
    values: dict[str, Any] = {}
    for option in OPTIONS:
        given = flags.get(option.name)
        if given is not None and given != ():
            where, texts = f"--{option.name}", _texts(given)
        elif option.env in environ:
            text = environ[option.env]
            where, texts = option.env, text.split(",") if option.parts else [text]
        elif option.name in listed:
            where, texts = f"{path}: {option.name}", listed[option.name]
        else:
            continue
        values[option.key] = _parse(option, where, texts)
    if "scenario" in values:
        values = {**_of_scenario(values["scenario"]), **values}
    return replace(defaults or Settings(), **values, given=tuple(values))


def _of_scenario(which: str) -> dict[str, Any]:
    """What a scenario wants of its exchange: what tests have, unless it says otherwise."""
    from hlsim.scenario.shelf import load
    from hlsim.scenario.words import texts_of

    exchange = {"market": "static", "limit_set": "address", **load(which).exchange}
    texts = texts_of(exchange)
    options = (_BY_NAME[name] for name in texts)
    return {one.key: _parse(one, f"{which}: {one.name}", texts[one.name]) for one in options}


def _texts(given: str | bool | Iterable[str]) -> list[str]:
    if isinstance(given, bool):
        return ["true" if given else "false"]
    return [given] if isinstance(given, str) else list(given)


def _parse(option: Option, where: str, texts: list[str]) -> Any:
    try:
        if option.parts:
            return tuple(option.parse(text.strip()) for text in texts if text.strip())
        if len(texts) != 1:
            raise ValueError("it takes one value")
        return option.parse(texts[0].strip())
    except ValueError as error:
        raise Refused(f"{where}: {error}") from None


def _from_file(path: str) -> dict[str, list[str]]:
    """The file's settings as texts by option name."""
    import tomllib

    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        # More than TOMLDecodeError: bytes that are no text, integers without end, deep nesting.
        raise Refused(f"{path}: not TOML: {error}") from None
    found: dict[str, list[str]] = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        option = _BY_NAME.get(name)
        if option is None:
            raise Refused(f"{path}: unknown setting {key!r}; nearest: {nearest(name, NAMES)}")
        if isinstance(value, dict) or (isinstance(value, list) and not option.parts):
            raise Refused(f"{path}: {name}: it takes one value")
        found[name] = [_toml_text(part) for part in (value if isinstance(value, list) else [value])]
    return found


def _toml_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def strangers(environ: Mapping[str, str] = os.environ) -> list[str]:
    """A line for every HLSIM_ variable that is no setting: it is ignored, and likely a slip."""
    known = [option.env for option in OPTIONS] + [PREFIX + "CONFIG"]
    # By `hlsim run`, to its child.
    told = [PREFIX + name for name in ("URL", "RUN", "OWN_TIME", "CHANCE")]
    return [
        f"{name} is ignored; nearest: {nearest(name, known)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known + told
    ]
