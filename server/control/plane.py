"""`/hlsim/…` over HTTP: who may ask, what is asked, and the answer."""

from __future__ import annotations

import asyncio
import logging
from typing import IO

import msgspec

from ..blocks import Closed
from ..console import Console
from ..door import transport_of
from ..guard import Guard
from ..http import (
    Receive,
    Refusal,
    Scope,
    Send,
    gone,
    read_body,
    reply_empty,
    reply_file,
    reply_json,
    reply_text,
)
from . import CONTROL
from .registry import ControlSpec, Download, Json, Steps

logger = logging.getLogger("hlsim.control")
MOST_CHARACTERS, FIRST_CHARACTERS = 1_000, 200
"""Of a refusal. At its end stand the words that are known."""


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
        said = f"{path} is asked with {spec.method}, not {scope['method']:.20}"
        await _refuse(send, 405, said, (b"allow", spec.method.encode()))
    else:
        await _answer(console, spec, scope, receive, send)


async def _answer(
    console: Console, spec: ControlSpec, scope: Scope, receive: Receive, send: Send
) -> None:
    try:
        body = await _body(spec, scope, receive)
        if body is None:
            return
        found = await _found(spec.steps(console, spec.read(body, scope["query_string"])))
        if isinstance(found, Download):
            await _download(found, receive, send)
            return
        # Inside: what cannot be encoded is our bug like any other.
        answer = found.encode() if isinstance(found, str) else msgspec.json.encode(found)
    except Closed:
        await gone(receive)
    except Refusal as refusal:
        await reply_text(send, refusal.status, refusal.text)
    except ValueError as error:
        await _refuse(send, 400, _shortened(str(error)))
    except Exception:
        logger.exception("%s failed", scope["path"])
        await _refuse(send, 500, "this is a bug of hlsim; its log has the traceback")
    else:
        reply = reply_text(send, 200, found) if spec.returns is str else reply_json(send, answer)
        await reply


def _shortened(text: str) -> str:
    """Without most of what a client sent that should have been a word."""
    cut = len(text) - MOST_CHARACTERS
    return text if cut <= 0 else f"{text[:FIRST_CHARACTERS]}…{text[FIRST_CHARACTERS + cut :]}"


async def _found(steps: Steps[Json]) -> Json:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        await asyncio.sleep(0)


async def _download(found: Download, receive: Receive, send: Send) -> None:
    """Sends a file piece by piece. Raises ValueError where there is none, before anything is sent.

    What ends too early for its length is seen to: the connection ends with it.
    """
    transport = transport_of(send)
    with _opened(found.path) as file:
        try:
            is_whole = await reply_file(send, file, found.size, transport.is_closing)
        except OSError as error:
            logger.error("the download of %s ended: %s", found.path, error)
            transport.abort()
            is_whole = False
    if not is_whole:
        await gone(receive)


def _opened(path: str) -> IO[bytes]:
    try:
        return open(path, "rb")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


async def _body(spec: ControlSpec, scope: Scope, receive: Receive) -> bytes | None:
    """The body, b"" where there is none. Raises Refusal for one that is not said to be JSON."""
    headers = dict(scope["headers"])
    is_bare = b"content-type" not in headers and headers.get(b"content-length", b"0") == b"0"
    if spec.method == "GET" or (is_bare and b"transfer-encoding" not in headers):
        return b""
    return await read_body(scope, receive)


async def _refuse(send: Send, status: int, text: str, *extra: tuple[bytes, bytes]) -> None:
    await reply_json(send, msgspec.json.encode({"error": text}), status, *extra)
