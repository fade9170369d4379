"""Builders for a node under test: real time that stands still, signed actions, a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from stories import START_MS, Story, address, market, px, sz, usd

from hlsim.matching.types import Tif
from hlsim.server.blocks import Block, Signed
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock, Pacer
from hlsim.sim.actions.orders import LimitTerms, NewOrder, OrderTerms, PlaceOrders
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import DepositUsd

T = TypeVar("T")

ALICE, BOB = address("alice"), address("bob")


class RealTime:
    """Real time under the test's control."""

    def __init__(self) -> None:
        self.ns = START_MS * 1_000_000

    def now(self) -> int:
        return self.ns

    def go(self, milliseconds: int) -> None:
        self.ns += milliseconds * 1_000_000


def node(
    *,
    clock: Clock = Clock.MANUAL,
    scripts: Any = (),
    block_time_ms: int = 0,
    real: RealTime | None = None,
    story: Story | None = None,
) -> LocalNode:
    real = real or RealTime()
    story = story or market()
    for name in ("alice", "bob"):
        story.account(name)
    story.ex.seal()
    story.ex.drain()
    pacer = Pacer(clock, start_ms=START_MS, monotonic_ns=real.now, wall_ns=real.now)
    return LocalNode(story.ex, pacer, scripts=scripts, block_time_ms=block_time_ms)


def blocks_of(made: LocalNode) -> list[Block]:
    blocks: list[Block] = []
    made.subscribe(blocks.append)
    return blocks


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await asyncio.wait_for(work(), 5)

    return asyncio.run(main())


def one_block(made: LocalNode, *sent: Any) -> tuple[Block, list[Any]]:
    """The block that comes of these actions of alice, sent at the same moment, and its answers."""
    blocks = blocks_of(made)

    async def work() -> list[Any]:
        made.run()
        return await asyncio.gather(*(made.submit(signed(action)) for action in sent))

    answers = run(work)
    made.close()
    (block,) = blocks
    return block, answers


_nonces = iter(range(START_MS, START_MS + 10**6))


def signed(action: Any, signer: Any = ALICE) -> Signed:
    return Signed(action, signer, next(_nonces))


def order(terms: str = "0.01 BTC @ 40000", *, is_buy: bool = True, tif: Tif = Tif.GTC) -> Any:
    size, _, _, price = terms.split()
    return PlaceOrders(
        (
            NewOrder(
                asset=0,  # type: ignore[arg-type]
                is_buy=is_buy,
                px=px(price),
                sz=sz(size),
                terms=OrderTerms(LimitTerms(tif)),
            ),
        )
    )


class Ticks:
    """A script that deposits a dollar to alice every so many ms and notes when it ran."""

    def __init__(self, every_ms: int = 1000, *, fails_at: int | None = None) -> None:
        self.every_ms = every_ms
        self.fails_at = fails_at
        self.due_ms = START_MS + every_ms
        self.ran: list[int] = []

    def open(self, ex: Exchange) -> None:
        pass

    def next_due_ms(self) -> int | None:
        return self.due_ms

    def run(self, ex: Exchange, time_ms: int) -> None:
        if self.fails_at == time_ms:
            raise RuntimeError("a bug in a script")
        assert ex.state.time_ms == time_ms
        self.ran.append(time_ms - START_MS)
        ex.operate(DepositUsd(ALICE, usd("1")))
        self.due_ms += self.every_ms

    def state(self) -> Any:
        return (self.due_ms, list(self.ran))

    def restore(self, state: Any) -> None:
        self.due_ms, self.ran = state[0], list(state[1])


async def trade(made: LocalNode) -> None:
    await made.submit(signed(order("0.02 BTC @ 50000")))
    await made.submit(signed(order("0.01 BTC @ 50000", is_buy=False), BOB))
