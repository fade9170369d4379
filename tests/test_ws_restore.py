"""What a client sees when the operator takes the exchange back to a snapshot: real sockets."""

from __future__ import annotations

from typing import Any

import pytest
from stories import START_MS, market, px
from streams import LOOPS, LoopFactory, Site, Stage, run, site

from hlsim.server.topics import TOPICS
from hlsim.sim.operations import ListOutcome, ListPerp
from hlsim.sim.rules import Rules

FRESH = ListPerp("FRESH", 1, 25, px("5"))
USER = "0x" + "ab" * 20


def list_fresh(here: Site) -> bytes:
    """Lists a perp; the exchange before that."""
    saved = here.node.save()
    here.node.operate(FRESH)
    return saved


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", ["l2Book", "bbo", "trades"])
def test_whoever_listens_to_a_coin_that_is_gone_is_cut_off_as_for_an_unknown_one(
    kind: str, loop: LoopFactory
) -> None:
    """Evidence: ws 2.3 for unknown coins; that it holds for one that is gone is assumed."""

    async def test() -> None:
        async with site() as here, here.client() as stayer, here.client() as listener:
            saved = list_fresh(here)
            await stayer.subscribe(type="bbo", coin="BTC")
            await stayer.next()
            await listener.subscribe(type=kind, coin="FRESH")

            here.node.load(saved)

            assert await listener.closed() == (1006, "")
            assert await stayer.next() == (
                "bbo",
                {"coin": "BTC", "time": START_MS, "bbo": [None, None]},
            )
            assert len(here.hub) == 1
            assert await stayer.alive()

    run(test, loop)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "candle", "coin": "FRESH", "interval": "1m"},
        {"type": "activeAssetCtx", "coin": "FRESH"},
        {"type": "activeAssetData", "user": "0x" + "ab" * 20, "coin": "FRESH"},
    ],
    ids=lambda fields: fields["type"],
)
def test_a_subscription_that_an_unknown_coin_would_be_told_of_ends_with_these_words(
    fields: dict[str, Any],
) -> None:
    """Evidence: ws 2.2 for unknown coins; that it holds for one that is gone is assumed."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            saved = list_fresh(here)
            echo = await client.subscribe(**fields)
            if fields["type"] != "candle":
                await client.next()

            here.node.load(saved)

            channel, said = await client.next()
            assert channel == "error"
            assert said.startswith("Invalid subscription {")
            assert '"coin":"FRESH"' in said
            assert await client.alive()
            refused = await client.error({"method": "subscribe", "subscription": fields})
            assert refused == said
            gone = await client.error({"method": "unsubscribe", "subscription": fields})
            assert gone.startswith("Already unsubscribed: ")

            here.node.operate(FRESH)
            assert await client.subscribe(**fields) == echo

    run(test)


def test_what_still_exists_begins_anew() -> None:
    """Evidence: ws 10: snapshots and states as after a reconnect, and nothing of what has none."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            here.bob.sells("0.5 BTC @ 50000")
            here.alice.buys("0.1 BTC @ 50000")
            here.commit()
            saved = here.node.save()
            here.alice.buys("0.2 BTC @ 50000")
            here.commit()
            user = here.alice.address
            for fields in (
                {"type": "bbo", "coin": "BTC"},
                {"type": "trades", "coin": "BTC"},
                {"type": "userFills", "user": user},
                {"type": "orderUpdates", "user": user},
            ):
                await client.subscribe(**fields)
                if fields["type"] != "orderUpdates":
                    await client.next()

            here.node.load(saved)

            told = dict([await client.next() for _ in range(3)])
            assert told["bbo"]["bbo"][1]["sz"] == "0.4"
            assert [row["sz"] for row in told["trades"]] == ["0.1"]
            fills = told["userFills"]
            assert fills["isSnapshot"] is True
            assert [row["sz"] for row in fills["fills"]] == ["0.1"]
            assert await client.alive()

            here.alice.buys("0.3 BTC @ 50000")
            here.commit()
            channels = {(await client.next())[0] for _ in range(4)}
            assert channels == {"bbo", "trades", "userFills", "orderUpdates"}

    run(test)


def test_sides_of_an_outcome_that_is_gone_end_as_well() -> None:
    async def test() -> None:
        async with site() as here, here.client() as client:
            saved = here.node.save()
            here.node.operate(ListOutcome("Rain?"))
            await client.subscribe(type="activeAssetCtx", coin="#10")
            await client.next()
            here.node.load(saved)
            channel, said = await client.next()
            assert (channel, said) == (
                "error",
                'Invalid subscription {"type":"activeAssetCtx","coin":"#10"}',
            )

    run(test)


def test_a_coin_that_is_listed_again_at_once_is_told_to_have_gone_all_the_same() -> None:
    """The words leave one turn of the loop later, and the subscription is over."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            saved = list_fresh(here)
            await client.subscribe(type="activeAssetCtx", coin="FRESH")
            await client.next()
            here.node.load(saved)
            here.node.operate(FRESH)
            assert (await client.next())[0] == "error"
            assert await client.alive()
            assert len(here.hub) == 0

    run(test)


def test_what_another_exchange_does_not_serve_ends_as_well() -> None:
    """Contested 21: whether `webData2` is a subscription is a rule, and rules are in the state."""

    async def test() -> None:
        saved = Stage().node.save()
        served = market(Rules(web_data2_ws="served"))
        async with site(story=served) as here, here.client() as client:
            await client.subscribe(type="webData2", user=USER)
            await client.next()
            here.node.load(saved)
            said = f'Invalid subscription {{"type":"webData2","user":"{USER}"}}'
            assert await client.next() == ("error", said)
            request = {"method": "subscribe", "subscription": {"type": "webData2", "user": USER}}
            assert (await client.error(request)).startswith("Error parsing JSON")
            assert len(here.hub) == 0

    run(test)


def test_every_topic_of_a_coin_refuses_one_that_is_gone() -> None:
    """So that none can fall silent unnoticed."""
    stage = Stage()
    saved = stage.node.save()
    stage.node.operate(FRESH)
    given = {"coin": "FRESH", "interval": "1m", "user": USER}
    topics = [
        spec.cls(**{name: given[name] for name in spec.attributes if name in given})
        for spec in TOPICS.values()
        if "coin" in spec.attributes
    ]
    listener = stage.listen(*topics)
    stage.node.load(saved)
    assert len(topics) == 6
    assert [topic for topic, _ in listener.lost] == topics
    assert (listener.frames, len(stage.hub)) == ([], 0)
