"""How connections end: by idleness, age, the client, or because the client does not read."""

from __future__ import annotations

import asyncio

import pytest
from stories import START_MS
from streams import LOOPS, LoopFactory, raw_client, run, site

from hlsim.server.session import SocketRules


def test_a_quiet_socket_is_closed_without_a_close_frame() -> None:
    """Evidence: ws 1.3, contested 18. Frames of the server count, pongs among them."""

    async def test() -> None:
        assert SocketRules().idle_s == 60.0
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
        assert SocketRules().lifetime_s == (10_000.0, 10_600.0)
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


SLOW = '{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC"}}'

LIMITS = [
    SocketRules(burst_bytes=300_000),
    SocketRules(pending_bytes=100_000, patience_s=0.02),
]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("rules", LIMITS, ids=["at once", "in time"])
def test_a_client_that_does_not_read_is_cut_off_and_hinders_nobody(
    rules: SocketRules, loop: LoopFactory
) -> None:
    """Evidence: ours; memory is bounded, the exchange waits for nobody."""
    rounds = 20_000

    async def test() -> None:
        async with site(rules) as here, here.client() as reader:
            for level in range(20):
                here.alice.buys(f"0.01 BTC @ {49_000 - level}")
            here.commit()
            await reader.subscribe(type="l2Book", coin="BTC", fast=True)
            slow = await raw_client(here.port, SLOW)
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


@pytest.mark.parametrize("loop", LOOPS)
def test_a_burst_larger_than_the_buffers_cuts_nobody_off_who_reads(loop: LoopFactory) -> None:
    """A big step of the clock with many subscriptions is no fault of the client."""
    figures = (None, 3, 4, 5)
    steps = 3_000

    async def test() -> None:
        rules = SocketRules(pending_bytes=100_000)
        async with site(rules) as here, here.client() as client:
            for level in range(20):
                here.alice.buys(f"0.01 BTC @ {49_000 - 100 * level}")
            here.commit()
            for figure in figures:
                await client.subscribe(type="l2Book", coin="BTC", nSigFigs=figure)
                _, book = await client.next()
                assert len(book["levels"][0]) == 20

            for _ in range(steps):
                here.node.advance(5_400)
            found = [await client.next() for _ in range(len(figures) * steps)]

            assert {channel for channel, _ in found} == {"l2Book"}
            assert found[-1][1]["time"] == START_MS + steps * 5_400

    run(test, loop)
