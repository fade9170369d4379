"""Other people, prices and outcomes by hand: what the control plane does and what clients see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asking import steer
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

import hlsim
from hlsim.library import RunningExchange

GTC = {"limit": {"tif": "Gtc"}}
BOOK = [[[1999, 50]], [[2001, 50]]]


@pytest.fixture
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="static", balance=1_000_000) as exchange:
        exchange.market.book("ETH", BOOK)
        yield exchange


def order(running: RunningExchange, side: str, sz: Any, **more: Any) -> Any:
    return steer(running, "actor/order", actor="whale", coin="ETH", side=side, sz=sz, **more)


# -- actors ----------------------------------------------------------------------------------------


def test_an_actor_trades_with_what_there_is(running: RunningExchange) -> None:
    opened = steer(running, "actor/open", actor="whale", usdc=50_000)
    assert (opened["accountValue"], opened["isMaker"]) == ("50000.0", False)
    assert steer(running, "actor/open", actor="whale", usdc=1)["accountValue"] == "50001.0"

    assert opened["address"] in [one.address for one in running.control("accounts")]
    assert order(running, "buy", 3)["positions"] == {"ETH": "3.0"}
    assert order(running, "sell", 5, px=2100)["openOrders"] == 1
    assert order(running, "sell", 1, px=2200, tif="alo")["openOrders"] == 2
    assert order(running, "sell", "4", reduce_only=True)["positions"] == {}
    assert steer(running, "actor/cancel", actor="whale", coin="BTC")["openOrders"] == 2
    assert steer(running, "actor/cancel", actor="whale")["openOrders"] == 0


def test_a_client_trades_with_an_actor_as_with_anybody(running: RunningExchange) -> None:
    bot = Exchange(Account.from_key(running.accounts[0].key), running.url)
    steer(running, "actor/open", actor="whale")
    order(running, "sell", 1, px=2000.5)

    bot.order("ETH", True, 1, 2000.5, GTC)

    (fill,) = Info(running.url, skip_ws=True).user_fills(running.accounts[0].address)
    assert (fill["px"], fill["sz"]) == ("2000.5", "1.0")


def test_an_actor_is_refused_like_anybody(running: RunningExchange) -> None:
    assert order(running, "buy", 1) == (400, "no actor 'whale': open it first")
    steer(running, "actor/open", actor="whale", usdc=100)

    for keys, said in (
        ({"sz": 10, "px": 2000}, "whale: the exchange refuses it: MARGIN"),
        ({"sz": 0.1, "px": 2000.123}, "whale: the exchange refuses it: INVALID_PX"),
        ({"sz": 0.1, "leverage": 999}, "whale: the exchange refuses it: "),
        ({"sz": 0.1, "tif": "alo"}, "alo wants a px: what takes whatever the book has is ioc"),
        ({"sz": 0.1, "px": 2001, "tif": "alo"}, "whale: the exchange refuses it: BAD_ALO_PX"),
    ):
        status, text = order(running, "buy", **keys)
        assert status == 400
        assert text.startswith(said)
    running.market.book("ETH", [[], []])
    assert order(running, "buy", 0.01) == (400, "whale: nobody is there to trade ETH with")
    assert steer(running, "actor/cancel", actor="nobody")[0] == 400


def test_an_actor_is_liquidated_with_the_leverage_that_it_chose(running: RunningExchange) -> None:
    steer(running, "actor/open", actor="whale", usdc=2_000)
    assert order(running, "buy", 20, leverage=25)["positions"] == {"ETH": "20.0"}

    running.market.move("ETH", 1_900)
    running.clock.advance(seconds=60)

    assert steer(running, "actor/cancel", actor="whale")["positions"] == {}


# -- prices ----------------------------------------------------------------------------------------


def test_an_oracle_apart_from_the_book_makes_the_premium(running: RunningExchange) -> None:
    told = steer(running, "market/oracle", coin="ETH", px=1_990)
    assert (told["mid"], told["oracle"]) == ("2000.0", "1990.0")

    running.clock.advance(hours=1)

    (_, rows) = Info(running.url, skip_ws=True).meta_and_asset_ctxs()
    assert float(rows[1]["premium"]) > 0.003


def test_a_mark_jumps_and_comes_back(running: RunningExchange) -> None:
    assert steer(running, "market/mark", coin="ETH", px=1_500)["mark"] == "1500.0"

    running.clock.advance(seconds=4)

    assert running.market.resume("ETH").mark == "2000.0"


@pytest.mark.parametrize("what", ["oracle", "mark"])
def test_a_price_that_no_market_has_is_refused_and_changes_nothing(
    running: RunningExchange, what: str
) -> None:
    noun = {"oracle": "oracle price", "mark": "mark"}[what]
    before = running.state_hash()
    for coin, px, said in (
        ("ETH", 0, "0 is no price: above 0 and not beyond all measure"),
        ("ETH", "-5", "'-5' is no price: above 0"),
        ("ETH", "1000000000001", f"no {noun} for ETH: 1000000000001"),
        ("ETH", 0.001, f"no {noun} for ETH: 0.001"),
        ("ETH", "1990.123456789", "'1990.123456789' is no price: more than 8 decimals"),
        ("PURR/USDC", 1, "PURR/USDC is no perp"),
    ):
        status, text = steer(running, f"market/{what}", coin=coin, px=px)
        assert status == 400
        assert text.startswith(said)
    assert running.state_hash() == before
    assert steer(running, f"market/{what}", coin="ETH", px=1990.123)[what] == "1990.12"


def test_a_cap_refuses_what_adds(running: RunningExchange) -> None:
    steer(running, "actor/open", actor="whale")
    order(running, "buy", 5)
    steer(running, "market/cap", coin="ETH", usd=1_000)

    assert order(running, "buy", 5)[0] == 400
    steer(running, "market/cap", coin="ETH")
    assert order(running, "buy", 5)["positions"] == {"ETH": "10.0"}


# -- outcomes --------------------------------------------------------------------------------------


def test_outcomes_are_listed_and_settled(running: RunningExchange) -> None:
    one = steer(running, "outcome/list", name="Rain", px=0.3)["number"]
    told = steer(running, "question/list", name="Who wins", outcomes=["A", "B"])

    for wrong in (1.5, "-0.1", "1e2", "0.123456789"):
        assert steer(running, "outcome/settle", outcome=one, fraction=wrong)[0] == 400
    settled = steer(running, "outcome/settle", outcome=one, fraction=1)
    assert settled["number"] == one
    assert steer(running, "outcome/settle", outcome=one, fraction=0)[0] == 400
    for fraction, paid in ((0, 0), ("0.25", 25_000_000)):
        other = steer(running, "outcome/list", name="Snow")["number"]
        steer(running, "outcome/settle", outcome=other, fraction=fraction)
        found = running.read(lambda ex, one=other: ex.state.outcomes[one].settled)
        assert found.fraction == paid
    winner = running.read(lambda ex: ex.state.questions[told["number"]].live[1])
    steer(running, "question/settle", question=told["number"], winner=winner)

    state = running.read(lambda ex: ex.state)
    assert state.outcomes[one].settled is not None
    assert state.questions[told["number"]].is_settled
