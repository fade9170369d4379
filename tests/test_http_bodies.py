"""Bodies of requests over real sockets: how long, in which pieces, and what becomes of too much."""

from __future__ import annotations

import gzip
import http.client
import socket
import zlib
from collections.abc import Iterator

import pytest
from asking import ask, headers_of
from test_http import BAD_JSON, ENDPOINTS, TEXT

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.http import BODY_LIMIT, UNREAD_LIMIT


@pytest.fixture(scope="module")
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="empty") as exchange:
        yield exchange


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_body_of_more_than_two_megabytes_is_refused(running: RunningExchange, path: str) -> None:
    """Assumed: axum's default limit."""
    text = b"length limit exceeded"
    answer = ask(running, path=path, body=b" " * (BODY_LIMIT + 1))
    assert answer.whole == (413, headers_of(text, TEXT), text)
    chunks = iter([b" " * 65536] * 40)
    answer = ask(running, path=path, body=chunks)
    assert (answer.status, answer.body) == (413, text)


@pytest.mark.parametrize("by", ["length", "chunks"])
def test_a_body_of_two_megabytes_is_read(running: RunningExchange, by: str) -> None:
    """One byte more is too much, told beforehand or not; the connection goes on."""
    connection = http.client.HTTPConnection(running.host, running.port, timeout=10)
    found = []
    for size in (BODY_LIMIT - 1, BODY_LIMIT, BODY_LIMIT + 1, BODY_LIMIT):
        body = b'{"type":"meta"}'.ljust(size)
        sent = body if by == "length" else iter([body[:99], body[99:]])
        connection.request("POST", "/info", sent, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        found.append(response.status)
    connection.close()
    assert found == [200, 200, 413, 200]


@pytest.mark.parametrize(
    ("kind", "status"), [("application/json", 413), ("text/plain", 415), ("", 415)]
)
@pytest.mark.parametrize("pieces", [False, True])
def test_who_sends_too_much_and_wants_no_more_sees_why(
    running: RunningExchange, kind: str, status: int, pieces: bool
) -> None:
    """Evidence: RFC 9112 9.6. Python's urllib sends all of it before it looks, then closes."""
    body = b" " * (3 * BODY_LIMIT)
    sent = {"Content-Type": kind, "Connection": "close"}
    answer = ask(running, body=iter([body] * 2) if pieces else body, headers=sent)
    assert (answer.status, answer.headers["connection"]) == (status, "close")


def test_who_asks_before_sending_too_much_is_told_at_once(running: RunningExchange) -> None:
    head = b"POST /info HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    head += b"content-length: %d\r\nexpect: 100-continue\r\n\r\n" % (BODY_LIMIT + 1)
    with socket.create_connection((running.host, running.port), timeout=10) as raw:
        raw.sendall(head)
        assert raw.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_a_body_without_an_end_is_refused_before_it(running: RunningExchange, told: bool) -> None:
    head = b"POST /info HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    length = b"content-length: %d" % 2**40 if told else b"transfer-encoding: chunked"
    piece = b"x" * (1 << 16)
    sent = piece if told else b"10000\r\n" + piece + b"\r\n"
    with socket.create_connection((running.host, running.port), timeout=20) as raw:
        raw.sendall(head + length + b"\r\n\r\n")
        for _ in range(2 * UNREAD_LIMIT // len(piece)):
            raw.sendall(sent)
        assert raw.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_body_in_pieces_is_read(running: RunningExchange) -> None:
    pieces = iter([b'{"ty', b'pe":"me', b'ta"}'])
    assert ask(running, body=pieces).status == 200


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_not_json(running: RunningExchange, path: str, coding: str) -> None:
    """Assumed: nothing before the parser unpacks a request, whatever its header says."""
    body = b'{"type":"meta"}'
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "br": b"\x0b\x07\x80"}
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    answer = ask(running, path=path, body=packed[coding], headers=headers)
    assert answer.whole == (400, headers_of(BAD_JSON, TEXT), BAD_JSON)


def test_who_asks_before_sending_a_body_is_told_to_go_on(running: RunningExchange) -> None:
    """As curl does with a long one."""
    body = b'{"type":"exchangeStatus"}'
    head = b"POST /info HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    head += b"content-length: %d\r\nexpect: 100-continue\r\n\r\n" % len(body)
    with socket.create_connection((running.host, running.port), timeout=10) as raw:
        raw.sendall(head)
        assert raw.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(body)
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 ")
