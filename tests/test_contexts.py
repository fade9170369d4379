"""The topics of all markets at once: cadences, dexes, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dexing import dexed
from streams import Stage, run, site

from hlsim.server.info import answer
from hlsim.server.topics import Topic
from hlsim.server.topics.contexts import AllDexsAssetCtxs, AssetCtxs, SpotAssetCtxs


def told(topic: Topic, stage: Stage) -> Any:
    """The data of the first frame as a client reads it."""
    listener = stage.listen()
    stage.hub.join(listener, topic)
    ((channel, data),) = listener.take()
    assert channel == topic.spec.name
    return data


def info(stage: Stage, **request: Any) -> Any:
    return json.loads(answer(stage.story.view, json.dumps(request).encode()))


def test_contexts_have_their_cadence() -> None:
    """Evidence: ws 3.8: about 13.6 s, changed or not; of one dex and of spot assumed."""
    stage = Stage()
    listener = stage.listen(AllDexsAssetCtxs(), AssetCtxs(), SpotAssetCtxs())

    for _ in range(680):
        stage.wait(100)

    found = listener.channels()
    assert {channel: found.count(channel) for channel in found} == {
        "allDexsAssetCtxs": 5,
        "assetCtxs": 5,
        "spotAssetCtxs": 5,
    }


def test_a_trade_does_not_bring_contexts_forward() -> None:
    stage = Stage()
    listener = stage.listen(AllDexsAssetCtxs(), AssetCtxs(), SpotAssetCtxs())

    stage.bob.sells("0.01 BTC @ 50000")
    stage.alice.buys("0.01 BTC @ 50000")
    stage.commit()

    assert listener.channels() == []


def test_contexts_are_those_of_the_info_types_in_the_order_of_the_metas() -> None:
    """Evidence: ws 3.8: `[dex, contexts]`, positional."""
    stage = Stage(dexed())
    stage.bob.sells("0.01 BTC @ 50000")
    stage.alice.buys("0.01 BTC @ 50000")
    stage.commit()

    first = info(stage, type="metaAndAssetCtxs")[1]
    second = info(stage, type="metaAndAssetCtxs", dex="test")[1]

    assert [len(first), len(second)] == [6, 2]
    assert first[0]["dayBaseVlm"] == "0.01"
    assert told(AllDexsAssetCtxs(), stage) == {"ctxs": [["", first], ["test", second]]}
    assert told(AssetCtxs(), stage) == {"dex": "", "ctxs": first}
    assert told(AssetCtxs("test"), stage) == {"dex": "test", "ctxs": second}
    assert told(SpotAssetCtxs(), stage) == info(stage, type="spotMetaAndAssetCtxs")[1]


def test_a_dex_that_is_deployed_meanwhile_is_in_the_next_frame() -> None:
    stage = Stage()
    listener = stage.listen(AllDexsAssetCtxs())

    dexed(stage.story)
    stage.wait(13_600)

    ((_, data),) = listener.take()
    assert [dex for dex, _ in data["ctxs"]] == ["", "test"]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            {"type": "assetCtxs", "dex": "nope"},
            'Invalid subscription {"type":"assetCtxs","dex":"nope"}',
        ),
        (
            {"type": "assetCtxs", "dex": 1},
            "Error parsing JSON into valid websocket request: "
            '{"method": "subscribe", "subscription": {"type": "assetCtxs", "dex": 1}}',
        ),
    ],
)
def test_a_dex_that_is_none_is_told_on_the_error_channel(asked: Any, text: str) -> None:
    """Evidence: ws 2.2; that a dex is like a coin is assumed."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            assert await client.error({"method": "subscribe", "subscription": asked}) == text
            # The name of the first dex stands in the ack (ws 2.1).
            assert await client.subscribe(type="assetCtxs") == {"type": "assetCtxs", "dex": ""}

    run(test)
