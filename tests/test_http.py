"""`/info` and `/exchange` over real sockets: statuses, bodies and headers to the letter."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from asking import VARY, ask, headers_of
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import hlsim
from hlsim.library import RunningExchange
from hlsim.server import app
from hlsim.server.http import BODY_LIMIT

BAD_JSON = b"Failed to parse the request body as JSON"
BAD_SHAPE = b"Failed to deserialize the JSON body into the target type"
BAD_TYPE = b"Expected request with `Content-Type: application/json`"

ENDPOINTS = ("/info", "/exchange", "/explorer")

TEXT = {"content-type": "text/plain; charset=utf-8"}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="empty") as exchange:
        yield exchange


# -- what is right ---------------------------------------------------------------------------------


def test_an_answer_has_the_headers_of_the_exchange(running: RunningExchange) -> None:
    """Documented: info 1, ws 7; no Date under a manual clock, where replies are repeatable."""
    answer = ask(running, body=b'{"type":"exchangeStatus"}')
    assert answer.status == 200
    assert answer.headers == headers_of(answer.body, JSON)
    now_ms = running.clock.now_ms
    assert json.loads(answer.body) == {"time": now_ms, "specialStatuses": None}


def test_a_wall_clock_server_sends_the_date() -> None:
    with hlsim.start(market="empty", clock="wall") as exchange:
        assert ask(exchange).headers["date"].endswith(" GMT")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
    ],
)
def test_these_content_types_are_json(running: RunningExchange, kind: str) -> None:
    """Observed: `application/*+json` is accepted (exchange 1.1)."""
    assert ask(running, headers={"Content-Type": kind}).status == 200


def test_a_query_string_changes_nothing(running: RunningExchange) -> None:
    assert ask(running, path="/info?x=1").status == 200


def test_connections_are_kept(running: RunningExchange) -> None:
    connection = http.client.HTTPConnection(running.host, running.port, timeout=5)
    try:
        for path, body in (("/info", b'{"type":"meta"}'), ("/exchange", b"{}"), ("/info", b"{")):
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            assert connection.sock is not None
    finally:
        connection.close()


# -- what is refused -------------------------------------------------------------------------------

REFUSED: list[tuple[str, str, bytes, int, bytes]] = [
    ("/info", "malformed", b"{", 400, BAD_JSON),
    ("/info", "empty", b"", 400, BAD_JSON),
    ("/info", "no utf-8", b'{"type":"\xff"}', 400, BAD_JSON),
    ("/info", "NaN", b'{"type":NaN}', 400, BAD_JSON),
    ("/info", "unknown type", b'{"type":"nosuch"}', 422, BAD_SHAPE),
    ("/info", "no type", b"{}", 422, BAD_SHAPE),
    ("/info", "a number", b"1", 422, BAD_SHAPE),
    ("/info", "bad address", b'{"type":"openOrders","user":"0x12"}', 422, BAD_SHAPE),
    ("/explorer", "malformed", b"{", 400, BAD_JSON),
    ("/explorer", "empty", b"", 400, BAD_JSON),
    ("/explorer", "unknown type", b'{"type":"blockList"}', 422, BAD_SHAPE),
    ("/exchange", "malformed", b"{", 400, BAD_JSON),
    ("/exchange", "empty", b"", 400, BAD_JSON),
    ("/exchange", "nothing in it", b"{}", 422, BAD_SHAPE),
    ("/exchange", "a list", b"[]", 422, BAD_SHAPE),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [(path, body, status, text) for path, _, body, status, text in REFUSED],
    ids=[f"{path[1:]} {name}" for path, name, *_ in REFUSED],
)
def test_a_body_that_is_not_understood(
    running: RunningExchange, path: str, body: bytes, status: int, text: bytes
) -> None:
    """Observed: plain texts, bare (info 1, exchange 1.1)."""
    answer = ask(running, path=path, body=body)
    assert answer.whole == (status, headers_of(text, TEXT), text)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_deep_nesting_is_refused_and_harmless(running: RunningExchange, path: str) -> None:
    answer = ask(running, path=path, body=b'{"type":' + b"[" * 200_000)
    assert (answer.status, answer.body) == (400, BAD_JSON)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/jsonx"},
        {"Content-Type": "json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_another_content_type_is_refused(
    running: RunningExchange, path: str, headers: dict[str, str]
) -> None:
    """Observed: 415 with this text (info 1); asked before the body is looked at."""
    for body in (b"{", b" " * (BODY_LIMIT + 1)):
        answer = ask(running, path=path, body=body, headers=headers)
        assert answer.whole == (415, headers_of(BAD_TYPE, TEXT), BAD_TYPE)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_with_an_empty_body(
    running: RunningExchange, path: str, method: str
) -> None:
    """Observed: GET /info is 405, empty (info 1)."""
    answer = ask(running, method, path)
    assert answer.whole == (405, headers_of(b"", {"allow": "POST"}), b"")


@pytest.mark.parametrize("path", ["/", "/info/", "/Info", "/health", "/hlsim", "/exchange/x"])
def test_another_path_is_not_there(running: RunningExchange, path: str) -> None:
    """Assumed: an empty 404 (ws 7)."""
    for method in ("GET", "POST"):
        assert ask(running, method, path).whole == (404, headers_of(b""), b"")


@pytest.mark.parametrize("path", [*ENDPOINTS, "/ws", "/hlsim/state", "/nosuch"])
def test_a_preflight_is_answered_everywhere(running: RunningExchange, path: str) -> None:
    """Assumed: the answer of the same CORS layer (info 1 wants one)."""
    answer = ask(
        running,
        "OPTIONS",
        path,
        None,
        {"Origin": "http://example.com", "Access-Control-Request-Method": "POST"},
    )
    assert answer.whole == (
        200,
        {
            "vary": VARY,
            "access-control-allow-origin": "*",
            "access-control-allow-methods": "*",
            "access-control-allow-headers": "*",
            "content-length": "0",
            "server": "hlsim",
        },
        b"",
    )


def test_an_answer_is_never_compressed(running: RunningExchange) -> None:
    """Observed: no content-encoding (ws 7)."""
    headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate, br"}
    answer = ask(running, headers=headers)
    assert answer.headers == headers_of(answer.body, JSON)
    assert answer.body.startswith(b'{"universe":')


@pytest.mark.parametrize(
    ("version", "connection", "is_kept"),
    [("1.1", "keep-alive", True), ("1.1", "close", False), ("1.0", "close", False)],
)
def test_a_connection_ends_when_the_client_says_so(
    running: RunningExchange, version: str, connection: str, is_kept: bool
) -> None:
    body = b'{"type":"exchangeStatus"}'
    lines = [f"POST /info HTTP/{version}", "host: x", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", f"connection: {connection}"]
    whole = "\r\n".join([*lines, "", ""]).encode() + body
    with socket.create_connection((running.host, running.port), timeout=10) as raw:
        raw.sendall(whole)
        got = raw.recv(65536)
        assert (b"connection: close" not in got) is is_kept
        if is_kept:
            raw.sendall(whole)
            assert raw.recv(65536) == got
        else:
            assert raw.recv(1) == b""


def test_a_quiet_kept_connection_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Assumed: nginx's 75 s, here less."""
    assert app.KEEP_ALIVE_S == 75
    monkeypatch.setattr(app, "KEEP_ALIVE_S", 1)
    with hlsim.start(market="empty") as exchange:
        connection = http.client.HTTPConnection(exchange.host, exchange.port, timeout=10)
        connection.request("POST", "/info", b"{}", {"Content-Type": "application/json"})
        assert connection.getresponse().read() == BAD_SHAPE
        assert connection.sock.recv(1) == b""
        connection.close()


def test_what_is_no_http_is_refused_and_harmless(running: RunningExchange) -> None:
    with socket.create_connection((running.host, running.port), timeout=5) as raw:
        raw.sendall(b"\x16\x03\x01 this is TLS or so\r\n\r\n")
        assert raw.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert ask(running).status == 200


def test_a_client_that_leaves_in_the_middle_is_harmless(running: RunningExchange) -> None:
    with socket.create_connection((running.host, running.port), timeout=5) as raw:
        raw.sendall(
            b"POST /info HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{"
        )
    assert ask(running).status == 200


def test_nothing_refused_changes_the_state(running: RunningExchange) -> None:
    before = running.state_hash()
    for path, _, body, *_ in REFUSED:
        ask(running, path=path, body=body)
    assert running.state_hash() == before


@pytest.mark.breaks
def test_a_bug_of_ours_is_logged_and_answered_with_null(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Observed: 500 with the body `null` (ws 7); a traceback is for us, not for the client."""
    with hlsim.start(market="empty") as exchange:

        def break_it() -> None:
            exchange.exchange.state.universe.perps.append(None)  # type: ignore[arg-type]

        exchange.read(lambda _: break_it())
        answer = ask(exchange, body=b'{"type":"meta"}')
    assert answer.whole == (500, headers_of(b"null", JSON), b"null")
    assert "Traceback" in caplog.text


def test_a_failed_handler_is_500_null(running: RunningExchange) -> None:
    """Observed: an unknown dex or coin (info 1)."""
    body = b'{"type":"fundingHistory","coin":"NOSUCH","startTime":0}'
    assert ask(running, body=body).whole == (500, headers_of(b"null", JSON), b"null")


# -- sockets ---------------------------------------------------------------------------------------


def test_ws_answers_on_its_path(running: RunningExchange) -> None:
    with connect(running.ws_url) as client:
        client.send('{"method":"ping"}')
        assert client.recv(5) == '{"channel":"pong"}'


def test_an_upgrade_elsewhere_is_not_there(running: RunningExchange) -> None:
    for more in ("x", "/", "/x"):
        with pytest.raises(InvalidStatus) as caught, connect(running.ws_url + more):
            pass
        assert caught.value.response.status_code == 404
    with connect(running.ws_url + "?x=1") as client:
        client.send('{"method":"ping"}')
        assert client.recv(5) == '{"channel":"pong"}'


@pytest.mark.parametrize("pieces", [1, 2, 50])
def test_a_message_of_more_than_two_megabytes_ends_its_socket(
    running: RunningExchange, pieces: int
) -> None:
    """Evidence: RFC 6455 7.4.1, close code 1009; the limit is Assumed. One less is read."""
    limit = app.FRAME_LIMIT
    with connect(running.ws_url, max_size=None) as client:
        whole = '{"method":"ping"}'.ljust(limit)
        size = limit // pieces + 1
        client.send(whole[at : at + size] for at in range(0, limit, size))
        assert client.recv(5) == '{"channel":"pong"}'
        whole += " "
        # The server does not wait for the last byte.
        with suppress(ConnectionClosed):
            client.send(whole[at : at + size] for at in range(0, limit + 1, size))
        with pytest.raises(ConnectionClosed) as ended:
            client.recv(5)
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1009
    assert ask(running).status == 200


def test_ws_without_an_upgrade_is_refused(running: RunningExchange) -> None:
    assert ask(running, "GET", "/ws", None, {}).status == 400
    assert ask(running, "POST", "/ws").whole == (
        405,
        headers_of(b"", {"allow": "GET,HEAD"}),
        b"",
    )
