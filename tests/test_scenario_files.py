"""Scenario files: what is read, and the line and path of what is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hlsim.scenario import Mistake, Named, Scenario, Step, load, read, shipped
from hlsim.scenario.durations import duration_ms
from hlsim.scenario.schema import schema, text
from hlsim.scenarios.faults import parse_fault

ROOT = Path(__file__).parent.parent
GOOD = """\
title: A test
lasts: 2s
exchange:
  balance: 500
  limit_set: [official, ip-weight=100]
faults:
  - order:#1:after:drop
  - {on: ws/trades, effect: drop, is: update}
timeline:
  - at: 500ms
    market/move: {coin: ETH, to: 1500}
  - every: 1s
    times: 2
    fund: {address: "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", usdc: 10}
  - when:
      position: {coin: ETH, at_least: 1}
    fault: ws:1:reset
    for: 1.5s
expect:
  - finally: {position: {coin: ETH, is: 0.5}}
  - recovers: {within: 1s, open_orders: {is: 0}}
  - no_blind_retry:
"""


def refused(wrong: str) -> str:
    with pytest.raises(Mistake) as caught:
        read(wrong, "my.yaml", "my")
    return str(caught.value)


def test_a_file_is_a_scenario() -> None:
    found = read(GOOD, "my.yaml", "my")

    address = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert found == Scenario(
        name="my",
        title="A test",
        lasts_ms=2_000,
        exchange={"balance": 500, "limit_set": ["official", "ip-weight=100"]},
        faults=(
            parse_fault("order:#1:after:drop"),
            parse_fault("ws/trades[is=update]:1:drop"),
        ),
        timeline=(
            Step(Named("market/move", {"coin": "ETH", "to": 1500}), at_ms=500),
            Step(Named("fund", {"address": address, "usdc": 10}), every_ms=1_000, times=2),
            Step(
                Named("fault", {"plan": "ws:1:reset"}),
                when=Named("position", {"coin": "ETH", "at_least": 1}),
                for_ms=1_500,
            ),
        ),
        expect=(
            Named("finally", {"position": {"coin": "ETH", "is": 0.5}}),
            Named("recovers", {"within": "1s", "open_orders": {"is": 0}}),
            Named("no_blind_retry"),
        ),
    )


WRONG: list[tuple[str, str, str]] = [
    ("title: A test", "titel: A test", "1: titel: unknown key 'titel'; known: title, teaches"),
    ("lasts: 2s\n", "", "1: the file: 'lasts' is missing"),
    ("lasts: 2s", "lasts: 2", "2: lasts: 2 is no time such as 500ms, 1.5s, 2m, 1h"),
    ("lasts: 2s", "lasts: 0s", "2: lasts: a scenario lasts at least one step and at most"),
    ("lasts: 2s", "lasts: 2s\nlasts: 3s", "3: lasts: it is there twice"),
    ("title: A test", "title: [", "3: not YAML: expected ',' or ']', but got ':'"),
    ("title: A test", "title: A test: mine", "1: not YAML: mapping values are not allowed here; a"),
    (
        "  - at: 500ms",
        "\t- at: 500ms",
        "10: not YAML: found character '\\t' that cannot start any token; in",
    ),
    ("title: A test", "title: !!python/name:os.system x", "1: not YAML: could not determine"),
    ("title: A test", "title: 2026-13-45", "1: title: month must be in 1..12"),
    ("title: A test", 'title: "\\ud800"', "1: title: 'utf-8' codec can't encode"),
    ("title: A test", "title: !!bool maybe", "1: title: 'maybe' is no bool"),
    ("lasts: 2s", 'lasts: 2s\nspeed: !!int ""', "3: speed: '' is no int"),
    ("title: A test", "? [a, b]\n: A test", "1: the file: a key is a text"),
    ("title: A test", "title: &a [*a]", "1: not YAML: it is nested too deep"),
    ("lasts: 2s", "lasts: 2s\nspeed: .nan", "3: speed: speed is above 0 and at most 1000"),
    ("lasts: 2s", "lasts: 2s\naccount: -1", "3: account: accounts count from 0"),
    ("at: 500ms", "at: 3s", "10: timeline[0]: never done: that is after 3000 ms, and it"),
    (
        "lasts: 2s",
        "lasts: 2s\nactors:\n  whale: {usd: 3}",
        "4: actors.whale: unknown key 'usd'; kn",
    ),
    (
        "lasts: 2s",
        "lasts: 2s\nactors:\n  whale: {actor: bob}",
        "4: actors.whale: unknown key 'actor'; known: usdc",
    ),
    ("at_least: 1}", "at_least: 1, of: whale}", "15: timeline[2]: position coin=ETH at_least=1 of"),
    ("is: 0.5}", "is: 0.5, of: whale}", "20: expect[0]: position coin=ETH is=0.5 of=whale: no act"),
    ("is: 0.5}", "at_least: 2, at_most: 1}", "20: expect[0].finally: nothing is 2 or more and"),
    ("position: {coin: ETH, is", "requests: {action: ordre, is", "20: expect[0].finally: unknown"),
    ("position: {coin: ETH, is", "requests: {type: l2Bok, is", "20: expect[0].finally: unknown re"),
    ("position: {coin: ETH, is", "requests: {status: 20, is", "20: expect[0].finally: Expected `i"),
    (
        "position: {coin: ETH, is",
        "requests: {action: order, type: l2Book, is",
        "20: expect[0].finally: action is of /exchange and type is of /info",
    ),
    ("balance: 500", "balence: 500", "4: exchange.balence: unknown key 'balence'; known: chain"),
    ("balance: 500", "balance: much", "4: exchange.balance: 'much' is no amount"),
    (
        "balance: 500",
        "world: main",
        "4: exchange.world: unknown world 'main': mainnet, testnet, or",
    ),
    ("balance: 500", "clock: wall", "4: exchange.clock: unknown key 'clock'; known: chain"),
    ("balance: 500", "fund: 5", "4: exchange.fund: an object is wanted: USDC by address"),
    ("ip-weight=100", "ip-weigth=1", "5: exchange.limit_set: 'ip-weigth=1' is no limit; near"),
    ("order:#1:after", "ordre:#1:after", "7: faults[0]: unknown ordre; nearest: order"),
    ("is: update", "is: new", "8: faults[1]: is: 'new' is neither snapshot nor update"),
    ("at: 500ms", "att: 500ms", "10: timeline[0].att: unknown key 'att'; known beside market/mo"),
    (
        "market/move: {coin: ETH, to: 1500}",
        "market/move: {coin: ETH, to: 1500}\n    upgrade: {}",
        "10: timeline[0]: one thing to do is wanted beside at, every",
    ),
    ("market/move: {coin: ETH, to: 1500}", "for: 1s", "10: timeline[0]: one thing to do is want"),
    ("at: 500ms", "at: 500ms\n    times: 2", "10: timeline[0]: times is 1 or more, of every or"),
    ("at: 500ms\n    ", "", "10: timeline[0]: a step has one of at, every and when"),
    ("coin: ETH, to: 1500", "to: 1500", "11: timeline[0].market/move: Object missing required"),
    ("coin: ETH, to", "koin: ETH, to", "11: timeline[0].market/move: unknown key 'koin'; known:"),
    ("market/move", "market/mvoe", "11: timeline[0].market/mvoe: unknown key 'market/mvoe'; kno"),
    ("market/move", "restore", "11: timeline[0].restore: not restore here: a scenario goes for"),
    ("market/move", "fault/add", "11: timeline[0].fault/add: not fault/add here: the key fault"),
    ("times: 2", "times: two", "13: timeline[1].times: a whole number is wanted"),
    ("position: {coin: ETH, at", "postion: {coin: ETH, at", "16: timeline[2].when.postion: no con"),
    ("at_least: 1}", "least: 1}", "16: timeline[2].when.position: unknown key 'least'; known:"),
    ("ws:1:reset", "ws:1:lose", "17: timeline[2].fault: a socket knows no 'lose'; known:"),
    ("is: 0.5", "iss: 0.5", "20: expect[0].finally: unknown key 'iss'; known: is, at_least"),
    ("no_blind_retry:", "no_retry:", "22: expect[2].no_retry: no judge 'no_retry'; known: fin"),
    ("within: 1s", "within: soon", "21: expect[1].recovers: Expected `str` matching regex"),
    (
        "no_blind_retry:",
        "no_blind_retry",
        "22: expect[2]: an object is wanted: 'no_blind_retry' la",
    ),
    (
        '"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"',
        "0xf39f",
        "14: timeline[1].fund: in quotes it ",
    ),
    ("  - no_blind_retry:", "  - 5", "22: expect[2]: an object is wanted"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG, ids=[case[1][:30] for case in WRONG])
def test_a_mistake_is_told_with_its_line_and_path(right: str, wrong: str, said: str) -> None:
    assert right in GOOD

    assert refused(GOOD.replace(right, wrong, 1)).startswith("my.yaml:" + said)


@pytest.mark.parametrize("whole", ["", "5", "- a", "{}", "[[[[[", "\0", "a: &a\n  b: *a"])
def test_what_is_no_scenario_at_all_is_told(whole: str) -> None:
    assert refused(whole).startswith("my.yaml:")


def test_a_file_of_any_size_is_refused_in_a_moment() -> None:
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *layers])

    assert refused(bomb).endswith(": more than 100,000 values")
    long = refused("# x\n" * 300_000)
    assert long == "my.yaml:1: the file: it has more than 1,000,000 characters"


@pytest.mark.parametrize(
    ("said", "ms"),
    [
        ("1ms", 1),
        ("1.5s", 1_500),
        ("0s", 0),
        ("2m", 120_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
    ],
)
def test_times(said: str, ms: int) -> None:
    assert duration_ms(said) == ms


@pytest.mark.parametrize("said", ["", "1", "s", "-1s", "1.5ms", "1e3s", "9999d", 5, None])
def test_what_is_no_time(said: Any) -> None:
    with pytest.raises(ValueError, match=r"is no (time|whole number)"):
        duration_ms(said)


# -- the published schema --------------------------------------------------------------------------

VALIDATOR = jsonschema.Draft202012Validator(schema())


def as_read(written: str) -> Any:
    """The file as an editor sees it: YAML 1.2, where `on` is text."""
    return yaml.safe_load(re.sub(r"\bon:", '"on":', written))


def test_the_published_schema_is_this_one() -> None:
    assert (ROOT / "docs" / "scenario.schema.json").read_text("utf-8") == text()
    jsonschema.Draft202012Validator.check_schema(json.loads(text()))


def test_the_schema_takes_what_is_read() -> None:
    files = sorted((ROOT / "scenarios" / "library").glob("*.yaml"))
    written = [GOOD, *(file.read_text("utf-8") for file in files)]

    assert [str(one) for text in written for one in VALIDATOR.iter_errors(as_read(text))] == []
    assert [file.stem for file in files] == list(shipped())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        case[:2]
        for case in WRONG
        if re.search("unknown key|missing|no time|no judge|no con|whole", case[2])
    ],
)
def test_the_schema_refuses_what_is_not_read(right: str, wrong: str) -> None:
    assert not VALIDATOR.is_valid(as_read(GOOD.replace(right, wrong, 1)))


# -- where scenarios are found ---------------------------------------------------------------------


def test_a_scenario_is_found_by_name_or_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(GOOD, "utf-8")

    assert load(str(mine)).name == "mine"
    assert load("lost-reply") is shipped()["lost-reply"]
    with pytest.raises(ValueError, match="no scenario 'lost-replay'; nearest: lost-reply"):
        load("lost-replay")
    with pytest.raises(ValueError, match=r"nowhere\.yaml: No such file"):
        load("nowhere.yaml")
    mine.write_bytes(b"\xff")
    with pytest.raises(Mistake, match=r"mine.yaml:1: not YAML: "):
        load(str(mine))


def test_the_documentation_shows_a_file_that_is_read() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
    shown, story = re.findall(r"```yaml\n(.+?)```", page, re.S)
    code, _ = re.findall(r"```python\n(.+?)verdict = ", page, re.S)
    names: dict[str, Any] = {}

    assert read(shown, "shown.yaml", "shown").lasts_ms == 8_000
    assert read(story, "story.yaml", "story").actors == (Named("whale", {"usdc": 2_000}),)
    exec(compile(code, "docs/scenarios.md", "exec"), names)
    assert names["scenario"].expect[0].name == "finally"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "one of at, every and when"),
        ({"at_ms": 1, "every_ms": 1}, "one of at, every and when"),
        ({"every_ms": 0}, "more than 0 ms"),
        ({"at_ms": 0, "for_ms": 5}, "only a fault is lifted"),
    ],
)
def test_a_step_by_hand_is_checked_too(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Step(Named("market/halt", {"coin": "ETH"}), **keys)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"lasts_ms": 10}, "at least one step"),
        ({"speed": 0}, "speed is above 0"),
        ({"expect": ()}, "without expectations judges nothing"),
        ({"account": -1}, "accounts count from 0"),
    ],
)
def test_a_scenario_by_hand_is_checked_too(keys: dict[str, Any], said: str) -> None:
    whole: dict[str, Any] = {"name": "x", "title": "X", "lasts_ms": 100, "expect": (Named("exit"),)}
    with pytest.raises(ValueError, match=said):
        Scenario(**{**whole, **keys})
