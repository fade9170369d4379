"""The operator's hand on the market: what becomes of books, marks and whoever is in the way."""

from __future__ import annotations

from typing import Any

import pytest
from nodes import RealTime
from stories import START_MS, Story, Trader, address, market, px, sz, usd

from hlsim.matching.types import Side
from hlsim.scenarios.cast import ActorOrder, OpenActor
from hlsim.scenarios.crowd import LivingMarket
from hlsim.scenarios.director import STEP_MS, Direction, Director, MovePrice, SetBook
from hlsim.scenarios.still import StillMarket
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock, Pacer
from hlsim.server.replica import Replica
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import DepositUsd, SetHalt
from hlsim.sim.prices import mid_px

SIDES = (Side.BID, Side.ASK)
MARKETS = {"static": StillMarket, "live": LivingMarket, "empty": None}


class Stage:
    """An exchange with a market of a kind, led by a director, in a node; and a follower of it."""

    def __init__(self, kind: str = "static") -> None:
        self.story: Story = market()
        ex = self.story.ex
        make = MARKETS[kind]
        self.director = Director(None if make is None else make(ex.state.universe, 7))
        self.director.open(ex)
        ex.seal()
        ex.drain()
        real = RealTime()
        pacer = Pacer(Clock.MANUAL, start_ms=START_MS, monotonic_ns=real.now, wall_ns=real.now)
        self.node = LocalNode(ex, pacer, scripts=[self.director])
        self.follower = Exchange.restore(ex.snapshot())
        self.node.subscribe(Replica(self.follower.state, self.follower).on_block)

    def trader(self, name: str = "alice") -> Trader:
        self.node.operate(DepositUsd(address(name), usd("100000")))
        return Trader(self.story, address(name))

    def commit(self) -> None:
        self.node.advance(0)

    def asset(self, coin: str) -> Any:
        return self.story.market(coin).asset

    def move(self, coin: str, price: str, over_ms: int = 0) -> None:
        self.node.direct(MovePrice(self.asset(coin).id, px(price), over_ms))

    def book(self, coin: str, bids: str, asks: str) -> None:
        """`1 @ 99, 2 @ 98` each."""
        sides = []
        for text in (bids, asks):
            rows = [row.split(" @ ") for row in text.split(", ") if row]
            sides.append(tuple((px(price), sz(size)) for size, price in rows))
        self.node.direct(SetBook(self.asset(coin).id, *sides))

    def where(self, coin: str) -> tuple[int | None, int, int]:
        """Mid, mark and oracle."""
        found = self.story.market(coin)
        return mid_px(found), found.mark_px, found.oracle_px

    def levels(self, coin: str) -> list[list[tuple[int, int]]]:
        book = self.story.market(coin).book
        return [[(level.px, level.sz) for level in book.levels(side)] for side in SIDES]

    def check(self) -> None:
        """The books are sound, and whoever follows the journal sees the same."""
        for found in self.story.ex.state.markets.values():
            found.book.check()
        assert self.follower.state_hash() == self.story.ex.state_hash()


def near(found: int | None, wanted: str, parts: int = 1000) -> bool:
    return found is not None and abs(found - px(wanted)) * parts <= px(wanted)


@pytest.mark.parametrize("kind", ["static", "live"])
@pytest.mark.parametrize("price", ["55000", "30000", "120000"])
def test_book_mark_and_oracle_go_where_they_are_told_to(kind: str, price: str) -> None:
    stage = Stage(kind)
    stage.move("BTC", price)
    mid, mark, oracle = stage.where("BTC")
    assert oracle == px(price)
    assert near(mid, price)
    assert near(mark, price)
    assert all(len(side) >= 20 for side in stage.levels("BTC"))
    stage.node.advance(60_000)
    mid, mark, oracle = stage.where("BTC")
    assert near(mid, price, 100)
    assert near(mark, price, 100)
    assert near(oracle, price, 100)
    stage.check()


def test_in_an_empty_market_the_oracle_moves_and_the_mark_with_it() -> None:
    stage = Stage("empty")
    stage.move("ETH", "1500")
    assert stage.where("ETH") == (None, px("1500"), px("1500"))
    with pytest.raises(ValueError, match="nobody quotes PURR/USDC here: give it a book first"):
        stage.move("PURR/USDC", "1")
    stage.check()


def test_the_price_of_a_pair_moves_alone() -> None:
    for kind in ("static", "live"):
        stage = Stage(kind)
        stage.move("PURR/USDC", "0.4")
        assert near(stage.where("PURR/USDC")[0], "0.4")
        stage.node.advance(9_000)
        assert near(stage.where("PURR/USDC")[0], "0.4", 100)
        stage.check()


def test_a_price_moves_on_a_straight_line_in_exchange_time() -> None:
    stage = Stage()
    stage.move("BTC", "60000", over_ms=10_000)
    assert stage.where("BTC")[0] == px("50000")
    for second in (1, 5, 9):
        stage.node.advance(START_MS + second * 1000 - stage.node.pacer.now_ms())
        assert stage.where("BTC")[0] == px(str(50_000 + second * 1000))
    stage.node.advance(1_000)
    assert stage.where("BTC") == (px("60000"), px("60000"), px("60000"))
    assert stage.director.next_due_ms() is None
    stage.check()


@pytest.mark.parametrize(("over_ms", "steps"), [(50, 1), (1_000, 10), (3_600_000, 100)])
def test_a_move_has_a_hundred_steps_at_most(over_ms: int, steps: int) -> None:
    stage = Stage("empty")
    stage.move("BTC", "60000", over_ms=over_ms)
    taken = 0
    while (due_ms := stage.director.next_due_ms()) is not None:
        assert due_ms - stage.node.pacer.now_ms() >= min(STEP_MS, over_ms)
        stage.node.advance(due_ms - stage.node.pacer.now_ms())
        taken += 1
    assert taken == steps
    assert stage.where("BTC")[2] == px("60000")


def test_a_second_move_takes_the_place_of_the_first() -> None:
    stage = Stage()
    stage.move("BTC", "60000", over_ms=10_000)
    stage.node.advance(5_000)
    stage.move("BTC", "50000", over_ms=5_000)
    stage.node.advance(20_000)
    assert stage.where("BTC")[0] == px("50000")


def test_orders_in_the_way_are_traded_with_and_others_stay() -> None:
    for kind in ("static", "empty", "live"):
        stage = Stage(kind)
        alice = stage.trader()
        alice.buys("0.1 BTC @ 45000")
        alice.buys("0.1 BTC @ 41000")
        alice.sells("0.1 BTC @ 60000")
        stage.commit()
        stage.move("BTC", "42000")
        assert alice.szi("BTC") == sz("0.1")
        assert sorted(order.px for order in alice.account.orders.values()) == [
            px("41000"),
            px("60000"),
        ]
        (fill,) = alice.account.fills
        assert fill.px == px("45000")
        stage.check()


def test_stops_fire_and_who_falls_below_maintenance_is_liquidated() -> None:
    stage = Stage()
    alice, bob = stage.trader("alice"), stage.trader("bob")
    alice.buys("1 BTC @ 50100")
    alice.place(alice.trigger("1 BTC @ 40000", at="48000"))
    bob.leverage("BTC", 40)
    bob.buys("40 BTC @ 50500")
    stage.commit()
    assert bob.szi("BTC") > sz("15")
    stage.move("BTC", "44000")
    stage.node.advance(1_000)
    assert alice.szi("BTC") == 0
    assert bob.szi("BTC") == 0
    assert any(fill.liquidation is not None for fill in bob.account.fills)
    stage.check()


def test_a_book_is_what_it_was_told_to_be_and_nobody_else_quotes_there_any_more() -> None:
    for kind in ("static", "live", "empty"):
        stage = Stage(kind)
        stage.book("BTC", "1 @ 49000, 2 @ 48000", "0.5 @ 51000")
        wanted = [
            [(px("49000"), sz("1")), (px("48000"), sz("2"))],
            [(px("51000"), sz("0.5"))],
        ]
        assert stage.levels("BTC") == wanted
        stage.node.advance(60_000)
        assert stage.levels("BTC") == wanted
        stage.book("BTC", "", "3 @ 51500")
        assert stage.levels("BTC") == [[], [(px("51500"), sz("3"))]]
        stage.check()


def test_a_book_goes_along_with_a_move() -> None:
    stage = Stage()
    stage.book("BTC", "1 @ 49000, 2 @ 48000", "0.5 @ 51000")
    stage.move("BTC", "100000")
    assert stage.levels("BTC") == [
        [(px("98000"), sz("1")), (px("96000"), sz("2"))],
        [(px("102000"), sz("0.5"))],
    ]
    assert stage.where("BTC") == (px("100000"), px("100000"), px("100000"))
    stage.check()


def test_clients_whose_orders_the_levels_cross_trade_and_the_book_is_whole() -> None:
    stage = Stage("empty")
    alice = stage.trader()
    alice.sells("0.1 BTC @ 49500")
    alice.buys("0.1 BTC @ 40000")
    stage.commit()
    stage.book("BTC", "1 @ 50000", "1 @ 50010")
    assert alice.szi("BTC") == -sz("0.1")
    assert stage.levels("BTC") == [
        [(px("50000"), sz("1")), (px("40000"), sz("0.1"))],
        [(px("50010"), sz("1"))],
    ]
    stage.check()


@pytest.mark.parametrize(
    "told",
    [MovePrice(99_999, px("1")), SetBook(99_999, (), ()), ActorOrder("eve", 99_999, True, sz("1"))],
)
def test_a_market_that_there_is_not_is_told_in_a_line(told: Direction) -> None:
    m, director = market(), Director()
    director.follow(m.ex, OpenActor("eve", usd("100")))
    with pytest.raises(ValueError, match="no market has asset id 99999"):
        director.follow(m.ex, told)


def test_a_halted_market_neither_moves_nor_takes_a_book() -> None:
    stage = Stage()
    stage.move("BTC", "60000", over_ms=10_000)
    stage.node.operate(SetHalt(0, True))
    with pytest.raises(ValueError, match="BTC does not trade: it is halted or delisted"):
        stage.move("BTC", "1000")
    with pytest.raises(ValueError, match="BTC does not trade"):
        stage.book("BTC", "1 @ 49000", "")
    stage.node.advance(5_000)
    assert stage.where("BTC")[0] == px("50000")
    stage.node.operate(SetHalt(0, False))
    stage.node.advance(5_000)
    assert stage.where("BTC")[0] == px("60000")
    stage.check()


@pytest.mark.parametrize("kind", ["static", "live"])
def test_what_is_under_way_is_in_every_snapshot(kind: str) -> None:
    stage = Stage(kind)
    stage.book("ETH", "10 @ 1990", "10 @ 2010")
    stage.move("PURR/USDC", "0.3")
    stage.move("BTC", "60000", over_ms=10_000)
    stage.node.advance(4_000)
    mark, saved = stage.node.mark(), stage.node.save()
    stage.node.advance(20_000)
    stage.move("ETH", "2500")
    hashed = stage.story.ex.state_hash()
    for go_back in (lambda: stage.node.rewind(mark), lambda: stage.node.load(saved)):
        go_back()
        stage.node.advance(20_000)
        stage.move("ETH", "2500")
        assert stage.story.ex.state_hash() == hashed
        stage.check()
