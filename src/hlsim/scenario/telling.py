"""Requests of a bot in a line each, for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsim.server.control.records import RequestTold
    from hlsim.sim.events import Fill

MOST = 160
"""Characters."""


def request_told(row: RequestTold) -> str:
    """What was asked and what came of it."""
    said = words_of(row.request)
    if row.path in ("/info", "/ws info") and row.status == 200:
        return said
    return f"{said} -> {_answer(row.status, row.response)}"


def words_of(request: Any) -> str:
    """A request without its signature, and for whom it is unless that is its signer."""
    if not isinstance(request, dict):
        return _short(request)
    action = request.get("action", request)
    if not isinstance(action, dict):
        return _short(action)
    rest = {key: value for key, value in action.items() if key != "type"}
    vault = request.get("vaultAddress")
    name = action.get("type") if vault is None else f"{action.get('type')} for {vault}"
    return _short(f"{name} {json.dumps(rest)}" if rest else name)


def fills_told(fills: Iterable[Fill]) -> Iterator[str]:
    """Fills of an account in a line for each order: what it did, and whether it was its own wish.

    What the liquidator takes over, deleveraging and settlements have names of their own; a
    liquidation on the book looks like any close.
    """
    for _, parts in groupby(fills, lambda fill: fill.oid):
        yield _fill_told(list(parts))


def _fill_told(parts: Sequence[Fill]) -> str:
    from hlsim.server.shapes.text import px_text  # whoever only lists scenarios starts sooner

    first, last = parts[0], parts[-1]
    sz = px_text(sum(part.sz for part in parts))
    px = px_text(first.px) + ("" if last.px == first.px else f" to {px_text(last.px)}")
    cause = first.liquidation
    is_forced = cause is not None and cause.user == first.user and cause.method == "market"
    return f"{first.dir.value} {sz} {first.coin} at {px}{', liquidated' if is_forced else ''}"


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
