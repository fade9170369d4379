"""Requests of a bot in a line each, for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsim.server.control.records import RequestTold

MOST = 160
"""Characters."""


def request_told(row: RequestTold) -> str:
    """What was asked and what came of it."""
    said = words_of(row.request)
    if row.struck is not None:
        done = _answer(row.status, row.response) if row.is_heard else "never heard of it"
        return f"{said} -> {done}; the client got {row.struck.got}"
    if row.path in ("/info", "/ws info") and row.status == 200:
        return said
    return f"{said} -> {_answer(row.status, row.response)}"


def words_of(request: Any) -> str:
    """A request without its signature."""
    if not isinstance(request, dict):
        return _short(request)
    action = request.get("action", request)
    if not isinstance(action, dict):
        return _short(action)
    rest = {key: value for key, value in action.items() if key != "type"}
    return _short(f"{action.get('type')} {json.dumps(rest)}" if rest else action.get("type"))


def _answer(status: int, response: Any) -> str:
    if status != 200:
        return f"HTTP {status} {_short(response)}"
    if not isinstance(response, dict):
        return _short(response)
    inner = response.get("response")
    data = inner.get("data") if isinstance(inner, dict) else inner
    return _short(response.get("status") if data is None else data)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= MOST else text[: MOST - 1] + "…"
