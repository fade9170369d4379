"""Sockets of somebody who means ill: whatever he can make the server keep has an end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from stories import address
from streams import (
    CLOSE,
    CONTINUATION,
    LOOPS,
    PING,
    TEXT,
    LoopFactory,
    Stage,
    anybody,
    raw_client,
    raw_frame,
    run,
    site,
)
from uvicorn.protocols.utils import ClientDisconnected

from hlsim.server import wire
from hlsim.server.faults import Asked, Faults
from hlsim.server.limits import LimitSet
from hlsim.server.posts import Answers
from hlsim.server.session import Session, SocketRules

PING_REQUEST = '{"method":"ping"}'


async def until(what: Callable[[], bool]) -> None:
    """Turns the loop until something holds."""
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.001)


async def gone(server: Any) -> None:
    await until(lambda: not server.server_state.connections)


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", LOOPS)
def test_pongs_do_not_pile_up_for_a_client_that_only_pings(loop: LoopFactory) -> None:
    """Evidence: ours; RFC 6455 5.5.3 lets a server answer only the latest ping."""
    pings = raw_frame(PING, b"x" * 125) * 2_000
    rounds = 80

    async def test() -> None:
        async with site() as here:
            client = await raw_client(here.port)
            running = asyncio.get_running_loop()
            for _ in range(rounds):
                await running.sock_sendall(client, pings)
            (connection,) = here.server.server_state.connections
            assert connection.transport.get_write_buffer_size() < 1_000_000

            # He is served again as soon as he reads.
            await running.sock_sendall(client, raw_frame(TEXT, PING_REQUEST.encode()))
            read = b""
            async with asyncio.timeout(10):
                while b'{"channel":"pong"}' not in read:
                    read = read[-100:] + await running.sock_recv(client, 1 << 20)
            client.close()
            await gone(here.server)

    run(test, loop)


def test_a_message_in_tiny_fragments_is_kept_about_as_large_as_its_bytes() -> None:
    """Evidence: ours; a fragment may be empty, and a message have any number of them."""

    async def test() -> None:
        async with site() as here:
            client = await raw_client(here.port)
            running = asyncio.get_running_loop()
            head, spaces, tail = b'{"method":', b" " * 5_000, b'"ping"}'
            letters = [raw_frame(CONTINUATION, b" ", is_last=False) for _ in spaces]
            empty = raw_frame(CONTINUATION, is_last=False) * 5_000
            await running.sock_sendall(client, raw_frame(TEXT, head, is_last=False))
            await running.sock_sendall(client, empty + b"".join(letters))
            (connection,) = here.server.server_state.connections
            await until(lambda: sum(map(len, connection.frames)) == len(head + spaces))
            assert len(connection.frames) <= wire.FRAGMENTS_KEPT

            await running.sock_sendall(client, raw_frame(CONTINUATION, tail))
            read = b""
            async with asyncio.timeout(10):
                while b'{"channel":"pong"}' not in read:
                    read += await running.sock_recv(client, 4096)
            client.close()
            await gone(here.server)

    run(test)


def test_a_socket_has_a_thousand_subscriptions_and_no_more() -> None:
    """Evidence: ws 2.2, 6: the text does not repeat the request; the socket stays."""

    async def test() -> None:
        limits = LimitSet(ws_users=2_000)
        async with site(limits=limits) as here, here.client() as client:
            for number in range(1_000):
                await client.subscribe(type="orderUpdates", user=address(str(number)))
            more = {"type": "orderUpdates", "user": address("more")}

            refused = await client.error({"method": "subscribe", "subscription": more})
            again = await client.error(
                {"method": "subscribe", "subscription": {**more, "user": address("7")}}
            )

            assert refused == "Cannot subscribe to more than 1000 channels."
            assert again.startswith("Already subscribed: ")
            gone_too = {"type": "orderUpdates", "user": address("7")}
            await client.send({"method": "unsubscribe", "subscription": gone_too})
            assert (await client.next())[0] == "subscriptionResponse"
            assert await client.subscribe(**more) == more
            assert len(here.hub) == 1_000

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_leaves_without_reading_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, loop: LoopFactory
) -> None:
    """Evidence: ours; a transport that closes would wait for him for ever."""
    monkeypatch.setattr(wire, "LINGER_S", 0.05)
    ask = {"method": "post", "id": 1, "request": {"type": "info", "payload": {"type": "meta"}}}

    async def test() -> None:
        async with site(post_info=lambda request: "x" * 20_000_000) as here:
            client = await raw_client(here.port, json.dumps(ask))
            (connection,) = here.server.server_state.connections
            await until(lambda: connection.transport.get_write_buffer_size() > 1_000_000)
            await asyncio.get_running_loop().sock_sendall(client, raw_frame(CLOSE))
            await gone(here.server)
            client.close()

    run(test, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_can_stop_while_a_client_leaves_without_reading(loop: LoopFactory) -> None:
    """Evidence: ours; uvicorn fails to tell such a client of it and would leave the others."""
    ask = {"method": "post", "id": 1, "request": {"type": "info", "payload": {"type": "meta"}}}

    async def test() -> None:
        async with site(post_info=lambda request: "x" * 20_000_000) as here, here.client() as other:
            client = await raw_client(here.port, json.dumps(ask))
            leaver = next(
                one
                for one in here.server.server_state.connections
                if one.client[1] == client.getsockname()[1]
            )
            await until(lambda: leaver.transport.get_write_buffer_size() > 1_000_000)
            await asyncio.get_running_loop().sock_sendall(client, raw_frame(CLOSE))
            await until(leaver.transport.is_closing)

            await here.server.shutdown()

            assert await other.closed() == (1012, "")
            client.close()

    run(test, loop)


# -- time ------------------------------------------------------------------------------------------


def test_a_burst_of_requests_leaves_turns_to_everybody_else() -> None:
    """Evidence: ours; the frames are in one segment, and each is answered in a turn of its own."""
    turns = 0
    seen: list[int] = []

    def post_info(request: Any) -> None:
        seen.append(turns)

    async def test() -> None:
        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        posted = {"type": "info", "payload": {"type": "meta"}}
        ask = json.dumps({"method": "post", "id": 1, "request": posted})
        async with site(post_info=post_info) as here:
            task = asyncio.create_task(others())
            client = await raw_client(here.port, *[ask] * 50)
            await until(lambda: len(seen) == 50)
            task.cancel()
            client.close()
            await gone(here.server)
        assert len(set(seen)) == 50

    run(test)


def test_a_client_that_goes_while_it_is_told_to_go_is_no_error() -> None:
    """Evidence: ours; uvicorn raises when the connection is lost before the close frame is out."""

    async def test() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        told = asyncio.Event()

        async def send(message: Any) -> None:
            told.set()
            raise ClientDisconnected

        async def receive() -> dict[str, Any]:
            await told.wait()
            return {"type": "websocket.disconnect"}

        async def post_action(payload: Any) -> None:
            raise AssertionError

        here, there = socket.socketpair()
        _, writer = await asyncio.open_connection(sock=here)
        writable = asyncio.Event()
        writable.set()
        session = Session(
            wire.Wire(writer.transport, writable),  # type: ignore[arg-type]
            send,
            Stage().hub,
            client=anybody(),
            answers=Answers(
                info=lambda payload: None,
                action=post_action,
                faults=Faults(0, lambda: 0),
                asked=lambda kind, payload: Asked((kind,)),
                unheard=lambda kind, payload, delivery: None,
            ),
            rules=SocketRules(lifetime_s=(0.0, 0.0)),
        )
        await session.run(receive)
        await asyncio.sleep(0)
        del session
        writer.close()
        there.close()
        assert complaints == []

    run(test)


def test_an_action_counts_though_its_sender_went_at_once() -> None:
    """Evidence: inferred; it was sent, and a block took it (ws 9)."""
    gate = asyncio.Event()

    async def test() -> None:
        placed: list[Any] = []

        async def post_action(payload: Any) -> Any:
            await gate.wait()
            placed.append(await here.place(payload))
            return placed[0]

        async with site(post_action=post_action) as here:
            posted = {"type": "action", "payload": {"terms": "0.01 BTC @ 49000"}}
            ask = json.dumps({"method": "post", "id": 1, "request": posted})
            client = await raw_client(here.port, ask, PING_REQUEST)
            read = b""
            while b"pong" not in read:
                read += await asyncio.get_running_loop().sock_recv(client, 4096)
            client.close()
            await gone(here.server)
            gate.set()
            await until(lambda: bool(placed))
            assert here.alice.statuses()[-1][1] == "open"

    run(test)


def test_two_hundred_sockets_come_and_go_and_leave_nothing() -> None:
    """Evidence: ours; some vanish in the middle of their requests."""
    wanted = [
        '{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC"}}',
        '{"method":"subscribe","subscription":{"type":"bbo","coin":"ETH"}}',
        '{"method":"unsubscribe","subscription":{"type":"bbo","coin":"ETH"}}',
        '{"method":"subscribe","subscription":{"type":"trades","coin":"NOPE"}}',
    ]

    async def test() -> None:
        async with site() as here, here.client() as stayer:
            await stayer.subscribe(type="bbo", coin="BTC")
            await stayer.next()
            clients = [
                await raw_client(here.port, *wanted[: number % (len(wanted) + 1)])
                for number in range(200)
            ]
            for number, client in enumerate(clients):
                if number % 2:
                    await asyncio.get_running_loop().sock_sendall(client, b"\x81\xfe")
                client.close()
            connections = here.server.server_state.connections
            await until(lambda: (len(connections), len(here.hub)) == (1, 1))
            assert await stayer.alive()

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_text_that_is_no_utf_8_ends_its_socket_and_says_nothing(
    loop: LoopFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """Evidence: RFC 6455 8.1, close code 1007; nobody's tracebacks stand in the log for it."""

    async def test() -> None:
        async with site() as here, here.client() as stayer:
            client = await raw_client(here.port)
            running = asyncio.get_running_loop()
            split = raw_frame(TEXT, b"\xff", is_last=False) + raw_frame(CONTINUATION, b"\xfe")
            await running.sock_sendall(client, split)
            read = b""
            while some := await running.sock_recv(client, 4096):
                read += some
            client.close()
            assert read.endswith(b"\x88\x02\x03\xef")
            assert await stayer.alive()

    run(test, loop)
    assert caplog.records == []


TOO_LONG = b"\x81\xff" + (1 << 30).to_bytes(8) + bytes(4)
"""The head of a frame that no server takes."""


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_is_still_sending_hears_why_it_has_to_go(loop: LoopFactory) -> None:
    """Evidence: RFC 6455 7.4.1, close code 1009; RFC 9112 9.6: closed at once, a connection with
    bytes that nobody read is reset, and what was said last is lost.
    """

    async def test() -> None:
        async with site() as here:
            client = await raw_client(here.port)
            running = asyncio.get_running_loop()
            await running.sock_sendall(client, TOO_LONG + bytes(8 << 20))
            read = b""
            while some := await running.sock_recv(client, 4096):
                read += some
            client.close()
            frame = read.partition(b"\r\n\r\n")[2]
            assert frame[:1] + frame[2:4] == b"\x88" + (1009).to_bytes(2)
            assert len(frame) == 2 + frame[1]
            await gone(here.server)

    run(test, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_has_to_go_and_sends_on_is_cut_off(
    loop: LoopFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LINGER_S", 0.2)

    async def test() -> None:
        async with site() as here, here.client() as stayer:
            client = await raw_client(here.port, PING_REQUEST)
            running = asyncio.get_running_loop()
            await running.sock_sendall(client, TOO_LONG)

            async def flood() -> None:
                async with asyncio.timeout(10):
                    while True:
                        await running.sock_sendall(client, bytes(1 << 16))

            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                await flood()
            client.close()
            assert await stayer.alive()

    run(test, loop)
