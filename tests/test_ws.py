"""Requests over a real socket: subscriptions, their acks and errors, posts."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from stories import START_MS, address
from streams import LOOPS, LoopFactory, run, site

from hlsim.server.http import Failure, Refusal
from hlsim.server.limits import LimitSet

ALICE = address("alice")
UNREADABLE = "Error parsing JSON into valid websocket request: "


# -- requests --------------------------------------------------------------------------------------


def test_a_ping_is_answered_by_the_one_frame_without_data() -> None:
    """Evidence: ws 1.1, 1.3."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            await client.send('{"method":"ping","more":[1]}')
            assert await client.text() == '{"channel":"pong"}'

    run(test)


def test_no_compression_is_negotiated() -> None:
    """Evidence: ws 1: the client offers it, the reply does not mention it."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            asked, answered = client.socket.request, client.socket.response
            assert asked is not None
            assert answered is not None
            assert "Sec-WebSocket-Extensions" in asked.headers
            assert "Sec-WebSocket-Extensions" not in answered.headers

    run(test)


ECHOES = [
    ('{"type":"l2Book","coin":"BTC"}', '"coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false'),
    (
        '{"nSigFigs":5,"coin":"BTC","type":"l2Book","nLevels":3}',
        '"coin":"BTC","nSigFigs":5,"mantissa":null,"fast":false',
    ),
    (
        f'{{"type":"userFills","user":"{ALICE.upper().replace("0X", "0x")}"}}',
        f'"user":"{ALICE}","aggregateByTime":false',
    ),
    ('{"type":"candle","coin":"BTC","interval":"1d"}', '"interval":"1d","coin":"BTC"'),
    ('{"type":"allMids"}', ""),
    ('{"type":"bbo","coin":"@107"}', '"coin":"@107"'),
    (f'{{"type":"openOrders","user":"{ALICE}"}}', f'"user":"{ALICE}","dex":""'),
]


def test_an_ack_is_the_request_as_it_was_understood_and_comes_first() -> None:
    """Evidence: ws 2.1."""

    async def test() -> None:
        async with site() as here:
            for sent, echo in ECHOES:
                async with here.client() as client:
                    await client.send(f'{{"method":"subscribe","subscription":{sent}}}')
                    name = json.loads(sent)["type"]
                    full = f'{{"type":"{name}"' + (f",{echo}" if echo else "") + "}"
                    assert await client.text() == (
                        '{"channel":"subscriptionResponse","data":'
                        f'{{"method":"subscribe","subscription":{full}}}}}'
                    )

    run(test)


def test_a_second_subscription_is_refused_and_the_feed_goes_on() -> None:
    """Evidence: ws 2.2: no new ack, no new snapshot."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            await client.subscribe(type="l2Book", coin="SOL")
            assert (await client.next())[0] == "l2Book"
            again = {"type": "l2Book", "coin": "SOL", "nSigFigs": None}

            error = await client.error({"method": "subscribe", "subscription": again})
            here.node.advance(5_400)

            assert error == (
                'Already subscribed: {"type":"l2Book","coin":"SOL","nSigFigs":null,'
                '"mantissa":null,"fast":false}'
            )
            assert (await client.next())[1]["time"] == START_MS + 5_400

    run(test)


def test_unsubscribing_ends_the_feed_and_twice_is_an_error() -> None:
    """Evidence: ws 1.2 (ccxt sends an id of text), 2.1, 2.2."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            await client.subscribe(type="bbo", coin="BTC")
            assert (await client.next())[0] == "bbo"
            gone = {"type": "bbo", "coin": "BTC"}

            await client.send({"method": "unsubscribe", "subscription": gone, "id": "text"})
            ack = await client.next()
            here.alice.buys("0.01 BTC @ 49000")
            here.commit()

            assert ack == (
                "subscriptionResponse",
                {"method": "unsubscribe", "subscription": gone},
            )
            assert await client.error({"method": "unsubscribe", "subscription": gone}) == (
                'Already unsubscribed: {"type":"bbo","coin":"BTC"}'
            )
            assert len(here.hub) == 0

    run(test)


UNREADABLE_FRAMES = [
    "",
    "no json",
    ' {"method" : "what"}  ',
    "[1,2]",
    '"ping"',
    '{"method":1}',
    '{"method":"subscribe"}',
    '{"method":"subscribe","subscription":null}',
    '{"method":"subscribe","subscription":{"type":"nope"}}',
    f'{{"method":"subscribe","subscription":{{"type":"webData2","user":"0x{"0a" * 20}"}}}}',
    f'{{"method":"unsubscribe","subscription":{{"type":"webData2","user":"0x{"0a" * 20}"}}}}',
    '{"method":"subscribe","subscription":{"type":"bbo"}}',
    '{"method":"subscribe","subscription":{"type":"bbo","coin":["BTC"]}}',
    '{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC","coin":"ETH"}}',
    '{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC","type":"trades"}}',
    '{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","nSigFigs":"5"}}',
    '{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"2m"}}',
    '{"method":"subscribe","subscription":{"type":"orderUpdates","user":"0x12"}}',
    '{"method":"post","request":{"type":"info","payload":{"type":"meta"}}}',
    '{"method":"post","id":-1,"request":{"type":"info","payload":{"type":"meta"}}}',
    '{"method":"post","id":18446744073709551616,"request":{"type":"info","payload":{}}}',
    '{"method":"post","id":1,"request":{"type":"explorer","payload":{"type":"blockList"}}}',
    '{"method":"post","id":1,"request":{"type":"info"}}',
    '{"method":"subscribe","subscription":' + '{"a":' * 5000 + "1" + "}" * 5001,
    '{"méthode":"\\ud83d"}',
]


def test_a_frame_that_is_no_request_comes_back_verbatim() -> None:
    """Evidence: ws 2.2: the received text, white space included; the socket stays open."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            for frame in UNREADABLE_FRAMES:
                assert await client.error(frame) == UNREADABLE + frame
            assert await client.alive()

    run(test)


def test_a_binary_frame_is_read_like_text() -> None:
    """Evidence: assumed; nobody has tried."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            await client.socket.send(b'{"method":"ping"}')
            assert await client.text() == '{"channel":"pong"}'
            await client.socket.send(b"\xff")
            assert await client.next() == ("error", UNREADABLE + "\ufffd")

    run(test)


INVALID = [
    ("candle", {"interval": "1d", "coin": "TST2"}),
    ("activeAssetData", {"user": ALICE, "coin": "@107"}),
    ("activeAssetData", {"user": ALICE, "coin": "TST2"}),
    ("activeAssetCtx", {"coin": "TST2"}),
    ("clearinghouseState", {"user": ALICE, "dex": "nope"}),
]


def test_what_names_nothing_is_told_without_a_colon() -> None:
    """Evidence: ws 2.2, contested 20."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            for name, parameters in INVALID:
                wanted = {"type": name, **parameters}
                error = await client.error({"method": "subscribe", "subscription": wanted})
                assert error == "Invalid subscription " + json.dumps(wanted, separators=(",", ":"))
            assert await client.alive()

    run(test)


DEADLY = [
    {"type": "l2Book", "coin": "NOPE"},
    {"type": "bbo", "coin": "btc"},
    {"type": "trades", "coin": "NOPE"},
    {"type": "l2Book", "coin": "BTC", "nSigFigs": 6},
    {"type": "l2Book", "coin": "BTC", "nSigFigs": 1},
    {"type": "l2Book", "coin": "BTC", "mantissa": 2},
    {"type": "l2Book", "coin": "BTC", "nSigFigs": 4, "mantissa": 5},
    {"type": "l2Book", "coin": "BTC", "nSigFigs": 5, "mantissa": 1},
]


@pytest.mark.parametrize("loop", LOOPS)
def test_an_unknown_coin_or_aggregation_of_a_book_kills_the_socket_without_a_word(
    loop: LoopFactory,
) -> None:
    """Evidence: ws 2.3: 1006, every other subscription of the socket goes with it."""

    async def test() -> None:
        async with site() as here, here.client() as bystander:
            await bystander.subscribe(type="l2Book", coin="BTC")
            await bystander.next()
            for subscription in DEADLY:
                async with here.client() as client:
                    await client.subscribe(type="trades", coin="BTC")
                    await client.send({"method": "subscribe", "subscription": subscription})
                    assert await client.closed() == (1006, "")
            assert await bystander.alive()
            assert len(here.hub) == 1

    run(test, loop)


def test_a_delisted_coin_has_an_empty_book_and_silent_best_prices() -> None:
    """Evidence: ws 2.3."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            await client.subscribe(type="bbo", coin="GONE")
            await client.subscribe(type="l2Book", coin="GONE")
            empty = {"coin": "GONE", "time": START_MS, "levels": [[], []]}
            assert await client.next() == ("l2Book", empty)

    run(test)


# -- posts -----------------------------------------------------------------------------------------


def test_a_posted_query_is_answered_with_its_type_around_the_answer() -> None:
    """Evidence: ws 5; the largest id is a u64."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            number = 18_446_744_073_709_551_615
            book = {"type": "l2Book", "coin": "NOPE"}
            reply = {"type": "info", "payload": {"type": "l2Book", "data": None}}
            assert await client.post(number, "info", book) == (
                "post",
                {"id": number, "response": reply},
            )
            _, data = await client.post(7, "info", {"type": "exchangeStatus"})
            status = {"specialStatuses": None, "time": START_MS}
            assert data["response"]["payload"]["data"] == status

    run(test)


FAILURES = [
    (Failure(), "500 Internal Server Error"),
    (Refusal(429, "null"), "429 Too Many Requests"),
    pytest.param(ZeroDivisionError(), "500 Internal Server Error", marks=pytest.mark.breaks),
]


@pytest.mark.parametrize(("error", "payload"), FAILURES, ids=repr)
def test_a_post_that_fails_is_answered_with_status_and_phrase(
    error: Exception, payload: str
) -> None:
    """Evidence: ws 5, contested 33."""

    def post_info(request: Any) -> Any:
        raise error

    async def post_action(request: Any) -> Any:
        raise error

    async def test() -> None:
        answer = {"id": 3, "response": {"type": "error", "payload": payload}}
        async with (
            site(post_info=post_info, post_action=post_action) as here,
            here.client() as client,
        ):
            assert await client.post(3, "info", {"type": "meta"}) == ("post", answer)
            assert await client.post(3, "action", {}) == ("post", answer)
            assert await client.alive()

    run(test)


def test_a_post_that_is_not_understood_comes_back_on_the_error_channel() -> None:
    """Evidence: ws 5: contrast with HTTP 422."""

    def post_info(request: Any) -> Any:
        raise Refusal(422, "text")

    async def post_action(request: Any) -> Any:
        raise Refusal(422, "text")

    async def test() -> None:
        async with (
            site(post_info=post_info, post_action=post_action) as here,
            here.client() as client,
        ):
            for kind in ("info", "action"):
                posted = {"type": kind, "payload": {"type": "nope"}}
                frame = json.dumps({"method": "post", "id": 5, "request": posted})
                assert await client.error(frame) == UNREADABLE + frame

    run(test)


def test_the_reply_to_an_action_comes_before_what_it_caused() -> None:
    """Evidence: ws 4.3, contested 39."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            await client.subscribe(type="orderUpdates", user=ALICE)

            replied = await client.post(9, "action", {"terms": "0.01 BTC @ 49000"})
            channel, updates = await client.next()

            statuses = {"statuses": [{"resting": {"oid": 1}}]}
            placed = {"status": "ok", "response": {"type": "order", "data": statuses}}
            reply = {"id": 9, "response": {"type": "action", "payload": placed}}
            assert replied == ("post", reply)
            assert (channel, [update["status"] for update in updates]) == ("orderUpdates", ["open"])

    run(test)


def test_replies_may_overtake_each_other() -> None:
    """Evidence: ws 5: match by id."""
    gates = {"slow": asyncio.Event(), "quick": asyncio.Event()}

    async def post_action(request: Any) -> Any:
        await gates[request["name"]].wait()
        return request["name"]

    async def test() -> None:
        async with site(post_action=post_action) as here, here.client() as client:
            for number, name in ((1, "slow"), (2, "quick")):
                posted = {"type": "action", "payload": {"name": name}}
                await client.send({"method": "post", "id": number, "request": posted})
            assert await client.alive()
            gates["quick"].set()
            first = (await client.next())[1]["id"]
            gates["slow"].set()
            second = (await client.next())[1]["id"]
            assert (first, second) == (2, 1)

    run(test)


def test_the_post_above_the_hundredth_in_flight_is_refused() -> None:
    """Evidence: ws 2.2, 5."""
    gate = asyncio.Event()

    async def post_action(request: Any) -> Any:
        await gate.wait()
        return "done"

    async def test() -> None:
        limits = LimitSet()
        async with (
            site(limits=limits, post_action=post_action) as here,
            here.client() as client,
        ):
            for number in range(101):
                posted = {"type": "action", "payload": {}}
                await client.send({"method": "post", "id": number, "request": posted})
            assert await client.next() == ("error", "too many pending post requests id=100")
            gate.set()
            replies = [(await client.next())[1]["id"] for _ in range(100)]
            assert replies == list(range(100))

    run(test)
