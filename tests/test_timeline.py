"""What a failed test shows: what was asked, what came of it and why, in lines that stay bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from eth_utils import to_checksum_address
from websockets.sync.client import connect
from wire import ALO, IOC, Pen, order

import hlsim
from hlsim import chronicle
from hlsim.library import RunningExchange
from hlsim.operator_words import operation_told
from hlsim.scenarios.faults import parse_fault
from hlsim.sim import operations
from hlsim.sim.fixed import Address, Px, Sz, Usd
from hlsim.sim.operations import SetHalt
from hlsim.telling import strike_told, words_of


@pytest.fixture
def exchange() -> Iterator[RunningExchange]:
    with hlsim.start(market="static") as running:
        yield running


def told(exchange: RunningExchange, **how: Any) -> list[str]:
    """The lines without the numbers of orders, which are those of the world."""
    return [
        re.sub(r"(oid|order) \d+", r"\1 #", line) for line in exchange.timeline(**how).splitlines()
    ]


def test_a_story_is_told_in_the_order_in_which_it_happened(exchange: RunningExchange) -> None:
    alice = Pen(exchange, exchange.accounts[0].key)
    alice.buys(1, "1", "2016", IOC)
    alice.info("openOrders", user=alice.address)
    alice.info("openOrders", user=alice.address)
    exchange.advance(hours=1)
    alice.orders(order(1, "1", "1800.01"))
    exchange.fund(alice.address, 5)
    exchange.fund("0x" + "77" * 20, token="HYPE", amount="1.5")
    exchange.operate(SetHalt(0, True))  # type: ignore[arg-type]
    stop = {"trigger": {"isMarket": True, "triggerPx": "1800", "tpsl": "sl"}}
    alice.orders(order(1, "1", "1700", stop, is_buy=False, reduce_only=True))
    exchange.market.move("ETH", 1750)
    exchange.restore(exchange.snapshot())

    tick = (
        "The price is on no tick: five significant figures, and 6 - szDecimals decimals for perps, "
        "8 - szDecimals for spot; whole numbers are always fine."
    )
    assert told(exchange) == [
        "      +0.000  account 0  order: buy 1 ETH at 2016 Ioc -> filled 1.0 at 1921.0, oid #",
        "      +0.000  account 0  fill: Open Long 1 ETH at 1921, fee 0.86445 USDC, oid #",
        '      +0.000  account 0  asks openOrders {"user": "account 0"}  (2 times)',
        "      +0.000  clock      moves on by 1 h",
        "   +3600.000  account 0  funding: pays 0.024 USDC for 1 ETH",
        "   +3600.000  account 0  order: buy 1 ETH at 1800.01 Gtc -> refused: Price must be "
        "divisible by tick size. asset=1",
        f"                          why: {tick}",
        "                          do:  Round to five significant figures first, then to those "
        "decimals.",
        "   +3600.000  operator   deposits 5.0 USDC for account 0",
        "   +3600.000  operator   mints 1.5 HYPE for 0x" + "77" * 20,
        "   +3600.000  operator   halts BTC",
        "   +3600.000  account 0  order: sell 1 ETH sl market when the mark is 1800 reduce-only -> "
        "rests, oid #",
        "   +3600.000  operator   moves ETH to 1750",
        "   +3600.000  account 0  order # in ETH: triggered",
        "   +3600.000  account 0  fill: Close Long 1 ETH at 1749.1, fee 0.787095 USDC, closed "
        "-171.9, oid #",
        "   +3600.000  operator   keeps snapshot 1",
        "   +3600.000  operator   goes back to snapshot 1",
    ]


def test_what_actors_are_told_to_do_is_told(exchange: RunningExchange) -> None:
    exchange.control("actor/open", actor="whale", usdc=2_000)
    for px in (None, "1900"):
        keys = {"actor": "whale", "coin": "ETH", "side": "buy", "sz": "0.5"}
        exchange.control("actor/order", **keys, **({} if px is None else {"px": px}))
    exchange.control("actor/cancel", actor="whale", coin="ETH")
    exchange.control("actor/cancel", actor="whale")
    assert [line[14:] for line in told(exchange)] == [
        "operator   gives actor whale 2000.0 USDC",
        "operator   actor whale buys 0.5 ETH",
        "whale      fill: Open Long 0.5 ETH at 1921, fee 0.432225 USDC, oid #",
        "operator   actor whale buys 0.5 ETH at 1900",
        "operator   actor whale cancels its orders in ETH",
        "operator   actor whale cancels its orders",
    ]


def test_what_the_operator_is_refused_is_told_as_that(exchange: RunningExchange) -> None:
    exchange.control("actor/open", actor="whale", usdc=20)
    whale = {"actor": "whale", "coin": "ETH", "side": "buy"}
    for path, keys in (
        ("market/book", {"coin": "ETH", "levels": [[[90, 1]], [[1910, 1]]]}),
        ("actor/order", {**whale, "sz": "100", "px": "1900", "leverage": 5}),
        ("actor/order", {**whale, "actor": "wale", "sz": "0.01"}),
    ):
        with pytest.raises(ValueError, match=r"refuses|no actor"):
            exchange.control(path, **keys)
    far = "too far from the mark, which market/move brings there"
    assert [line[14:] for line in told(exchange)[1:]] == [
        "operator   sets the book of ETH -> refused: the exchange refuses 90 for 1 ETH, "
        f"PRICE_BAND: {far}",
        "operator   actor whale buys 100 ETH at 1900 -> refused: whale: the exchange refuses it: "
        "MARGIN",
        "operator   actor wale buys 0.01 ETH -> refused: no actor 'wale': open it first",
    ]


STRANGER = Address("0x" + "77" * 20)
OPERATIONS_TOLD: tuple[tuple[operations.Operation, str], ...] = (
    (operations.ListPerp("NEW", 2, 10, Px(5 * 10**8)), "lists the perp NEW at 5"),
    (operations.DelistPerp(1), "delists ETH"),
    (operations.SetOpenInterestCap(0, Usd(10**9)), "caps the open interest of BTC at 1000.0 USD"),
    (operations.SetOpenInterestCap(0, None), "lifts the cap of the open interest of BTC"),
    (operations.SetMark(((0, Px(65_000 * 10**8)),)), "sets the mark of BTC to 65000"),
    (operations.UpgradeNetwork(60_000), "upgrades the network, post-only for 1 min"),
    (operations.UpgradeNetwork(0), "upgrades the network"),
    (operations.ListOutcome("Rain"), "lists the outcome Rain"),
    (operations.ListQuestion("Cup", (("A", ""), ("B", ""))), "lists the question Cup: A, B"),
    (operations.GrantRequests(STRANGER, 5), f"grants {STRANGER} 5 requests"),
    (operations.KeepHistory(STRANGER, 5), f"keeps 5 rows of each history of {STRANGER}"),
    (operations.SetReferralCode(STRANGER, "C"), f"makes C the referral code of {STRANGER}"),
    (
        operations.TakeBook(STRANGER, 1, True, Px(1), Sz(0)),
        f"takes from the book of ETH for {STRANGER}",
    ),
    (operations.Requote(STRANGER, 1), f"quotes ETH for {STRANGER}"),
    (operations.SettleOutcome(7, Px(5 * 10**7)), "settles outcome 7: its first side is paid 0.5"),
    (operations.SettleQuestion(7, 8), "settles question 7: outcome 8 happened"),
)


@pytest.mark.parametrize(("operation", "text"), OPERATIONS_TOLD)
def test_operations_are_told_in_words(
    exchange: RunningExchange, operation: operations.Operation, text: str
) -> None:
    assert exchange.read(lambda one: operation_told(operation, one)) == text


def test_every_operation_is_told_in_words() -> None:
    elsewhere = {"DepositUsd", "MintToken", "SetOracle", "SetHalt"}  # in the timelines above
    told_here = {type(operation).__name__ for operation, _ in OPERATIONS_TOLD}
    assert told_here | elsewhere == set(operations.OPERATIONS)


NOBODY = "; the client got no answer: the connection ended"


def test_a_fault_tells_what_it_strikes_and_whether_that_was_done(exchange: RunningExchange) -> None:
    alice = Pen(exchange, exchange.accounts[0].key)
    for phase in ("before", "after"):
        with exchange.fault(f"order:1:{phase}:drop") as fault, pytest.raises(ConnectionError):
            alice.buys(1, "1", "1000", ALO)
        assert fault.struck == 1
    assert [line[14:] for line in told(exchange)] == [
        "fault      order:1:before:drop is in force",
        "fault      order:1:before:drop strikes (order: buy 1 ETH at 1000 Alo): the connection "
        "ends without an answer",
        f"account 0  order: buy 1 ETH at 1000 Alo -> never heard of it{NOBODY}",
        "            why: The fault order:1:before:drop struck: the exchange never heard of it.",
        "            do:  The client cannot tell which: ask orderStatus by cloid before sending "
        "again, and stop waiting after some seconds.",
        "fault      order:1:before:drop is lifted; strikes: 1",
        "fault      order:1:after:drop is in force",
        "fault      order:1:after:drop strikes (order: buy 1 ETH at 1000 Alo): the connection "
        "ends without an answer, after it was done",
        f"account 0  order: buy 1 ETH at 1000 Alo -> rests, oid #{NOBODY}",
        "            why: The fault order:1:after:drop struck: the exchange has done it.",
        "fault      order:1:after:drop is lifted; strikes: 1",
    ]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("order:1:before:delay=2500", "waits 2500 ms"),
        ("order:1:after:delay=20..80", "waits 20 to 80 ms, after it was done"),
        ("ws/trades:1:delay=200..800", "comes 200 to 800 ms late"),
        ("info:1:lag=400", "a query is answered from the exchange as it was 400 ms ago"),
    ],
)
def test_a_strike_says_how_long_it_lasts(plan: str, said: str) -> None:
    assert strike_told(parse_fault(plan), None, str) == f"{plan} strikes: {said}"


def test_one_account_is_told_of_with_what_happened_to_all(exchange: RunningExchange) -> None:
    alice, bob = (Pen(exchange, account.key) for account in exchange.accounts[:2])
    alice.buys(1, "1", "1000")
    bob.buys(1, "1", "2000", IOC)
    exchange.advance(seconds=1.5)
    # As wallets write the address, and as the wire does.
    for user in (to_checksum_address(bob.address), bob.address):
        assert [line[14:] for line in told(exchange, user=user)] == [
            "account 1  order: buy 1 ETH at 2000 Ioc -> filled 1.0 at 1921.0, oid #",
            "account 1  fill: Open Long 1 ETH at 1921, fee 0.86445 USDC, oid #",
            "clock      moves on by 1.5 s",
        ]


def test_a_long_timeline_is_cut_in_the_middle_and_says_so(exchange: RunningExchange) -> None:
    alice = Pen(exchange, exchange.accounts[0].key)
    for px in range(1000, 1030):
        alice.buys(1, "1", str(px))
    lines = told(exchange, most=10, head=3)
    assert [line for line in lines if "ETH" not in line] == ["  … 20 lines left out …"]
    assert len(lines) == 11
    assert "at 1002" in lines[2]
    assert "at 1023" in lines[4]
    assert "at 1029" in lines[-1]


def test_a_reason_is_told_once(exchange: RunningExchange) -> None:
    alice = Pen(exchange, exchange.accounts[0].key)
    for px in ("1000.01", "1000.02", "1000.01"):
        alice.orders(*[order(1, "1", px)] * 2, order(0, "0.00001", "60000"))
    lines = told(exchange)
    assert [line[26:30] for line in lines if "account 0" not in line] == ["why:", "do: "] * 2
    assert len(lines) == 7


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "ROWS_KEPT", 10)
    with hlsim.start(market="empty") as exchange:
        for number in range(25):
            exchange.fund("0x" + "77" * 20, number + 1)
        lines = told(exchange)
    assert lines[0] == "  … and 15 things that happened without one …"
    assert [line.split()[3] for line in lines[1:]] == [f"{n}.0" for n in range(16, 26)]


def test_what_the_market_does_among_itself_is_not_told() -> None:
    with hlsim.start(market="live") as exchange:
        exchange.advance(seconds=2)
        exchange.advance(seconds=1)
        assert [line[14:] for line in told(exchange)] == ["clock      moves on by 3 s"]


def test_a_reset_begins_anew(exchange: RunningExchange) -> None:
    exchange.fund("0x" + "77" * 20, 1)
    exchange.advance(minutes=1)
    exchange.reset()
    assert exchange.timeline() == ""
    assert exchange.report().splitlines()[1] == "  nothing: no request came"


def test_requests_over_a_socket_and_those_that_make_no_sense_are_told(
    exchange: RunningExchange,
) -> None:
    with connect(exchange.ws_url) as socket:
        post = {"type": "info", "payload": {"type": "l2Book", "coin": "ETH"}}
        socket.send(json.dumps({"method": "post", "id": 1, "request": post}))
        socket.recv(5)
    requests.post(exchange.url + "/info", data=b"{", timeout=5)
    requests.post(exchange.url + "/exchange", json=[1, 2], timeout=5)
    assert [line[14:] for line in told(exchange)] == [
        'client     asks l2Book {"coin": "ETH"}',
        "client     (no body) -> HTTP 415 Expected request with `Content-Type: application/json`",
        "            why: The request does not say that it is JSON.",
        "            do:  Set Content-Type.",
        "client     [1, 2] -> HTTP 422 Failed to deserialize the JSON body into the target type",
        "            why: The JSON is no request that the server knows: an unknown type, a missing "
        "or surplus key, or a value of the wrong type or form.",
        "            do:  Compare key by key with the documentation: prices and sizes are text of "
        "at most 8 decimals, a cloid is 0x and 32 hex digits, an address 0x and 40.",
    ]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (
            {"type": "order", "orders": [order(1, "2", "3", cloid="0xab")]},
            "buy 2 c1 at 3 Gtc cloid 0xab",
        ),
        ({"type": "order", "orders": [order(1, "2", "3")] * 7}, "; and 2 more"),
        ({"type": "order", "orders": [{"a": 1}]}, 'order {"orders": [{"a": 1}]}'),
        ({"type": "order", "orders": 5}, 'order {"orders": 5}'),
        ({"type": "cancel", "cancels": [{"a": 1, "o": 7}]}, "cancel: oid 7 c1"),
        ({"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": "0x1"}]}, "cloid 0x1 c1"),
        ({"type": "modify", "oid": 7, "order": order(1, "2", "3")}, "oid 7 to buy 2 c1 at 3 Gtc"),
        (
            {"type": "batchModify", "modifies": [{"oid": 7, "order": order(1, "2", "3")}]},
            "batchModify: oid 7 to buy 2 c1 at 3 Gtc",
        ),
        ({"type": "noop"}, "noop"),
        ({"kind": 1}, 'None {"kind": 1}'),
        ([1], "[1]"),
        ({"type": "usdSend", "amount": "9" * 500}, "…"),
    ],
)
def test_requests_in_words(action: Any, words: str) -> None:
    found = words_of({"action": action, "nonce": 1}, lambda asset_id: f"c{asset_id}")
    assert found.endswith(words)
    assert len(found) <= 160


def test_an_account_that_is_flat_and_one_that_is_not(exchange: RunningExchange) -> None:
    alice = Pen(exchange, exchange.accounts[0].key)
    exchange.assert_flat(exchange.accounts[0])
    alice.buys(1, "1", "2016", IOC)
    alice.sells(0, "0.1", "90000")
    twap = {"a": 1, "b": True, "s": "1", "r": False, "m": 30, "t": False}
    alice.l1({"type": "twapOrder", "twap": twap})
    with pytest.raises(AssertionError) as caught:
        exchange.assert_flat(alice.address)
    said = re.sub(r"oid \d+", "oid #", str(caught.value)).splitlines()
    assert said == [
        f"{alice.address} is not flat:",
        "  position: 1.0163 ETH",
        "  open order: sell 0.1 BTC at 90000.0, oid #",
        "  TWAP: buy 1.0 ETH, id 1",
        "what happened last:",
        *told(exchange),
    ]
    with pytest.raises(ValueError, match=r"0x7+ has no account here"):
        exchange.assert_flat("0x" + "77" * 20)


def test_a_wrong_count_shows_what_was_found(exchange: RunningExchange) -> None:
    alice = Pen(exchange, exchange.accounts[0].key)
    exchange.requests(action="order").assert_count(0)
    with pytest.raises(AssertionError, match=r"^1 wanted, but found 0 requests$"):
        exchange.requests(action="order").assert_count(1)
    for px in ("1000", "1001", "1000.01"):
        alice.buys(1, "1", px)
    exchange.requests(action="order").assert_count(3)
    found = exchange.requests(action="order", limit=2)
    with pytest.raises(AssertionError) as caught:
        found.assert_count(2)
    assert re.sub(r"oid \d+", "oid #", str(caught.value)).splitlines() == [
        "2 wanted, but found 3 requests",
        "  … 1 older ones …",
        f"  2026-01-01T00:00:00 {alice.address} order: buy 1 ETH at 1001 Gtc -> rests, oid #",
        f"  2026-01-01T00:00:00 {alice.address} order: buy 1 ETH at 1000.01 Gtc -> refused: Price "
        "must be divisible by tick size. asset=1",
    ]
