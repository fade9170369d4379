"""Money and the market by hand, over HTTP, with the official SDK on the other side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asking import get, steer
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

import hlsim
from hlsim.library import RunningExchange

NEW = "0x" + "ab" * 20
GTC = {"limit": {"tif": "Gtc"}}


@pytest.fixture
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="static") as exchange:
        yield exchange


@pytest.fixture(scope="module")
def still() -> Iterator[tuple[RunningExchange, str]]:
    """An exchange for what is refused, and its hash, which stays."""
    with hlsim.start(market="static") as exchange:
        yield exchange, exchange.state_hash()


# -- money -----------------------------------------------------------------------------------------


def test_an_account_is_funded_on_both_sides(running: RunningExchange) -> None:
    info = Info(running.url, skip_ws=True)
    told = steer(running, "fund", address=NEW.upper().replace("0X", "0x"), usdc=1000.5)
    assert told["accountValue"] == "1000.5"
    told = steer(running, "fund", address=NEW, token="HYPE", amount="2.25")
    assert told == {
        "address": NEW,
        "accountValue": "1000.5",
        "withdrawable": "1000.5",
        "spot": {"HYPE": "2.25"},
        "positions": {},
        "openOrders": 0,
        "requestsUsed": 0,
        "isMaker": False,
    }
    assert info.user_state(NEW)["withdrawable"] == "1000.5"
    held = {row["coin"]: row["total"] for row in info.spot_user_state(NEW)["balances"]}
    assert held["HYPE"] == "2.25"
    deltas = [row["delta"]["type"] for row in info.user_non_funding_ledger_updates(NEW, 0)]
    assert sorted(deltas) == ["deposit", "spotGenesis"]
    assert steer(running, "fund", address=NEW, token=_token_id(info, "PURR"), amount=1)["spot"] == {
        "HYPE": "2.25",
        "PURR": "1.0",
    }


def _token_id(info: Info, name: str) -> str:
    (token,) = [row for row in info.spot_meta()["tokens"] if row["name"] == name]
    return f"{name}:{token['tokenId']}"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"address": "0x12", "usdc": 1}, "'0x12' is no address: 0x and 40 hex digits"),
        ({"address": NEW}, "either usdc, or token and amount"),
        ({"address": NEW, "usdc": 1, "amount": 1}, "either usdc, or token and amount"),
        ({"address": NEW, "token": "HYPE"}, "either usdc, or token and amount"),
        ({"address": NEW, "token": "NOPE", "amount": 1}, "no token 'NOPE'"),
        ({"address": NEW, "usdc": 0}, "0 is no USDC: above 0 and not beyond all measure"),
        ({"address": NEW, "usdc": -5}, "-5 is no USDC: above 0 and not beyond all measure"),
        ({"address": NEW, "usdc": "1e5"}, "'1e5' is no USDC: not a decimal number"),
        ({"address": NEW, "usdc": 1e300}, "1e+300 is no USDC: above 0"),
        ({"address": NEW, "usdc": "0.0000001"}, "'0.0000001' is no USDC: more than 6 decimals"),
        ({"address": NEW, "usdc": True}, "Expected `int | float | str | null`, got `bool`"),
        ({"usdc": 5}, "Object missing required field `address`; known keys: address, usdc, token"),
        ({"address": NEW, "usd": 5}, "unknown key 'usd'; known: address, usdc, token, amount"),
    ],
)
def test_what_is_no_money_is_refused(
    still: tuple[RunningExchange, str], keys: dict[str, Any], said: str
) -> None:
    running, before = still
    status, text = steer(running, "fund", **keys)
    assert status == 400
    assert text.startswith(said)
    assert running.state_hash() == before


def test_accounts_are_those_of_clients_unless_asked_otherwise(running: RunningExchange) -> None:
    bot = Exchange(Account.from_key(running.accounts[0].key), running.url)
    bot.market_open("ETH", True, 0.5)
    bot.order("BTC", True, 0.01, 50_000, GTC)
    found = get(running, "accounts")
    assert [row["address"] for row in found] == [one.address for one in running.accounts]
    assert found[0]["positions"] == {"ETH": "0.5"}
    assert found[0]["openOrders"] == 1
    assert found[0]["requestsUsed"] == 2
    assert found[1]["spot"]["USDC"] == "10000.0"
    everybody = get(running, "accounts?makers=true")
    assert len(everybody) > len(found)
    assert all(row["isMaker"] for row in everybody if row not in found)
    assert get(running, f"accounts?user={running.accounts[0].address}") == found[:1]
    assert get(running, f"accounts?user={NEW}") == []


# -- the market ------------------------------------------------------------------------------------


def test_a_price_is_moved_and_a_resting_order_fills(running: RunningExchange) -> None:
    bot = Exchange(Account.from_key(running.accounts[0].key), running.url)
    info = Info(running.url, skip_ws=True)
    bot.order("ETH", True, 1, 1500, GTC)

    told = steer(running, "market/move", coin="ETH", to="1400")

    # The mark is the ask: the last trade, with that order, was above it.
    assert (told["oracle"], told["mid"], told["mark"]) == ("1400.0", "1400.0", "1400.7")
    assert info.all_mids()["ETH"] == "1400.0"
    (fill,) = info.user_fills(running.accounts[0].address)
    assert (fill["px"], fill["sz"], fill["crossed"]) == ("1500.0", "1.0", False)

    assert steer(running, "market/move", coin="ETH", to=1600, over_ms=10_000)["mid"] == "1400.0"
    running.clock.advance(seconds=5)
    assert info.all_mids()["ETH"] == "1500.0"
    running.clock.advance(seconds=5)
    assert info.all_mids()["ETH"] == "1600.0"


def test_a_book_by_levels_and_one_by_its_mid(running: RunningExchange) -> None:
    info = Info(running.url, skip_ws=True)
    levels = [[["1400", "2"], [1399.5, 1]], [[1401, "0.5"]]]
    assert steer(running, "market/book", coin="ETH", levels=levels)["mid"] == "1400.5"
    assert info.l2_snapshot("ETH")["levels"] == [
        [{"px": "1400.0", "sz": "2.0", "n": 1}, {"px": "1399.5", "sz": "1.0", "n": 1}],
        [{"px": "1401.0", "sz": "0.5", "n": 1}],
    ]
    keys = {"mid": 2000, "depth": 40_000, "spread_bps": 20}
    assert steer(running, "market/book", coin="ETH", **keys)["mid"] == "2000.0"
    bids, asks = info.l2_snapshot("ETH")["levels"]
    assert (len(bids), len(asks)) == (20, 20)
    assert (bids[0]["px"], bids[1]["px"], asks[0]["px"]) == ("1998.0", "1997.0", "2002.0")
    worth = sum(float(row["px"]) * float(row["sz"]) for row in bids)
    assert worth == pytest.approx(40_000, rel=0.001)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "either levels or mid"),
        ({"levels": [[], []], "mid": 5}, "either levels or mid"),
        ({"levels": [[], []], "depth": 5}, "depth goes with mid: levels say it themselves"),
        ({"levels": [[], []], "spread_bps": 1}, "spread_bps goes with mid: levels say it"),
        ({"levels": [[[1400.123, 1]], []]}, "1400.123 is no price of ETH; 1400.2 would be one"),
        ({"levels": [[[1400, 0.00001]], []]}, "sizes of ETH are multiples of 0.0001"),
        ({"levels": [[[1400, 0.007]], []]}, "0.007 at 1400.0 is worth less than 10 USD"),
        ({"levels": [[[1400, 1]], [[1400, 1]]]}, "the best bid is not below the best ask"),
        ({"levels": [[[1399, 1], [1400, 1]], []]}, "levels are not best first"),
        ({"levels": [[[1400, 1]] * 201, []]}, "more than 200 levels on a side"),
        ({"levels": [[[1400]], []]}, "Expected `array` of length 2, got 1"),
        ({"mid": 0}, "0 is no price"),
        ({"mid": 2000, "spread_bps": 30_000}, "no legal bid below an ask there"),
        ({"mid": 10}, "the exchange refuses 9.99 for 5005.005 ETH, PRICE_BAND: too far from"),
        ({"mid": 1900, "depth": 10**15}, "the exchange refuses 1899.9 for "),
        ({"levels": [[[90, 1]], [[1910, 1]]]}, "the exchange refuses 90 for 1 ETH, PRICE_BAND"),
    ],
)
def test_a_book_that_cannot_be_is_refused_before_anything_changed(
    still: tuple[RunningExchange, str], keys: dict[str, Any], said: str
) -> None:
    running, before = still
    status, text = steer(running, "market/book", coin="ETH", **keys)
    assert status == 400
    assert text.startswith(said)
    assert running.state_hash() == before


def test_a_book_of_the_operator_goes_with_a_far_move(running: RunningExchange) -> None:
    """Also where the exchange takes no order at the mark that was."""
    steer(running, "market/book", coin="ETH", mid=1900, depth=40_000)

    told = steer(running, "market/move", coin="ETH", to=10)

    assert float(told["mid"]) == pytest.approx(10, rel=0.001)
    bids, asks = Info(running.url, skip_ws=True).l2_snapshot("ETH")["levels"]
    assert min(len(bids), len(asks)) > 10


def test_a_book_of_a_pair_holds_more_than_its_maker_had(running: RunningExchange) -> None:
    levels = [[["0.07", 290_000_000]], [["0.08", 280_000_000]]]
    assert steer(running, "market/book", coin="PURR/USDC", levels=levels)["mid"] == "0.075"

    bids, asks = Info(running.url, skip_ws=True).l2_snapshot("PURR/USDC")["levels"]

    assert (bids[0]["sz"], asks[0]["sz"]) == ("290000000.0", "280000000.0")
    status, text = steer(
        running, "market/book", coin="PURR/USDC", levels=[[["0.07", 2_000_000_000]], []]
    )
    assert (status, text) == (
        400,
        "the exchange refuses 0.07 for 2000000000 PURR/USDC, SPOT_SUPPLY",
    )


def test_halts_listings_and_delistings(running: RunningExchange) -> None:
    bot = Exchange(Account.from_key(running.accounts[0].key), running.url)
    assert steer(running, "market/halt", coin="ETH")["halted"] is True
    answer = bot.order("ETH", True, 1, 1500, GTC)
    assert answer["response"]["data"]["statuses"] == [{"error": "Trading is halted."}]
    assert steer(running, "market/move", coin="ETH", to=1)[1].startswith("ETH does not trade")
    assert steer(running, "market/resume", coin="ETH")["halted"] is False
    assert "resting" in bot.order("ETH", True, 1, 1500, GTC)["response"]["data"]["statuses"][0]

    told = steer(running, "market/list", coin="FRESH", px="2.5", sz_decimals=1, max_leverage=5)
    (listed,) = [
        row for row in Info(running.url, skip_ws=True).meta()["universe"] if row["name"] == "FRESH"
    ]
    assert (listed["szDecimals"], listed["maxLeverage"]) == (1, 5)
    assert (told["mark"], told["oracle"], told["mid"]) == ("2.5", "2.5", None)
    assert steer(running, "market/book", coin="FRESH", mid=2.5)["mid"] is not None
    steer(running, "market/delist", coin="FRESH")
    assert steer(running, "market/move", coin="FRESH", to=3)[1].startswith("FRESH does not trade")
    before = running.state_hash()
    for path in ("halt", "resume", "delist", "cap", "oracle", "mark"):
        keys = {"px": 3} if path in ("oracle", "mark") else {}
        told = steer(running, f"market/{path}", coin="FRESH", **keys)
        assert told == (400, "FRESH is delisted")
    for path in ("delist", "cap"):
        told = steer(running, f"market/{path}", coin="PURR/USDC")
        assert told == (400, "PURR/USDC is no perp")
    assert running.state_hash() == before
    assert steer(running, "market/list", coin="BTC", px=1) == (400, "no new coin: 'BTC'")
    assert steer(running, "market/halt", coin="ETHH") == (
        400,
        "no coin 'ETHH'; nearest: ETH, ETHFI, MET",
    )
