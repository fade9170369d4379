"""A story whose blocks reach a hub: with a plain listener, or behind real sockets of uvicorn."""

from __future__ import annotations

import asyncio
import json
import socket
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from stories import START_MS, Story, Trader, market
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hlsim.matching.types import Tif
from hlsim.server import clients, encode
from hlsim.server.blocks import Signed
from hlsim.server.faults import Asked, Faults
from hlsim.server.hub import Hub
from hlsim.server.info import answer_value
from hlsim.server.limits import SETS, LimitSet
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock, Pacer
from hlsim.server.posts import Answers
from hlsim.server.replica import Replica
from hlsim.server.session import SocketRules, serve_socket
from hlsim.server.topics import Refusal, Topic
from hlsim.server.wire import SOCKET_OPTIONS
from hlsim.sim.actions.orders import PlaceOrders

PATIENCE_S = 10.0

TEXT, CONTINUATION, CLOSE, PING = 1, 0, 8, 9
"""Opcodes of frames (RFC 6455 11.8)."""


def unpacked(data: str) -> Any:
    """What a client makes of the `data` of fastAssetCtxs."""
    return json.loads(zlib.decompress(b64decode(data, validate=True), -zlib.MAX_WBITS))


def shown(text: str) -> Any:
    """A frame as it stands in a golden: unpacked, since another zlib makes other bytes of it."""
    frame = json.loads(text)
    if isinstance(frame, dict) and frame["channel"] == "fastAssetCtxs":
        frame["data"] = unpacked(frame["data"])
    return frame


# -- without sockets -------------------------------------------------------------------------------


@dataclass(eq=False)
class Listener:
    """A subscriber that keeps what it gets."""

    frames: list[bytes] = field(default_factory=list)
    lost: list[tuple[Topic, Refusal]] = field(default_factory=list)

    def deliver(self, frame: bytes, topic: Topic | None = None, is_first: bool = False) -> None:
        self.frames.append(frame)

    def lose(self, topic: Topic, why: Refusal) -> None:
        self.lost.append((topic, why))

    def take(self) -> list[tuple[str, Any]]:
        """(channel, data) of the frames since the last call."""
        bodies = [json.loads(frame[frame.index(b"{") :]) for frame in self.frames]
        self.frames.clear()
        return [(body["channel"], body["data"]) for body in bodies]

    def channels(self) -> list[str]:
        return [channel for channel, _ in self.take()]


class Stage:
    """A story whose blocks reach a hub. Frames leave at once."""

    def __init__(self, story: Story | None = None) -> None:
        self.story = story or market()
        self.hub = Hub(Replica.shared(self.story.ex.state))
        self.node = LocalNode(self.story.ex, Pacer(Clock.MANUAL, start_ms=START_MS))
        self.node.subscribe(self.hub.on_block)
        self.alice = self.story.account("alice")
        self.bob = self.story.account("bob")
        self.commit()

    def commit(self) -> None:
        """Ends the block of everything that was done since the last one."""
        self.node.advance(0)

    def wait(self, milliseconds: int) -> None:
        self.node.advance(milliseconds)

    def listen(self, *topics: Topic) -> Listener:
        """A new listener whose first frames are gone already."""
        listener = Listener()
        for topic in topics:
            self.hub.join(listener, topic)
        listener.frames.clear()
        return listener


# -- with sockets ----------------------------------------------------------------------------------


@dataclass
class Client:
    """One real client."""

    socket: ClientConnection

    async def send(self, request: Any) -> None:
        await self.socket.send(request if isinstance(request, str) else json.dumps(request))

    async def text(self) -> str:
        """The next frame."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.socket.recv()
        assert isinstance(frame, str)
        return frame

    async def next(self) -> tuple[str, Any]:
        """(channel, data) of the next frame."""
        body = json.loads(await self.text())
        return body["channel"], body.get("data")

    async def subscribe(self, **subscription: Any) -> Any:
        """Subscribes and returns the echo of the ack."""
        await self.send({"method": "subscribe", "subscription": subscription})
        channel, data = await self.next()
        assert (channel, data["method"]) == ("subscriptionResponse", "subscribe")
        return data["subscription"]

    async def error(self, request: Any) -> str:
        """The text of the error frame that answers `request`."""
        await self.send(request)
        channel, data = await self.next()
        assert channel == "error"
        return str(data)

    async def post(self, number: int, kind: str, payload: Any) -> tuple[str, Any]:
        """What is answered on which channel."""
        request = {"type": kind, "payload": payload}
        await self.send({"method": "post", "id": number, "request": request})
        return await self.next()

    async def alive(self) -> bool:
        """True when a ping is answered next."""
        await self.send({"method": "ping"})
        return await self.text() == '{"channel":"pong"}'

    async def closed(self) -> tuple[int, str]:
        """(code, reason) with which the connection ends; 1006 is no close frame at all."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed as end:
                return (1006, "") if end.rcvd is None else (end.rcvd.code, end.rcvd.reason)


def raw_frame(opcode: int, payload: bytes = b"", *, is_last: bool = True) -> bytes:
    """A client's frame of less than 126 bytes. A mask of zeros leaves the payload as it is."""
    return bytes([0x80 * is_last | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload


async def raw_client(port: int, *requests: str) -> socket.socket:
    """A socket with hardly a buffer that sends `requests` at once and reads nothing."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    await loop.sock_sendall(
        raw,
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert b" 101 " in await loop.sock_recv(raw, 15)
    await loop.sock_sendall(raw, b"".join(raw_frame(TEXT, one.encode()) for one in requests))
    return raw


@dataclass
class Site:
    """A story behind a socket. Time stands still."""

    story: Story
    node: LocalNode
    hub: Hub
    port: int
    alice: Trader
    bob: Trader
    server: uvicorn.Server

    def commit(self) -> None:
        self.node.advance(0)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        url = f"ws://127.0.0.1:{self.port}/ws"
        async with connect(url, ping_interval=None, max_size=None) as opened:
            yield Client(opened)

    async def place(self, payload: Any) -> Any:
        """`post_action` of the tests: alice's order, past signatures and JSON."""
        order = self.alice.new_order(payload["terms"], is_buy=True, tif=Tif.GTC)
        signed = Signed(PlaceOrders((order,)), self.alice.address, next(self.story.nonces))
        # The story's nonces are near the story's time, which is not the wall's.
        return encode.response_json(await self.node.submit(signed))


def anybody(limits: LimitSet = SETS["address"]) -> clients.Client:
    """A client with limits of its own, by default with none."""
    return clients.Client(clients.Clients(limits), "127.0.0.1")


@asynccontextmanager
async def site(
    rules: SocketRules | None = None,
    *,
    limits: LimitSet = SETS["address"],
    post_info: Callable[[Any], Any] | None = None,
    post_action: Callable[[Any], Awaitable[Any]] | None = None,
    story: Story | None = None,
) -> AsyncIterator[Site]:
    """A listening server. Without callbacks posts go to the story's exchange."""
    story = story or market()
    pacer = Pacer(Clock.MANUAL, start_ms=START_MS, wall_ns=lambda: START_MS * 1_000_000)
    node = LocalNode(story.ex, pacer)
    replica = Replica.shared(story.ex.state)
    hub = Hub(replica)
    node.subscribe(hub.on_block)
    hub.run()
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await serve_socket(
            scope,
            receive,
            send,
            hub=hub,
            client=client,
            answers=Answers(
                info=post_info or (lambda request: answer_value(replica.view, request)),
                action=post_action or here.place,
                faults=faults,
                asked=lambda kind, payload: Asked((kind,)),
                unheard=lambda kind, payload, delivery: None,
            ),
            rules=rules,
        )

    client = anybody(limits)
    faults = Faults(0, pacer.now_ms)
    config = uvicorn.Config(app, lifespan="off", log_config=None, **SOCKET_OPTIONS)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    here = Site(story, node, hub, port, story.account("alice"), story.account("bob"), server)
    here.commit()
    await server.startup(sockets=[listening])
    try:
        yield here
    finally:
        await server.shutdown(sockets=[listening])


LoopFactory = Callable[[], asyncio.AbstractEventLoop]

LOOPS: list[LoopFactory] = [asyncio.new_event_loop]
"""The event loops there are: the standard one, and the one that the product prefers."""

try:
    import uvloop
except ImportError:
    pass
else:
    LOOPS.append(uvloop.new_event_loop)


def run(
    test: Callable[[], Coroutine[Any, Any, None]], loop: LoopFactory = asyncio.new_event_loop
) -> None:
    """Runs one test in an event loop of its own."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(test())
