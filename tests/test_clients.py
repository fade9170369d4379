"""Who is remembered, and what of them: minutes, clients, and what the log says."""

from __future__ import annotations

import logging
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from hlsim.server.clients import Client, Clients, Minute
from hlsim.server.http import TooMany
from hlsim.server.limits import NONE, OFFICIAL, SETS, LimitSet, Log, limit_set


class RealTime:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def scope(peer: str, *headers: tuple[str, str]) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    return {"type": "http", "client": (peer, 1234), "headers": pairs}


def table(limits: LimitSet = OFFICIAL, **words: Any) -> tuple[RealTime, Clients]:
    clock = RealTime()
    return clock, Clients(limits, clock=clock, **words)


def passes(client: Client, weight: int) -> bool:
    try:
        client.charge(weight)
    except TooMany:
        return False
    return True


# -- the minute ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_a_minute_is_the_sum_of_its_sixty_seconds(seed: int) -> None:
    rng = Random(f"minute {seed}")
    minute, second, entered = Minute(), 1_000_000, list[tuple[int, int]]()
    for _ in range(2_000):
        second += rng.choice([0, 0, 0, 1, 2, 30, 59, 60, 61, 500])
        expected = sum(amount for at, amount in entered if second - at < 60)
        assert minute.turn_to(second) == minute.total == expected
        amount = rng.randrange(100)
        minute.add(amount)
        entered.append((second, amount))


# -- weight ----------------------------------------------------------------------------------------


def test_twelve_hundred_a_minute_and_not_one_more() -> None:
    """Documented: info 3. Assumed: the minute slides; what is refused is not counted."""
    clock, clients = table()
    client = clients.of(scope("1.2.3.4"))
    assert passes(client, 1_199)
    clock.now_s += 30
    assert [passes(client, 2), passes(client, 1), passes(client, 1)] == [False, True, False]
    clock.now_s += 29.9
    assert not passes(client, 1)
    clock.now_s += 0.1
    assert [passes(client, 1_199), passes(client, 1)] == [True, False]


def test_an_answer_may_cost_more_than_there_was_room_for() -> None:
    """Assumed: its rows are counted after it, so the next request pays for them."""
    clock, clients = table(LimitSet(ip_weight=40))
    client = clients.of(scope("1.2.3.4"))
    assert passes(client, 20)
    client.surcharge(100)
    assert not passes(client, 1)
    clock.now_s += 60
    assert passes(client, 40)


def test_clients_are_apart_and_come_back_to_what_they_spent() -> None:
    _, clients = table(LimitSet(ip_weight=10))
    one, other = clients.of(scope("1.2.3.4")), clients.of(scope("1.2.3.5"))
    assert [passes(one, 10), passes(one, 1), passes(other, 10)] == [True, False, True]
    assert clients.of(scope("1.2.3.4")) is one
    assert not passes(clients.of(scope("1.2.3.5")), 1)


# -- who it is -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "sent", "name"),
    [
        (None, [("x-forwarded-for", "9.9.9.9")], "1.1.1.1"),
        ("X-Forwarded-For", [("x-forwarded-for", "9.9.9.9")], "9.9.9.9"),
        ("X-Forwarded-For", [("x-forwarded-for", "8.8.8.8, 9.9.9.9 ")], "9.9.9.9"),
        ("X-Forwarded-For", [("x-forwarded-for", "8.8.8.8"), ("x-forwarded-for", "7.7.7.7")],
         "7.7.7.7"),
        ("X-Forwarded-For", [("x-real-ip", "9.9.9.9")], "1.1.1.1"),
        ("X-Forwarded-For", [("x-forwarded-for", "somebody")], "1.1.1.1"),
        ("X-Forwarded-For", [("x-forwarded-for", "")], "1.1.1.1"),
        ("X-Forwarded-For", [("x-forwarded-for", "é" * 5000)], "1.1.1.1"),
        ("x-real-ip", [("x-real-ip", "2001:DB8::1")], "2001:db8::1"),
    ],
)  # fmt: skip
def test_the_peer_is_the_client_unless_a_trusted_proxy_says_otherwise(
    header: str | None, sent: list[tuple[str, str]], name: str
) -> None:
    _, clients = table(header=header)
    assert clients.of(scope("1.1.1.1", *sent)).name == name


def test_a_client_without_an_address_is_one_client() -> None:
    """uvicorn knows no peer of a Unix socket."""
    _, clients = table()
    nobody = {"type": "http", "client": None, "headers": []}
    assert clients.of(nobody) is clients.of(nobody)


# -- memory ----------------------------------------------------------------------------------------


def test_addresses_without_end_are_kept_up_to_a_number() -> None:
    """Who was silent longest is forgotten first; who is served meanwhile is not."""
    _, clients = table(LimitSet(ip_weight=10), kept=100)
    busy = clients.of(scope("busy"))
    assert passes(busy, 10)
    for number in range(10_000):
        assert passes(clients.of(scope(str(number))), 10)
        assert not passes(clients.of(scope("busy")), 1)
        assert len(clients) <= 100
    assert len(clients) == 100
    assert not passes(clients.of(scope("9999")), 1)
    assert passes(clients.of(scope("0")), 10)


def test_addresses_that_come_once_are_forgotten_after_a_minute() -> None:
    clock, clients = table(kept=100_000)
    for number in range(5_000):
        clients.of(scope(str(number))).charge(1)
        clock.now_s += 0.1
        assert len(clients) <= 602
    clock.now_s += 100
    for number in range(400):
        clients.of(scope(f"late {number}")).charge(1)
    assert len(clients) == 400


def test_addresses_with_sockets_are_kept_and_forgotten_with_the_last() -> None:
    clock, clients = table(LimitSet(ws_new_connections=NONE), kept=3)
    held = [clients.of(scope(f"held {number}")) for number in range(10)]
    for client in held[:3]:
        assert client.open_socket()
        assert client.open_socket()
    for number in range(100):
        client = clients.of(scope(str(number)))
        assert client.open_socket()
        client.close_socket()
    assert len(clients) == 3 + 3
    assert [clients.of(scope(client.name)) is client for client in held[:4]] == [
        True, True, True, False,
    ]  # fmt: skip
    for client in held[:3]:
        client.close_socket()
        assert clients.of(scope(client.name)) is client
        client.close_socket()
    assert len(clients) == 3
    clock.now_s += 100
    clients.of(scope("new"))
    assert len(clients) == 2


def test_without_limits_nobody_is_told_apart() -> None:
    for clients in (table(mode="off")[1], table(SETS["address"])[1]):
        one, other = clients.of(scope("1.2.3.4")), clients.of(scope("1.2.3.5"))
        assert one is other
        for _ in range(100):
            one.charge(10_000)
            one.surcharge(10_000)
            assert one.open_socket()
            assert one.message() is None
            assert one.begin_post()
        for number in range(2_000):
            assert one.subscribe(f"0x{number:040x}", held=number) is None  # type: ignore[arg-type]
        assert len(clients) == 0


# -- sets ------------------------------------------------------------------------------------------


def test_a_set_and_numbers_make_a_set() -> None:
    assert limit_set(()) == OFFICIAL
    assert limit_set((("guide", 0),)) == replace(OFFICIAL, ws_subscriptions_each=10)
    mine = limit_set((("ip_weight", 5), ("guide", 0), ("ws_users", 10), ("address_requests", 7)))
    assert mine == replace(OFFICIAL, ws_subscriptions_each=10, ws_users=10, address_requests=7)
    address = SETS["address"]
    assert (address.ip_weight, address.ws_posts, address.address_requests) == (NONE, NONE, 10_000)


# -- the log ---------------------------------------------------------------------------------------

STRICT = (
    "1.2.3.4 is over limit ip-weight: 1220, allowed are 1200 weight a minute; refused with"
    " HTTP 429. Remedy: ask less often, ask for less, or subscribe over /ws (--limits warn or off"
    " answers all the same)"
)
WARN = (
    "1.2.3.4 is over limit ip-weight: 1220, allowed are 1200 weight a minute; the exchange would"
    " refuse with HTTP 429. Remedy: ask less often, ask for less, or subscribe over /ws"
)


@pytest.mark.parametrize(("mode", "text"), [("strict", STRICT), ("warn", WARN)])
def test_the_log_says_which_limit_who_and_what_to_do(
    mode: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock, clients = table(mode=mode)
    client = clients.of(scope("1.2.3.4"))
    client.charge(1_200)
    for _ in range(50):
        assert passes(client, 20) is (mode == "warn")
    assert [record.getMessage() for record in caplog.records] == [text]
    assert caplog.records[0].levelno == logging.WARNING
    clock.now_s += 59.9
    passes(client, 20)
    assert len(caplog.records) == 1
    clock.now_s += 0.1
    passes(client, 1_200)
    passes(client, 1_200)
    assert len(caplog.records) == 2


def test_the_log_cannot_be_flooded(caplog: pytest.LogCaptureFixture) -> None:
    clock = RealTime()
    log = Log("strict", clock)
    for number in range(3_000):
        log.tell("ip-weight", str(number), 2, 1)
    assert len(caplog.records) == Log.LINES_KEPT
    clock.now_s += 60
    log.tell("ip-weight", "late", 2, 1)
    assert len(caplog.records) == Log.LINES_KEPT + 1
