"""Back to an earlier moment, and on from there as the first time."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from asking import ask, get, told
from nodes import BOB, RealTime, Ticks, node, order, run, signed, trade
from stories import START_MS, market
from streams import Site, site
from streams import run as run_site
from websockets.sync.client import connect

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.clients import Clients
from hlsim.server.limits import LimitSet
from hlsim.server.marks import Moment, Moments
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock
from hlsim.server.replica import Replica
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import ListPerp
from hlsim.sim.rewind import Mark
from hlsim.sim.view import View


def post(exchange: RunningExchange, path: str, **keys: Any) -> Any:
    answer = ask(exchange, "POST", f"/hlsim/{path}", json.dumps(keys).encode())
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def following(made: LocalNode) -> Exchange:
    follower = Exchange.restore(made.snapshot())
    made.subscribe(Replica(follower.state, follower).on_block)
    return follower


# -- the node --------------------------------------------------------------------------------------


def test_a_node_goes_back_any_number_of_times_with_scripts_and_clock() -> None:
    ticks, real = Ticks(1000), RealTime()
    made = node(scripts=[ticks], real=real)
    follower = following(made)
    made.advance(1500)
    run(lambda: trade(made))
    mark, hashed = made.mark(), made.exchange.state_hash()

    for _ in range(3):
        made.advance(10_000)
        run(lambda: trade(made))
        made.switch(Clock.WALL, 5.0)
        real.go(100)
        assert made.exchange.state_hash() != hashed
        made.rewind(mark)

        assert made.exchange.state_hash() == hashed
        assert follower.state_hash() == hashed
        assert ticks.ran == [1000]
        real.go(100)
        assert made.pacer.now_ms() == START_MS + 1500
        assert (made.pacer.clock, made.pacer.speed) == (Clock.MANUAL, 1.0)

    made.advance(500)
    assert ticks.ran == [1000, 2000]


def test_marks_of_different_moments_do_not_disturb_each_other() -> None:
    made = node()
    marks = []
    for _ in range(4):
        marks.append((made.mark(), made.exchange.state_hash()))
        run(lambda: trade(made))
        run(lambda: made.submit(signed(order("0.02 BTC @ 49000"))))
        made.advance(5_000)
    for place in (2, 0, 3, 3, 1, 0, 2):
        mark, hashed = marks[place]
        made.rewind(mark)
        assert made.exchange.state_hash() == hashed
        made.exchange.state.markets[0].book.check()
        run(lambda: trade(made))


@pytest.mark.breaks
def test_a_script_that_failed_since_runs_again() -> None:
    ticks = Ticks(1000, fails_at=START_MS + 2000)
    made = node(scripts=[ticks])
    mark = made.mark()
    made.advance(5_000)
    assert ticks.ran == [1000]
    ticks.fails_at = None
    made.rewind(mark)
    made.advance(5_000)
    assert ticks.ran == [1000, 2000, 3000, 4000, 5000]


def test_what_was_listed_since_is_gone() -> None:
    made = node()
    mark = made.mark()
    made.operate(ListPerp("FRESH", 1, 25, 500_000_000))  # type: ignore[arg-type]
    assert made.exchange.state.universe.by_coin.get("FRESH") is not None
    made.rewind(mark)
    assert made.exchange.state.universe.by_coin.get("FRESH") is None
    assert max(made.exchange.state.markets) == 10_107


ASKED: list[dict[str, Any]] = [
    {"name": "l2Book", "coin": "BTC"},
    {"name": "allMids"},
    {"name": "metaAndAssetCtxs"},
    {"name": "spotMetaAndAssetCtxs"},
]


def test_nothing_that_was_cached_comes_back_with_the_version_of_a_book() -> None:
    """After it the book reaches the same version again, with another order in it."""
    made = node()
    run(lambda: made.submit(signed(order("0.02 BTC @ 49000"))))
    mark = made.mark()

    def answers(state: Any) -> list[Any]:
        return [told(View(state), **one) for one in ASKED]

    found = []
    for px in ("48000", "47000", "46000"):
        made.rewind(mark)
        answers(made.exchange.state)
        action = order(f"0.01 BTC @ {px}", is_buy=True)
        run(lambda action=action: made.submit(signed(action, BOB)))  # type: ignore[misc]
        fresh = Exchange.restore(made.snapshot())
        assert answers(made.exchange.state) == answers(fresh.state)
        found.append(msgspec.json.encode(answers(made.exchange.state)))
    assert len(set(found)) == 3


def test_a_mark_refuses_a_state_that_holds_what_it_does_not_know() -> None:
    state = market().ex.state
    state.outcomes[1] = object()  # type: ignore[assignment]
    with pytest.raises(TypeError, match="a state cannot hold object"):
        Mark(state)


# -- as many as there is room for ------------------------------------------------------------------


def test_the_oldest_moments_make_room_for_new_ones() -> None:
    made, clients = node(), Clients()
    moments = Moments(kept=3)
    kept = [moments.keep(Moment(made.mark(), clients.mark(), [1, []])) for _ in range(5)]

    assert kept == [1, 2, 3, 4, 5]
    assert len(moments) == 3
    assert moments.size == sum(moments.find(name).node.size for name in kept[2:])
    for name, said in ((2, "2 was forgotten for newer ones; kept: 3, 4, 5"), (9, "no snapshot 9")):
        with pytest.raises(ValueError, match=said):
            moments.find(name)


def test_moments_take_no_more_bytes_than_they_may_but_the_newest_stays() -> None:
    made, clients = node(), Clients()
    moment = Moment(made.mark(), clients.mark(), [1, []])
    size = moment.node.size
    assert size > 1000
    moments = Moments(most_bytes=2 * size + size // 2)
    for _ in range(5):
        moments.keep(moment)
    assert (len(moments), moments.size) == (2, 2 * size)
    tight = Moments(most_bytes=1)
    for _ in range(3):
        tight.keep(moment)
    assert tight.find(3) is moment
    assert len(tight) == 1


# -- rate limits -----------------------------------------------------------------------------------


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def read(self) -> float:
        return self.now


def test_the_last_minute_of_clients_is_taken_back_as_old_as_it_was() -> None:
    seconds = Seconds()
    clients = Clients(LimitSet(ip_weight=100), "strict", clock=seconds.read)
    scope = {"client": ("1.2.3.4", 5), "headers": []}
    clients.of(scope).charge(60)
    seconds.now += 50
    clients.of(scope).charge(30)
    mark = clients.mark()
    seconds.now += 500
    clients.of({"client": ("5.6.7.8", 5), "headers": []}).charge(100)

    clients.rewind(mark)

    assert clients.of({"client": ("5.6.7.8", 5), "headers": []}).weight == 0
    one = clients.of(scope)
    assert one.weight == 90
    seconds.now += 9
    one.charge(10)
    assert one.weight == 100
    seconds.now += 1
    one.charge(60)  # the first 60 are a minute old now
    assert one.weight == 100


# -- over HTTP -------------------------------------------------------------------------------------


def test_snapshots_and_restores_over_http() -> None:
    with hlsim.start(market="static") as exchange:
        began = post(exchange, "snapshot")
        assert began == {"id": 1, "time": exchange.clock.now_ms, "height": 2}
        hashed = exchange.state_hash()
        exchange.clock.advance(minutes=1)
        later = post(exchange, "snapshot")
        assert later["id"] == 2
        assert exchange.state_hash() != hashed
        assert post(exchange, "restore", id=1) == {"time": began["time"]}
        assert exchange.state_hash() == hashed
        assert post(exchange, "restore", id=2) == {"time": later["time"]}
        answer = ask(exchange, "POST", "/hlsim/restore", b'{"id":7}')
        assert answer.status == 400
        assert json.loads(answer.body) == {"error": "no snapshot 7; kept: 1, 2"}


def test_subscribers_are_told_once_of_a_reset() -> None:
    with hlsim.start(market="static") as exchange, connect(exchange.ws_url) as socket:
        subscription = {"type": "bbo", "coin": "BTC"}
        socket.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        _, first = (json.loads(socket.recv(5)) for _ in range(2))
        for _ in range(2):
            exchange.market.move("BTC", 90_000)
            while json.loads(socket.recv(5))["data"]["bbo"][0]["px"] != "89955.0":
                pass
            exchange.reset()
            assert json.loads(socket.recv(5)) == first
            socket.send('{"method":"ping"}')
            assert json.loads(socket.recv(5)) == {"channel": "pong"}


@pytest.mark.parametrize("kind", ["static", "live"])
def test_after_a_reset_everything_goes_as_the_first_time(kind: str) -> None:
    with hlsim.start(market=kind, seed=5) as exchange:
        opened = exchange.state_hash()
        exchange.clock.advance(seconds=20)
        hashed = exchange.state_hash()
        for _ in range(3):
            post(exchange, "clock/mode", clock="auto", speed=3)
            post(exchange, "reset")
            state = get(exchange, "state")
            assert (state["hash"], state["clock"], state["speed"]) == (opened, "manual", 1.0)
            exchange.clock.advance(seconds=20)
            assert exchange.state_hash() == hashed


def test_a_wall_clock_goes_back_to_when_it_started() -> None:
    with hlsim.start(market="empty", clock="wall", speed=100) as exchange:
        began_ms = exchange.call(lambda server: server.node.pacer.start_ms)
        exchange.clock.advance(hours=1)
        post(exchange, "reset")
        assert began_ms <= exchange.clock.now_ms < began_ms + 3_600_000


def test_subscribers_are_told_of_an_exchange_that_went_back() -> None:
    async def test() -> None:
        async with site() as here, here.client() as client:
            await told_of_it(here, client)

    async def told_of_it(here: Site, client: Any) -> None:
        here.bob.sells("0.5 BTC @ 50000")
        here.commit()
        mark = here.node.mark()
        await client.subscribe(type="bbo", coin="BTC")
        await client.next()
        here.alice.buys("0.2 BTC @ 50000")
        here.commit()
        assert (await client.next())[1]["bbo"][1]["sz"] == "0.3"
        here.node.rewind(mark)
        assert (await client.next())[1]["bbo"][1]["sz"] == "0.5"

    run_site(test)


def test_streams_that_lag_behind_go_back_as_well() -> None:
    with hlsim.start(market="static", ws_lag=1) as exchange, connect(exchange.ws_url) as socket:
        subscription = {"type": "bbo", "coin": "BTC"}
        socket.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        frames = [json.loads(socket.recv(20)) for _ in range(2)]
        moment = post(exchange, "snapshot")["id"]
        exchange.clock.advance(minutes=1)
        post(exchange, "restore", id=moment)
        again = json.loads(socket.recv(20))
        while again["data"]["time"] != frames[1]["data"]["time"]:
            again = json.loads(socket.recv(20))
        assert again == frames[1]
