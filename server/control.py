"""The operator's side under `/hlsim/…`: health, state, clock. Never reachable for a web page.

A page in the operator's browser can send requests to loopback, and a foreign name can be made to
resolve to it; so the Host must be a loopback one and the Origin, if there is one, as well.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Any

import msgspec

from .http import (
    Endpoint,
    Receive,
    Refusal,
    Scope,
    Send,
    read_body,
    reply_empty,
    reply_json,
    reply_text,
)

Json = Any
_HOST = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_ORIGIN = re.compile(rb"https?://" + _HOST.pattern, re.IGNORECASE)
"""Nothing but these. A parser of URLs would admit more, and raises at some."""


class Guard:
    """Who may use the control plane: loopback, or whoever has the token when there is one."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        """Asked for when the server can be reached from elsewhere."""

    def admits(self, scope: Scope) -> bool:
        """True when the request may pass."""
        if not all(_ORIGIN.fullmatch(origin) for origin in _values(scope, b"origin")):
            return False
        if self.token is None:
            hosts = _values(scope, b"host")
            return bool(hosts) and all(_HOST.fullmatch(host) for host in hosts)
        given = _values(scope, b"authorization")
        return len(given) == 1 and hmac.compare_digest(given[0], b"Bearer " + self.token.encode())


def _values(scope: Scope, wanted: bytes) -> list[bytes]:
    """Of a header that is given twice, each value has to pass."""
    return [value for name, value in scope["headers"] if name == wanted]


UNITS_MS = {"days": 86_400_000, "hours": 3_600_000, "minutes": 60_000, "seconds": 1_000, "ms": 1}
"""What `clock/advance` takes; several are added up."""


def milliseconds(body: bytes) -> int:
    """The time that a body of `clock/advance` asks for. Raises ValueError for any other body."""
    try:
        asked = msgspec.json.decode(body, type=dict[str, int])
    except msgspec.DecodeError as error:
        raise ValueError(f"an object of whole numbers is wanted: {error}") from None
    unknown = sorted(asked.keys() - UNITS_MS.keys())
    if unknown or not asked:
        said = f"unknown key {unknown[0]!r}" if unknown else "no key"
        raise ValueError(f"{said}; known: {', '.join(UNITS_MS)}")
    return sum(UNITS_MS[unit] * amount for unit, amount in asked.items())


def control_endpoints(
    guard: Guard,
    *,
    health: Callable[[], Json],
    state: Callable[[], Json],
    advance: Callable[[int], int],
) -> dict[str, Endpoint]:
    """The control plane's endpoints by path. `advance` takes ms and gives the new time."""

    def guarded(method: str, answer: Callable[[bytes], Json]) -> Endpoint:
        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] != method:
                await reply_empty(send, 405, (b"allow", method.encode()))
            elif not guard.admits(scope):
                await reply_empty(send, 403)
            else:
                await reply(scope, receive, send)

        async def reply(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                body = b"" if method == "GET" else await read_body(scope, receive)
                if body is None:
                    return
                found = answer(body)
            except Refusal as refusal:
                await reply_text(send, refusal.status, refusal.text)
            except ValueError as error:
                await reply_json(send, msgspec.json.encode({"error": str(error)}), 400)
            else:
                await reply_json(send, msgspec.json.encode(found))

        return endpoint

    return {
        "/hlsim/health": guarded("GET", lambda body: health()),
        "/hlsim/state": guarded("GET", lambda body: state()),
        "/hlsim/clock/advance": guarded("POST", lambda body: {"time": advance(milliseconds(body))}),
    }
