"""Bodies of `/exchange`: their shape, repeated fields, and bytes that are no JSON."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from bodies import (
    ADDRESS,
    NOT_JSON,
    NOT_SHAPED,
    ORDER,
    SIGNATURE,
    USER_SIGNED,
    is_read,
    order,
    place,
    read,
    refusal,
    request,
)

from hlsim.server.envelope import BadRequest, read_envelope, read_envelope_value
from hlsim.server.strict_json import Object, read_json
from hlsim.sim.actions.cancels import Cancel, CancelOid, ScheduleCancel


@pytest.mark.parametrize(
    "value",
    [
        order() | {"unknown": 1},
        order() | {"nonce": None},
        order() | {"nonce": "7"},
        order() | {"nonce": 7.0},
        order() | {"nonce": -1},
        order() | {"nonce": 2**64},
        order() | {"expiresAfter": "7"},
        order() | {"expiresAfter": 2**64},
        order() | {"isFrontend": 1},
        order() | {"action": None},
        order() | {"action": []},
        order() | {"action": "order"},
        order() | {"signature": None},
        order() | {"signature": ["0x1", "0x2", 27]},
        order() | {"signature": {"r": "0x1", "s": "0x2"}},
        order() | {"signature": {**SIGNATURE, "v": 256}},
        order() | {"signature": {**SIGNATURE, "v": -1}},
        order() | {"signature": {**SIGNATURE, "v": "27"}},
        order() | {"signature": {**SIGNATURE, "r": 1}},
        order() | {"signature": {**SIGNATURE, "r": ""}},
        order() | {"signature": {**SIGNATURE, "r": "0X1"}},
        order() | {"signature": {**SIGNATURE, "s": "0xg"}},
        order() | {"signature": {**SIGNATURE, "s": "0x" + "1" * 65}},
        place(ORDER, unknown=1),
        place(ORDER, grouping="normalTPSL"),
        place(ORDER, grouping=""),
        place(ORDER, grouping={}),
        place(ORDER, grouping={"p": -1}),
        place(ORDER, grouping={"p": 2**32}),
        place(ORDER, grouping={"p": "12345"}),
        place(ORDER, grouping={"p": 12345.0}),
        place(ORDER, grouping=None),
        place(ORDER, builder={"b": ADDRESS}),
        place(ORDER, builder={"b": ADDRESS, "f": -1}),
        place(list(ORDER.values())),
        place(None),
        request({"orders": [ORDER], "grouping": "na"}),
        request({"type": "order", "orders": ORDER}),
        request({"type": "order"}),
        request({"type": "Order", "orders": [ORDER]}),
        request({"type": None}),
        request({"type": ["noop"]}),
        request({"type": "noop", "signatureChainId": "0x1"}),
        request({"type": "cancel", "cancels": [], "f": None}),
        request({"type": "cancel", "cancels": [{"asset": 1, "oid": 5}]}),
        request({"type": "dummy", "num": 1}),
        request({"type": "nobodyBuiltThis", "name": "x"}),
        request({"type": "scheduleCancel", "time": 7.5}),
        {key: value for key, value in order().items() if key != "nonce"},
        {key: value for key, value in order().items() if key != "signature"},
        {},
        [],
        list(order().values()),
        "noop",
        None,
        7,
        True,
    ],
    ids=lambda value: json.dumps(value)[-60:],
)
def test_a_body_of_the_wrong_shape_is_refused(value: Any) -> None:
    """Observed: 422 without details, for unknown and unbuilt actions too (exchange 1, 1.1)."""
    assert refusal(json.dumps(value).encode()) == NOT_SHAPED


@pytest.mark.parametrize(
    "changes",
    [
        {"signatureChainId": ...},
        {"signatureChainId": 421614},
        {"signatureChainId": "421614"},
        {"signatureChainId": "0x"},
        {"signatureChainId": "0x" + "1" * 65},
        {"hyperliquidChain": ...},
        {"hyperliquidChain": "testnet"},
        {"hyperliquidChain": "Local"},
        {"hyperliquidChain": None},
        {"amount": 1},
        {"time": "7"},
        {"time": 2**64},
        {"unknown": 1},
    ],
)
def test_a_user_signed_action_of_the_wrong_shape_is_refused(changes: dict[str, Any]) -> None:
    """Documented: its struct denies unknown fields; the chain is an enum (exchange 1, 3)."""
    wire = {
        "type": "usdSend",
        **USER_SIGNED,
        "destination": ADDRESS,
        "amount": "1",
        "time": 7,
    }
    assert is_read(request(wire))
    changed = {k: v for k, v in {**wire, **changes}.items() if v is not ...}

    assert not is_read(request(changed))


@pytest.mark.parametrize(
    "fields",
    [
        {"vaultAddress": None, "expiresAfter": None},
        {"isFrontend": True},
        {"isFrontend": False},
    ],
)
def test_known_optional_fields_of_the_envelope_are_read(fields: dict[str, Any]) -> None:
    """Observed: null is absent, and the web front end says that it is one (exchange 1)."""
    found = read(order() | fields)

    assert (found.vault, found.expires_after) == (None, None)


def test_unknown_nested_fields_are_dropped() -> None:
    """Observed: inside an order, a signature or deeper they are ignored (exchange 1)."""
    signature = {**SIGNATURE, "type": "ecdsa"}
    strange = {**ORDER, "x": [{"y": {}}], "t": {"limit": {"tif": "Gtc", "x": 1}}}

    found = read(place(strange) | {"signature": signature})

    assert found == read(order())


# -- duplicates and bytes --------------------------------------------------------------------------

ENVELOPE = b'{"action":%s,"nonce":7,"signature":{"r":"0x1","s":"0x2","v":27}}'
SCHEDULE = b'{"type":"scheduleCancel","time":5}'
SPOT_SEND = (
    b'{"type":"spotSend","signatureChainId":"0x1","hyperliquidChain":"Testnet","amount":"1",'
    b'"destination":"0x%s","token":"PURR%s0xc1fb","time":7%%s}' % (b"cd" * 20, b"\\u003a")
)
ONE = b'{"type":"cancel","cancels":[{"a":1,"o":5%s}]}'


@pytest.mark.parametrize(
    "body",
    [
        ENVELOPE.replace(b'"nonce":7', b'"nonce":7,"nonce":7') % SCHEDULE,
        ENVELOPE.replace(b'"nonce":7', b'"nonce" :7,"nonce":7') % SCHEDULE,
        ENVELOPE.replace(b'"nonce":7', b'"x":7,"x":7,"nonce":7') % SCHEDULE,
        ENVELOPE.replace(b'"v":27', b'"v":27,"v":28') % SCHEDULE,
        ENVELOPE % b'{"type":"scheduleCancel","type":"scheduleCancel","time":5}',
        ENVELOPE % b'{"type":"scheduleCancel","time":5,"time":5}',
        ENVELOPE % b'{"type":"scheduleCancel","time":5,"\\u0074ime":5}',
        ENVELOPE % (ONE % b',"o":6'),
        ENVELOPE % (ONE % b',"o"\n:6'),
        ENVELOPE % (ONE % b',"x":1,"a":1'),
        # The colon of the token is escaped, so that the colons of the body add up nevertheless.
        ENVELOPE % (SPOT_SEND % b',"amount":"1"'),
    ],
    ids=range(11),
)
def test_a_known_field_twice_is_refused(body: bytes) -> None:
    """Observed: 422 in the envelope, the action, an order and a signature (exchange 1)."""
    assert refusal(body) == NOT_SHAPED


@pytest.mark.parametrize(
    "body",
    [
        ENVELOPE % (ONE % b',"x":1,"x":2'),
        ENVELOPE % (ONE % b',"x":{"a":1,"a":2}'),
        ENVELOPE.replace(b'"v":27', b'"v":27,"x":1,"x":1') % (ONE % b""),
        b" \r\n\t" + ENVELOPE % (ONE % b""),
        ENVELOPE % (ONE % b"") + b'{"trailing":1}',
        ENVELOPE % (ONE % b"") + b"\xff\xfe",
        ENVELOPE % (ONE % b"") + b"]]]" * 1000,
        (ENVELOPE % (ONE % b"")).replace(b":", b" : "),
        (ENVELOPE % (ONE % b"")).replace(b"cancels", b"\\u0063ancels"),
        ENVELOPE % (ONE % b',"x":[[[1.5e10,-0,"\\ud83d\\ude00",null]]]'),
    ],
    ids=range(10),
)
def test_what_the_exchange_tolerates_is_read(body: bytes) -> None:
    """Observed: a duplicate unknown nested field, and bytes behind the value (exchange 1)."""
    assert read_envelope(body).action == Cancel((CancelOid(1, 5),))  # type: ignore[arg-type]


def test_a_text_with_a_colon_is_read() -> None:
    found: Any = read_envelope(ENVELOPE % (SPOT_SEND % b"")).action

    assert found.token == "PURR:0xc1fb"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nonsense",
        b"NaN",
        b"\xef\xbb\xbf{}",
        b'{"a":1,}',
        b"{'a':1}",
        ENVELOPE % b'{"type":"\xff"}',
        ENVELOPE % b'{"type":"\xed\xa0\x80"}',
        ENVELOPE % b'{"type":"\\ud800"}',
        ENVELOPE % b'{"type":"\\udc00x"}',
        ENVELOPE % b'{"type":"a\nb"}',
        ENVELOPE % b'{"type":"noop","x":NaN}',
        ENVELOPE % b'{"type":"noop","x":Infinity}',
        ENVELOPE % b'{"type":"noop","x":-Infinity}',
        ENVELOPE % b'{"type":"noop","x":1e999}',
        ENVELOPE % b'{"type":"noop","x":01}',
        ENVELOPE % (b'{"type":"noop","x":%s}' % (b"9" * 400)),
        ENVELOPE % (b'{"type":"noop","x":%s}' % (b"9" * 100_000)),
        ENVELOPE % (b'{"type":"noop","x":-%s}' % (b"9" * 100_000)),
        ENVELOPE % (ONE % (b',"x":' + b"[" * 128 + b"]" * 128)),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        ENVELOPE % (ONE % (b',"x":' + b"[" * 100_000 + b"]" * 100_000)),
    ],
    ids=range(26),
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Observed: 400 for malformed JSON (exchange 1.1); Inferred: the limits of serde_json."""
    assert refusal(body) == NOT_JSON


@pytest.mark.parametrize(
    ("time", "status"),
    [
        (b"-0", 422),
        (b"18446744073709551615", None),
        (b"18446744073709551616", 422),
        (b"9" * 300, 422),
        (b"9" * 400, 400),
        (b"1e2", 422),
        (b"5.0", 422),
    ],
)
def test_a_number_that_is_no_u64(time: bytes, status: int | None) -> None:
    """Inferred: serde_json reads it as a float, which fits no integer, or as no number at all."""
    found = refusal(ENVELOPE % (b'{"type":"scheduleCancel","time":%s}' % time))

    assert (None if found is None else found[0]) == status


def test_nesting_up_to_the_limit_is_read() -> None:
    """Inferred: 127 levels; the envelope, the action, the list and the cancel take four."""
    deepest = ENVELOPE % (ONE % (b',"x":' + b"[" * 123 + b"]" * 123))
    deeper = ENVELOPE % (ONE % (b',"x":' + b"[" * 124 + b"]" * 124))

    assert refusal(deepest) is None
    assert refusal(deeper) == NOT_JSON


def test_many_repeated_keys_are_counted_quickly() -> None:
    """Half a megabyte of the same few keys must not take quadratic time."""
    pairs = ",".join(f'"k{number % 50_000}":1' for number in range(60_000))

    assert len(Object(json.loads("{" + pairs + "}", object_pairs_hook=list)).repeated) == 10_000


# -- the quick way and the strict way --------------------------------------------------------------


def mutated(rng: random.Random, body: bytes) -> bytes:
    """`body` with a few bytes changed, moved, repeated or lost."""
    for _ in range(rng.randrange(1, 4)):
        start, end = sorted((rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)))
        end = min(end, start + rng.randrange(1, 30))
        piece = rng.choice(
            (b"", body[start:end] * 2, rng.randbytes(2), rng.choice(b'{}[]":,\\-0.9eE').to_bytes())
        )
        body = body[:start] + piece + body[end:]
    return body


def strictly(body: bytes) -> Any:
    try:
        return read_envelope_value(read_json(body))
    except BadRequest as error:
        return error.status


def quickly(body: bytes) -> Any:
    try:
        return read_envelope(body)
    except BadRequest as error:
        return error.status


def test_both_ways_agree_on_broken_bodies_and_none_crashes() -> None:
    """20,000 mutations: the same envelope or the same status, and no other exception."""
    rng = random.Random("mutations")
    bodies = [json.dumps(value).encode() for value in (order(), place(ORDER, ORDER))]
    bodies += [ENVELOPE % SCHEDULE, ENVELOPE % (ONE % b',"x":1')]
    seen = set()
    for number in range(20_000):
        body = mutated(rng, bodies[number % len(bodies)])
        found = quickly(body)
        assert found == strictly(body), body
        seen.add(found if isinstance(found, int) else 200)
    assert seen == {200, 400, 422}


def test_a_value_that_was_parsed_elsewhere_is_read_too() -> None:
    """A `post` over the WebSocket holds the same envelope inside a frame (exchange 1)."""
    found = read_envelope_value(request({"type": "scheduleCancel", "time": 5}))

    assert found.action == ScheduleCancel(5)  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="422"):
        read_envelope_value([1])
