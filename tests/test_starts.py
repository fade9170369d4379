"""A state that is used again is as new: nothing of one exchange reaches the next one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hyperliquid.utils.signing import get_timestamp_ms
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from wire import ALO, GTC, IOC, Pen, order

import hlsim
from hlsim import cli
from hlsim.library import RunningExchange
from hlsim.sim.operations import SetHalt, UpgradeNetwork
from hlsim.starts import STARTS, STARTS_KEPT

FIRST_NONCE = get_timestamp_ms()
"""The same in every life: nonces are part of the state."""


@pytest.fixture(autouse=True)
def nothing_waits() -> Iterator[None]:
    """Each test knows what there is to be taken."""
    STARTS._idle.clear()
    yield
    STARTS._idle.clear()


def pass_time(exchange: RunningExchange) -> None:
    """An hour, with its funding, but where a crowd would make one of it here, too."""
    is_live = exchange.control("state", hash=False).market == "live"
    exchange.clock.advance(seconds=2) if is_live else exchange.clock.advance(hours=1)


def life(exchange: RunningExchange) -> list[Any]:
    """What the same client sees of an exchange that is new: replies, frames, ids, hashes."""
    nonces = count(FIRST_NONCE)
    pens = [Pen(exchange, account.key) for account in exchange.accounts[:2]]
    told: list[Any] = [exchange.state_hash(), exchange.requests().count, exchange.diagnoses()]
    told += [exchange.control("fault/list"), exchange.control("state").height]
    with connect(exchange.ws_url) as socket:
        for kind, key in (("userFills", "user"), ("openOrders", "user"), ("bbo", "coin")):
            asked = {"type": kind, key: pens[0].address if key == "user" else "ETH"}
            socket.send(json.dumps({"method": "subscribe", "subscription": asked}))
            told += [socket.recv(5), socket.recv(5)]
        for pen, is_buy, px, tif in (
            (pens[0], True, "1900", GTC),
            (pens[1], False, "1890", IOC),
            (pens[0], True, "1000", ALO),
            (pens[1], False, "1000.0001", GTC),
        ):
            asked = order(1, "0.5", px, tif, is_buy=is_buy)
            action = {"type": "order", "orders": [asked], "grouping": "na"}
            told.append(pen.l1(action, nonce=next(nonces)))
        pass_time(exchange)
        told.append(exchange.market.move("ETH", 1500))
        for kind in ("userFills", "historicalOrders", "clearinghouseState", "userFunding"):
            more = {"startTime": 0} if kind == "userFunding" else {}
            told += [pen.info(kind, user=pen.address, **more) for pen in pens]
        told.append(pens[0].info("candleSnapshot", req=_candles(exchange)))
    return [*told, exchange.requests().count, exchange.state_hash(), exchange.snapshot()]


def _candles(exchange: RunningExchange) -> dict[str, Any]:
    return {"coin": "ETH", "interval": "1m", "startTime": 0, "endTime": exchange.clock.now_ms}


def stir(exchange: RunningExchange) -> None:
    """Leaves as much behind as an exchange can hold, and ends in the middle of it."""
    pens = [Pen(exchange, account.key) for account in exchange.accounts[:3]]
    saved = exchange.save()
    for number, pen in enumerate(pens):
        pen.orders(*[order(1, "0.3", str(1000 + 500 * number), is_buy=number == 0)] * 9)
        pen.l1({"type": "updateLeverage", "asset": 2, "isCross": False, "leverage": 3})
        pen.user("approveAgent", agentAddress="0x" + f"{number + 1}" * 40, agentName="a")
    exchange.control("fault/add", plan="l2Book:1:before:500")
    exchange.market.list("FRESH", 5)
    exchange.market.delist("SOL")
    exchange.market.book("BTC", mid=50_000)
    exchange.market.move("ETH", 900, over_ms=60_000)
    exchange.fund("0x" + "77" * 20, 5)
    exchange.fund(pens[0].address, token="HYPE", amount=3)
    exchange.clock.advance(seconds=3)
    first = exchange.snapshot()
    exchange.operate(SetHalt(0, True))  # type: ignore[arg-type]
    exchange.clock.skew(50_000)
    pass_time(exchange)
    exchange.restore(first)
    exchange.load(saved)
    pens[1].buys(0, "0.01", "60000")
    exchange.operate(UpgradeNetwork(10**9))
    exchange.clock.mode("auto")


@pytest.mark.parametrize("market", ["static", "empty", "live"])
def test_what_was_done_to_one_exchange_is_unknown_to_the_next(market: str) -> None:
    with hlsim.start(market=market) as exchange:
        new = life(exchange)
    assert len(STARTS) == 1
    with hlsim.start(market=market) as exchange:
        assert len(STARTS) == 0
        stir(exchange)
    assert len(STARTS) == 1
    with hlsim.start(market=market) as exchange:
        assert len(STARTS) == 0
        assert life(exchange) == new


def test_a_reset_goes_to_the_same_start() -> None:
    with hlsim.start(market="empty") as exchange:
        new = life(exchange)
        exchange.reset()
        assert life(exchange) == [*new[:-1], new[-1] + 1]
    with hlsim.start(market="empty") as exchange:
        stir(exchange)
        exchange.reset()
        assert life(exchange)[:-1] == new[:-1]


def test_sockets_of_the_one_before_are_closed_and_hear_nothing_of_the_next() -> None:
    with hlsim.start(market="empty") as exchange:
        before = connect(exchange.ws_url)
    with hlsim.start(market="empty") as exchange, before:
        assert "\nhlsim_sockets 0\n" in exchange.control("metrics")
        with pytest.raises(ConnectionClosed):
            before.recv(5)


def test_two_at_once_share_nothing() -> None:
    with hlsim.start(market="empty") as one, hlsim.start(market="empty") as other:
        hashed = other.state_hash()
        stir_lightly(one)
        assert other.state_hash() == hashed != one.state_hash()
    assert len(STARTS) == 2
    with hlsim.start(market="empty") as one, hlsim.start(market="empty") as other:
        assert one.state_hash() == other.state_hash() == hashed


def stir_lightly(exchange: RunningExchange) -> None:
    exchange.fund("0x" + "77" * 20, 5)


def test_other_words_are_another_start() -> None:
    with hlsim.start(market="empty", seed=1) as exchange:
        stir_lightly(exchange)
    with hlsim.start(market="empty", seed=2) as exchange:
        assert len(STARTS) == 1
        assert exchange.control("state").seed == 2
    assert len(STARTS) == 2


def test_whoever_got_hold_of_the_inside_keeps_it() -> None:
    """What was changed behind the exchange's back would not be taken back."""
    with hlsim.start(market="empty") as exchange:
        exchange.exchange.state.universe.perps.clear()
    with hlsim.start(market="empty") as exchange:
        exchange.call(lambda server: server.node.exchange.state.universe.perps.clear())
    assert len(STARTS) == 0
    with hlsim.start(market="empty") as exchange:
        assert exchange.read(lambda one: len(one.state.universe.perps)) > 100


def test_what_is_never_twice_the_same_is_not_kept() -> None:
    with hlsim.start(market="empty", clock="wall"):
        pass
    assert len(STARTS) == 0


def test_journals_of_the_same_start_begin_alike(tmp_path: Path) -> None:
    hashes = []
    for name in "ab":
        with hlsim.start(market="empty", journal=str(tmp_path / name)) as exchange:
            hashes += [exchange.state_hash(), header(tmp_path / name)["hash"]]
            stir_lightly(exchange)
    assert len(set(hashes)) == 1


def test_a_journal_at_the_wall_clock_does_not_wait_for_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "wall"
    with hlsim.start(market="empty", clock="wall", journal=str(path)) as exchange:
        stir_lightly(exchange)
    assert header(path)["hash"] == ""
    assert cli.run(["replay", str(path), "--check"]) == 0


def test_a_journal_begins_when_its_clock_does_however_fast_that_is(tmp_path: Path) -> None:
    """Of the first with these options, and of one that takes the state of another."""
    when = {"clock": "wall", "start_time": "2026-03-01", "speed": 10_000}
    for name in "ab":
        path = tmp_path / name
        with hlsim.start(market="empty", journal=str(path), **when) as exchange:
            exchange.clock.mode("manual")
        assert header(path)["hash"]
        assert cli.run(["replay", str(path), "--check"]) == 0


def header(path: Path) -> Any:
    return json.loads(path.read_bytes().splitlines()[0])


def test_a_journal_that_nobody_wants_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with hlsim.start(market="empty", journal=str(path)) as exchange:
        exchange.forget_journal()
        assert path.exists()
    assert not path.exists()
    with hlsim.start(market="empty") as exchange:
        exchange.forget_journal()


def test_no_more_are_kept_than_there_is_room_for() -> None:
    running = [hlsim.start(market="empty", accounts=0) for _ in range(STARTS_KEPT + 2)]
    for exchange in running:
        exchange.stop()
        exchange.stop()
    assert len(STARTS) == STARTS_KEPT
