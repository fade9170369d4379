"""The node's state seen from elsewhere: followers, journals, snapshots."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import msgspec
import pytest
from nodes import Ticks, node, order, run, signed, trade
from replaying import replay
from stories import START_MS

from hlsim.scenarios.worlds import load_world
from hlsim.server.journal import encode
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock, Pacer
from hlsim.server.replica import LateReplica, Replica
from hlsim.server.session import SocketRules
from hlsim.server.streams import Streams
from hlsim.sim.exchange import Exchange
from hlsim.sim.snapshot import state_hash
from hlsim.sim.view import View


def test_a_following_replica_is_equal_after_every_block() -> None:
    """Nothing in an API server may need the node's memory: inputs are enough."""
    made = node(scripts=[Ticks(1000)])
    exchange = Exchange.restore(made.snapshot())
    replica = Replica(exchange.state, exchange)
    made.subscribe(replica.on_block)
    run(lambda: trade(made))
    made.advance(3_700_000)
    assert exchange.state_hash() == made.exchange.state_hash()
    assert replica.view.time_ms == made.exchange.state.time_ms


def test_the_blocks_are_a_journal() -> None:
    made = node(scripts=[Ticks(700)])
    start = made.snapshot()
    lines: list[bytes] = []
    made.subscribe(lambda block: lines.extend(encode(item) for item in block.inputs))
    run(lambda: trade(made))
    made.advance(5000)

    again = Exchange.restore(start)
    replay(lines, again)
    assert again.state_hash() == made.exchange.state_hash()


def test_load_goes_back_to_save_with_scripts_and_clock() -> None:
    ticks = Ticks(1000)
    made = node(scripts=[ticks])
    view = Replica.shared(made.exchange.state).view
    follower = Exchange.restore(made.snapshot())
    following = Replica(follower.state, follower)
    made.subscribe(following.on_block)
    made.advance(1500)
    run(lambda: trade(made))
    saved, hashed = made.save(), made.exchange.state_hash()
    before = view.state.markets[0]

    made.advance(10_000)
    run(lambda: trade(made))
    assert made.exchange.state_hash() != hashed
    made.load(saved)

    assert made.exchange.state_hash() == hashed
    assert follower.state_hash() == hashed
    assert view.time_ms == made.pacer.now_ms() == START_MS + 1500
    assert ticks.ran == [1000]
    # What was cached of the market must not come back with it.
    assert view.state.markets[0] is not before

    made.advance(1000)
    assert ticks.ran == [1000, 2000]
    assert follower.state_hash() == made.exchange.state_hash()


def test_a_late_replica_is_as_the_node_was() -> None:
    """Whatever came in between; and a restore is seen at once, with nothing of before after it."""
    made = node(scripts=[Ticks(700)])
    saved = made.save()
    replica = LateReplica(made.snapshot(), 400)
    past = [(made.exchange.state.time_ms, made.exchange.state_hash())]
    made.subscribe(replica.on_block)
    made.subscribe(lambda block: past.append((block.time_ms, made.exchange.state_hash())))
    for _ in range(20):
        run(lambda: trade(made))
        made.advance(130)
        old = [one for one in past if one[0] <= made.pacer.now_ms() - 400] or past[:1]
        assert state_hash(replica.view.state) == old[-1][1]
    assert len(old) > 50

    made.load(saved)
    assert state_hash(replica.view.state) == made.exchange.state_hash()
    run(lambda: trade(made))
    made.advance(399)
    assert replica.view.state.next_oid < made.exchange.state.next_oid
    made.advance(1)
    assert replica.view.state.next_oid == made.exchange.state.next_oid


@pytest.mark.parametrize("data", [b"", b"x", b"\x93\x01\x02\x03"])
def test_load_refuses_what_save_did_not_make(data: bytes) -> None:
    made = node()
    hashed = made.exchange.state_hash()
    with pytest.raises(ValueError, match="not a snapshot of hlsim"):
        made.load(data)
    assert made.exchange.state_hash() == hashed


def test_load_runs_no_code_from_a_snapshot() -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return print, ("run",)

    made = node(scripts=[Ticks()])
    data = msgspec.msgpack.encode([made.snapshot(), [pickle.dumps(Evil())], START_MS])
    with pytest.raises(ValueError, match="not a snapshot of hlsim"):
        made.load(data)


def test_load_refuses_the_snapshot_of_another_world() -> None:
    other = Exchange.create(load_world("testnet"), time_ms=START_MS)
    data = LocalNode(other, Pacer(Clock.MANUAL)).save()
    with pytest.raises(ValueError, match="another world"):
        node().load(data)


def test_load_refuses_the_snapshot_of_other_scripts() -> None:
    saved = node(scripts=[Ticks()]).save()
    with pytest.raises(ValueError, match="other scripts"):
        node().load(saved)


class CoarseLoop(asyncio.SelectorEventLoop):
    """A clock that ticks seldom, as on Windows: many alarms are due at the same time."""

    def time(self) -> float:
        return super().time() // 0.02 * 0.02


def test_streams_that_lag_get_the_blocks_in_order() -> None:
    made = node()
    streams = Streams(made, Replica.shared(made.exchange.state), lag_ms=20)

    async def work() -> View:
        hub = streams._open(SocketRules())
        for price in range(40_000, 40_010):
            await made.submit(signed(order(f"0.01 BTC @ {price}")))
        while hub.view.height < made.exchange.state.height:
            await asyncio.sleep(0.005)
        return hub.view

    with asyncio.Runner(loop_factory=CoarseLoop) as runner:
        view = runner.run(asyncio.wait_for(work(), 5))
    assert state_hash(view.state) == made.exchange.state_hash()
