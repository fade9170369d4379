"""One HTTP request to a running exchange, and its whole answer."""

from __future__ import annotations

import http.client
from typing import Any

from hlsim.library import RunningExchange

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


def headers_of(body: bytes, *more: dict[str, str]) -> dict[str, str]:
    found = {**CORS, "content-length": str(len(body))}
    for one in more:
        found |= one
    return found
