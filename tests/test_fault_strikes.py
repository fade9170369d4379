"""Faults of requests: what the official SDK sees, and what the exchange made of the request."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
from collections.abc import Iterator
from socket import create_connection
from typing import Any

import pytest
import requests
from bots import GTC, Bot, one
from hyperliquid.utils.error import ClientError, ServerError
from hyperliquid.utils.types import Cloid
from struck import Beside, until
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

import hlsim

CLOID = Cloid.from_str("0x" + "0a" * 16)


def buy(bot: Bot, coin: str = "ETH", cloid: Cloid | None = CLOID) -> Any:
    """A bid far below the market, which rests."""
    return bot.exchange.order(coin, True, 0.1, bot.price(coin, 0.5), GTC, cloid=cloid)


def resting(bot: Bot) -> int:
    return len(bot.info.open_orders(bot.address))


def test_a_server_that_stops_in_a_delay_leaves_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever waits gets no answer, and the log no traceback."""
    hour = "delay=3600000"
    plans = (f"meta:1:before:{hour}", f"allMids:1:after:{hour}", f"ws:#2:{hour}")
    plans = (*plans, f"exchangeStatus:1:before:{hour}")
    with caplog.at_level(logging.WARNING), hlsim.start(market="empty", fault=plans) as server:
        url = server.url + "/info"
        with connect(server.ws_url) as socket:
            asked_meta(socket)
            waiting = [
                Beside(lambda: requests.post(url, json={"type": "meta"}, timeout=60)),
                Beside(lambda: requests.post(url, json={"type": "allMids"}, timeout=60)),
                Beside(lambda: connect(server.ws_url)),
            ]
            until(lambda: all(row.struck for row in server.control("fault/list")))
            server.stop()
    for each in waiting:
        assert isinstance(each.outcome(), requests.ConnectionError | WebSocketException | OSError)
    gc.collect()  # a task that nobody ended would say so now
    assert caplog.messages == []


# -- over HTTP -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "seen", "said"),
    [
        ("drop", requests.ConnectionError, "Remote end closed connection without response"),
        ("reset", requests.ConnectionError, "Connection reset by peer"),
        ("stall", requests.ReadTimeout, "Read timed out"),
        ("429", ClientError, "null"),
        ("500", ServerError, "null"),
        ("502", ServerError, "<h1>502 Bad Gateway</h1>"),
        ("503", ServerError, "<h1>503 Service Temporarily Unavailable</h1>"),
        ("504", ServerError, "<h1>504 Gateway Time-out</h1>"),
    ],
)
@pytest.mark.parametrize("phase", ["before", "after"])
def test_the_sdk_raises_and_the_phase_decides_whether_the_order_is_there(
    bot: Bot, phase: str, effect: str, seen: type[Exception], said: str
) -> None:
    if effect == "stall":
        bot.exchange.timeout = 0.3  # the SDK waits for ever unless told
    price = bot.price("ETH", 0.5)
    with bot.server.fault(f"order:1:{phase}:{effect}") as fault:
        with pytest.raises(seen) as error:
            bot.exchange.order("ETH", True, 0.1, price, GTC, cloid=CLOID)
        assert fault.struck == 1
    assert said in str(error.value)
    assert resting(bot) == (phase == "after")
    found = bot.info.query_order_by_cloid(bot.address, CLOID)
    assert found["status"] == ("order" if phase == "after" else "unknownOid")
    # The connection of the SDK's session, or a new one, works on.
    assert "resting" in one(buy(bot, cloid=None))


def test_statuses_come_with_the_bodies_of_what_stands_before_the_exchange(server: Any) -> None:
    for status, kind, body in (
        (429, "application/json", "null"),
        (500, "application/json", "null"),
        (502, "text/html", "<center><h1>502 Bad Gateway</h1></center>"),
        (504, "text/html", "<center><h1>504 Gateway Time-out</h1></center>"),
    ):
        with server.fault({"on": "meta", "effect": "status", "code": status}):
            reply = requests.post(server.url + "/info", json={"type": "meta"}, timeout=10)
        assert (reply.status_code, reply.headers["content-type"]) == (status, kind)
        assert body in reply.text


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_delayed_request_is_answered_all_the_same(bot: Bot, phase: str) -> None:
    with bot.server.fault(f"order:1:{phase}:delay=30..40") as fault:
        assert "resting" in one(buy(bot))
        assert fault.struck == 1
    assert resting(bot) == 1


@pytest.mark.parametrize(("phase", "seen"), [("before", 0), ("after", 1)])
def test_a_delay_before_is_of_the_order_and_one_after_of_its_reply_only(
    bot: Bot, phase: str, seen: int
) -> None:
    price = bot.price("ETH", 0.5)
    sent = threading.Thread(target=lambda: bot.exchange.order("ETH", True, 0.1, price, GTC))
    with bot.server.fault(f"order:1:{phase}:delay=1500") as fault:
        sent.start()
        while not fault.struck:
            time.sleep(0.001)
        # Struck and, after, done, in one turn of the server's loop; the answer is yet to come.
        assert (resting(bot), sent.is_alive()) == (seen, True)
        sent.join()
    assert resting(bot) == 1


def test_a_duplicate_is_delivered_twice_and_its_nonce_lets_one_in(bot: Bot) -> None:
    with bot.server.fault("order:1:before:duplicate"):
        assert "resting" in one(buy(bot))
    assert resting(bot) == 1
    with bot.server.fault("order:1:after:duplicate"):
        reply = buy(bot, cloid=None)
    # As a proxy that tries again would have it: what the client hears is of the second attempt.
    assert reply["status"] == "err"
    assert reply["response"].startswith("Invalid nonce")
    assert resting(bot) == 2


def test_only_what_a_plan_names_is_struck(bot: Bot, other: Bot) -> None:
    with bot.server.fault(f"order[user={bot.address.lower()}&coin=ETH]:1:before:502") as fault:
        assert "resting" in one(buy(other))
        assert "resting" in one(buy(bot, "BTC", cloid=None))
        with pytest.raises(ServerError):
            buy(bot)
        assert fault.struck == 1
    with (
        bot.server.fault(f"cancelByCloid[cloid={CLOID.to_raw()}]:1:before:502"),
        pytest.raises(ServerError),
    ):
        other.exchange.cancel_by_cloid("ETH", CLOID)
    assert resting(other) == 1


def test_an_agents_requests_are_its_masters(bot: Bot) -> None:
    import eth_account
    from hyperliquid.exchange import Exchange

    reply, key = bot.exchange.approve_agent()
    assert reply["status"] == "ok"
    agent = Exchange(
        eth_account.Account.from_key(key),
        bot.server.url,
        meta=bot.info.meta(),
        spot_meta=bot.info.spot_meta(),
        account_address=bot.address,
    )
    with (
        bot.server.fault(f"order[user={bot.address.lower()}]:1:before:502"),
        pytest.raises(ServerError),
    ):
        agent.order("ETH", True, 0.1, bot.price("ETH", 0.5), GTC)


def test_queries_are_struck_by_type_coin_user_and_cloid(bot: Bot) -> None:
    with bot.server.fault(f"orderStatus[cloid={CLOID.to_raw()}]:1:before:502"):
        assert bot.info.query_order_by_oid(bot.address, 1)["status"] == "unknownOid"
        other = Cloid.from_str("0x" + "0b" * 16)
        assert bot.info.query_order_by_cloid(bot.address, other)["status"] == "unknownOid"
        with pytest.raises(ServerError):
            bot.info.query_order_by_cloid(bot.address, CLOID)
    with bot.server.fault("l2Book[coin=BTC]:1:before:502"):
        assert bot.info.l2_snapshot("ETH")["coin"] == "ETH"
        with pytest.raises(ServerError):
            bot.info.l2_snapshot("BTC")
    with bot.server.fault(f"openOrders[user={bot.address.lower()}]:1:before:502"):
        assert bot.info.open_orders("0x" + "00" * 20) == []
        with pytest.raises(ServerError):
            bot.info.open_orders(bot.address)
    with bot.server.fault("candleSnapshot[coin=BTC]:1:before:502"), pytest.raises(ServerError):
        bot.info.candles_snapshot("BTC", "1m", 0, 1)


def test_what_cannot_be_read_is_still_a_request_to_its_path(server: Any) -> None:
    json_words = {"content-type": "application/json"}
    for body in (b"{", b"[]", b'{"type":"nothing"}', b"\xff" * 9):
        with server.fault("info:1:before:504"):
            reply = requests.post(server.url + "/info", body, headers=json_words, timeout=10)
            assert reply.status_code == 504
        reply = requests.post(server.url + "/info", body, headers=json_words, timeout=10)
        assert reply.status_code in (400, 422)


@pytest.mark.parametrize("depth", [100, 900, 5_000])
def test_a_body_that_nests_deep_or_counts_high_is_refused_as_without_faults(
    server: Any, depth: int
) -> None:
    lists, objects = b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth
    bodies = [
        b'{"action":{"type":"order","orders":%b}}' % lists,
        b'{"action":%b}' % objects,
        b'{"action":{"type":["order"],"c":"\\ud800","a":%b}}' % (b"9" * depth),
        b'{"type":"meta","req":%b}' % lists,
    ]

    def said() -> list[tuple[int, str]]:
        words = {"content-type": "application/json"}
        paths = ("/exchange", "/info")
        found = [
            requests.post(server.url + path, body, headers=words, timeout=10)
            for path in paths
            for body in bodies
        ]
        return [(reply.status_code, reply.text) for reply in found]

    plain = said()
    with server.fault(f"order[user=0x{'ab' * 20}&coin=BTC]:1:before:502") as fault:
        assert said() == plain
        assert fault.struck == 0
    assert {status for status, _ in plain} <= {200, 400, 422}


def test_refusals_of_the_envelope_stay_what_they_are_under_faults(server: Any) -> None:
    with server.fault("order:1:before:502"):
        for words, status in (
            ({"data": "{}", "headers": {"content-type": "text/plain"}}, 415),
            ({"data": b"x" * 2_200_000, "headers": {"content-type": "application/json"}}, 413),
            ({"json": {"type": "meta"}}, 422),
        ):
            reply = requests.post(server.url + "/exchange", timeout=10, **words)
            assert reply.status_code == status
        assert requests.get(server.url + "/info", timeout=10).status_code == 405


def test_the_control_plane_is_never_struck(server: Any) -> None:
    with server.fault("any:1:before:drop"):
        assert requests.get(server.url + "/hlsim/health", timeout=10).json()["status"] == "ok"


def test_a_flag_of_the_start_and_a_seed_make_the_same_faults_again() -> None:
    seen = []
    for seed in (5, 5, 6):
        with hlsim.start(market="empty", seed=seed, fault=["meta:0.5:before:429"]) as exchange:
            post = requests.Session().post
            replies = [
                post(exchange.url + "/info", json={"type": "meta"}, timeout=10).status_code
                for _ in range(40)
            ]
        seen.append(replies)
    assert seen[0] == seen[1] != seen[2]
    assert set(seen[0]) == {200, 429}
    with pytest.raises(ValueError, match="unknown mete; nearest: meta"):
        hlsim.start(market="empty", fault="mete:1:before:429")


# -- posts over a socket ---------------------------------------------------------------------------


@pytest.fixture
def socket(server: Any) -> Iterator[ClientConnection]:
    with connect(server.ws_url) as opened:
        yield opened


def posted(socket: ClientConnection, bot: Bot, number: int = 1) -> None:
    """The bid of `buy` as a post of a socket, signed by the SDK."""
    from hyperliquid.utils.signing import (
        get_timestamp_ms,
        order_request_to_order_wire,
        order_wires_to_order_action,
        sign_l1_action,
    )

    wire = order_request_to_order_wire(
        {
            "coin": "ETH",
            "is_buy": True,
            "sz": 0.1,
            "limit_px": bot.price("ETH", 0.5),
            "order_type": GTC,  # type: ignore[typeddict-item]
            "reduce_only": False,
        },
        bot.info.name_to_asset("ETH"),
    )
    action = order_wires_to_order_action([wire])
    nonce = get_timestamp_ms()
    signature = sign_l1_action(bot.wallet, action, None, nonce, None, False)
    payload = {"action": action, "nonce": nonce, "signature": signature}
    request = {"type": "action", "payload": payload}
    socket.send(json.dumps({"method": "post", "id": number, "request": request}))


def asked_meta(socket: ClientConnection, number: int = 2) -> None:
    request = {"type": "info", "payload": {"type": "exchangeStatus"}}
    socket.send(json.dumps({"method": "post", "id": number, "request": request}))


def answer(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=10))["data"]


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize(
    ("effect", "told"), [("502", "502 Bad Gateway"), ("429", "429 Too Many Requests")]
)
def test_a_struck_post_is_told_the_status(
    bot: Bot, socket: ClientConnection, phase: str, effect: str, told: str
) -> None:
    with bot.server.fault(f"order:1:{phase}:{effect}"):
        posted(socket, bot)
        assert answer(socket) == {"id": 1, "response": {"type": "error", "payload": told}}
    assert resting(bot) == (phase == "after")


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_stalled_post_is_never_answered_and_others_are(
    bot: Bot, socket: ClientConnection, phase: str
) -> None:
    with bot.server.fault(f"order:1:{phase}:stall"):
        posted(socket, bot)
        asked_meta(socket)
        assert answer(socket)["id"] == 2
    assert resting(bot) == (phase == "after")


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("effect", ["drop", "reset"])
def test_a_dropped_post_takes_its_socket_with_it(
    bot: Bot, socket: ClientConnection, phase: str, effect: str
) -> None:
    with bot.server.fault(f"order:1:{phase}:{effect}"):
        posted(socket, bot)
        with pytest.raises(ConnectionClosed) as error:
            socket.recv(timeout=10)
    assert error.value.rcvd is None
    assert resting(bot) == (phase == "after")


def test_posts_are_delayed_and_delivered_twice(bot: Bot, socket: ClientConnection) -> None:
    with bot.server.fault("order:1:before:delay=20"):
        posted(socket, bot)
        asked_meta(socket)
        assert [answer(socket)["id"] for _ in range(2)] == [2, 1]
    with bot.server.fault("order:1:after:duplicate"):
        posted(socket, bot, 3)
        said = answer(socket)["response"]["payload"]
    assert said["status"] == "err"
    assert resting(bot) == 2
    with bot.server.fault("exchangeStatus:1:after:delay=5"):
        asked_meta(socket, 4)
        assert answer(socket)["id"] == 4


def test_an_opening_socket_is_struck(server: Any) -> None:
    with server.fault("ws:#1:502"), pytest.raises(InvalidStatus) as refused:
        connect(server.ws_url)
    assert refused.value.response.status_code == 502
    for effect in ("drop", "reset"):
        with server.fault(f"ws:1:{effect}"), pytest.raises((WebSocketException, EOFError, OSError)):
            connect(server.ws_url)
    with server.fault("ws:1:delay=5") as fault, connect(server.ws_url) as socket:
        socket.send('{"method":"ping"}')
        assert json.loads(socket.recv(timeout=10)) == {"channel": "pong"}
        assert fault.struck == 1


def test_a_handshake_that_is_never_answered_ends_with_the_server() -> None:
    with hlsim.start(market="empty", fault=["ws:1:stall"]) as running:
        with pytest.raises(TimeoutError):
            connect(running.ws_url, open_timeout=0.3)
        with create_connection((running.host, running.port)) as waiting:
            waiting.sendall(
                b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            until(lambda: running.control("fault/list")[0].struck == 2)
            running.stop()
            assert b" 101 " not in waiting.recv(1000)
