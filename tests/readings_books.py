"""Stories of contested points: what is streamed of markets and accounts."""

from __future__ import annotations

from typing import Any

from readings import Ear, ear, shows
from refusals import BTC, World
from websockets.exceptions import ConnectionClosed
from wire import IOC


@shows(
    "ws_unknown_coin",
    {
        "close": [(1006, "")] * 3,
        "error": [
            'Invalid subscription {"type":"l2Book","coin":"NOPE","nSigFigs":null,'
            '"mantissa":null,"fast":false}',
            'Invalid subscription {"type":"bbo","coin":"NOPE"}',
            'Invalid subscription {"type":"trades","coin":"NOPE"}',
        ],
    },
)
def _(w: World) -> Any:
    """Contested 20: each on a socket of its own."""
    found: list[Any] = []
    for name in ("l2Book", "bbo", "trades"):
        with ear(w) as listener:
            listener.send("subscribe", subscription={"type": name, "coin": "NOPE"})
            found.append(end_or_error(listener))
    return found


def end_or_error(listener: Ear) -> Any:
    """How the connection ends, or the error after which it does not."""
    try:
        channel, text = listener.next()
    except ConnectionClosed:
        return listener.end()
    assert channel == "error"
    assert listener.heard() == []
    return text


WEB_DATA_2 = '{"method": "subscribe", "subscription": {"type": "webData2", "user": "USER"}}'


@shows(
    "web_data2_ws",
    {
        "refused": ["error", f"Error parsing JSON into valid websocket request: {WEB_DATA_2}"],
        "served": ["subscriptionResponse", "webData2", "webData2", "100025.0"],
    },
)
def _(w: World) -> Any:
    """Contested 21: the whole page at once, and again when something changed; the query is answered
    under either.
    """
    user = w.alice.address
    page = w.alice.info("webData2", user=user)
    with ear(w) as listener:
        channel, data = listener.subscribe("webData2", user=user)
        if channel == "error":
            assert listener.heard() == []
            return [channel, data.replace(user, "USER")]
        first, found = listener.next()
        assert found == page
        w.deposit(w.alice, "25")
        ((again, found),) = listener.heard()
    return [channel, first, again, found["clearinghouseState"]["marginSummary"]["accountValue"]]


@shows("l2_cadence", {"5s": 2, "2s": 5, "500ms": 21})
def _(w: World) -> Any:
    """Contested 22: frames of 10.8 s, in which a fast book has 20 under any reading."""
    fast = plain = 0
    with ear(w) as listener:
        for is_fast in (False, True):
            listener.subscribe("l2Book", coin="BTC", fast=is_fast)
            listener.next()
        for _ in range(1_080):
            w.server.clock.advance(ms=10)
        for channel, data in listener.heard():
            assert channel == "l2Book"
            fast += "fast" in data
            plain += "fast" not in data
    assert fast == 20
    return plain


STREAMS = (
    "userFills",
    "userFundings",
    "userNonFundingLedgerUpdates",
    "userTwapSliceFills",
    "userTwapHistory",
    "userHistoricalOrders",
)


@shows(
    "is_snapshot",
    {"omit": dict.fromkeys(STREAMS, "absent"), "false": dict.fromkeys(STREAMS, False)},
)
def _(w: World) -> Any:
    """Contested 34: on the first frame it is true under either."""
    marks: dict[str, Any] = {}
    w.oracle(BTC, "60000")
    with ear(w) as listener:
        for name in STREAMS:
            listener.subscribe(name, user=w.alice.address)
            channel, first = listener.next()
            assert (channel, next(iter(first)), first["isSnapshot"]) == (name, "isSnapshot", True)
        w.bob.sells(BTC, "1", "60000")
        w.alice.buys(BTC, "0.02", "60000", IOC)
        w.deposit(w.alice, "25")
        terms = {"a": BTC, "b": True, "s": "0.1", "r": False, "m": 5, "t": False}
        w.alice.l1({"type": "twapOrder", "twap": terms})
        w.server.clock.advance(hours=1)
        for channel, data in listener.heard():
            mark = data.get("isSnapshot", "absent")
            assert marks.setdefault(channel, mark) == mark
            assert list(data)[-2] == "user"
    return {name: marks[name] for name in STREAMS}
