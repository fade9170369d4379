"""The operator's side in Python: the same functions as the control plane's, from any thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

import hlsim
from hlsim.library import RunningExchange

NEW = "0x" + "ab" * 20
GTC = {"limit": {"tif": "Gtc"}}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="static") as exchange:
        yield exchange


@pytest.fixture
def fresh(running: RunningExchange) -> RunningExchange:
    """One exchange for all tests, as new for each."""
    running.reset()
    return running


def test_the_story_of_a_stop_in_a_few_lines(fresh: RunningExchange) -> None:
    bot = Exchange(Account.from_key(fresh.accounts[0].key), fresh.url)
    info = Info(fresh.url, skip_ws=True)
    bot.market_open("ETH", True, 1)
    stop = {"trigger": {"isMarket": True, "triggerPx": 1800.0, "tpsl": "sl"}}
    bot.order("ETH", False, 1, 1700, stop, reduce_only=True)

    moved = fresh.market.move("ETH", 1750, over_ms=10_000)
    fresh.clock.advance(seconds=10)

    assert moved.coin == "ETH"
    assert info.user_state(fresh.accounts[0].address)["assetPositions"] == []
    assert fresh.requests(action="order").count == 2
    assert fresh.requests(action="order", status="refused").count == 0
    assert fresh.diagnoses() == []


def test_a_reset_leaves_nothing_of_the_test_before(fresh: RunningExchange) -> None:
    assert fresh.requests().count == 0
    info = Info(fresh.url, skip_ws=True)
    assert info.user_fills(fresh.accounts[0].address) == []
    assert float(info.all_mids()["ETH"]) > 1_800


def test_money_books_halts_and_listings(fresh: RunningExchange) -> None:
    assert fresh.fund(NEW, 250).account_value == "250.0"
    assert fresh.fund(NEW, token="HYPE", amount="1.5").spot == {"HYPE": "1.5"}
    assert fresh.market.book("ETH", [[[1999, 1]], [[2001, 1]]]).mid == "2000.0"
    assert fresh.market.book("ETH", mid=2100, spread_bps=10, depth=50_000).mid == "2100.0"
    assert fresh.market.halt("ETH").halted
    assert not fresh.market.resume("ETH").halted
    assert fresh.market.list("FRESH", 5, max_leverage=3).asset == 228
    assert fresh.market.delist("FRESH").coin == "FRESH"


def test_refusals_are_value_errors_and_explained_ones_are_read(fresh: RunningExchange) -> None:
    with pytest.raises(ValueError, match="no coin 'NOPE'"):
        fresh.market.move("NOPE", 1)
    with pytest.raises(ValueError, match="either usdc, or token and amount"):
        fresh.fund(NEW)
    with pytest.raises(ValueError, match="unknown key 'speeed'; known: clock, speed"):
        fresh.control("clock/mode", speeed=3)
    bot = Exchange(Account.from_key(fresh.accounts[1].key), fresh.url)
    bot.order("ETH", True, 1, 1500.01, GTC)
    (found,) = fresh.diagnoses(user=fresh.accounts[1].address)
    assert found.rule == "tick"
    (row,) = fresh.requests(status=200, user=fresh.accounts[1].address).requests
    assert row.refusals == ["Price must be divisible by tick size. asset=1"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda running: running.fault("order:1:after:dorp").__enter__(),
        lambda running: running.market.move("NOPE", 1),
        lambda running: running.control("clock/mode", speeed=3),
    ],
)
def test_of_a_refusal_the_line_that_asked_is_shown(
    fresh: RunningExchange, ask: Callable[[RunningExchange], object]
) -> None:
    """And nothing of what is inside, by pytest."""
    with pytest.raises(ValueError, match=r"dorp|NOPE|speeed") as caught:
        ask(fresh)

    shown = caught.traceback.filter(caught)
    assert [Path(entry.path).name for entry in shown] == [Path(__file__).name] * 2


def test_the_clock_is_set_and_changes_hands(fresh: RunningExchange) -> None:
    began_ms = fresh.clock.now_ms
    assert fresh.clock.advance(seconds=0.5, ms=1) == began_ms + 501
    assert fresh.clock.set(began_ms + 1_000) == began_ms + 1_000
    fresh.clock.mode("wall", speed=100)
    fresh.clock.mode("manual")
    now_ms = fresh.clock.now_ms
    assert now_ms >= began_ms + 1_000
    assert fresh.clock.now_ms == now_ms
    with pytest.raises(ValueError, match="no clock 'sun'"):
        fresh.clock.mode("sun")


def test_snapshots_by_their_ids(fresh: RunningExchange) -> None:
    first, hashed = fresh.snapshot(), fresh.state_hash()
    fresh.market.move("BTC", 100_000)
    second = fresh.snapshot()
    fresh.restore(first)
    assert fresh.state_hash() == hashed
    fresh.restore(second)
    assert fresh.state_hash() != hashed
    with pytest.raises(ValueError, match="no snapshot 99999"):
        fresh.restore(99_999)


def test_a_fault_without_with_warns_that_it_was_never_in_force(fresh: RunningExchange) -> None:
    with pytest.warns(RuntimeWarning, match=r"'order:1:after:drop' was never in force: with exch"):
        fresh.fault("order:1:after:drop")
    assert fresh.control("fault/list") == []


def test_requests_are_not_counted_under_a_name_that_there_is_not(fresh: RunningExchange) -> None:
    with pytest.raises(ValueError, match="unknown request 'ordr'; nearest: order"):
        fresh.requests(action="ordr")
    with pytest.raises(ValueError, match="unknown request 'l2Bok'; nearest: l2Book"):
        fresh.requests(type="l2Bok")
    assert fresh.requests(type="userDetails").count == 0

    requests.post(f"{fresh.url}/info", json={"type": "l2Bok"}, timeout=5)
    found = fresh.requests(type="l2Bok")
    assert found.count == 1  # a client's mistake is there to be found
    first, second = str(found).splitlines()
    assert first == "1 request"
    assert second.startswith("  20")
    assert "l2Bok" in second
    assert repr(found) == f"<1 request; {second.strip()}>", "pytest shows it in one line"
    assert fresh.requests(type="l2Bok", status="ok").count == 0


def test_an_endpoint_that_there_is_not_is_told_with_the_nearest(fresh: RunningExchange) -> None:
    with pytest.raises(ValueError, match="no endpoint 'market/mov'; nearest: market/move"):
        fresh.control("market/mov", coin="ETH", to=5)


def test_accounts_stand_for_their_addresses(fresh: RunningExchange) -> None:
    account = fresh.accounts[0]
    Exchange(Account.from_key(account.key), fresh.url).order("ETH", True, 1, 1_000, GTC)
    Info(fresh.url, skip_ws=True).user_state(account.address)

    assert (
        fresh.fund(account, 1).account_value
        == fresh.control("accounts", user=account.address)[0].account_value
    )
    assert fresh.requests(user=account).count == 2
    assert fresh.timeline(user=account) == fresh.timeline(user=account.address)
    assert fresh.diagnoses(account) == []
    with pytest.raises(AssertionError, match=r"open order: buy 1\.0 ETH at 1000\.0"):
        fresh.assert_flat(account)
    with pytest.raises(TypeError, match="an account or its address is wanted, not None"):
        fresh.assert_flat(None)  # type: ignore[arg-type]
