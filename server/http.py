"""`/info` and `/exchange` over HTTP: raw ASGI, exact bodies and headers, nothing between.

Statuses, texts and headers are those of info 1, exchange 1.1 and ws 7. The headers look like
tower-http's CorsLayer behind axum's router, which is also what the texts of refused bodies are.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any

from .decode import BadRequest
from .info.registry import Unanswerable

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]

Headers = list[tuple[bytes, bytes]]

logger = logging.getLogger("hlsim.http")

BODY_LIMIT = 2 * 1024 * 1024
"""Assumed: axum's default limit of a request body; the exchange's own was never recorded."""

UNREAD_LIMIT = 8 * BODY_LIMIT
"""How much of a body that is refused is waited for before the answer."""

PIECE = 64 * 1024
"""Of a file that is sent."""

TOO_LARGE = "length limit exceeded"
"""Assumed: what axum answers with 413."""

WANTS_JSON = "Expected request with `Content-Type: application/json`"
"""Observed: 415 for a wrong or missing content type (info 1)."""

_VARY = (b"vary", b"origin, access-control-request-method, access-control-request-headers")
_ORIGIN = (b"access-control-allow-origin", b"*")
_EXPOSE = (b"access-control-expose-headers", b"*")
_JSON = (b"content-type", b"application/json")
_LINES = (b"content-type", b"application/x-ndjson")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_EMPTY: Headers = [(b"content-length", b"0"), _VARY, _ORIGIN, _EXPOSE]

# Assumed: the reply to a preflight was never recorded; this is what that layer sends.
_PREFLIGHT: Headers = [
    _VARY,
    _ORIGIN,
    (b"access-control-allow-methods", b"*"),
    (b"access-control-allow-headers", b"*"),
    (b"content-length", b"0"),
]


Refusal = BadRequest
"""A request that is answered with `status` and a plain `text`."""

Failure = Unanswerable
"""A request that was understood and cannot be answered: 500 with the body `null`."""


class TooMany(Refusal):
    """More than a client may ask for. Observed: 429 with the JSON body `null` and no header that
    would tell when to come back (info 1).
    """

    def __init__(self) -> None:
        super().__init__(429, "null")


async def reply_json(
    send: Send, body: bytes, status: int = 200, *extra: tuple[bytes, bytes]
) -> None:
    """Sends a JSON body."""
    length = (b"content-length", b"%d" % len(body))
    headers = [*extra, _JSON, length, _VARY, _ORIGIN, _EXPOSE]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def reply_text(send: Send, status: int, text: str) -> None:
    """Sends a plain text."""
    body = text.encode()
    length = (b"content-length", b"%d" % len(body))
    headers = [_TEXT, length, _VARY, _ORIGIN, _EXPOSE]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def reply_file(send: Send, file: IO[bytes], size: int, is_gone: Callable[[], bool]) -> bool:
    """Sends the first `size` bytes of a file of JSON lines, to be kept under its name.

    No more of it than a piece is in memory beside what the connection has not sent yet, which is
    waited for. Returns False when the client went before the end. Raises OSError for what cannot
    be read.
    """
    name = re.sub(rb"[^\w.-]", b"_", os.path.basename(os.fsencode(file.name)))
    kept = (b"content-disposition", b'attachment; filename="%s"' % name)
    length = (b"content-length", b"%d" % size)
    headers = [_LINES, kept, length, _VARY, _ORIGIN, _EXPOSE]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    left = size
    while left and not is_gone():
        piece = file.read(min(left, PIECE))
        if not piece:
            raise OSError(f"it is {left} bytes shorter than it was")
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)  # others are served between two pieces
    if left:
        return False
    await send({"type": "http.response.body", "body": b""})
    return True


async def gone(receive: Receive) -> None:
    """Returns when the client has gone, or the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def reply_empty(send: Send, status: int, *extra: tuple[bytes, bytes]) -> None:
    """Sends headers only."""
    headers = [*extra, *_EMPTY]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def reply_preflight(send: Send) -> None:
    """Answers OPTIONS on any path."""
    await send({"type": "http.response.start", "status": 200, "headers": _PREFLIGHT})
    await send({"type": "http.response.body", "body": b""})


async def refuse_upgrade(send: Send, status: int, body: bytes = b"") -> None:
    """Answers the handshake of a WebSocket with an HTTP status and nothing or JSON."""
    headers = [(b"content-length", b"%d" % len(body)), _VARY, _ORIGIN, _EXPOSE]
    if body:
        headers.insert(0, _JSON)
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})


def json_endpoint(
    answer: Callable[[Scope, bytes], bytes | Awaitable[bytes]],
    refused: Callable[[str, int, bytes, bytes], None],
) -> Endpoint:
    """A POST endpoint that takes and gives JSON.

    `refused` is told of every answer that is none of `answer`: path, status, both bodies. `answer`
    makes a body of the request's, or raises Refusal or Failure; anything else it raises is
    a bug, which is logged with its traceback and answered like a Failure: nothing of it reaches the
    client.
    """

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await reply_empty(send, 405, (b"allow", b"POST"))
            return
        body: bytes | None = b""
        try:
            body = await read_body(scope, receive)
            if body is None:
                return
            result = answer(scope, body)
            found = result if isinstance(result, bytes) else await result
        except Refusal as refusal:
            refused(scope["path"], refusal.status, body or b"", refusal.text.encode())
            if type(refusal) is TooMany:
                await reply_json(send, refusal.text.encode(), refusal.status)
            else:
                await reply_text(send, refusal.status, refusal.text)
        except Exception as error:
            if not isinstance(error, Failure):
                logger.exception("%s failed", scope["path"])
            refused(scope["path"], 500, body or b"", b"null")
            await reply_json(send, b"null", 500)
        else:
            await reply_json(send, found)

    return endpoint


async def read_body(scope: Scope, receive: Receive) -> bytes | None:
    """The JSON body of a request, None when the client went away. Raises Refusal 415 or 413.

    Assumed: in this order, which is axum's.
    """
    is_json, length, waits = False, 0, False
    for name, value in scope["headers"]:
        if name == b"content-type":
            is_json = value == b"application/json" or _names_json(value)
        elif name == b"content-length":
            length = int(value)
        elif name == b"expect":
            waits = True
    if not is_json or length > BODY_LIMIT:
        if not waits and length <= UNREAD_LIMIT:
            await _take_rest(receive)
        raise Refusal(413, TOO_LARGE) if is_json else Refusal(415, WANTS_JSON)
    message = await receive()
    if message["type"] != "http.request":
        return None
    body: bytes = message["body"]
    if not message.get("more_body"):
        return body
    chunks = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message["body"])
        size += len(message["body"])
        if size > BODY_LIMIT:
            if message.get("more_body"):
                await _take_rest(receive)
            raise Refusal(413, TOO_LARGE)
    return b"".join(chunks)


async def _take_rest(receive: Receive) -> None:
    """Takes what still comes of a body that is refused.

    A connection that closes with bytes unread is reset, so who asked to have it closed and is still
    sending, as Python's urllib does, would never see the answer.
    """
    size = 0
    while size <= UNREAD_LIMIT:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return
        size += len(message["body"])


def _names_json(value: bytes) -> bool:
    """True for application/json and application/*+json, parameters aside (exchange 1.1)."""
    kind, _, subtype = value.partition(b";")[0].strip().lower().partition(b"/")
    return kind == b"application" and (subtype == b"json" or subtype.endswith(b"+json"))
