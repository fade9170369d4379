"""The operator's side under `/hlsim/…`: health and state. Never reachable for a web page.

A page in the operator's browser can send requests to loopback, and a foreign name can be made to
resolve to it; so the Host must be a loopback one and the Origin, if there is one, as well.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from .http import Endpoint, Receive, Scope, Send, reply_empty, reply_json

Json = Any
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Guard:
    """Who may use the control plane: loopback, or whoever has the token when there is one."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        """Asked for when the server can be reached from elsewhere."""

    def admits(self, scope: Scope) -> bool:
        """True when the request may pass."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin")
        if origin is not None and not _is_loopback(urlsplit(origin.decode("latin-1")).netloc):
            return False
        if self.token is None:
            return _is_loopback(headers.get(b"host", b"").decode("latin-1"))
        given = headers.get(b"authorization", b"")
        return hmac.compare_digest(given, b"Bearer " + self.token.encode())


def _is_loopback(netloc: str) -> bool:
    """True for `localhost`, `127.0.0.1` and `[::1]`, with or without a port."""
    try:
        return urlsplit(f"//{netloc}").hostname in _LOOPBACK
    except ValueError:
        return False


def control_endpoints(
    guard: Guard, *, health: Callable[[], Json], state: Callable[[], Json]
) -> dict[str, Endpoint]:
    """The control plane's endpoints by path."""

    def guarded(read: Callable[[], Json]) -> Endpoint:
        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] != "GET":
                await reply_empty(send, 405, (b"allow", b"GET"))
            elif not guard.admits(scope):
                await reply_empty(send, 403)
            else:
                await reply_json(send, msgspec.json.encode(read()))

        return endpoint

    return {"/hlsim/health": guarded(health), "/hlsim/state": guarded(state)}
