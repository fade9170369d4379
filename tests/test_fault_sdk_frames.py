"""Every fault of frames and of sockets: what the official SDK's manager hears, and that the
exchange is none the wiser, to a byte.

The rows are asked for by the registry of effects: one that has none fails.
"""

from __future__ import annotations

from queue import Queue
from typing import Any

import pytest
from bots import one
from struck import GONE, LATE_MS, Line, Struck, until, words_of

from hlsim.scenarios.faults import CLOSE_CODES
from hlsim.server.interference import OVERTAKEN_S

OVERTAKEN_MS = round(1000 * OVERTAKEN_S)
BOOK_MS = 6_000
"""In which every book is told of again."""
BOOK = {"type": "l2Book", "coin": "ETH"}


def check_ended(line: Line, code: int | None) -> None:
    """The SDK tells nobody: its thread is over, and who uses the socket is refused."""
    line.join()
    assert line.ended == [code]
    with pytest.raises(GONE):
        line.subscribe({"type": "allMids"}, print)


def check_silent(struck: Struck, line: Line) -> None:
    """The socket is open, what it asks for is done, and nothing more came over it."""
    assert line.is_alive()
    struck.buy(struck.client_of(line))
    until(lambda: struck.ask()["status"] == "order")
    struck.end_connections()
    assert line.rest() == []


# -- updates of a subscription that stands ---------------------------------------------------------

ENDS: dict[str, int | None] = {f"close={code}": code for code in CLOSE_CODES}
ENDS |= {"close=1006": None, "reset": None}

UPDATES: dict[str, tuple[list[int], int, list[int]]] = {
    f"delay={LATE_MS}": ([1, 3], LATE_MS, [2]),
    "drop": ([1, 3], 0, []),
    "duplicate": ([1, 2, 2, 3], 0, []),
    "reorder": ([1, 3, 2], 0, []),
    "lose": ([1], 0, []),
    "stall": ([1], 0, []),
    **dict.fromkeys(ENDS, ([1], 0, [])),
}
"""The second of three updates is struck: what the callback hears, then so many ms, then what."""


@pytest.mark.parametrize("word", words_of("frame"))
def test_an_update(struck: Struck, word: str) -> None:
    heard, late_ms, later = UPDATES[word]
    late = (lambda: struck.pass_time(late_ms),) if late_ms else ()
    wanted = struck.hash_after(*[lambda: struck.buy(cloid=None)] * 3, *late)
    told: Queue[Any] = Queue()
    line = struck.line()
    line.subscribe({"type": "orderUpdates", "user": struck.address}, told.put)
    line.next()  # the subscriptionResponse

    with struck.running.fault(f"ws/orderUpdates:#2:{word}") as fault:
        oids = [one(struck.buy(cloid=None))["resting"]["oid"] for _ in range(3)]
        assert fault.struck == 1
        if word in ENDS:
            check_ended(line, ENDS[word])
        elif word != "stall":
            line.until_pong()
        assert told_of(told, oids) == heard
        if late_ms:
            struck.pass_time(late_ms)
            line.next()
            assert told_of(told, oids) == later

    assert struck.running.state_hash() == wanted
    assert {row["oid"] for row in struck.info.open_orders(struck.address)} == set(oids)
    if word == "stall":
        line.heard.get_nowait()  # the first update
        check_silent(struck, line)


def told_of(told: Queue[Any], oids: list[int]) -> list[int]:
    """Which of the orders the callback was told of, from 1 on."""
    frames = [told.get_nowait() for _ in range(told.qsize())]
    return [1 + oids.index(row["order"]["oid"]) for frame in frames for row in frame["data"]]


# -- the first frame of a subscription -------------------------------------------------------------

SNAPSHOTS: dict[str, tuple[int, int, int]] = {
    f"delay={LATE_MS}": (0, LATE_MS, 1),
    "drop": (0, BOOK_MS, 1),
    "duplicate": (2, 0, 0),
    "reorder": (0, OVERTAKEN_MS, 1),
    "lose": (0, BOOK_MS, 0),
    "stall": (0, 0, 0),
    **dict.fromkeys(ENDS, (0, 0, 0)),
}
"""How many books come, then so many ms, then how many."""


@pytest.mark.parametrize("word", words_of("frame"))
def test_a_snapshot(struck: Struck, word: str) -> None:
    first, late_ms, later = SNAPSHOTS[word]
    late = (lambda: struck.pass_time(late_ms),) if late_ms else ()
    wanted = struck.hash_after(*late)
    told: Queue[Any] = Queue()
    line = struck.line()
    with struck.running.fault(f"ws/l2Book[coin=ETH&is=snapshot]:1:{word}") as fault:
        line.subscribe(BOOK, told.put)  # type: ignore[arg-type]
        until(lambda: fault.struck)
        if word in ENDS:
            check_ended(line, ENDS[word])
        elif word != "stall":
            assert [one["channel"] for one in line.until_pong()] == [
                "subscriptionResponse",
                *["l2Book"] * first,
            ]
        assert told.qsize() == first
        if late_ms:
            struck.pass_time(late_ms)
            assert len(line.until_pong()) == later
            assert told.qsize() == first + later
        assert fault.struck == 1
    assert struck.running.state_hash() == wanted
    if word == "stall":
        assert line.next()["channel"] == "subscriptionResponse"
        check_silent(struck, line)


def test_a_lost_subscription_comes_back_when_it_is_made_again(struck: Struck) -> None:
    told: Queue[Any] = Queue()
    line = struck.line()
    with struck.running.fault("ws/l2Book:1:lose"):
        number = line.subscribe(BOOK, told.put)  # type: ignore[arg-type]
        line.next()
        line.until_pong()
    struck.pass_time(BOOK_MS)
    assert (line.until_pong(), told.qsize()) == ([], 0)
    line.unsubscribe(BOOK, number)  # type: ignore[arg-type]
    line.subscribe(BOOK, told.put)  # type: ignore[arg-type]
    line.until_pong()
    assert told.get_nowait()["data"]["coin"] == "ETH"


# -- channel by channel ----------------------------------------------------------------------------

CHANNELS: list[dict[str, Any]] = [
    {"type": "allMids"},
    BOOK,
    {"type": "bbo", "coin": "ETH"},
    {"type": "trades", "coin": "ETH"},
    {"type": "candle", "coin": "ETH", "interval": "1m"},
    {"type": "activeAssetCtx", "coin": "ETH"},
    {"type": "activeAssetData", "coin": "ETH", "user": ""},
    {"type": "userEvents", "user": ""},
    {"type": "userFills", "user": ""},
    {"type": "orderUpdates", "user": ""},
    {"type": "userFundings", "user": ""},
    {"type": "userNonFundingLedgerUpdates", "user": ""},
]
"""What the SDK subscribes to and the exchange has; `user` is the bot."""


def frames_of(struck: Struck, channel: dict[str, Any], *plan: str) -> list[Any]:
    """What the callback of a subscription hears of a trade, with a fault or without."""
    struck.reset()
    told: Queue[Any] = Queue()
    line = struck.line()
    for one_plan in plan:
        struck.running.control("fault/add", plan=one_plan)
    whose = {"user": struck.address} if "user" in channel else {}
    line.subscribe({**channel, **whose}, told.put)  # type: ignore[typeddict-item]
    assert line.next()["channel"] == "subscriptionResponse"
    line.until_pong()
    struck.trade()
    line.until_pong()
    return [told.get_nowait() for _ in range(told.qsize())]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: str(channel["type"]))
def test_a_channel_is_struck_and_no_other(struck: Struck, channel: dict[str, Any]) -> None:
    plain = frames_of(struck, channel)
    assert plain
    name = channel["type"]
    wanted = struck.running.state_hash()

    assert frames_of(struck, channel, f"ws/{name}:#1:drop") == plain[1:]
    assert frames_of(struck, channel, f"ws/{name}:#1:duplicate") == [plain[0], *plain]
    assert struck.running.state_hash() == wanted
    other = "allMids" if name != "allMids" else "bbo"
    assert frames_of(struck, channel, f"ws/{other}:1:drop") == plain


def test_a_missing_pong_and_nothing_else(struck: Struck) -> None:
    line = struck.line()
    assert until(lambda: line.ws_ready)
    with struck.running.fault("ws/pong:#1:drop") as fault:
        line.say({"method": "ping"})
        told: Queue[Any] = Queue()
        line.subscribe(BOOK, told.put)  # type: ignore[arg-type]
        assert [line.next()["channel"] for _ in range(2)] == ["subscriptionResponse", "l2Book"]
        assert fault.struck == 1
    assert line.until_pong() == []


def test_a_confirmation_that_never_comes_and_its_frames_do(struck: Struck) -> None:
    line = struck.line()
    told: Queue[Any] = Queue()
    with struck.running.fault("ws/subscriptionResponse:1:drop"):
        line.subscribe(BOOK, told.put)  # type: ignore[arg-type]
        assert line.next()["channel"] == "l2Book"
    assert told.qsize() == 1


def test_an_error_that_nobody_hears_of(struck: Struck) -> None:
    line = struck.line()
    with struck.running.fault("ws/error:1:drop") as fault:
        for _ in range(2):
            line.subscribe(BOOK, print)  # type: ignore[arg-type]
        assert line.next()["channel"] == "subscriptionResponse"
        assert [frame["channel"] for frame in line.until_pong()] == ["l2Book"]
        assert fault.struck == 1


# -- sockets ---------------------------------------------------------------------------------------

REFUSED = {
    "429": "Handshake status 429 Too Many Requests",
    "500": "Handshake status 500 Internal Server Error",
    "502": "Handshake status 502 Bad Gateway",
    "503": "Handshake status 503 Service Unavailable",
    "504": "Handshake status 504 Gateway Timeout",
    "drop": "Connection to remote host was lost",
    "reset": "Connection reset by peer",
}
"""What the SDK's manager logs; a bot that subscribes hears of nothing."""


@pytest.mark.parametrize("word", words_of("socket"))
def test_a_socket_that_opens(struck: Struck, word: str) -> None:
    wanted = struck.hash_after(*[struck.pass_time] * word.startswith("delay"))
    told: Queue[Any] = Queue()
    with struck.running.fault(f"ws:1:{word}") as fault:
        line = struck.line()
        line.subscribe(BOOK, told.put)  # type: ignore[arg-type]
        until(lambda: fault.struck)
        if word == f"delay={LATE_MS}":
            assert not line.ws_ready
            struck.pass_time()
            assert line.next()["channel"] == "subscriptionResponse"
            line.until_pong()
            assert told.qsize() == 1
        elif word == "stall":
            # It waits for ever, and what is subscribed to waits with it.
            assert line.is_alive()
            assert not line.ws_ready
            assert not line.errors
        else:
            assert line.rest() == []
            assert not line.ws_ready
            (error,) = line.errors
            assert REFUSED[word] in error
            # It queues for ever: the SDK does not try again.
            line.subscribe({"type": "allMids"}, told.put)
            assert told.qsize() == 0
    assert struck.running.state_hash() == wanted
    assert struck.ask()["status"] == "unknownOid"
