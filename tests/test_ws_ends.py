"""How connections end: by idleness, age, the client, or because the client does not read."""

from __future__ import annotations

import asyncio
import socket

import pytest
from stories import START_MS
from streams import LOOPS, LoopFactory, run, site

from hlsim.matching.types import Tif
from hlsim.server.session import SocketRules


def test_a_quiet_socket_is_closed_without_a_close_frame() -> None:
    """Evidence: ws 1.3, contested 18. Frames of the server count, pongs among them."""

    async def test() -> None:
        rules = SocketRules(idle_s=0.3)
        async with site(rules) as here, here.client() as quiet, here.client() as pinging:
            loop = asyncio.get_running_loop()
            began = loop.time()
            ended = asyncio.create_task(quiet.closed())
            while not ended.done():
                assert await pinging.alive()
                await asyncio.wait([ended], timeout=0.1)
            assert await ended == (1006, "")
            assert 0.25 < loop.time() - began < 1.5
            assert await pinging.alive()

    run(test)


def test_a_quiet_socket_may_be_told_that_it_was_inactive() -> None:
    """Evidence: contested 18, the other observation."""

    async def test() -> None:
        rules = SocketRules(idle_s=0.1, idle_reason="Inactive")
        async with site(rules) as here, here.client() as client:
            assert await client.closed() == (1000, "Inactive")

    run(test)


def test_a_long_connection_expires() -> None:
    """Evidence: ws 1.4, contested 19."""

    async def test() -> None:
        async with site(SocketRules(lifetime_s=(0.1, 0.2))) as here, here.client() as client:
            assert await client.closed() == (1000, "Expired")

    run(test)


def test_a_client_that_goes_takes_its_subscriptions_along() -> None:
    async def test() -> None:
        async with site() as here, here.client() as stayer:
            await stayer.subscribe(type="bbo", coin="BTC")
            await stayer.next()
            async with here.client() as leaver:
                await leaver.subscribe(type="trades", coin="BTC")
                assert len(here.hub) == 2
            while len(here.hub) == 2:
                assert await stayer.alive()
            assert len(here.hub) == 1

    run(test)


async def _slow_client(port: int, subscription: str) -> socket.socket:
    """A socket that subscribes and from then on reads nothing."""
    loop = asyncio.get_running_loop()
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    await loop.sock_connect(slow, ("127.0.0.1", port))
    await loop.sock_sendall(
        slow,
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert b" 101 " in await loop.sock_recv(slow, 15)
    body = f'{{"method":"subscribe","subscription":{subscription}}}'.encode()
    assert len(body) < 126
    # A mask of zeros leaves the payload as it is.
    await loop.sock_sendall(slow, bytes([0x81, 0x80 | len(body), 0, 0, 0, 0]) + body)
    return slow


LIMITS = [
    SocketRules(pending_bytes=300_000),
    SocketRules(pending_frames=200),
]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("rules", LIMITS, ids=["bytes", "frames"])
def test_a_client_that_does_not_read_is_cut_off_and_hinders_nobody(
    rules: SocketRules, loop: LoopFactory
) -> None:
    """Evidence: ours; memory is bounded, the exchange waits for nobody."""
    rounds = 6_000

    async def test() -> None:
        async with site(rules) as here, here.client() as reader:
            for level in range(20):
                here.alice.buys(f"0.01 BTC @ {49_000 - level}")
            here.commit()
            await reader.subscribe(type="l2Book", coin="BTC", fast=True)
            slow = await _slow_client(here.port, '{"type":"l2Book","coin":"BTC"}')
            while len(here.hub) < 2:
                assert (await reader.next())[0] == "l2Book"
                assert await reader.alive()
            read = 0
            for _ in range(rounds):
                here.node.advance(5_400)
                assert (await reader.next())[0] == "l2Book"
                read += 1
                if len(here.hub) == 1:
                    break
            assert 0 < read < rounds
            assert await reader.alive()
            slow.close()

    run(test, loop)


def test_a_burst_larger_than_the_buffers_cuts_nobody_off_who_reads() -> None:
    """A big step of the clock with many subscriptions is no fault of the client."""
    coins = ("BTC", "ETH", "SOL", "MEME")

    async def test() -> None:
        async with site() as here, here.client() as client:
            for coin in coins:
                for level in range(20):
                    here.alice.buys(f"1000 {coin} @ 0.{level + 10}", tif=Tif.ALO)
                await client.subscribe(type="l2Book", coin=coin)
                await client.next()

            for _ in range(500):
                here.node.advance(5_400)
            found = [await client.next() for _ in range(2_000)]

            assert {channel for channel, _ in found} == {"l2Book"}
            assert found[-1][1]["time"] == START_MS + 500 * 5_400

    run(test)
