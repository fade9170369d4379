"""Limits of requests, on a real server: what each costs, and what a refusal looks like."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asking import Answer, ask, can_bind, headers_of
from wire import Pen, oid_of, order

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.clients import Clients

JSON = {"content-type": "application/json"}
NULL = (429, headers_of(b"null", JSON), b"null")
USER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
BTC, ETH = 0, 1


def clients_of(running: RunningExchange) -> Clients:
    return running.call(lambda server: server.clients)


def spent(running: RunningExchange, name: str = "127.0.0.1") -> int:
    """What one client has used of its minute."""
    scope = {"type": "http", "client": (name, 1), "headers": []}
    return running.call(lambda server: server.clients.of(scope).weight)


def info(running: RunningExchange, kind: str, **fields: Any) -> Answer:
    return ask(running, body=json.dumps({"type": kind, **fields}).encode())


@contextmanager
def limited(*numbers: str, **words: Any) -> Iterator[RunningExchange]:
    words = {"market": "empty", "limit_set": ["official", *numbers]} | words
    with hlsim.start(**words) as running:
        yield running


# -- what a request costs --------------------------------------------------------------------------

REQ = {"coin": "BTC", "interval": "1m", "startTime": 0}
COSTS: list[tuple[str, dict[str, Any], int]] = [
    ("l2Book", {"coin": "BTC"}, 2),
    ("l2Book", {"coin": "NOPE"}, 2),
    ("allMids", {}, 2),
    ("clearinghouseState", {"user": USER}, 2),
    ("orderStatus", {"user": USER, "oid": 1}, 2),
    ("spotClearinghouseState", {"user": USER}, 2),
    ("exchangeStatus", {}, 2),
    ("userRole", {"user": USER}, 60),
    ("meta", {}, 20),
    ("openOrders", {"user": USER}, 20),
    ("userRateLimit", {"user": USER}, 20),
    ("candleSnapshot", {"req": REQ}, 20),
    ("fundingHistory", {"coin": "NOPE", "startTime": 0}, 20),
    ("nosuch", {}, 20),
    ("openOrders", {"user": "0x12"}, 20),
]


def test_what_each_query_costs() -> None:
    """Documented: info 3. Assumed: what fails is charged as what succeeds, and what is not
    understood as most queries are.
    """
    with limited("ip-weight=none", "ip-weight=100000") as running:
        for kind, fields, weight in COSTS:
            before = spent(running)
            info(running, kind, **fields)
            assert (kind, spent(running) - before) == (kind, weight)
        for body, weight in ((b"{", 20), (b"", 20), (b"[]", 20)):
            before = spent(running)
            assert ask(running, body=body).status in (400, 422)
            assert spent(running) - before == weight


def test_what_never_reaches_the_api_costs_nothing() -> None:
    """Assumed: other methods, paths and content types, and whatever is too large."""
    with limited() as running:
        for method in ("GET", "OPTIONS", "PUT"):
            ask(running, method)
        ask(running, path="/nosuch")
        ask(running, headers={"Content-Type": "text/plain"})
        ask(running, "GET", "/hlsim/state")
        assert spent(running) == 0


@pytest.mark.parametrize(
    ("rows", "kind", "extra"),
    [(0, "userFills", 0), (19, "userFills", 0), (20, "userFills", 1), (41, "userFills", 2)],
)
def test_rows_cost_more(rows: int, kind: str, extra: int) -> None:
    """Documented: one more for 20 rows (info 3). Assumed: rounded down (contested 61)."""
    with limited() as running:
        alice, bob = (Pen(running, one.key) for one in running.accounts[:2])
        if rows:
            bob.sells(ETH, str(rows), "1920")
        for _ in range(rows):
            alice.buys(ETH, "1", "1920")
        before = spent(running)
        answer = info(running, kind, user=alice.address)
        assert len(json.loads(answer.body)) == rows
        assert spent(running) - before == 20 + extra


def test_candles_cost_one_more_for_sixty() -> None:
    """Documented: info 3."""
    with limited() as running:
        alice, bob = (Pen(running, one.key) for one in running.accounts[:2])
        bob.sells(ETH, "1", "1920")
        alice.buys(ETH, "1", "1920")
        req = {**REQ, "coin": "ETH"}
        found = []
        for minutes in (58, 1, 60):
            running.clock.advance(minutes=minutes)
            before = spent(running)
            candles = json.loads(info(running, "candleSnapshot", req=req).body)
            found.append((len(candles), spent(running) - before))
        assert found == [(59, 20), (60, 21), (120, 22)]


def test_a_refused_or_broken_action_costs_what_it_would() -> None:
    with limited() as running:
        alice = Pen(running, running.accounts[0].key)
        stranger = Pen(running, "0x" + "01" * 32)
        assert stranger.l1({"type": "noop"})["status"] == "err"
        assert alice.orders(*[order(BTC, "0.001", "60000")] * 201)["status"] == "err"
        assert spent(running) == 1 + 6
        assert ask(running, path="/exchange", body=b"{}").status == 422
        assert spent(running) == 8


# -- the limit -------------------------------------------------------------------------------------


def test_the_last_request_of_a_minute_and_the_one_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Observed: 429 with the body `null`, without Retry-After (info 1). One under, at, and over."""
    with limited("ip-weight=42") as running:
        assert info(running, "meta").status == 200
        assert info(running, "meta").status == 200
        assert info(running, "meta").whole == NULL
        assert info(running, "allMids").status == 200
        assert info(running, "allMids").whole == NULL
        assert ask(running, path="/exchange", body=b"{}").whole == NULL
        alice = Pen(running, running.accounts[0].key)
        before = running.state_hash()
        with pytest.raises(AssertionError, match=r"\(429, b'null'\)"):
            alice.l1({"type": "noop"})
        assert running.state_hash() == before
        assert spent(running) == 42
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("127.0.0.1 is over limit ip-weight: 60, allowed are 42 weight a minute")


def test_a_minute_later_there_is_room_again() -> None:
    with limited("ip-weight=20") as running:
        assert info(running, "meta").status == 200
        assert info(running, "meta").whole == NULL

        def later(server: Any) -> None:
            clock, server.clients.clock = server.clients.clock, lambda: clock() + 60

        running.call(later)
        assert info(running, "meta").status == 200


def test_exchange_time_gives_no_room() -> None:
    """Decided: a limit of the server runs on real time, as the clients that pace themselves do."""
    with limited("ip-weight=20") as running:
        assert info(running, "meta").status == 200
        running.clock.advance(hours=1)
        assert info(running, "meta").whole == NULL


def test_warn_answers_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with limited("ip-weight=20", limits="warn") as running:
        for _ in range(5):
            assert info(running, "meta").status == 200
        alice = Pen(running, running.accounts[0].key)
        assert alice.l1({"type": "noop"})["status"] == "ok"
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("127.0.0.1 is over limit ip-weight: 40, allowed are 20 weight a minute")
    assert "the exchange would refuse with HTTP 429" in line


def test_off_answers_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with limited("ip-weight=20", limits="off") as running:
        for _ in range(5):
            assert info(running, "meta").status == 200
    assert caplog.records == []


def test_a_test_is_not_throttled_by_surprise(caplog: pytest.LogCaptureFixture) -> None:
    """Decided: `start()` has the exchange's own limits only."""
    with hlsim.start(market="empty") as running:
        for _ in range(70):
            assert info(running, "meta").status == 200
        rules = running.exchange.state.rules
    assert (rules.address_limits, rules.free_requests) == ("strict", 10_000)
    assert caplog.records == []


# -- the exchange's own limits ---------------------------------------------------------------------


def test_an_address_is_limited_over_http(caplog: pytest.LogCaptureFixture) -> None:
    """Observed: HTTP 200 and the text; the numbers of userRateLimit are the same (exchange 7.1)."""
    with hlsim.start(market="empty", limit_set="address-requests=4") as running:
        alice, bob = (Pen(running, one.key) for one in running.accounts[:2])
        for _ in range(3):
            assert alice.l1({"type": "noop"})["status"] == "ok"
        text = (
            "Too many cumulative requests sent (4 > 3) for cumulative volume traded $0. Place"
            " taker orders to free up 1 request per USDC traded."
        )
        for _ in range(2):
            assert alice.l1({"type": "noop"}) == {"status": "err", "response": text}
        assert bob.l1({"type": "noop"})["status"] == "ok"
        assert alice.info("userRateLimit", user=alice.address) == {
            "cumVlm": "0.0",
            "nRequestsUsed": 3,
            "nRequestsCap": 4,
            "nRequestsSurplus": 0,
        }
        running.clock.advance(ms=9_999)
        assert alice.l1({"type": "noop"})["response"] == text
        running.clock.advance(ms=1)
        assert alice.l1({"type": "noop"})["status"] == "ok"
        assert alice.l1({"type": "noop"})["response"] == text.replace("4 > 3", "5 > 3")
        alice.l1({"type": "reserveRequestWeight", "weight": 1})
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        f"{alice.address} is over limit address-requests: 4, allowed are 3 requests of an address;"
        " refused with Too many cumulative requests sent. Remedy: trade, reserveRequestWeight, or"
        " send one in 10 s (--limits warn or off answers all the same)"
    ]


@pytest.mark.parametrize("limits", ["strict", "warn", "off"])
def test_cancels_go_on_where_orders_stop(limits: str) -> None:
    """Documented: a cap of their own (exchange 9); the text has its numbers, less one."""
    numbers = ["address-requests=3", "address-cancels=1"]
    with hlsim.start(market="empty", limits=limits, limit_set=numbers) as running:
        alice = Pen(running, running.accounts[0].key)
        oids = [oid_of(alice.buys(ETH, "1", "1000")) for _ in range(2)]

        def cancel(oid: int) -> Any:
            return alice.l1({"type": "cancel", "cancels": [{"a": ETH, "o": oid}]})

        replies = [alice.buys(ETH, "1", "1000"), cancel(oids[0]), cancel(oids[1])]
        is_strict = limits == "strict"
        expected = ["err", "ok", "err"] if is_strict else ["ok", "ok", "ok"]
        assert [reply["status"] for reply in replies] == expected
        if is_strict:
            assert [str(replies[at]["response"])[:43] for at in (0, 2)] == [
                "Too many cumulative requests sent (3 > 2) f",
                "Too many cumulative requests sent (4 > 3) f",
            ]
        left = alice.info("openOrders", user=alice.address)
        assert [row["oid"] for row in left] == ([oids[1]] if is_strict else [oids[1] + 1])


def test_an_address_is_told_of_in_warn(caplog: pytest.LogCaptureFixture) -> None:
    with hlsim.start(
        market="empty", limits="warn", limit_set=["address-requests=9", "address-daily=2"]
    ) as running:
        alice, bob = (Pen(running, one.key) for one in running.accounts[:2])
        mode = {"user": bob.address, "abstraction": "unifiedAccount"}
        assert bob.user("userSetAbstraction", **mode)["status"] == "ok"
        for _ in range(9):
            assert alice.l1({"type": "noop"})["status"] == "ok"
        for _ in range(3):
            assert bob.l1({"type": "noop"})["status"] == "ok"
    budget, daily = [record.getMessage() for record in caplog.records]
    assert budget.startswith(f"{alice.address} is over limit address-requests: 9, allowed are 8 ")
    assert daily.startswith(f"{bob.address} is over limit address-daily: 3, allowed are 2 ")
    assert "the exchange would refuse" in budget


def test_a_living_market_needs_no_budget() -> None:
    """Decided: its actors have requests without end, or their quotes would end with them."""
    with hlsim.start(market="live", limit_set="address-requests=1") as running:

        def traded(exchange: Any) -> int:
            return sum(market.volume.total_usd for market in exchange.state.markets.values())

        running.clock.advance(seconds=20)
        before = running.read(traded)
        running.clock.advance(seconds=20)
        assert running.read(traded) > before


# -- many clients ----------------------------------------------------------------------------------


def ask_from(running: RunningExchange, source: str, headers: dict[str, str] | None = None) -> int:
    """The status of one cheap query from an address of the loopback network."""
    connection = http.client.HTTPConnection(
        running.host, running.port, timeout=10, source_address=(source, 0)
    )
    try:
        sent = {"Content-Type": "application/json", **(headers or {})}
        connection.request("POST", "/info", b'{"type":"exchangeStatus"}', sent)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.skipif(not can_bind("127.0.0.2"), reason="one loopback address only")
def test_addresses_have_limits_of_their_own() -> None:
    with limited("ip-weight=3") as running:
        found = [ask_from(running, f"127.0.0.{host}") for host in (2, 2, 3, 3, 2)]
        assert found == [200, 429, 200, 429, 429]


def test_a_header_that_nobody_trusts_changes_nothing() -> None:
    """A client cannot give itself a new budget, nor make the server remember it."""
    with limited("ip-weight=20") as running:
        statuses = []
        for number in range(50):
            spoofed = {"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}"}
            spoofed |= {"X-Real-IP": f"10.0.0.{number}", "CF-Connecting-IP": f"10.0.0.{number}"}
            statuses.append(ask_from(running, "127.0.0.1", spoofed))
        assert statuses == [200] * 10 + [429] * 40
        assert len(clients_of(running)) == 1


def test_addresses_without_end_behind_a_trusted_proxy_stay_bounded() -> None:
    """The worst case: every request names another client, and what names none is the proxy."""
    with limited("ip-weight=3", limit_header="X-Forwarded-For") as running:
        running.call(lambda server: setattr(server.clients, "kept", 50))
        connection = http.client.HTTPConnection(running.host, running.port, timeout=10)
        for number in range(1_500):
            sent = {"X-Forwarded-For": f"spoofed, 10.0.{number // 250}.{number % 250}"}
            sent["Content-Type"] = "application/json"
            connection.request("POST", "/info", b'{"type":"exchangeStatus"}', sent)
            response = connection.getresponse()
            response.read()
            assert response.status == 200
        assert len(clients_of(running)) == 50
        sent["X-Forwarded-For"] = "10.0.5.249"
        connection.request("POST", "/info", b'{"type":"exchangeStatus"}', sent)
        assert connection.getresponse().status == 429
        connection.close()
        odd = {"X-Forwarded-For": "no address"}
        assert [ask_from(running, "127.0.0.1", odd) for _ in range(2)] == [200, 429]
