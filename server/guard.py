"""Who may use the control plane. Never a web page.

A page in the operator's browser can send requests to loopback, and a foreign name can be made to
resolve to it; so the Host must be a loopback one and the Origin, if there is one, as well.
"""

from __future__ import annotations

import hmac
import re

from .http import Scope

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
        return len(given) == 1 and hmac.compare_digest(_bearer(given[0]), self.token.encode())


def _bearer(credentials: bytes) -> bytes:
    """The token, b"" where there is none. Documented: RFC 9110, 11: the name of a scheme has no
    case, and one space or more stand behind it.
    """
    scheme, _, token = credentials.partition(b" ")
    return token.lstrip(b" ") if scheme.lower() == b"bearer" else b""


def _values(scope: Scope, wanted: bytes) -> list[bytes]:
    """Of a header that is given twice, each value has to pass."""
    return [value for name, value in scope["headers"] if name == wanted]
