"""What is played as it was recorded: orders, trades and marks that no client's checks hold for."""

from __future__ import annotations

from typing import Any

import pytest
from stories import Story, Trader, address, market, px, sz

from hlsim.matching.types import Side
from hlsim.sim.operations import Requote, SetHalt, SetMark, TakeBook


@pytest.fixture
def story() -> Story:
    return market()


@pytest.fixture
def maker(story: Story) -> Trader:
    """With 5 and 3 bid at 99, alice's 1 between them, and next to no money."""
    maker, alice = story.account("maker", usd="1"), story.account("alice")
    sol = story.asset_id("SOL")
    story.ex.operate(Requote(maker.address, sol, (), ((True, px("99"), sz("5")),)))
    alice.buys("1 SOL @ 99")
    story.ex.operate(Requote(maker.address, sol, (), ((True, px("99"), sz("3")),)))
    return maker


def line(story: Story) -> list[tuple[str, int]]:
    """(who, hundredths) of the bids in the order in which they trade."""
    names = {address(name): name for name in ("maker", "alice", "bob")}
    orders = story.market("SOL").book.orders(Side.BID)
    return [(names[order.owner], order.sz // 10**6) for order in orders]  # type: ignore[index]


def test_orders_shrink_where_they_stand(story: Story, maker: Trader) -> None:
    first, last = maker.account.orders
    sol = story.asset_id("SOL")

    story.ex.operate(Requote(maker.address, sol, ((first, sz("0.05")), (last, sz("0")))))

    assert line(story) == [("maker", 5), ("alice", 100)]
    assert maker.account.order_loads[sol][0] == px("99") * sz("0.05")
    story.market("SOL").book.check()


def test_a_trade_may_be_worth_less_than_an_order(story: Story, maker: Trader) -> None:
    bob = story.account("bob", usd="1000")
    story.ex.operate(TakeBook(bob.address, story.asset_id("SOL"), False, px("98"), sz("0.05")))

    assert line(story)[0] == ("maker", 495)
    assert bob.szi("SOL") == -sz("0.05")


def test_a_mark_holds_until_it_is_computed_anew(story: Story, maker: Trader) -> None:
    story.ex.operate(SetMark(((story.asset_id("SOL"), px("97.1234")),)))
    assert story.market("SOL").mark_px == px("97.1234")

    story.advance(seconds=3)

    assert story.market("SOL").mark_px == px("100")


IMPOSSIBLE: list[Any] = [
    lambda user, sol: Requote(user, 999),
    lambda user, sol: Requote(address("nobody"), sol),
    lambda user, sol: Requote(user, sol, ((7, sz("1")),)),
    lambda user, sol: Requote(user, sol, ((1, sz("5")),)),
    lambda user, sol: Requote(user, sol, (), ((True, px("99.12345"), sz("1")),)),
    lambda user, sol: Requote(user, sol, (), ((True, px("99"), sz("0.001")),)),
    lambda user, sol: Requote(user, sol, (), ((True, px("0"), sz("1")),)),
    lambda user, sol: Requote(user, sol, (), ((True, px("99"), sz("0")),)),
    lambda user, sol: TakeBook(user, sol, True, px("99"), sz("1")),
    lambda user, sol: TakeBook(user, sol, False, px("100"), sz("1")),
    lambda user, sol: SetMark(((sol, px("0")),)),
    lambda user, sol: SetMark(((10_107, px("1")),)),
]


@pytest.mark.parametrize("operation", IMPOSSIBLE)
def test_what_cannot_be_changes_nothing(story: Story, maker: Trader, operation: Any) -> None:
    before = story.ex.state_hash()

    with pytest.raises(ValueError, match=r"."):
        story.ex.operate(operation(maker.address, story.asset_id("SOL")))

    assert story.ex.state_hash() == before


def test_nothing_is_played_in_a_halt(story: Story, maker: Trader) -> None:
    sol = story.asset_id("SOL")
    story.ex.operate(SetHalt(sol, True))

    with pytest.raises(ValueError, match="does not trade"):
        story.ex.operate(Requote(maker.address, sol, (), ((True, px("98"), sz("1")),)))
