"""Queries that are answered from the exchange as it was: what clients see, and that it is no more
than what they see.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import eth_account
import pytest
from asking import ask, get, steer
from bots import GTC, one
from hyperliquid.exchange import Exchange
from struck import CLOID, Struck, until
from test_recorded import replayed

import hlsim
from hlsim.library import RunningExchange
from hlsim.scenarios.faults import parse_fault
from hlsim.server.app import Options, open_node
from hlsim.server.faults import MOST_LAGS, Faults
from hlsim.server.pacer import Clock
from hlsim.server.replica import LateReplica
from hlsim.sim.fixed import Address, Usd
from hlsim.sim.operations import DepositUsd

LAG = "info:1:lag=400"


def test_an_order_is_unknown_for_as_long_as_the_lag_though_it_is_there(struck: Struck) -> None:
    """The exchange has done what it acknowledged: to a byte as without the lag."""
    wanted = struck.hash_after(struck.buy)
    with struck.running.fault(LAG) as fault:
        oid = one(struck.buy())["resting"]["oid"]

        assert struck.running.state_hash() == wanted
        assert struck.ask()["status"] == "unknownOid"
        assert struck.info.query_order_by_oid(struck.address, oid)["status"] == "unknownOid"
        assert struck.info.open_orders(struck.address) == []
        struck.pass_time(399)
        assert struck.ask()["status"] == "unknownOid"
        struck.pass_time(1)
        assert struck.ask()["status"] == "order"
        assert [row["oid"] for row in struck.info.open_orders(struck.address)] == [oid]
        # A cancel is done at once as well, and its order seen for a while.
        struck.exchange.cancel("ETH", oid)
        assert [row["oid"] for row in struck.info.open_orders(struck.address)] == [oid]
        assert fault.struck == 7
    assert struck.info.open_orders(struck.address) == []


def test_fills_and_positions_are_as_late(struck: Struck) -> None:
    with struck.running.fault(LAG):
        struck.trade()
        info = struck.info
        assert info.user_fills(struck.address) == []
        assert info.user_state(struck.address)["assetPositions"] == []
        struck.pass_time(400)
        assert len(info.user_fills(struck.address)) == 1
        (held,) = info.user_state(struck.address)["assetPositions"]
        assert held["position"]["szi"] == "0.1"


def test_a_lag_that_begins_tells_of_its_beginning_until_it_is_over(struck: Struck) -> None:
    struck.buy()
    struck.pass_time(10)
    with struck.running.fault(LAG):
        assert struck.ask()["status"] == "order"
        struck.exchange.cancel_by_cloid("ETH", CLOID)
        struck.pass_time(300)
        assert len(struck.info.open_orders(struck.address)) == 1
        struck.pass_time(100)
        assert struck.info.open_orders(struck.address) == []


def test_only_those_that_a_plan_names_lag(struck: Struck) -> None:
    other = "0x" + "00" * 20
    for narrow, late in (
        (f"orderStatus[cloid={CLOID.to_raw()}]:1", True),
        (f"info[user={struck.address}]:1", True),
        ("orderStatus:#2", False),
        ("openOrders:1", False),
        (f"orderStatus[user={other}]:1", False),
        ("orderStatus[until=1]:1", False),
    ):
        struck.reset()
        with struck.running.fault(f"{narrow}:lag=400"):
            struck.buy()
            assert (struck.ask()["status"] == "unknownOid") is late, narrow


def test_another_fault_may_strike_what_lags(struck: Struck) -> None:
    with struck.running.fault(LAG) as lag, struck.running.fault("info:1:duplicate") as twice:
        struck.buy()
        assert struck.ask()["status"] == "unknownOid"
        assert (lag.struck, twice.struck) == (2, 1)


def test_a_post_over_a_socket_lags_and_its_streams_do_not(struck: Struck) -> None:
    line = struck.line()
    assert until(lambda: line.ws_ready)
    updates = {"type": "orderUpdates", "user": struck.address}
    line.say({"method": "subscribe", "subscription": updates})
    line.until_pong()
    with struck.running.fault(LAG):
        struck.buy()
        update = line.next()
        assert update["channel"] == "orderUpdates"
        assert [row["status"] for row in update["data"]] == ["open"]
        client = struck.client_of(line)
        for wanted in ("unknownOid", "order"):
            struck.ask(client)
            assert line.next()["data"]["response"]["payload"]["data"]["status"] == wanted
            struck.pass_time(400)


def test_the_operator_hears_which_answers_were_late(struck: Struck) -> None:
    struck.running.call(lambda server: server.console.requests.clear())
    with struck.running.fault("orderStatus:1:lag=400"):
        struck.ask()
        struck.info.open_orders(struck.address)
    (row,) = struck.running.requests(status="struck").requests
    assert (row.name, row.status) == ("orderStatus", 200)
    assert (row.struck.plan, row.struck.status) == ("orderStatus:1:lag=400", 200)
    assert row.struck.got == "an answer up to 400 ms old"
    assert struck.running.diagnoses() == []


def test_the_operator_hears_of_a_lag_beside_another_fault(struck: Struck) -> None:
    struck.running.call(lambda server: server.console.requests.clear())
    with struck.running.fault("info:1:duplicate"), struck.running.fault("orderStatus:1:lag=400"):
        struck.ask()
        struck.info.open_orders(struck.address)
    told = [(row.name, row.struck.late) for row in struck.running.requests().requests]
    late, present = ("orderStatus", "orderStatus:1:lag=400"), ("openOrders", "")
    assert told == [late, late, present, present]


def test_what_comes_late_is_not_kept_without_end() -> None:
    """Nothing is old enough while the clock stands."""
    node = open_node(Options(market="empty", clock=Clock.MANUAL))
    late = LateReplica(node.snapshot(), 400, kept=3)
    node.subscribe(late.on_block)
    for number in range(5):
        node.operate(DepositUsd(Address(f"0x{number:040x}"), Usd(1_000_000)))
    assert len(late.view.state.accounts) == len(node.exchange.state.accounts) - 3


# -- a running exchange ----------------------------------------------------------------------------


def client_of(exchange: RunningExchange) -> Exchange:
    return Exchange(eth_account.Account.from_key(exchange.accounts[0].key), exchange.url)


def test_a_lag_is_added_cleared_kept_and_taken_back() -> None:
    with hlsim.start(market="empty", clock="manual") as exchange:
        client = client_of(exchange)

        def ask_after_an_order() -> str:
            oid = one(client.order("ETH", True, 0.1, 1500, GTC))["resting"]["oid"]
            found = client.info.query_order_by_oid(exchange.accounts[0].address, oid)
            return str(found["status"])

        assert ask_after_an_order() == "order"
        added = steer(exchange, "fault/add", plan={"on": "info", "effect": "lag", "ms": 400})
        assert added["plan"] == LAG
        assert ask_after_an_order() == "unknownOid"
        kept = exchange.snapshot()
        steer(exchange, "fault/clear", id=added["id"])
        assert ask_after_an_order() == "order"
        exchange.restore(kept)
        assert [row["plan"] for row in get(exchange, "fault/list")] == [LAG]
        assert ask_after_an_order() == "unknownOid"
        exchange.reset()
        assert get(exchange, "fault/list") == []
        assert ask_after_an_order() == "order"


@pytest.mark.parametrize("how", [{"fault": LAG}, {"profile": ["read_lag_ms=400"]}])
def test_after_a_restore_answers_are_as_late_as_they_were(how: dict[str, Any]) -> None:
    with hlsim.start(market="empty", clock="manual", **how) as exchange:
        client = client_of(exchange)

        def known() -> list[list[int]]:
            found = []
            for _ in range(3):
                rows = client.info.open_orders(exchange.accounts[0].address)
                found.append(sorted(row["oid"] for row in rows))
                exchange.clock.advance(ms=200)
            return found

        first = one(client.order("ETH", True, 0.1, 1500, GTC))["resting"]["oid"]
        exchange.clock.advance(ms=300)
        second = one(client.order("ETH", True, 0.1, 1400, GTC))["resting"]["oid"]
        kept = exchange.snapshot()
        seen = known()
        assert seen == [[], [first], [first, second]]
        client.cancel("ETH", first)
        client.cancel("ETH", second)

        for _ in range(2):
            exchange.restore(kept)
            assert known() == seen
        exchange.reset()
        assert known() == [[], [], []]


def test_a_scenario_that_ends_with_a_restore_takes_its_lag_along() -> None:
    told = {
        "title": "Answers are late",
        "lasts": "10s",
        "faults": [LAG],
        "expect": [{"never": {"open_orders": {"at_least": 2}}}],
    }
    with hlsim.start(market="empty", clock="manual") as exchange:
        client = client_of(exchange)
        assert steer(exchange, "scenario/run", scenario=told)["state"] == "runs"
        client.order("ETH", True, 0.1, 1500, GTC)
        assert client.info.open_orders(exchange.accounts[0].address) == []
        exchange.restore(exchange.snapshot())
        assert get(exchange, "scenario/status")["state"] != "runs"
        assert get(exchange, "fault/list") == []
        assert len(client.info.open_orders(exchange.accounts[0].address)) == 1


def test_the_profile_says_what_is_usual_and_a_fault_what_is_not() -> None:
    """A reading of the profile is no fault: nobody clears it."""
    with hlsim.start(market="empty", clock="manual", profile=["read_lag_ms=700"]) as exchange:
        client = client_of(exchange)
        address = exchange.accounts[0].address

        def is_known(oid: int) -> bool:
            return client.info.query_order_by_oid(address, oid)["status"] == "order"

        assert get(exchange, "fault/list") == []
        oid = one(client.order("ETH", True, 0.1, 1500, GTC))["resting"]["oid"]
        with exchange.fault("orderStatus:#2:lag=50"):
            # It tells of its beginning, when the order was there.
            assert [is_known(oid), is_known(oid)] == [False, True]
        steer(exchange, "fault/clear")
        assert not is_known(oid)
        exchange.clock.advance(ms=700)
        assert is_known(oid)


def test_the_number_of_lags_has_an_end() -> None:
    kept: list[list[int]] = []
    faults = Faults(0, lambda: 0, keep=lambda lags: kept.append(sorted(lags)))
    for ms in (10, 20, 30, 40, 40):
        faults.add(parse_fault(f"info:1:lag={ms}"))
    with pytest.raises(ValueError, match=f"no more than {MOST_LAGS} lags that differ at once"):
        faults.add(parse_fault("info:1:lag=50"))
    faults.remove(4)
    assert kept[-1] == [10, 20, 30, 40]
    saved = faults.state()
    faults.remove(5)
    assert kept[-1] == [10, 20, 30]
    faults.clear()
    assert kept[-1] == []
    faults.restore(saved)
    assert kept[-1] == [10, 20, 30, 40]


@pytest.mark.parametrize("on", ["order", "exchange", "any", "explorer"])
def test_nothing_but_queries_lags(on: str) -> None:
    with pytest.raises(ValueError, match=f"only queries lag: {on} is neither info nor a type"):
        Faults(0, lambda: 0).add(parse_fault(f"{on}:1:lag=400"))


def test_the_explorer_and_the_state_of_the_operator_are_never_late() -> None:
    with hlsim.start(market="empty", clock="manual", fault=LAG) as exchange:
        before = get(exchange, "state")["height"]
        client_of(exchange).order("ETH", True, 0.1, 1500, GTC)
        assert get(exchange, "state")["height"] == before + 1
        body = {"type": "userDetails", "user": exchange.accounts[0].address}
        answered = ask(exchange, path="/explorer", body=json.dumps(body).encode())
        assert len(json.loads(answered.body)["txs"]) == 1


def test_the_same_seed_has_the_same_answers_late() -> None:
    seen = []
    for seed in (3, 3, 4):
        settings: dict[str, Any] = {"market": "empty", "clock": "manual", "seed": seed}
        with hlsim.start(**settings, fault="orderStatus:0.5:lag=400") as exchange:
            client = client_of(exchange)
            address = exchange.accounts[0].address
            oid = one(client.order("ETH", True, 0.1, 1500, GTC))["resting"]["oid"]
            ask_one = client.info.query_order_by_oid
            seen.append([ask_one(address, oid)["status"] for _ in range(40)])
    assert seen[0] == seen[1] != seen[2]
    assert set(seen[0]) == {"order", "unknownOid"}


def test_a_restart_is_as_far_behind_and_a_replay_is_the_same(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "journal": str(tmp_path / "journal"),
        "market": "empty",
        "clock": "manual",
        "fault": LAG,
    }

    def known(exchange: RunningExchange) -> list[int]:
        found = client_of(exchange).info.open_orders(exchange.accounts[0].address)
        return [row["oid"] for row in found]

    with hlsim.start(**settings) as exchange:
        client = client_of(exchange)
        first = one(client.order("ETH", True, 0.1, 1500, GTC))["resting"]["oid"]
        exchange.clock.advance(ms=300)
        second = one(client.order("ETH", True, 0.1, 1400, GTC))["resting"]["oid"]
        exchange.clock.advance(ms=200)
        assert known(exchange) == [first]
        hashed = exchange.state_hash()
    with hlsim.start(**settings) as again:
        assert again.state_hash() == hashed
        assert known(again) == [first]
        again.clock.advance(ms=200)
        assert sorted(known(again)) == [first, second]
        hashed = again.state_hash()
    code, out, _ = replayed(settings, "--check")
    assert (code, out["hash"]) == (0, hashed)
