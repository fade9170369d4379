"""What faults do to requests, over HTTP and as posts over a socket.

A request is described as far as faults may ask about it; what cannot be read is still a request
to its path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from uvicorn.protocols.utils import ClientDisconnected

from ..matching.dataclass import dataclass
from ..scenarios.faults import Effect, Phase
from ..sim.view import View
from .door import reset, transport_of
from .faults import STRUCK, Asked, Entry, Faults
from .http import (
    Endpoint,
    Headers,
    Message,
    Receive,
    Refusal,
    Scope,
    Send,
    gone,
    read_body,
    refuse_upgrade,
    reply_json,
    reply_text,
)
from .wire import WIRE, Wire

_HTML = (b"content-type", b"text/html")
_PAGES = {
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
"""What nginx calls them, which stands before the exchange."""

# -- what a request is about -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Witness:
    """Who can tell what requests are about. `acting`: for whom the body of an action is signed,
    None when that tells of nobody.
    """

    view: View
    acting: Callable[[bytes], str | None]

    def of_request(self, path: str, body: bytes) -> Asked:
        """A request over HTTP."""
        try:
            parsed = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            parsed = None
        return self._asked(STRUCK[path], parsed, lambda: self.acting(body))

    def of_post(self, kind: str, payload: Any) -> Asked:
        """A post over a socket: `kind` is `info` or `action`."""
        path = "info" if kind == "info" else "exchange"
        return self._asked(path, payload, lambda: self.acting(msgspec.json.encode(payload)))

    def _asked(self, path: str, parsed: Any, signer: Callable[[], str | None]) -> Asked:
        if not isinstance(parsed, dict):
            return Asked((path,))
        if path != "exchange":
            return _query(path, parsed)
        action = parsed.get("action")
        if not isinstance(action, dict):
            return Asked((path,), user=signer, request=parsed)
        assets: list[int] = []
        cloids: list[str] = []
        _gather(action, assets, cloids)
        markets = self.view.state.markets
        coins = [markets[one].asset.coin for one in assets if one in markets]
        types = (_text(action.get("type")), path)
        return Asked(types, coins, cloids, signer, parsed)


def _query(path: str, parsed: dict[str, Any]) -> Asked:
    # candleSnapshot says in `req` what others say at the top.
    inner = parsed.get("req")
    said = {**parsed, **inner} if isinstance(inner, dict) else parsed
    coins = [said["coin"]] if isinstance(said.get("coin"), str) else []
    user = said.get("user")
    whom = user.lower() if isinstance(user, str) else None
    return Asked((_text(parsed.get("type")), path), coins, (), lambda: whom, parsed)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _gather(part: Any, assets: list[int], cloids: list[str]) -> None:
    """Collects asset ids and cloids of an action, whichever of its lists they stand in."""
    if isinstance(part, list):
        for one in part:
            _gather(one, assets, cloids)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in ("a", "asset") and type(value) is int:
                assets.append(value)
            elif key in ("c", "cloid", "oid") and isinstance(value, str):
                cloids.append(value.lower())
            elif isinstance(value, list | dict):
                _gather(value, assets, cloids)


# -- over HTTP -------------------------------------------------------------------------------------


async def answer(
    faults: Faults,
    witness: Witness,
    endpoint: Endpoint,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answers a POST as `endpoint` does, unless a fault strikes it."""
    try:
        body = await read_body(scope, receive)
    except Refusal as refusal:
        await reply_text(send, refusal.status, refusal.text)
        return
    if body is None:
        return
    struck = faults.on_request(witness.of_request(scope["path"], body))
    if struck is None:
        await endpoint(scope, given(body), send)
    else:
        await strike(struck, endpoint, body, scope, receive, send)


async def strike(
    entry: Entry, endpoint: Endpoint, body: bytes, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answers one struck request, or does not. `body` was read already."""
    fault, after = entry.fault, entry.fault.phase is Phase.AFTER

    async def reply() -> list[Message]:
        """What the endpoint says, kept back."""
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await endpoint(scope, given(body), keep)
        return said

    found = await reply() if after else None
    match fault.effect:
        case Effect.DELAY:
            await entry.pause()
            await _forward(found or await reply(), send)
        case Effect.DUPLICATE:
            first = found or await reply()
            second = await reply()
            await _forward(second if after else first, send)
        case Effect.STATUS:
            await reply_status(send, fault.code)
        case Effect.DROP:
            transport_of(send).close()
            await gone(receive)
        case Effect.RESET:
            reset(transport_of(send))
            await gone(receive)
        case _:
            await gone(receive)


def given(body: bytes) -> Receive:
    """The receiving side of a request whose body was read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _forward(said: list[Message], send: Send) -> None:
    for message in said:
        await send(message)


async def reply_status(send: Send, status: int) -> None:
    """What stands before the exchange answers with this status.

    Observed: `null` as JSON with 429 and 500, a short page of the proxy with the others (info 1,
    contested 60).
    """
    if status in (429, 500):
        await reply_json(send, b"null", status)
        return
    body = page(status)
    headers: Headers = [_HTML, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def page(status: int) -> bytes:
    """The proxy's page for a status."""
    words = f"{status} {_PAGES[status]}"
    return (
        f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n"
        f"<center><h1>{words}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


# -- over a socket ---------------------------------------------------------------------------------


async def strike_post(
    entry: Entry,
    outcome: Callable[[], Awaitable[Callable[[], None]]],
    refuse: Callable[[int], None],
    hang_up: Callable[[], None],
    reset_it: Callable[[], None],
) -> None:
    """Answers one struck post, or does not.

    `outcome` does what the post asks for and returns how to answer it; `refuse` answers with a
    status.
    """
    fault, after = entry.fault, entry.fault.phase is Phase.AFTER
    answer = await outcome() if after else None
    match fault.effect:
        case Effect.DELAY:
            await entry.pause()
            (answer or await outcome())()
        case Effect.DUPLICATE:
            first = answer or await outcome()
            second = await outcome()
            (second if after else first)()
        case Effect.STATUS:
            refuse(fault.code)
        case Effect.DROP:
            hang_up()
        case Effect.RESET:
            reset_it()
        case _:
            pass


async def strike_opening(entry: Entry, scope: Scope, send: Send) -> bool:
    """What becomes of a socket that asks to be opened; True: it is opened after all.

    Raises ClientDisconnected, which uvicorn knows, when there is no connection any more.
    """
    wire: Wire = scope["extensions"][WIRE]
    match entry.fault.effect:
        case Effect.DELAY:
            await entry.pause()
            return True
        case Effect.STATUS:
            await refuse_upgrade(send, entry.fault.code)
        case Effect.DROP:
            wire.hang_up()
            raise ClientDisconnected
        case _:
            wire.reset()
            raise ClientDisconnected
    return False
