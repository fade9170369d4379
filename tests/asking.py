"""One HTTP request to a running exchange and its whole answer; one info request to a view."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import msgspec

from hlsim.library import RunningExchange
from hlsim.server.info import answer
from hlsim.sim.view import View

VARY = "origin, access-control-request-method, access-control-request-headers"
CORS = {
    "vary": VARY,
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "*",
    "server": "hlsim",
}


class Answer:
    """Status, headers in lower case, body."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def whole(self) -> tuple[int, dict[str, str], bytes]:
        return self.status, self.headers, self.body


def ask(
    running: RunningExchange,
    method: str = "POST",
    path: str = "/info",
    body: Any = b'{"type":"meta"}',
    headers: dict[str, str] | None = None,
) -> Answer:
    connection = http.client.HTTPConnection(running.host, running.port, timeout=5)
    try:
        given = {"Content-Type": "application/json"} if headers is None else headers
        connection.request(method, path, body, given)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def steer(running: RunningExchange, path: str, **keys: Any) -> Any:
    """What a POST to the control plane answers, or (status, error) where it refuses."""
    answered = ask(running, "POST", f"/hlsim/{path}", json.dumps(keys).encode())
    found = json.loads(answered.body)
    return found if answered.status == 200 else (answered.status, found["error"])


def get(running: RunningExchange, path: str) -> Any:
    """What a GET of the control plane answers, which is to be an answer."""
    answered = ask(running, "GET", f"/hlsim/{path}", None, {})
    assert answered.status == 200, answered.body
    return json.loads(answered.body)


def headers_of(body: bytes, *more: dict[str, str]) -> dict[str, str]:
    found = {**CORS, "content-length": str(len(body))}
    for one in more:
        found |= one
    return found


def can_bind(source: str) -> bool:
    """True where clients may come from that address of the loopback network."""
    with socket.socket() as probe:
        try:
            probe.bind((source, 0))
        except OSError:
            return False
        return True


def told(view: View, name: str, **fields: Any) -> Any:
    """The reply to an info request, without any server."""
    return json.loads(answer(view, msgspec.json.encode({"type": name, **fields})))
