"""Each test has an exchange of its own: `hlsim` is a fixture of the pytest plugin."""

from __future__ import annotations

import pytest
from keeper import Keeper


@pytest.fixture
def keeper(hlsim):
    return Keeper(hlsim.url, hlsim.accounts[0].key, "ETH")


def test_it_reaches_its_target_and_stays_there(hlsim, keeper):
    assert [keeper.step(0.5) for _ in range(3)] == ["filled", "resting", "kept"]
    assert keeper.position() == 0.5
    assert [keeper.step(-0.25) for _ in range(3)] == ["filled", "resting", "kept"]
    assert keeper.position() == -0.25
    keeper.step(0)
    keeper.step(0)
    hlsim.assert_flat(hlsim.accounts[0])


def test_its_stop_fires_in_a_crash(hlsim, keeper):
    keeper.step(0.5)
    keeper.step(0.5)
    hlsim.market.move("ETH", 1700, over_ms=60_000)
    hlsim.advance(minutes=1)
    hlsim.assert_flat(hlsim.accounts[0])


def test_a_lost_reply_does_not_double_the_position(hlsim, keeper):
    with hlsim.fault("order:1:after:drop"):
        assert keeper.step(0.5) == "lost"
    assert keeper.step(0.5) == "lost reply: it was done"
    assert keeper.position() == 0.5
    hlsim.requests(action="order").assert_count(1)


@pytest.mark.parametrize("effect", ["drop", "reset", "502"])
def test_a_lost_request_is_sent_again(hlsim, keeper, effect):
    with hlsim.fault(f"order:1:before:{effect}"):
        assert keeper.step(0.5) == "lost"
    assert keeper.step(0.5) == "filled"
    assert keeper.position() == 0.5


def test_it_waits_while_trading_is_halted(hlsim, keeper):
    hlsim.market.halt("ETH")
    assert keeper.step(0.5) == "refused: Trading is halted."
    hlsim.market.resume("ETH")
    assert keeper.step(0.5) == "filled"


@pytest.mark.hlsim(balance=5)
def test_without_money_it_is_told_so(hlsim, keeper):
    assert keeper.step(0.5).startswith("refused: Insufficient margin")


EVENINGS = [pytest.param(n, marks=pytest.mark.hlsim(seed=n)) for n in range(3)]
"""The seed throws the dice of the faults: the same evening each time, and three different ones."""


@pytest.mark.parametrize("seed", EVENINGS)
def test_a_bad_evening(hlsim, keeper, seed):
    """Half of the orders fail in some way, the price jumps, and the target changes all the time."""
    targets = [0.5, -0.5, 1, 0, 0.75]
    lost, refused = "order:0.3:after:drop", "order:0.3:before:502"
    with hlsim.fault(lost), hlsim.fault(refused):
        for turn in range(20):
            hlsim.market.move("ETH", 1900 + 10 * (turn * 3 % 7))
            keeper.step(targets[turn // 4])
            hlsim.advance(seconds=10)
    for _ in range(3):
        keeper.step(0.75)
    assert keeper.position() == 0.75
    assert hlsim.requests(action="order", status="refused").count == 0
