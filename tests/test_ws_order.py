"""Frames and replies: what a hub keeps in order whichever of them goes first (contested 39)."""

from __future__ import annotations

import asyncio

from stories import Story, address, market
from streams import Listener, Stage, run

from hlsim.server.hub import Hub
from hlsim.server.replica import Replica
from hlsim.server.topics.activity import OrderUpdates
from hlsim.server.topics.markets import Bbo, L2Book
from hlsim.sim.rules import Rules

ALICE = address("alice")


class Early(Stage):
    """A stage whose frames leave before the replies, in a loop."""

    def __init__(self, story: Story | None = None) -> None:
        super().__init__(story)
        self.hub = Hub(Replica.shared(self.story.ex.state), order="before_reply")
        self.node.subscribe(self.hub.on_block)
        self.hub.run()


def test_frames_that_go_first_overtake_none_that_were_built_before() -> None:
    """A first frame waits for its turn; the block that comes meanwhile takes it along."""

    async def test() -> None:
        stage, listener = Early(), Listener()
        stage.hub.join(listener, Bbo("BTC"))
        assert listener.frames == []

        stage.alice.buys("0.01 BTC @ 49000")
        stage.commit()
        bids = [data["bbo"][0] for _, data in listener.take()]
        assert bids == [None, {"px": "49000.0", "sz": "0.01", "n": 1}]

        stage.hub.join(listener, OrderUpdates(ALICE))
        stage.hub.join(listener, L2Book("BTC"))
        assert listener.frames == []
        await asyncio.sleep(0)
        assert listener.channels() == ["l2Book"]

    run(test)


def test_a_frame_that_waits_for_its_turn_leaves_once() -> None:
    """The turn of what a block took along comes, too: what was built since then waits on."""

    async def test() -> None:
        stage, listener = Early(), Listener()
        stage.hub.join(listener, Bbo("BTC"))
        asyncio.get_running_loop().call_soon(stage.hub.join, listener, Bbo("ETH"))
        stage.alice.buys("0.01 BTC @ 49000")
        stage.commit()
        assert listener.channels() == ["bbo", "bbo"]

        await asyncio.sleep(0)
        assert listener.frames == []
        await asyncio.sleep(0)
        assert [data["coin"] for _, data in listener.take()] == ["ETH"]

    run(test)


def test_a_restored_exchange_keeps_its_own_clock_of_books() -> None:
    """Contested 22: the cadence is a rule, and rules are part of the state."""
    quick = Stage(market(Rules(l2_cadence="500ms")))
    stage = Stage()
    listener = stage.listen(L2Book("BTC"), L2Book("BTC", fast=True))
    stage.wait(5_400)
    assert listener.channels() == ["l2Book", "l2Book"]

    stage.node.load(quick.node.save())
    stage.wait(1)
    listener.take()
    for _ in range(108):
        stage.wait(100)
    fast = [data.get("fast", False) for _, data in listener.take()]
    assert (fast.count(False), fast.count(True)) == (21, 20)

    for topic in (L2Book("BTC"), L2Book("BTC", fast=True)):
        stage.hub.leave(listener, topic)
    stage.wait(10_000)
    assert (listener.frames, len(stage.hub)) == ([], 0)
