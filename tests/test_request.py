"""Requests: what is refused, what is tolerated, what is understood and fails, what it costs."""

from __future__ import annotations

import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from stories import START_MS, Story, address, market

from hlsim.server.info import INFO, BadRequest, Unanswerable, answer, answer_value, query_of
from hlsim.server.info.registry import info
from hlsim.sim.view import View

ALICE = address("alice")
NOBODY = address("nobody")
UNPARSED = (400, "Failed to parse the request body as JSON")
MISSHAPEN = (422, "Failed to deserialize the JSON body into the target type")


def ask(m: Story, name: str, **fields: Any) -> Any:
    """The answer to one request, through the bytes of a body."""
    return json.loads(answer(m.view, json.dumps({"type": name, **fields}).encode()))


def spelled(body: str) -> bytes:
    """A body in which USER, HEX, CAPS and BAD stand for spellings of an address."""
    digits = NOBODY[2:]
    spellings = {"USER": NOBODY, "HEX": digits, "CAPS": digits.upper(), "BAD": NOBODY[:-1] + "g"}
    for name, text in spellings.items():
        body = body.replace(name, text)
    return body.encode()


def refusal(view: View, body: bytes) -> tuple[int, str]:
    with pytest.raises(BadRequest) as caught:
        answer(view, body)
    return caught.value.status, caught.value.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{",
        b'{"type":"meta",}',
        b'{"type":NaN}',
        b'{"type":"met\xff"}',
        b'{"type":"\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type":"meta","x":' + b"[" * 200 + b"]" * 200 + b"}",
    ],
    ids=range(10),
)
def test_what_is_no_json_is_a_400(body: bytes) -> None:
    """Evidence: info 1."""
    assert refusal(market().view, body) == UNPARSED


@pytest.mark.parametrize(
    "body",
    [
        "null",
        "5",
        '"meta"',
        "[]",
        "{}",
        '["meta"]',
        '{"type":5}',
        '{"type":null}',
        '{"type":"nope"}',
        '{"type":"webData3","user":"USER"}',
        '{"type":"blockDetails","height":1}',
        '{"type":"borrowLendReserveState","token":"0"}',
        '{"type":"userBorrowLendInterest","user":"USER"}',
        '{"type":"meta","type":"meta"}',
        '{"type":"meta","dex":5}',
        '{"type":"openOrders"}',
        '{"type":"openOrders","user":null}',
        '{"type":"openOrders","user":"0x12"}',
        '{"type":"openOrders","user":"0XHEX"}',
        '{"type":"openOrders","user":"USER","user":"USER"}',
        '{"type":"openOrders","user":"BAD"}',
        '{"type":"orderStatus","user":"USER","oid":"5"}',
        '{"type":"orderStatus","user":"USER","oid":-5}',
        '{"type":"orderStatus","user":"USER","oid":5.0}',
        '{"type":"orderStatus","user":"USER","oid":true}',
        '{"type":"orderStatus","user":"USER","oid":18446744073709551616}',
        '{"type":"orderStatus","user":"USER","oid":"0xd4bb069b673a48161bca56cfc88deb6"}',
        '{"type":"fundingHistory","coin":"BTC"}',
        '{"type":"fundingHistory","coin":"BTC","startTime":-1}',
        '{"type":"fundingHistory","coin":"BTC","startTime":-0}',
        '{"type":"fundingHistory","coin":"BTC","startTime":"1"}',
        '{"type":"fundingHistory","coin":5,"startTime":1}',
        '{"type":"userFillsByTime","user":"USER"}',
        '{"type":"userFills","user":"USER","aggregateByTime":1}',
        '{"type":"l2Book","coin":"BTC","nSigFigs":"5"}',
        '{"type":"candleSnapshot","coin":"BTC","interval":"1h","startTime":1}',
        '{"type":"candleSnapshot","req":[]}',
        '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"7m","startTime":1}}',
        '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1h"}}',
        '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1h","startTime":1,"coin":"B"}}',
        '{"type":"perpDexStatus"}',
        '["userRole"]',
        '["userRole","0x12"]',
        '["userRole","USER",1]',
    ],
)
def test_what_has_the_wrong_shape_is_a_422(body: str) -> None:
    """Evidence: info 1: unknown types, missing or mistyped fields, repeated known fields."""
    assert refusal(market().view, spelled(body)) == MISSHAPEN


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"userRole","user":"USER"}',
        '{"type":"userRole","user":"CAPS"}',
        '{"type":"userRole","user":"0xCAPS"}',
        ' { "user" : "USER" , "type" : "userRole" } ',
        '{"type":"userRole","user":"USER"} and more',
        '{"type":"userRole","user":"USER"}}}}',
        '{"type":"userRole","user":"USER","dex":"nope","more":{"a":[1]}}',
        '{"type":"userRole","user":"USER","x":1,"x":2}',
        '{"type":"userRole","user":"USER","x":"a:b"}',
        '["userRole","USER"]',
    ],
)
def test_what_is_tolerated(body: str) -> None:
    """Evidence: info 1: unknown keys, trailing bytes, a missing 0x, any case, a positional form."""
    assert answer(market().view, spelled(body)) == b'{"role":"missing"}'


def test_bytes_that_are_no_text_may_follow_a_request() -> None:
    """Evidence: info 1, bytes after the first complete value are ignored."""
    assert answer(market().view, b'{"type":"perpDexs"}\xff\xfe') == b"[null]"


def test_the_fee_of_a_new_recipient_shows_in_the_positional_form_only() -> None:
    """Evidence: contested 68, the measured pair."""
    m = market()
    m.account("alice")

    def fee(request: object) -> Any:
        return answer_value(m.view, request)["fee"]

    by_name = {"type": "preTransferCheck", "user": NOBODY, "source": ALICE}
    assert fee(by_name) == "0.0"
    assert fee(["preTransferCheck", NOBODY, ALICE]) == "1.0"
    assert fee(["preTransferCheck", ALICE, NOBODY]) == "0.0"
    assert fee({**by_name, "source": 5}) == "0.0"


def test_null_is_the_same_as_absent() -> None:
    """Evidence: info 1; the official SDK sends an explicit null for endTime."""
    m = market()
    m.account("alice")
    fields = {"user": ALICE, "startTime": 0}

    with_null = ask(m, "userNonFundingLedgerUpdates", endTime=None, **fields)

    assert with_null == ask(m, "userNonFundingLedgerUpdates", **fields)
    assert len(with_null) == 1
    assert ask(m, "l2Book", coin="BTC", nSigFigs=None, mantissa=None)["coin"] == "BTC"


def test_a_request_inside_a_message_is_answered_alike() -> None:
    """Evidence: info 1, the same payloads come over the socket."""
    reply = answer_value(market().view, {"type": "userAbstraction", "user": NOBODY})

    assert reply == "default"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("meta", {"dex": "nope"}),
        ("metaAndAssetCtxs", {"dex": "nope"}),
        ("allMids", {"dex": "spot"}),
        ("openOrders", {"user": NOBODY, "dex": "nope"}),
        ("frontendOpenOrders", {"user": NOBODY, "dex": "nope"}),
        ("clearinghouseState", {"user": NOBODY, "dex": "nope"}),
        ("fundingHistory", {"coin": "NOPE", "startTime": 0}),
        ("fundingHistory", {"coin": "@107", "startTime": 0}),
        ("candleSnapshot", {"req": {"coin": "NOPE", "interval": "1h", "startTime": 0}}),
        ("recentTrades", {"coin": "NOPE"}),
        ("activeAssetData", {"user": NOBODY, "coin": "@107"}),
        ("marginTable", {"id": 99}),
        ("tokenDetails", {"tokenId": "0x00"}),
        ("l2Book", {"coin": "BTC", "nSigFigs": 1}),
        ("l2Book", {"coin": "BTC", "nSigFigs": 6}),
        ("l2Book", {"coin": "BTC", "nSigFigs": 5, "mantissa": 1}),
        ("l2Book", {"coin": "BTC", "nSigFigs": 5, "mantissa": 3}),
        ("l2Book", {"coin": "BTC", "mantissa": 2}),
    ],
)
def test_what_is_well_formed_and_cannot_be_answered(name: str, fields: dict[str, Any]) -> None:
    """Evidence: info 1 and 2.2, a 500 with the body null; contested 48 for the aggregations."""
    with pytest.raises(Unanswerable):
        ask(market(), name, **fields)


def test_an_unknown_coin_has_a_null_book_and_a_delisted_one_an_empty_book() -> None:
    """Evidence: info 1."""
    m = market()

    assert ask(m, "l2Book", coin="NOPE") is None
    assert ask(m, "l2Book", coin="GONE") == {"coin": "GONE", "time": START_MS, "levels": [[], []]}


def test_what_a_request_costs() -> None:
    """Evidence: info 3; the surcharge rounds down (contested 61)."""
    costs = {name: spec.weight for name, spec in INFO.items() if spec.weight != 20}
    surcharged = {name: spec.rows_per_weight for name, spec in INFO.items() if spec.rows_per_weight}

    assert costs == {
        "l2Book": 2,
        "allMids": 2,
        "clearinghouseState": 2,
        "orderStatus": 2,
        "spotClearinghouseState": 2,
        "exchangeStatus": 2,
        "userRole": 60,
    }
    assert surcharged == {
        "candleSnapshot": 60,
        "recentTrades": 20,
        "historicalOrders": 20,
        "userFills": 20,
        "userFillsByTime": 20,
        "fundingHistory": 20,
        "userFunding": 20,
        "userNonFundingLedgerUpdates": 20,
        "twapHistory": 20,
        "userTwapSliceFills": 20,
        "userTwapSliceFillsByTime": 20,
        "delegatorHistory": 20,
        "delegatorRewards": 20,
    }
    spec = query_of({"type": "userFills", "user": NOBODY}).spec
    assert spec.weight == 20
    assert [spec.surcharge([0] * rows) for rows in (0, 19, 20, 2000)] == [0, 0, 1, 100]
    assert (INFO["l2Book"].weight, INFO["l2Book"].surcharge(None)) == (2, 0)


def test_a_type_cannot_be_defined_twice() -> None:
    with pytest.raises(ValueError, match="meta is defined twice"):
        info("meta", source="")(lambda view: None)


ODDITIES: list[Any] = [
    *(None, True, 0, 1, -1, 5, 2**53, 2**64 - 1, 2**64, 10**30, 1.5, 1e300),
    *("", "BTC", "@107", "1h", "1M", "0x", "nope", "é\u0000", "9" * 5000),
    *([], {}, [[]], {"coin": "BTC"}),
]


def test_no_request_breaks_a_type() -> None:
    """Whatever the fields hold: an answer, a refusal or a failure, never anything else."""
    m = market()
    m.account("alice", spot_usdc="1").buys("0.1 BTC @ 50000")
    m.account("bob").sells("0.1 BTC @ 50000")
    m.advance(seconds=61)
    rng = Random(7)
    times = [None, 0, 1, START_MS, 2**64 - 1]
    for name, spec in INFO.items():
        for _ in range(150):
            request = {field.wire: rng.choice(ODDITIES) for field in spec.fields}
            if rng.random() < 0.8:
                request |= {"user": ALICE}
            if rng.random() < 0.8:
                request |= {"startTime": rng.choice(times), "endTime": rng.choice(times)}
            if rng.random() < 0.8:
                interval = rng.choice(("1m", "1w", "1M"))
                request["req"] = {"coin": "BTC", "interval": interval, **request}
            with suppress(BadRequest, Unanswerable):
                ask(m, name, **request)
