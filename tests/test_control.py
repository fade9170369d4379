"""The control plane over real sockets: what it answers, and to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from asking import ask, get, steer

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.control import CONTROL, ControlSpec


@pytest.fixture(scope="module")
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="empty") as exchange:
        yield exchange


def test_health_and_state(running: RunningExchange) -> None:
    health = ask(running, "GET", "/hlsim/health", None, {})
    assert json.loads(health.body) == {"status": "ok", "version": hlsim.__version__}
    state = get(running, "state")
    assert state["clock"] == "manual"
    assert state["time"] == running.clock.now_ms
    assert state["accounts"] == 10


def test_the_state_tells_how_the_clock_is_set(running: RunningExchange) -> None:
    def told() -> dict[str, Any]:
        found = get(running, "state?hash=false")
        return {key: found[key] for key in ("clock", "speed", "autoWait", "skew")}

    kept = running.snapshot()
    assert told() == {"clock": "manual", "speed": 1.0, "autoWait": 10, "skew": 0}
    running.clock.skew(-5_000)
    running.clock.mode(speed=2, auto_wait=0)
    assert told() == {"clock": "manual", "speed": 2.0, "autoWait": 0, "skew": -5_000}
    running.restore(kept)
    assert told() == {"clock": "manual", "speed": 1.0, "autoWait": 10, "skew": 0}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "127.0.0.1:1234"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Host": "localhost", "Origin": "http://localhost:5173"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": "localhost", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost", "Origin": "null"}, 403),
        ({"Host": "[::1"}, 403),
    ],
)
def test_the_control_plane_is_for_loopback_alone(
    running: RunningExchange, headers: dict[str, str], status: int
) -> None:
    """A web page must not reach it, not through a name that resolves to loopback either."""
    assert ask(running, "GET", "/hlsim/health", None, headers).status == status


@pytest.fixture(scope="module")
def walled() -> Iterator[RunningExchange]:
    """One that other machines can reach."""
    with hlsim.start(market="empty", host="0.0.0.0") as exchange:
        yield exchange


def test_a_server_for_other_machines_wants_a_token(walled: RunningExchange) -> None:
    assert ask(walled, "GET", "/hlsim/health", None, {}).status == 403
    token = walled.call(lambda server: server.token)
    for given, status in (
        (f"Bearer {token}", 200),
        (f"bearer {token}", 200),
        (f"BEARER   {token}", 200),
        (f"bearer{token}", 403),
        (f"Basic {token}", 403),
        (f"bearer {token.swapcase()}", 403),
        (f"bearer {token} x", 403),
        ("bearer", 403),
        (token, 403),
    ):
        bearer = {"Authorization": given, "Host": "exchange.lan"}
        assert ask(walled, "GET", "/hlsim/health", None, bearer).status == status


@pytest.mark.parametrize("spec", CONTROL.values(), ids=lambda spec: spec.path)
def test_no_endpoint_is_open_to_a_web_page_or_without_the_token(
    running: RunningExchange, walled: RunningExchange, spec: ControlSpec
) -> None:
    path, body = f"/hlsim/{spec.path}", b"{}" if spec.method == "POST" else None
    json_type = {"Content-Type": "application/json"}
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        answer = ask(running, spec.method, path, body, json_type | headers)
        assert (answer.status, answer.body) == (403, b"")
    for token in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        assert ask(walled, spec.method, path, body, json_type | token).status == 403


@pytest.mark.parametrize(
    ("asked", "path", "wanted"),
    [("POST", "fault/list", "GET"), ("GET", "clock/advance", "POST"), ("PUT", "reset", "POST")],
)
def test_a_wrong_method_is_refused_with_the_right_one(
    running: RunningExchange, asked: str, path: str, wanted: str
) -> None:
    answer = ask(running, asked, f"/hlsim/{path}")
    assert (answer.status, answer.headers["allow"]) == (405, wanted)
    assert json.loads(answer.body) == {"error": f"{path} is asked with {wanted}, not {asked}"}


@pytest.mark.parametrize(
    ("body", "moved_ms"),
    [
        (b'{"hours":1}', 3_600_000),
        (b'{"minutes":1,"seconds":2,"ms":3}', 62_003),
        (b'{"days":0}', 0),
    ],
)
def test_time_can_be_told_from_outside(
    running: RunningExchange, body: bytes, moved_ms: int
) -> None:
    before = running.clock.now_ms

    answer = ask(running, "POST", "/hlsim/clock/advance", body)

    assert json.loads(answer.body) == {"time": before + moved_ms}
    assert running.clock.now_ms == before + moved_ms


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"weeks":1}', "unknown key 'weeks'; known: days, hours, minutes, seconds, ms"),
        (b"{}", "no key; known: days, hours, minutes, seconds, ms"),
        (b'{"ms":-1}', "time does not go back: -1 ms"),
        (b'{"ms":"1"}', "Expected `int`, got `str` - at `$.ms`; known keys: days, hours"),
        (b'{"ms":0.5}', "Expected `int`, got `float`"),
        (b"[]", "an object is wanted; known keys: days, hours, minutes, seconds, ms"),
        (b"{", "not JSON: "),
        (b"\xff", "not JSON: "),
        (b'{"days":999999999999}', "time ends with the year 9999"),
        (b'{"ms":1,"ms":1}', "'ms' is given twice"),
        (b'{"ms":1,"m\\u0073":2}', "'ms' is given twice"),
    ],
)
def test_time_that_cannot_be_told_is_refused_in_one_line(
    running: RunningExchange, body: bytes, said: str
) -> None:
    before = running.clock.now_ms

    answer = ask(running, "POST", "/hlsim/clock/advance", body)

    assert answer.status == 400
    assert json.loads(answer.body)["error"].startswith(said)
    assert running.clock.now_ms == before


def test_others_are_answered_on_a_long_way() -> None:
    """And whoever asked for it need not wait for its end: the exchange stops all the same."""
    with hlsim.start(market="empty") as travelling:
        start = travelling.clock.now_ms
        body = b'{"days":2900000}'
        connection = HTTPConnection(travelling.host, travelling.port, timeout=60)
        connection.request(
            "POST", "/hlsim/clock/advance", body, {"Content-Type": "application/json"}
        )
        while (first := get(travelling, "state?hash=false")["time"]) == start:
            pass
        later = get(travelling, "state?hash=false")["time"]
        assert start < first < later < start + 2_900_000 * 86_400_000
    connection.close()


def test_a_way_in_steps_leads_where_one_step_does() -> None:
    hashes = []
    for at_once in (True, False):
        with hlsim.start(market="empty") as running:
            if at_once:
                running.advance(hours=9, ms=7)
            else:
                steer(running, "clock/advance", hours=9, ms=7)
            hashes.append(running.state_hash())

    assert hashes[0] == hashes[1]


def test_an_unknown_endpoint_names_the_known_ones(running: RunningExchange) -> None:
    answer = ask(running, "POST", "/hlsim/clock/forward", b"{}")

    assert answer.status == 404
    said = json.loads(answer.body)["error"]
    assert said.startswith("no endpoint 'clock/forward'; known: ")
    assert all(path in said for path in CONTROL)


def test_queries_are_read_like_bodies(running: RunningExchange) -> None:
    whole = get(running, "state")
    quick = get(running, "state?hash=false")
    assert whole.pop("hash") == running.state_hash()
    assert quick == whole
    for query, said in (
        ("hsh=false", "unknown key 'hsh'; known: hash"),
        ("hash=maybe", "Expected `bool`, got `str` - at `$.hash`; known keys: hash"),
        ("hash=true&hash=false", "'hash' is given twice"),
    ):
        answer = ask(running, "GET", f"/hlsim/state?{query}", None, {})
        assert (answer.status, json.loads(answer.body)) == (400, {"error": said})


def test_a_request_without_a_body_is_one_without_keys(running: RunningExchange) -> None:
    """So that `curl -X POST` does; what has a body has to say that it is JSON."""
    said = json.loads(ask(running, "POST", "/hlsim/clock/advance", None, {}).body)
    assert said == {"error": "no key; known: days, hours, minutes, seconds, ms"}


def test_the_document_describes_every_endpoint(running: RunningExchange) -> None:
    found = get(running, "openapi.json")

    assert found["openapi"] == "3.1.0"
    described = {
        (path.removeprefix("/hlsim/"), method.upper())
        for path, item in found["paths"].items()
        for method in item
    }
    assert described == {(spec.path, spec.method) for spec in CONTROL.values()}
    operations = [one for item in found["paths"].values() for one in item.values()]
    assert all(len(one["summary"]) > 10 for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)
    known = found["components"]["schemas"]
    for name in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(found)):
        assert name in known
    advance = found["paths"]["/hlsim/clock/advance"]["post"]
    body = advance["requestBody"]["content"]["application/json"]["schema"]
    assert known[body["$ref"].split("/")[-1]]["additionalProperties"] is False


def test_every_endpoint_is_asked_for_in_some_test() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    quoted = re.findall(r'["/]([a-z]+(?:/[a-z]+|\.json)?)["?]', tests)
    assert [path for path in CONTROL if path not in quoted and f"/hlsim/{path}" not in tests] == []


def test_a_web_page_cannot_tell_the_time(running: RunningExchange) -> None:
    """A form of a foreign page has an Origin, and no JSON content type."""
    foreign = {"Content-Type": "application/json", "Origin": "http://evil.example"}
    assert ask(running, "POST", "/hlsim/clock/advance", b'{"ms":1}', foreign).status == 403
    form = {"Content-Type": "text/plain"}
    assert ask(running, "POST", "/hlsim/clock/advance", b'{"ms":1}', form).status == 415


@pytest.mark.parametrize(
    "spec", [one for one in CONTROL.values() if one.keys], ids=lambda spec: spec.path
)
def test_a_refusal_does_not_repeat_all_that_should_have_been_a_word(
    running: RunningExchange, spec: ControlSpec
) -> None:
    for key in spec.keys:
        if spec.method == "POST":
            body = json.dumps({key: "x" * 5_000}).encode()
            answered = ask(running, "POST", f"/hlsim/{spec.path}", body)
        else:
            answered = ask(running, "GET", f"/hlsim/{spec.path}?{key}={'x' * 5_000}", None)
        # A text may be long: that of an outcome is taken.
        assert (answered.status, spec.path, key) == (200, "outcome/list", "name") or (
            answered.status == 400 and len(json.loads(answered.body)["error"]) <= 1_001
        )


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 5_000 + b"]" * 5_000,
        b'{"ms":' * 5_000 + b"1" + b"}" * 5_000,
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"ms":1e999}',
        b'{"ms":NaN}',
        b'{"ms":%b}' % (b"9" * 5_000),
        b'{"ms":"1"}',
        b'{"ms":true}',
        b'{"ms":1.5}',
        b'{"ms":-1}',
        b'{"MS":1}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_makes_no_sense_is_refused_in_one_line_and_changes_nothing(
    running: RunningExchange, body: bytes
) -> None:
    before = running.clock.now_ms
    answered = ask(running, "POST", "/hlsim/clock/advance", body)
    assert answered.status == 400
    error = json.loads(answered.body)["error"]
    assert error
    assert "\n" not in error
    assert len(error) < 300
    assert running.clock.now_ms == before
