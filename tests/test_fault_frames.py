"""Faults of frames: what a client of `/ws` hears, and that the exchange is none the wiser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from bots import GTC, Bot, one
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

import hlsim
from hlsim.server.interference import OVERTAKEN_S


@pytest.fixture
def socket(server: Any) -> Iterator[ClientConnection]:
    with connect(server.ws_url) as opened:
        yield opened


def hear(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=10))


def subscribe(socket: ClientConnection, **subscription: str) -> None:
    socket.send(json.dumps({"method": "subscribe", "subscription": subscription}))


def unsubscribe(socket: ClientConnection, **subscription: str) -> None:
    socket.send(json.dumps({"method": "unsubscribe", "subscription": subscription}))


def until_pong(socket: ClientConnection) -> list[Any]:
    """What comes before the answer to a ping: all that was on its way."""
    socket.send('{"method":"ping"}')
    heard = []
    while (frame := hear(socket)) != {"channel": "pong"}:
        heard.append(frame)
    return heard


def watched(socket: ClientConnection, bot: Bot) -> None:
    """A socket that hears of the bot's orders."""
    subscribe(socket, type="orderUpdates", user=bot.address)
    assert [frame["channel"] for frame in until_pong(socket)] == ["subscriptionResponse"]


def place(bot: Bot) -> int:
    """A bid that rests; its oid."""
    status = one(bot.exchange.order("ETH", True, 0.1, bot.price("ETH", 0.5), GTC))
    oid: int = status["resting"]["oid"]
    return oid


def oids(frames: list[Any]) -> list[int]:
    return [row["order"]["oid"] for frame in frames for row in frame["data"]]


def test_a_dropped_frame_is_missing_and_the_order_is_there(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#1:drop") as fault:
        first, second = place(bot), place(bot)
        assert oids(until_pong(socket)) == [second]
        assert fault.struck == 1
    assert {row["oid"] for row in bot.info.open_orders(bot.address)} == {first, second}


def test_a_duplicated_frame_comes_twice(bot: Bot, socket: ClientConnection) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#2:duplicate"):
        first, second, third = place(bot), place(bot), place(bot)
        assert oids(until_pong(socket)) == [first, second, second, third]


@pytest.mark.parametrize("effect", ["drop", "lose"])
def test_frames_about_another_user_come_on_the_same_socket(
    effect: str, bot: Bot, other: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    watched(socket, other)
    with bot.server.fault(f"ws/orderUpdates[user={bot.address}]:1:{effect}") as fault:
        place(bot)
        heard = [place(other)]
        place(bot)
        heard.append(place(other))
        assert oids(until_pong(socket)) == heard
        assert fault.struck == {"drop": 2, "lose": 1}[effect]


def test_a_reordered_frame_comes_behind_the_next_of_its_channel(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#1:reorder"):
        first, second, third = place(bot), place(bot), place(bot)
        assert oids(until_pong(socket)) == [second, first, third]


def test_a_reordered_frame_that_nothing_overtakes_comes_a_second_late(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#1:reorder"):
        oid = place(bot)
        assert until_pong(socket) == []
    assert oids([hear(socket)]) == [oid]


def test_of_several_reordered_frames_in_a_row_each_comes_behind_its_next(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#1+2:reorder"):
        first, second, third = place(bot), place(bot), place(bot)
        assert oids(until_pong(socket)) == [third, second, first]


def test_reordered_frames_that_nothing_overtakes_all_come(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:1:reorder"):
        placed = [place(bot), place(bot), place(bot)]
        assert oids([hear(socket) for _ in placed]) == placed


def test_a_frame_that_waits_to_be_overtaken_does_not_come_on_a_stalled_socket(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with (
        bot.server.fault("ws/orderUpdates:#1:reorder"),
        bot.server.fault("ws/pong:#1:stall"),
    ):
        place(bot)
        socket.send('{"method":"ping"}')
        with pytest.raises(TimeoutError):
            socket.recv(timeout=2 * OVERTAKEN_S)


def test_a_late_frame_is_overtaken(bot: Bot, socket: ClientConnection) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#1:delay=100..200"):
        first, second = place(bot), place(bot)
        assert oids([hear(socket), hear(socket)]) == [second, first]


def test_a_lost_subscription_is_silent_until_it_is_made_again(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#2:lose"):
        first, _, _ = place(bot), place(bot), place(bot)
        assert oids(until_pong(socket)) == [first]
    place(bot)
    # Still, for nobody who was told of a subscription is told of its end.
    assert until_pong(socket) == []
    unsubscribe(socket, type="orderUpdates", user=bot.address)
    until_pong(socket)
    watched(socket, bot)
    last = place(bot)
    assert oids(until_pong(socket)) == [last]


def test_a_missing_snapshot_leaves_the_updates(bot: Bot, socket: ClientConnection) -> None:
    with bot.server.fault("ws/l2Book[coin=ETH&is=snapshot]:1:drop"):
        subscribe(socket, type="l2Book", coin="BTC")
        subscribe(socket, type="l2Book", coin="ETH")
        books = [frame for frame in until_pong(socket) if frame["channel"] == "l2Book"]
        assert [frame["data"]["coin"] for frame in books] == ["BTC"]
        bot.server.clock.advance(seconds=6)
        books = [frame for frame in until_pong(socket) if frame["channel"] == "l2Book"]
        assert {frame["data"]["coin"] for frame in books} == {"BTC", "ETH"}


def test_an_update_is_no_snapshot_where_a_subscription_begins_without_one(
    bot: Bot, socket: ClientConnection
) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates[is=snapshot]:1:drop") as fault:
        oid = place(bot)
        assert oids(until_pong(socket)) == [oid]
        assert fault.struck == 0


def test_a_snapshot_is_missing_after_a_restore_too(bot: Bot, socket: ClientConnection) -> None:
    subscribe(socket, type="userFills", user=bot.address)
    until_pong(socket)
    with bot.server.fault("ws/userFills[is=snapshot]:1:drop") as fault:
        bot.server.restore(bot.server.snapshot())
        assert until_pong(socket) == []
        assert fault.struck == 1


def test_missing_updates_leave_the_snapshot(bot: Bot, socket: ClientConnection) -> None:
    with bot.server.fault("ws/userFills[is=update]:1:drop"):
        subscribe(socket, type="userFills", user=bot.address)
        bot.exchange.market_open("ETH", True, 0.1)
        fills = [frame for frame in until_pong(socket) if frame["channel"] == "userFills"]
    assert [frame["data"]["isSnapshot"] for frame in fills] == [True]
    assert bot.positions() == {"ETH": "0.1"}


def test_a_missing_pong_and_nothing_else(bot: Bot, socket: ClientConnection) -> None:
    with bot.server.fault("ws/pong:1:drop") as fault:
        socket.send('{"method":"ping"}')
        subscribe(socket, type="allMids")
        assert [hear(socket)["channel"] for _ in range(2)] == ["subscriptionResponse", "allMids"]
        assert fault.struck == 1


def test_user_events_are_known_by_the_name_of_the_subscription(
    bot: Bot, socket: ClientConnection
) -> None:
    subscribe(socket, type="userEvents", user=bot.address)
    until_pong(socket)
    with bot.server.fault("ws/userEvents:#1:drop"):
        bot.exchange.market_open("ETH", True, 0.1)
        bot.exchange.market_open("ETH", True, 0.2)
        frames = until_pong(socket)
    assert [frame["channel"] for frame in frames] == ["user"]
    assert frames[0]["data"]["fills"][0]["sz"] == "0.2"


@pytest.mark.parametrize(
    ("code", "received"), [(1000, 1000), (1001, 1001), (1011, 1011), (1012, 1012)]
)
def test_a_socket_closes_with_a_code(
    bot: Bot, socket: ClientConnection, code: int, received: int
) -> None:
    watched(socket, bot)
    with bot.server.fault(f"ws/orderUpdates:#1:close={code}"):
        oid = place(bot)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == received
    assert bot.info.open_orders(bot.address)[0]["oid"] == oid


@pytest.mark.parametrize("effect", ["close=1006", "reset"])
def test_a_socket_ends_without_a_close_frame(
    bot: Bot, socket: ClientConnection, effect: str
) -> None:
    watched(socket, bot)
    with bot.server.fault(f"ws/orderUpdates:#1:{effect}"):
        place(bot)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd is None


def test_a_stalled_socket_stays_open_and_hears_nothing(bot: Bot, socket: ClientConnection) -> None:
    watched(socket, bot)
    with bot.server.fault("ws/orderUpdates:#1:stall"):
        place(bot)
        socket.send('{"method":"ping"}')
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)
    # What it asks for is done all the same, and other sockets are as ever.
    with connect(bot.server.ws_url) as other:
        other.send('{"method":"ping"}')
        assert hear(other) == {"channel": "pong"}
    with pytest.raises(TimeoutError):
        socket.recv(timeout=0.1)


def test_a_stalled_socket_does_not_answer_pings_of_the_protocol(
    bot: Bot, socket: ClientConnection
) -> None:
    assert socket.ping().wait(10)
    with bot.server.fault("ws/pong:#1:stall") as fault:
        socket.send('{"method":"ping"}')
        while not fault.struck:
            pass
        assert not socket.ping().wait(0.3)


def test_a_stalled_socket_is_not_closed_for_its_silence() -> None:
    with hlsim.start(clock="manual", profile=["idle_s=1"]) as server:
        with connect(server.ws_url) as quiet, pytest.raises(ConnectionClosed):
            quiet.recv(timeout=10)
        with server.fault("ws/pong:#1:stall"), connect(server.ws_url) as socket:
            socket.send('{"method":"ping"}')
            with pytest.raises(TimeoutError):
                socket.recv(timeout=3)


def test_the_response_of_a_post_is_a_frame_too(server: Any, socket: ClientConnection) -> None:
    request = {"type": "info", "payload": {"type": "exchangeStatus"}}
    with server.fault("ws/post:#1:drop"):
        for number in (1, 2):
            socket.send(json.dumps({"method": "post", "id": number, "request": request}))
        assert hear(socket)["data"]["id"] == 2


def test_explorer_frames_have_names_though_they_say_none(
    bot: Bot, socket: ClientConnection
) -> None:
    subscribe(socket, type="explorerBlock")
    until_pong(socket)
    with bot.server.fault("ws/explorerBlock:1:drop"):
        place(bot)
        assert until_pong(socket) == []
    place(bot)
    assert [type(frame) for frame in until_pong(socket)] == [list]


def test_same_seed_same_frames() -> None:
    heard = []
    for seed in (3, 3, 4):
        with (
            hlsim.start(seed=seed, fault=["ws/l2Book:0.5:drop"]) as exchange,
            connect(exchange.ws_url) as socket,
        ):
            subscribe(socket, type="l2Book", coin="BTC")
            until_pong(socket)
            times = []
            for _ in range(40):
                exchange.clock.advance(seconds=6)
                times.append(sum(frame["channel"] == "l2Book" for frame in until_pong(socket)))
        heard.append(times)
    assert heard[0] == heard[1]
    assert heard[0] != heard[2]
    assert {0, 1} <= set(heard[0])


def test_a_line_that_is_no_json_passes_whatever_is_in_force() -> None:
    with (
        hlsim.start(market="empty", profile="greeting=on", fault="ws/any:#2:drop") as exchange,
        connect(exchange.ws_url) as opened,
    ):
        assert opened.recv(timeout=10) == "Websocket connection established."
        opened.send('{"method":"ping"}')
        assert hear(opened) == {"channel": "pong"}
