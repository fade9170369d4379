"""What strange and hostile clients send before a request is one: byte by byte, real sockets."""

from __future__ import annotations

import logging
import re
import socket
import time
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

import hlsim
from hlsim.library import RunningExchange
from hlsim.server import door
from hlsim.server.door import HEAD_LIMIT, without_offer

BODY = b'{"type":"exchangeStatus"}'
ASK = (
    b"POST /info HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n" % len(BODY)
)
UPGRADE = (
    b"host: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="empty") as exchange:
        yield exchange


def statuses(running: RunningExchange, *pieces: bytes, replies: int = 1) -> list[int]:
    """The statuses of so many replies to one connection, less when the server ends it before."""
    with socket.create_connection((running.host, running.port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        got = b""
        found: list[bytes] = []
        try:
            for piece in pieces:
                client.sendall(piece)
            while len(found) < replies and (received := client.recv(65536)):
                got += received
                found = re.findall(rb"HTTP/1\.1 (\d{3}) ", got)
        except (ConnectionResetError, BrokenPipeError):
            # The server closed before it was told everything.
            pass
    return [int(status) for status in found]


def test_an_offer_to_speak_http_2_does_not_cost_the_body(running: RunningExchange) -> None:
    """As Java's HttpClient sends it."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n"
    assert statuses(running, ASK + offer + b"\r\n" + BODY) == [200]
    next_one = ASK + b"\r\n" + BODY
    assert statuses(running, ASK + offer + b"\r\n" + BODY + next_one, replies=2) == [200, 200]


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (b"A\r\nUpgrade: h2c\r\n\r\nb", b"A\r\n\r\nb"),
        (b"A\r\nUPGRADE:h2c \r\nB: c\r\n\r\n", b"A\r\nB: c\r\n\r\n"),
        (
            b"A\r\nUpgrade: websocket\r\nB: h2c\r\n\r\n",
            b"A\r\nUpgrade: websocket\r\nB: h2c\r\n\r\n",
        ),
        (b"A\r\n\r\n\r\nUpgrade: h2c\r\n", b"A\r\n\r\n\r\nUpgrade: h2c\r\n"),
        (b'{"coin":"h2c"}', b'{"coin":"h2c"}'),
    ],
)
def test_nothing_but_the_offer_is_taken_out(sent: bytes, left: bytes) -> None:
    assert without_offer(sent) == left


def test_a_head_without_end_is_refused(running: RunningExchange) -> None:
    long = b"x: " + b"a" * 16 * HEAD_LIMIT
    many = [b"x%d: %s\r\n" % (number, b"a" * 1000) for number in range(1000)]
    for pieces in ([long], many):
        # The reply is lost where the client still sends when the connection ends.
        assert statuses(running, ASK, *pieces) in ([400], [])


def test_a_head_that_is_long_is_none_without_end(running: RunningExchange) -> None:
    """Neither is one of many on a connection that is kept."""
    long = ASK + b"x: " + b"a" * (HEAD_LIMIT - 1000) + b"\r\n\r\n" + BODY
    assert statuses(running, *[long] * 3, replies=3) == [200] * 3


@pytest.mark.parametrize("path", [b"/info", b"/nowhere", b"/hlsim/state"])
def test_an_upgrade_elsewhere_is_refused_without_a_word_in_the_log(
    running: RunningExchange, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert statuses(running, b"GET " + path + b" HTTP/1.1\r\n" + UPGRADE) == [404]
        assert statuses(running, ASK + b"\r\n" + BODY) == [200]
    assert caplog.messages == []


def test_head_of_the_socket_is_answered_like_get(running: RunningExchange) -> None:
    """The methods that the 405 of other ones names."""
    for method in (b"GET", b"HEAD"):
        assert statuses(running, method + b" /ws HTTP/1.1\r\nhost: localhost\r\n\r\n") == [400]


# -- clients that stop -----------------------------------------------------------------------------

PATIENCE_S = 1.0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningExchange]:
    monkeypatch.setattr(door, "PATIENCE_S", PATIENCE_S)
    with hlsim.start(market="static") as exchange:
        yield exchange


STOPS = {
    "nothing": b"",
    "half a line": b"POST /in",
    "half a head": ASK,
    "half a body": ASK + b"\r\n" + BODY[:-1],
    "half a chunk": ASK.partition(b"content-length")[0]
    + b"transfer-encoding: chunked\r\n\r\n19\r\n{",
    "a whole request and half of one": ASK + b"\r\n" + BODY + ASK,
}


@pytest.mark.parametrize("sent", STOPS.values(), ids=STOPS)
def test_a_client_that_stops_in_the_middle_is_cut_off(
    impatient: RunningExchange, sent: bytes
) -> None:
    """Assumed: nginx's way; without an answer to what is no request yet."""
    began = time.monotonic()
    with socket.create_connection((impatient.host, impatient.port), timeout=10) as client:
        client.sendall(sent)
        got = read_to_the_end(client)
        assert PATIENCE_S <= time.monotonic() - began < 8
        assert got.count(b"HTTP/1.1 ") == sent.startswith(ASK + b"\r\n" + BODY)
    assert statuses(impatient, ASK + b"\r\n" + BODY) == [200]


def test_a_client_that_is_slow_but_steady_is_served(impatient: RunningExchange) -> None:
    """Each byte is waited for anew, and a kept connection longer than a started request."""
    whole = ASK + b"\r\n" + BODY
    with socket.create_connection((impatient.host, impatient.port), timeout=10) as client:
        for _ in range(2):
            for at in range(0, len(whole), 16):
                client.sendall(whole[at : at + 16])
                time.sleep(PATIENCE_S / 8)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(1.1 * PATIENCE_S)


def read_to_the_end(client: socket.socket) -> bytes:
    got = b""
    try:
        while some := client.recv(1 << 20):
            got += some
    except ConnectionResetError:
        pass
    return got


def test_a_client_that_takes_no_answers_is_cut_off_and_hinders_nobody(
    impatient: RunningExchange,
) -> None:
    """Answers are made one at a time: what waits for a client is one answer, not all it asked."""
    body = b'{"type":"metaAndAssetCtxs"}'
    ask = ASK.replace(b"%d" % len(BODY), b"%d" % len(body)) + b"\r\n" + body
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect((impatient.host, impatient.port))
        client.sendall(ask * 300)
        assert statuses(impatient, ASK + b"\r\n" + BODY) == [200]

        def is_gone() -> bool:
            return impatient.call(lambda server: not server.server_state.connections)

        ends = time.monotonic() + 10
        while not is_gone():
            assert time.monotonic() < ends
            time.sleep(0.02)
        answers = read_to_the_end(client).count(b"HTTP/1.1 200 ")
    assert 0 < answers < 300


def test_a_socket_outlives_the_patience_of_http(impatient: RunningExchange) -> None:
    with connect(impatient.ws_url) as client:
        time.sleep(1.1 * PATIENCE_S)
        client.send('{"method":"ping"}')
        assert client.recv(5) == '{"channel":"pong"}'


# -- the control plane -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Host: localhost", 200),
        ("Host: LOCALHOST:3001", 200),
        ("Host: 127.0.0.1:3001", 200),
        ("Host: [::1]:3001", 200),
        ("Host: localhost\r\nOrigin: http://localhost:8000", 200),
        ("Host: localhost\r\nOrigin: https://127.0.0.1", 200),
        ("Host: localhost\r\nOrigin: http://[::1]:5", 200),
        ("", 403),
        ("Host:", 403),
        ("Host: evil.example", 403),
        ("Host: localhost.evil.example", 403),
        ("Host: someone@localhost", 403),
        ("Host: localhost/path", 403),
        ("Host: localhost:", 403),
        ("Host: [", 403),
        ("Host: 127.1", 403),
        ("Host: localhost\r\nHost: evil.example", 403),
        ("Host: evil.example\r\nHost: localhost", 403),
        ("Host: localhost\r\nOrigin: http://evil.example", 403),
        ("Host: localhost\r\nOrigin: null", 403),
        ("Host: localhost\r\nOrigin:", 403),
        ("Host: localhost\r\nOrigin: localhost", 403),
        ("Host: localhost\r\nOrigin: http://[", 403),
        ("Host: localhost\r\nOrigin: http://localhost@evil.example", 403),
        ("Host: localhost\r\nOrigin: http://evil.example\r\nOrigin: http://localhost", 403),
        ("Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example", 403),
    ],
)
def test_only_loopback_may_ask_the_control_plane(
    running: RunningExchange, headers: str, status: int
) -> None:
    lines = headers + "\r\n" if headers else ""
    request = f"GET /hlsim/state HTTP/1.1\r\n{lines}\r\n"
    assert statuses(running, request.encode()) == [status]
