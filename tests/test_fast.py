"""fastAssetCtxs: what is packed how, and that the changes add up for everybody."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from dexing import dexed
from stories import address, px
from streams import Listener, Stage, run, site, unpacked

from hlsim.server.topics.fast import FAST_CONTEXTS_MS, FastAssetCtxs, packed
from hlsim.sim.operations import SetOracle

VECTOR = "q1ZyCnFWsqpWyk0syg6oULJSsjQ3NTDQM1Wq1VFyDfFAkTI2MzXQMwJLVVRWWfmFuTiiyBuamOoZKdXWAgA="
SHOWN = '{"BTC":{"markPx":"97500.5"},"ETH":{"markPx":"3650.25"},"xyz:NVDA":{"markPx":"145.2"}}'
BARE = {"markPx": "2000.0", "midPx": None}


class Follower:
    """A client that keeps what it was told."""

    def __init__(self, stage: Stage) -> None:
        self.listener = Listener()
        self.prices: dict[str, dict[str, str | None]] = {}
        stage.hub.join(self.listener, FastAssetCtxs())
        self.frames = self.read()

    def read(self) -> list[Any]:
        frames = [unpacked(data) for _, data in self.listener.take()]
        for frame in frames:
            for coin, fields in frame.items():
                self.prices.setdefault(coin, {}).update(fields)
        return frames


def test_the_documented_example_is_read_and_written() -> None:
    """Evidence: ws 3.9, the example of the documentation: no header of zlib or gzip."""
    assert unpacked(VECTOR) == json.loads(SHOWN)
    written = packed(json.loads(SHOWN))
    assert unpacked(written) == json.loads(SHOWN)
    # As long as the example's; zlib's own checksum alone would be four bytes more.
    assert abs(len(b64decode(written)) - len(b64decode(VECTOR))) < 4


def test_everything_comes_first_and_then_changed_fields_of_changed_coins() -> None:
    """Evidence: ws 3.9."""
    stage = Stage()
    bob = Follower(stage)
    assert [list(frame) for frame in bob.frames] == [
        ["BTC", "ETH", "SOL", "MEME", "ISO", "GONE", "PURR/USDC", "@107"]
    ]
    assert bob.prices["ETH"] == BARE

    stage.alice.buys("0.01 BTC @ 49990")
    stage.alice.sells("0.01 BTC @ 50010")
    stage.wait(FAST_CONTEXTS_MS)

    assert bob.read() == [{"BTC": {"midPx": "50000.0"}}]

    stage.alice.cancel("BTC", 1)
    stage.wait(FAST_CONTEXTS_MS)

    assert bob.read() == [{"BTC": {"midPx": None}}]

    stage.story.ex.operate(SetOracle(((stage.story.asset_id("ETH"), px("2100")),)))
    stage.wait(3 * FAST_CONTEXTS_MS)

    (frame,) = bob.read()
    assert list(frame["ETH"]) == ["markPx"]


def test_there_is_at_most_one_frame_a_second_and_none_without_a_change() -> None:
    """Evidence: ws 3.9; none without a change is assumed."""
    stage = Stage()
    bob = Follower(stage)

    for number in range(1, 41):
        if number <= 20:
            stage.alice.buys(f"0.001 BTC @ {49_000 + number}")
            stage.alice.sells(f"0.001 BTC @ {51_000 - 3 * number}")
        stage.wait(100)

    # Two for the quotes of two seconds, one for the mark, which follows them at its own time.
    assert [list(frame["BTC"]) for frame in bob.read()] == [["midPx"], ["midPx"], ["markPx"]]
    stage.wait(60_000)
    assert bob.read() == []


def test_a_newcomer_between_two_ticks_is_right_whatever_changes_back() -> None:
    """The frames are the same for all, and right for those who came before and after a change."""
    stage = Stage()
    early = Follower(stage)
    stage.alice.buys("0.01 BTC @ 49990")
    stage.alice.sells("0.01 BTC @ 50010")
    stage.commit()
    late = Follower(stage)
    assert late.frames[0]["BTC"]["midPx"] == "50000.0"
    stage.alice.cancel("BTC", 1)

    stage.wait(FAST_CONTEXTS_MS)

    assert early.read() == late.read() == [{"BTC": {"midPx": None}}]
    assert early.prices == late.prices == Follower(stage).prices


def test_frames_are_built_once_for_everybody() -> None:
    stage = Stage()
    first, second = Follower(stage), Follower(stage)

    stage.alice.buys("0.01 BTC @ 49990")
    stage.alice.sells("0.01 BTC @ 50010")
    stage.wait(FAST_CONTEXTS_MS)

    assert len(first.listener.frames) == 1
    assert first.listener.frames[0] is second.listener.frames[0]


def test_whoever_comes_back_is_told_everything_again() -> None:
    stage = Stage()
    bob = Follower(stage)
    stage.hub.leave(bob.listener, FastAssetCtxs())
    stage.alice.buys("0.01 BTC @ 49990")
    stage.alice.sells("0.01 BTC @ 50010")
    stage.wait(FAST_CONTEXTS_MS)
    assert bob.read() == []

    again = Follower(stage)

    assert (len(again.prices), again.prices["BTC"]["midPx"]) == (8, "50000.0")


def test_what_is_listed_meanwhile_comes_with_the_next_frame() -> None:
    stage = Stage()
    bob = Follower(stage)

    dexed(stage.story)
    stage.wait(FAST_CONTEXTS_MS)

    (frame,) = bob.read()
    assert frame["test:GOLD"] == {"markPx": "4000.0", "midPx": None}
    assert "BTC" not in frame


def test_after_a_restore_everything_is_told_again() -> None:
    """Evidence: assumed: what a client is told that subscribes now."""
    stage = Stage()
    saved = stage.node.save()
    bob = Follower(stage)
    stage.alice.buys("0.01 BTC @ 49990")
    stage.alice.sells("0.01 BTC @ 50010")
    stage.commit()

    stage.node.load(saved)

    (frame,) = bob.read()
    assert frame == Follower(stage).prices
    assert (len(frame), frame["BTC"]["midPx"]) == (8, None)


def test_it_is_one_string_over_a_socket() -> None:
    async def test() -> None:
        async with site() as here, here.client() as client:
            assert await client.subscribe(type="fastAssetCtxs") == {"type": "fastAssetCtxs"}
            channel, data = await client.next()
            assert (channel, unpacked(data)["ETH"]) == ("fastAssetCtxs", BARE)
            here.alice.buys("0.01 ETH @ 1990")
            here.alice.sells("0.01 ETH @ 2020")
            here.node.advance(FAST_CONTEXTS_MS)
            channel, data = await client.next()
            assert (channel, unpacked(data)) == ("fastAssetCtxs", {"ETH": {"midPx": "2005.0"}})

    run(test)


def test_keys_that_it_does_not_know_are_dropped_from_the_ack() -> None:
    """Evidence: ws 2.1."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            asked = {"type": "fastAssetCtxs", "coin": "BTC", "user": address("nobody")}
            assert await client.subscribe(**asked) == {"type": "fastAssetCtxs"}

    run(test)
