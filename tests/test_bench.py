"""`hlsim bench`: the floors are honest, the load client counts right, the report reads well."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

import hlsim
from hlsim.benching import bench_fixture
from hlsim.matching.types import Side
from hlsim.server.bench import (
    Effort,
    Op,
    Row,
    SignedOrders,
    line,
    placements,
    report,
    run_bare,
    run_ours,
)
from hlsim.server.bench_client import Server, Wallet, order, place, post, pump, start_verify
from hlsim.server.bench_floors import BareBook

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
TINY = Effort(rounds=1, placements=500, requests=20, starts=1, idle_s=0.0, accounts=20)


def test_both_books_end_with_the_same_orders_after_the_same_placements() -> None:
    ops = placements(5_000)
    cancels = sum(side is None for _, _, side, _, _ in ops)

    resting = run_ours(ops)

    assert resting == run_bare(ops)
    assert 0 < resting < len(ops) - 2 * cancels, "some of them traded"


def test_the_bare_book_matches_by_price_then_time() -> None:
    book = BareBook()
    for oid, px in ((1, 101), (2, 100), (3, 100)):
        book.place(oid, is_bid=False, px=px, sz=5)

    assert book.place(4, is_bid=True, px=100, sz=7) == 0
    assert not book.cancel(2), "the oldest at the best price is gone"
    assert book.cancel(3), "the next one is there in part"
    assert book.place(5, is_bid=True, px=100, sz=7) == 7
    assert len(book) == 2


def test_placements_are_the_same_for_the_same_seed() -> None:
    ops: list[Op] = placements(200, seed=random.Random(3).randrange(9))

    assert ops == placements(200, seed=random.Random(3).randrange(9))
    assert ops != placements(200, seed=99)
    assert {side for _, _, side, _, _ in ops} == {Side.BID, Side.ASK, None}


@pytest.fixture(scope="module")
def verify_floor() -> Iterator[Server]:
    server = start_verify()
    yield server
    server.stop()


def test_a_wallet_signs_what_the_verify_floor_recovers(verify_floor: Server) -> None:
    """The same key, address and digest as the exchange's (exchange 2)."""
    wallet = Wallet(KEY)
    body = wallet.sign_l1(place(order(0, is_buy=True, px="1", sz="2", tif="Gtc")), 7)

    answers = asyncio.run(pump(verify_floor.url, [post("/exchange", body)]))

    assert (wallet.address, answers.failed) == (ADDRESS, 0)
    assert answers.bodies == [b'{"status":"ok","signer":"%b"}' % ADDRESS.encode()]


def test_all_requests_are_answered_over_more_connections_than_one(verify_floor: Server) -> None:
    requests = SignedOrders(mid=50_000).requests(100)
    before = verify_floor.cpu_s()

    answers = asyncio.run(pump(verify_floor.url, requests, connections=8))

    assert (len(answers.bodies), answers.failed) == (100, 0)
    assert verify_floor.cpu_s() > before
    assert verify_floor.resident_mb() > 1


def test_a_refused_request_counts_as_failed(verify_floor: Server) -> None:
    answers = asyncio.run(pump(verify_floor.url, [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]))

    assert answers.failed == 1
    assert answers.first_failure.startswith("http/1.1 405")


def test_signed_orders_are_accepted_and_cancelled_again() -> None:
    with hlsim.start(market="live", clock="wall") as exchange:
        orders = SignedOrders(mid=int(exchange.read(btc_mark)))
        answers = asyncio.run(pump(exchange.url, orders.requests(100)))
        rested = sum(b'"resting"' in body for body in answers.bodies)
        asyncio.run(orders.cancel_all(exchange.url))
        left = exchange.read(
            lambda ex: [len(ex.state.accounts[w].orders) for w in ex.state.accounts if w == ADDRESS]
        )

    assert (answers.failed, answers.first_failure) == (0, "")
    assert rested == 90
    assert left == [0]


def btc_mark(exchange: object) -> int:
    return exchange.state.markets[0].mark_px // 10**8  # type: ignore[attr-defined,no-any-return]


def test_the_report_measures_everything_that_has_a_goal() -> None:
    rows = list(report(TINY))

    assert [(row.name, row.goal) for row in rows] == [
        ("book: place, cancel, match", 0.5),
        ("ready after", 0.6),
        ("snapshot + restore", 50),
        ("reset", 5),
        ("idle memory, all markets", 120),
        ("signed order / verify only", 0.5),
        ("signed order / JSON echo", 0.0),
        ("l2Book / JSON echo", 0.7),
        ("allMids / JSON echo", 0.7),
    ]
    assert all(row.value > 0 for row in rows)


def test_what_a_test_pays_for_its_exchange_is_measured() -> None:
    (row,) = bench_fixture(TINY)

    assert (row.name, row.goal, row.at_most) == ("exchange of one test", 30, True)
    assert 0 < row.value < float(row.floor.removesuffix(" ms"))


def test_a_line_tells_whether_its_goal_was_met() -> None:
    ratio = Row("l2Book / JSON echo", "40.0 us", "60.0 us", 1.5, 0.7)
    limit = Row("ready after", "0.700 s", "0.110 s", 0.7, 0.6, at_most=True)

    assert line(ratio) == "l2Book / JSON echo             40.0 us   60.0 us    1.50  >= 0.7  met"
    assert line(limit) == "ready after                    0.700 s   0.110 s          <= 0.6  MISSED"
