"""What faults do to requests, over HTTP and as posts over a socket.

A request is described as far as faults may ask about it; what cannot be read is still a request
to its path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import msgspec
from uvicorn.protocols.utils import ClientDisconnected

from ..matching.dataclass import dataclass
from ..scenarios.faults import Effect, Phase
from ..sim.view import View
from .blocks import Closed
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
from .nesting import is_deep
from .requests import DELIVERY, Delivery, Fate, unwrapped
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
            parsed = None if is_deep(body) else msgspec.json.decode(body)
        except msgspec.DecodeError:
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
        # Whoever strikes what is inside a multi-sig action strikes that.
        types = (_type(unwrapped(action)[0]), _type(action), path)
        return Asked(types, coins, cloids, signer, parsed)


def _query(path: str, parsed: dict[str, Any]) -> Asked:
    # candleSnapshot says in `req` what others say at the top.
    inner = parsed.get("req")
    said = {**parsed, **inner} if isinstance(inner, dict) else parsed
    coins = [said["coin"]] if isinstance(said.get("coin"), str) else []
    # An order is asked for by its number or, as text, by its cloid.
    oid = said.get("oid")
    cloids = [oid.lower()] if isinstance(oid, str) else []
    user = said.get("user")
    whom = user.lower() if isinstance(user, str) else None
    return Asked((_type(parsed), path), coins, cloids, lambda: whom, parsed)


def _type(part: Any) -> str:
    found = part.get("type") if isinstance(part, dict) else None
    return found if isinstance(found, str) else ""


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


# -- what becomes of it ----------------------------------------------------------------------------

T = TypeVar("T")
Unheard = Callable[[Delivery], None]
"""Enters a request that the exchange will not hear of among those that clients sent."""

_GOT = {
    Effect.DROP: "no answer: the connection ended",
    Effect.RESET: "no answer: the connection was reset",
    Effect.STALL: "no answer, and the connection stayed",
}


async def _deliver(entry: Entry, hear: Callable[[], Awaitable[T]]) -> tuple[T, Delivery]:
    """What the exchange answers, and the delivery that is noted with it."""
    delivery = Delivery(entry.id, entry.fault.text())
    if entry.fault.effect is Effect.REFUSE:
        delivery.refusal = entry.fault.refusal
    token = DELIVERY.set(delivery)
    try:
        return await hear(), delivery
    finally:
        DELIVERY.reset(token)


async def _answered(
    entry: Entry,
    hear: Callable[[], Awaitable[T]],
    unheard: Unheard,
    has_left: Callable[[], bool] = lambda: False,
) -> T | None:
    """The answer of the exchange that its client is to get; None: it is to get none.

    `has_left`: whether the client waits no more, asked when a late answer is there.
    """
    fault, after = entry.fault, entry.fault.phase is Phase.AFTER
    if fault.effect is Effect.DELAY:
        try:
            if after:
                found, delivery = await _deliver(entry, hear)
                late_ms = await entry.pause()
            else:
                late_ms = await entry.pause()
                found, delivery = await _deliver(entry, hear)
        except Closed:
            return None  # the server stops
        if has_left():
            delivery.got = f"no answer: it had gone before the {late_ms} ms were over"
            delivery.fate = Fate.LOST
            return None
        whose = "the answer" if after else "the answer to a request that came"
        delivery.got, delivery.fate = f"{whose} {late_ms} ms late", Fate.GIVEN
        return found
    if fault.effect is Effect.REFUSE:
        found, delivery = await _deliver(entry, hear)
        delivery.got, delivery.fate = "a refusal that the exchange did not make", Fate.GIVEN
        return found
    if fault.effect is Effect.DUPLICATE:
        both = [await _deliver(entry, hear), await _deliver(entry, hear)]
        for (_, delivery), kept in zip(both, (not after, after), strict=True):
            delivery.fate = Fate.GIVEN if kept else Fate.PASSED_OVER
            delivery.got = f"the answer to {'this' if kept else 'the other'} of two deliveries"
        return both[after][0]
    if after:
        _, delivery = await _deliver(entry, hear)
    else:
        delivery = Delivery(entry.id, fault.text())
        unheard(delivery)
    delivery.status, delivery.fate = fault.code, Fate.LOST
    delivery.got = _GOT.get(fault.effect) or f"HTTP {fault.code} in place of an answer"
    return None


# -- over HTTP -------------------------------------------------------------------------------------


async def answer(
    faults: Faults,
    witness: Witness,
    unheard: Callable[[str, Any, Delivery], None],
    endpoint: Endpoint,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answers a POST as `endpoint` does, unless a fault strikes it.

    `unheard` is told of a request that the endpoint does not get: its path, its body.
    """
    try:
        body = await read_body(scope, receive)
    except Refusal as refusal:
        await reply_text(send, refusal.status, refusal.text)
        return
    if body is None:
        return
    path = scope["path"]
    struck = faults.on_request(witness.of_request(path, body))
    if struck is None:
        await endpoint(scope, given(body), send)
        return
    await strike(struck, endpoint, body, scope, receive, send, partial(unheard, path, body))


async def strike(
    entry: Entry,
    endpoint: Endpoint,
    body: bytes,
    scope: Scope,
    receive: Receive,
    send: Send,
    unheard: Unheard,
) -> None:
    """Answers one struck request, or does not. `body` was read already."""

    async def hear() -> list[Message]:
        """What the endpoint says, kept back."""
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await endpoint(scope, given(body), keep)
        return said

    transport = transport_of(send)
    said = await _answered(entry, hear, unheard, transport.is_closing)
    for message in said or ():
        await send(message)
    if said is not None:
        return
    match entry.fault.effect:
        case Effect.STATUS:
            await reply_status(send, entry.fault.code)
            return
        case Effect.DROP:
            transport.close()
        case Effect.RESET:
            reset(transport)
        case _:
            pass
    await gone(receive)


def given(body: bytes) -> Receive:
    """The receiving side of a request whose body was read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def reply_status(send: Send, status: int) -> None:
    """What stands before the exchange answers with this status.

    Inferred: `null` as JSON with 429 and 500, a page of HTML of the proxy with the others, as
    clients meet it (info 1, ws 7). Assumed: what that page says.
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
    unheard: Unheard,
) -> None:
    """Answers one struck post, or does not.

    `outcome` does what the post asks for and returns how to answer it; `refuse` answers with a
    status.
    """
    answer_it = await _answered(entry, outcome, unheard)
    if answer_it is not None:
        answer_it()
        return
    match entry.fault.effect:
        case Effect.STATUS:
            refuse(entry.fault.code)
        case Effect.DROP:
            hang_up()
        case Effect.RESET:
            reset_it()
        case _:
            pass


async def strike_opening(entry: Entry, scope: Scope, receive: Receive, send: Send) -> bool:
    """What becomes of a socket that asks to be opened; True: it is opened after all.

    Raises ClientDisconnected, which uvicorn knows, when there is no connection any more.
    """
    wire: Wire = scope["extensions"][WIRE]
    match entry.fault.effect:
        case Effect.DELAY:
            try:
                await entry.pause()
            except Closed:
                wire.abort()
                raise ClientDisconnected from None
            return True
        case Effect.STATUS:
            await refuse_upgrade(send, entry.fault.code)
        case Effect.STALL:
            while (await receive())["type"] != "websocket.disconnect":
                pass
            raise ClientDisconnected
        case Effect.DROP:
            wire.hang_up()
            raise ClientDisconnected
        case _:
            wire.reset()
            raise ClientDisconnected
    return False
