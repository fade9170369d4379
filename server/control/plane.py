"""`/hlsim/…` over HTTP: who may ask, what is asked, and the answer."""

from __future__ import annotations

import logging

import msgspec

from ..console import Console
from ..guard import Guard
from ..http import (
    Receive,
    Refusal,
    Scope,
    Send,
    read_body,
    reply_empty,
    reply_json,
    reply_text,
)
from . import CONTROL
from .registry import ControlSpec

logger = logging.getLogger("hlsim.control")


async def serve(console: Console, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one request to a path below `/hlsim/`."""
    path: str = scope["path"].removeprefix("/hlsim/")
    spec = CONTROL.get(path)
    if not guard.admits(scope):
        await reply_empty(send, 403)
    elif spec is None:
        known = ", ".join(CONTROL)
        await _refuse(send, 404, f"no endpoint {path!r:.80}; known: {known}")
    elif scope["method"] != spec.method:
        await reply_empty(send, 405, (b"allow", spec.method.encode()))
    else:
        await _answer(console, spec, scope, receive, send)


async def _answer(
    console: Console, spec: ControlSpec, scope: Scope, receive: Receive, send: Send
) -> None:
    try:
        body = await _body(spec, scope, receive)
        if body is None:
            return
        found = spec.answer(console, spec.read(body, scope["query_string"]))
        # Inside: what cannot be encoded is our bug like any other.
        answer = found.encode() if isinstance(found, str) else msgspec.json.encode(found)
    except Refusal as refusal:
        await reply_text(send, refusal.status, refusal.text)
    except ValueError as error:
        await _refuse(send, 400, str(error))
    except Exception:
        logger.exception("%s failed", scope["path"])
        await _refuse(send, 500, "this is a bug of hlsim; its log has the traceback")
    else:
        reply = reply_text(send, 200, found) if spec.returns is str else reply_json(send, answer)
        await reply


async def _body(spec: ControlSpec, scope: Scope, receive: Receive) -> bytes | None:
    """The body, b"" where there is none. Raises Refusal for one that is not said to be JSON."""
    headers = dict(scope["headers"])
    is_bare = b"content-type" not in headers and headers.get(b"content-length", b"0") == b"0"
    if spec.method == "GET" or (is_bare and b"transfer-encoding" not in headers):
        return b""
    return await read_body(scope, receive)


async def _refuse(send: Send, status: int, text: str) -> None:
    await reply_json(send, msgspec.json.encode({"error": text}), status)
