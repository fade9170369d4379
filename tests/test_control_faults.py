"""Faults over the control plane, and what becomes of them when the exchange goes back in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from asking import ask, get, steer
from bots import ALO, GTC, Bot, one
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import hlsim
from hlsim.library import RunningExchange

DROP = "meta:0.5:before:429"


@pytest.fixture
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="empty", fault="l2Book:1:before:502") as exchange:
        yield exchange


def in_force(exchange: RunningExchange) -> list[tuple[int, str, int, int]]:
    rows = get(exchange, "fault/list")
    return [(row["id"], row["plan"], row["met"], row["struck"]) for row in rows]


def statuses(exchange: RunningExchange, times: int) -> list[int]:
    post_one = requests.Session().post
    body = {"type": "meta"}
    return [
        post_one(exchange.url + "/info", json=body, timeout=10).status_code for _ in range(times)
    ]


def test_faults_are_added_listed_and_cleared(running: RunningExchange) -> None:
    first = (1, "l2Book:1:before:502", 0, 0)
    assert in_force(running) == [first]
    assert steer(running, "fault/add", plan="meta:#2:drop") == {
        "id": 2,
        "plan": "meta:#2:before:drop",
        "met": 0,
        "struck": 0,
    }
    third = steer(running, "fault/add", plan={"on": "meta", "effect": "status", "code": 504})
    assert third["plan"] == "meta:1:before:504"
    assert statuses(running, 1) == [504]
    assert in_force(running)[1:] == [
        (2, "meta:#2:before:drop", 1, 0),
        (3, "meta:1:before:504", 1, 1),
    ]
    assert [row["id"] for row in steer(running, "fault/clear", id=2)] == [2]
    assert [row["id"] for row in steer(running, "fault/clear")] == [1, 3]
    assert in_force(running) == []
    assert statuses(running, 1) == [200]


def test_what_makes_no_sense_is_refused(running: RunningExchange) -> None:
    for keys, words in (
        ({"plan": "mete:1:drop"}, "unknown mete; nearest: meta"),
        ({"plan": "meta:1:explode"}, "'explode' is none of delay, status"),
        ({"plan": {"on": "meta"}}, "a fault needs 'effect'"),
        ({"plan": 3}, "known keys: plan"),
        ({}, "plan"),
        ({"fault": "meta:1:drop"}, "unknown key 'fault'; known: plan"),
        # What no line can say.
        ({"plan": {"on": "order", "effect": "drop", "coin": "a&b"}}, "'a&b' is no coin"),
        ({"plan": {"on": "order", "effect": "drop", "coin": "a]b"}}, "'a]b' is no coin"),
        ({"plan": {"on": "order", "effect": "drop", "coin": ""}}, "'' is no coin"),
    ):
        status, error = steer(running, "fault/add", **keys)
        assert status == 400
        assert words in error
    twice = b'{"plan": {"on": "meta", "effect": "drop", "on": "l2Book"}}'
    answer = ask(running, "POST", "/hlsim/fault/add", twice)
    assert (answer.status, answer.body) == (400, b"""{"error":"'on' is given twice"}""")
    assert steer(running, "fault/clear", id=99) == (400, "no fault 99")
    assert len(in_force(running)) == 1


@pytest.mark.parametrize("coin", ["BTC", "@107", "PURR/USDC", "xyz:TSLA"])
def test_a_fault_of_a_coin_that_is_listed_is_added(running: RunningExchange, coin: str) -> None:
    for plan in (f"l2Book[coin={coin}]:1:502", {"on": "ws/bbo", "effect": "drop", "coin": coin}):
        assert coin in steer(running, "fault/add", plan=plan)["plan"]


@pytest.mark.parametrize(
    ("coin", "said"),
    [
        ("ETHH", "no coin 'ETHH'; nearest: ETH, ETHFI, MET"),
        ("eth", "no coin 'eth'"),
        ("@99999", "no coin '@99999'"),
        ("PURR/USD", "no coin 'PURR/USD'; nearest: PURR/USDC"),
        ("xyz:TSLAA", "no coin 'xyz:TSLAA'; nearest: xyz:TSLA"),
    ],
)
def test_a_fault_that_no_coin_lets_strike_is_refused(
    running: RunningExchange, coin: str, said: str
) -> None:
    status, error = steer(running, "fault/add", plan=f"order[coin={coin}]:1:drop")
    assert status == 400
    assert error.startswith(said)
    with pytest.raises(ValueError, match="nearest: ETH"), running.fault("ws/bbo[coin=ETHH]:1:drop"):
        pass
    assert len(in_force(running)) == 1
    steer(running, "market/list", coin="ETHH", px=5)
    assert steer(running, "fault/add", plan="order[coin=ETHH]:1:drop")["id"] == 2


def test_an_exchange_starts_with_no_fault_that_no_coin_lets_strike(tmp_path: Path) -> None:
    journal, plan = str(tmp_path / "journal"), "order[coin=FRESH]:1:drop"
    said = "fault order.coin=FRESH.:1:before:drop: no coin 'FRESH'"
    with pytest.raises(ValueError, match=said):
        hlsim.start(market="empty", fault=plan, journal=journal)
    with hlsim.start(scenario="new-listing", fault=plan) as listing:
        assert [row[1] for row in in_force(listing)] == ["order[coin=FRESH]:1:before:drop"]
    with hlsim.start(market="empty", journal=journal) as running:
        running.market.list("FRESH", 5)
    with hlsim.start(market="empty", journal=journal, fault=plan) as running:
        assert len(in_force(running)) == 1


def test_a_clock_apart_from_the_clients_refuses_their_nonces(bot: Bot) -> None:
    """Documented: (T - 2 days, T + 1 day) (exchange 4)."""

    def said() -> str:
        reply = bot.exchange.update_leverage(5, "ETH")
        return "ok" if reply["status"] == "ok" else reply["response"]

    for days, words in ((1.9, "ok"), (2.1, "Invalid nonce"), (-0.9, "ok"), (-1.1, "Invalid nonce")):
        bot.server.clock.skew(round(days * 86_400_000))
        try:
            assert said().startswith(words)
        finally:
            assert steer(bot.server, "clock/skew", ms=0) == {"ms": 0}
    assert said() == "ok"
    assert steer(bot.server, "clock/skew", ms=10**12)[0] == 400


def test_an_upgrade_closes_sockets_and_takes_only_post_only_orders_for_a_while(bot: Bot) -> None:
    """Observed: exchange 7.2, ws 1.3."""

    def said(order_type: Any) -> str:
        reply = bot.exchange.order("ETH", True, 0.1, bot.price("ETH", 0.5), order_type)
        return str(next(iter(one(reply).items())))

    with connect(bot.server.ws_url) as socket:
        told = steer(bot.server, "upgrade", post_only_ms=5_000)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
    assert told["post_only_until"] == told["time"] + 5_000
    assert "Only post-only orders allowed" in said(GTC)
    assert "resting" in said(ALO)
    bot.server.clock.advance(ms=5_000)
    assert "resting" in said(GTC)


def test_a_restore_takes_faults_and_their_dice_back(running: RunningExchange) -> None:
    steer(running, "fault/add", plan=DROP)
    statuses(running, 5)
    moment = running.snapshot()
    then, seen = in_force(running), statuses(running, 30)
    steer(running, "fault/clear")

    running.restore(moment)

    assert in_force(running) == then
    assert statuses(running, 30) == seen
    assert set(seen) == {200, 429}


def test_a_reset_leaves_the_faults_that_the_exchange_started_with(
    running: RunningExchange,
) -> None:
    seen = []
    for _ in range(2):
        steer(running, "fault/add", plan=DROP)
        seen.append(statuses(running, 30))
        running.reset()
        assert in_force(running) == [(1, "l2Book:1:before:502", 0, 0)]
    assert seen[0] == seen[1]


def test_a_fault_that_a_reset_lifted_is_over(running: RunningExchange) -> None:
    with running.fault(DROP) as fault:
        running.reset()
        assert fault.struck == 0
    assert len(in_force(running)) == 1


def test_how_often_a_fault_struck_is_known_when_it_is_over(running: RunningExchange) -> None:
    with running.fault("meta:1:before:504") as fault:
        assert statuses(running, 2) == [504, 504]
    assert statuses(running, 1) == [200]
    assert fault.struck == 2
