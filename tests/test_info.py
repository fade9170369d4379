"""Info types: empty answers, caps, bounds, order, and the numbers that handlers add up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stories import START_MS, Story, Trader, address, market, px, rate, sz, usd

from hlsim.matching.types import Side
from hlsim.server.info import answer
from hlsim.sim.events import Direction, Fill, FundingPaid, FundingRate, LedgerRow, Trade
from hlsim.sim.ledger import Deposit

ALICE = address("alice")
NOBODY = address("nobody")
HOUR_MS = 3_600_000


def ask(m: Story, name: str, **fields: Any) -> Any:
    """The answer to one request, through the bytes of a body."""
    return json.loads(answer(m.view, json.dumps({"type": name, **fields}).encode()))


def fills_of(trader: Trader, times: list[int]) -> None:
    """One fill of an order of its own at each time; tids count from 0."""
    for tid, time_ms in enumerate(times):
        trader.account.fills.append(
            Fill(
                user=trader.address,
                coin="BTC",
                asset_id=0,
                px=px("50000"),
                sz=sz("0.001"),
                side=Side.BID,
                time_ms=time_ms,
                start_position=0,  # type: ignore[arg-type]
                dir=Direction.OPEN_LONG,
                closed_pnl=0,
                hash="0x" + "1" * 64,
                oid=tid,
                crossed=True,
                fee=0,
                fee_decimals=6,
                fee_token="USDC",
                builder_fee=0,
                tid=tid,
                cloid=None,
            )
        )


# -- nobody ----------------------------------------------------------------------------------------

EMPTY: dict[str, Any] = {
    "openOrders": [],
    "frontendOpenOrders": [],
    "historicalOrders": [],
    "userFills": [],
    "userFunding": [],
    "userNonFundingLedgerUpdates": [],
    "extraAgents": [],
    "approvedBuilders": [],
    "spotClearinghouseState": {"balances": []},
    "subAccounts": None,
    "subAccounts2": None,
    "userToMultiSigSigners": None,
    "userVaultEquities": [],
    "leadingVaults": [],
    "userDexAbstraction": None,
    "isVip": None,
    "borrowLendUserState": {"tokenToState": [], "health": "healthy", "healthFactor": None},
    "userRole": {"role": "missing"},
    "userAbstraction": "default",
    "userRateLimit": {
        "cumVlm": "0.0",
        "nRequestsUsed": 0,
        "nRequestsCap": 10000,
        "nRequestsSurplus": 0,
    },
    "legalCheck": {"acceptedTerms": False, "userAllowed": False, "restrictions": "n"},
    "preTransferCheck": {
        "isSanctioned": False,
        "userExists": False,
        "fee": "0.0",
        "userHasSentTx": False,
    },
}


@pytest.mark.parametrize(("name", "reply"), EMPTY.items(), ids=list(EMPTY))
def test_a_never_seen_user_gets_the_empty_answer(name: str, reply: Any) -> None:
    """Evidence: info 2.5; never an error, and nobody comes into being by being asked about."""
    m = market()

    assert ask(m, name, user=NOBODY) == reply
    assert m.ex.state.accounts == {}


def test_empty_answers_of_types_that_ask_for_more() -> None:
    """Evidence: info 2.5."""
    m = market()

    assert ask(m, "orderStatus", user=NOBODY, oid=1) == {"status": "unknownOid"}
    assert ask(m, "maxBuilderFee", user=NOBODY, builder=ALICE) == 0
    assert ask(m, "userFillsByTime", user=NOBODY, startTime=0) == []
    assert ask(m, "userBorrowLendInterest", user=NOBODY, startTime=0) == []


# -- orders ----------------------------------------------------------------------------------------


def test_open_orders_come_newest_first() -> None:
    """Evidence: info 6.1."""
    m = market()
    alice = m.account("alice")
    for price in (49000, 48000, 49500):
        alice.buys(f"0.01 BTC @ {price}")

    for name in ("openOrders", "frontendOpenOrders"):
        assert [row["oid"] for row in ask(m, name, user=ALICE)] == [3, 2, 1]


def test_an_open_order_shows_what_is_left_of_it() -> None:
    """Evidence: info 6.1; 6.2 for orderStatus, which partial fills do not refresh."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    alice.buys("0.02 BTC @ 49000")
    bob.sells("0.005 BTC @ 49000")

    rows = ask(m, "openOrders", user=ALICE)
    status = ask(m, "orderStatus", user=ALICE, oid=1)

    assert [(row["sz"], row["origSz"]) for row in rows] == [("0.015", "0.02")]
    assert (status["order"]["order"]["sz"], status["order"]["status"]) == ("0.02", "open")


def test_an_order_is_found_by_oid_and_by_cloid_of_its_owner_only() -> None:
    """Evidence: info 6.3."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    cloid = "0x" + "ab" * 16
    alice.buys("0.01 BTC @ 49000", cloid=cloid)

    by_oid = ask(m, "orderStatus", user=ALICE, oid=1)

    assert by_oid == ask(m, "orderStatus", user=ALICE, oid="0x" + "AB" * 16)
    assert by_oid["order"]["order"]["cloid"] == cloid
    assert ask(m, "orderStatus", user=bob.address, oid=1) == {"status": "unknownOid"}


def test_history_is_a_log_of_statuses_newest_first() -> None:
    """Evidence: info 6.4, the same oid several times."""
    m = market()
    alice = m.account("alice")
    alice.buys("0.01 BTC @ 49000")
    alice.buys("0.01 BTC @ 48000")
    alice.cancel("BTC", 1)

    rows = ask(m, "historicalOrders", user=ALICE)

    assert [(row["order"]["oid"], row["status"]) for row in rows] == [
        (1, "canceled"),
        (2, "open"),
        (1, "open"),
    ]


# -- fills -----------------------------------------------------------------------------------------


def test_fills_come_newest_first_and_at_most_2000() -> None:
    """Evidence: info 2.6; contested 27 for fills of one time."""
    m = market()
    alice = m.account("alice")
    fills_of(alice, [START_MS + index // 2 for index in range(2003)])

    tids = [row["tid"] for row in ask(m, "userFills", user=ALICE)]

    assert tids == list(range(2002, 2, -1))


def test_fills_by_time_come_oldest_first_from_the_start_on() -> None:
    """Evidence: info 2.6, both bounds inclusive, the oldest rows when there are too many."""
    m = market()
    alice = m.account("alice")
    fills_of(alice, [START_MS + index for index in range(2010)])

    def tids(**fields: Any) -> list[int]:
        return [row["tid"] for row in ask(m, "userFillsByTime", user=ALICE, **fields)]

    assert tids(startTime=START_MS + 5) == list(range(5, 2005))
    assert tids(startTime=START_MS + 5, endTime=START_MS + 7) == [5, 6, 7]
    assert tids(startTime=START_MS + 5, endTime=START_MS + 7, reversed=True) == [7, 6, 5]
    assert tids(startTime=START_MS + 9, endTime=START_MS + 8) == []
    assert tids(startTime=START_MS + 99_999) == []


def test_fills_are_merged_before_they_are_counted() -> None:
    """Evidence: info 6.5."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    for price in (50000, 50001, 50002):
        bob.sells(f"0.01 BTC @ {price}")
    m.advance(ms=1)
    alice.buys("0.03 BTC @ 50002")

    merged = ask(m, "userFills", user=ALICE, aggregateByTime=True)
    plain = ask(m, "userFills", user=ALICE, aggregateByTime=False)

    assert [(row["px"], row["sz"], row["startPosition"]) for row in merged] == [
        ("50001.0", "0.03", "0.0")
    ]
    assert [row["px"] for row in plain] == ["50002.0", "50001.0", "50000.0"]
    assert [row["oid"] for row in ask(m, "userFills", user=bob.address, aggregateByTime=True)] == [
        3,
        2,
        1,
    ]


# -- ranges ----------------------------------------------------------------------------------------


def test_ledger_rows_come_oldest_first_and_at_most_500() -> None:
    """Evidence: info 2.6, contested 62."""
    m = market()
    alice = m.account("alice")
    alice.account.ledger.clear()
    for index in range(502):
        row = LedgerRow(ALICE, START_MS + index, "0x" + "0" * 64, Deposit(usd("1")))
        alice.account.ledger.append(row)

    def times(**fields: Any) -> list[int]:
        rows = ask(m, "userNonFundingLedgerUpdates", user=ALICE, **fields)
        return [row["time"] - START_MS for row in rows]

    assert times() == list(range(500))
    assert times(startTime=START_MS + 400) == list(range(400, 502))
    assert times(startTime=START_MS + 3, endTime=START_MS + 4) == [3, 4]


def test_funding_rows_of_one_hour_are_not_cut_apart() -> None:
    """Evidence: info 2.6, "distinct blocks"; without a start the latest 2000."""
    m = market()
    alice = m.account("alice")
    for hour in range(300):
        for coin in ("BTC", "ETH", "SOL"):
            time_ms = START_MS + hour * HOUR_MS
            paid = FundingPaid(ALICE, coin, usd("-1"), sz("1"), rate("0.0000125"), time_ms)  # type: ignore[arg-type]
            alice.account.fundings.append(paid)

    rows = ask(m, "userFunding", user=ALICE, startTime=START_MS)
    bounded = ask(m, "userFunding", user=ALICE, startTime=START_MS, endTime=START_MS)
    latest = ask(m, "userFunding", user=ALICE)

    assert (len(rows), rows[-1]["time"]) == (501, START_MS + 166 * HOUR_MS)
    assert [row["delta"]["coin"] for row in bounded] == ["BTC", "ETH", "SOL"]
    assert (len(latest), latest[0]["time"] < latest[-1]["time"]) == (900, True)


def test_funding_history_pages_forward_by_500() -> None:
    """Evidence: info 2.6 and 4.11."""
    m = market()
    rates = m.market("BTC").funding_rates
    for hour in range(502):
        rates.append(FundingRate("BTC", rate("0.0000125"), rate("0"), START_MS + hour * HOUR_MS))

    rows = ask(m, "fundingHistory", coin="BTC", startTime=START_MS)
    rest = ask(m, "fundingHistory", coin="BTC", startTime=rows[-1]["time"])

    assert [len(rows), len(rest), rest[0] == rows[-1]] == [500, 3, True]
    assert ask(m, "fundingHistory", coin="ETH", startTime=0, endTime=1) == []


def test_recent_trades_are_the_newest_ten() -> None:
    """Evidence: info 4.10."""
    m = market()
    for tid in range(12):
        trade = Trade("BTC", Side.BID, px("50000"), sz("1"), START_MS, "0x", tid, ALICE, NOBODY)
        m.market("BTC").trades.append(trade)

    rows = ask(m, "recentTrades", coin="BTC")

    assert [row["tid"] for row in rows] == list(range(11, 1, -1))


def test_candles_overlap_the_range_and_stop_at_now() -> None:
    """Evidence: info 4.9: the bar of an unaligned start, the forming one, none for a late start."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    for price in (50000, 50010):
        alice.buys(f"0.01 BTC @ {price}")
        bob.sells(f"0.01 BTC @ {price}")
        m.advance(seconds=60)

    def candles(**fields: Any) -> list[tuple[int, str, int]]:
        req = {"coin": "BTC", "interval": "1m", **fields}
        rows = ask(m, "candleSnapshot", req=req)
        return [((row["t"] - START_MS) // 60_000, row["c"], row["n"]) for row in rows]

    assert candles(startTime=START_MS + 30_000) == [
        (0, "50000.0", 1),
        (1, "50010.0", 1),
        (2, "50010.0", 0),
    ]
    assert candles(startTime=START_MS, endTime=START_MS + 59_999) == [(0, "50000.0", 1)]
    assert candles(startTime=START_MS + 1, endTime=START_MS) == []
    assert candles(startTime=START_MS + 10**9) == []


# -- accounts --------------------------------------------------------------------------------------


def test_volume_lifts_the_request_cap_and_counts_by_day() -> None:
    """Evidence: info 7.4, one request per USDC; 7.3, taker and maker volume of each UTC day."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    alice.buys("0.00715 BTC @ 50000")
    bob.sells("0.00715 BTC @ 50000")
    m.advance(hours=24)

    limit = ask(m, "userRateLimit", user=ALICE)
    days = ask(m, "userFees", user=ALICE)["dailyUserVlm"]

    assert limit == {
        "cumVlm": "357.5",
        "nRequestsUsed": 1,
        "nRequestsCap": 10357,
        "nRequestsSurplus": 0,
    }
    assert len(days) == 15
    assert days[-2:] == [
        {"date": "2026-01-01", "userCross": "0.0", "userAdd": "357.5", "exchange": "357.5"},
        {"date": "2026-01-02", "userCross": "0.0", "userAdd": "0.0", "exchange": "0.0"},
    ]


def test_rates_of_a_new_user_are_those_of_the_base_tier() -> None:
    """Evidence: info 7.3."""
    fees = ask(market(), "userFees", user=NOBODY)

    names = ("userCrossRate", "userAddRate", "userSpotCrossRate", "userSpotAddRate")
    assert [fees[name] for name in names] == ["0.00045", "0.00015", "0.0007", "0.0004"]
    assert fees["feeSchedule"]["cross"] == fees["userCrossRate"]


def test_the_portfolio_has_eight_periods_with_a_start_and_a_now() -> None:
    """Evidence: info 5.9."""
    m = market()
    alice, bob = m.account("alice", usd="1000", spot_usdc="50"), m.account("bob")
    alice.buys("0.01 BTC @ 50000")
    bob.sells("0.01 BTC @ 50000")
    m.advance(ms=1000)

    periods = ask(m, "portfolio", user=ALICE)

    assert [name for name, _ in periods] == [
        "day",
        "week",
        "month",
        "allTime",
        "perpDay",
        "perpWeek",
        "perpMonth",
        "perpAllTime",
    ]
    now = START_MS + 1000
    fee = "0.075"
    """0.015 % of 500 USD."""
    assert dict(periods)["perpDay"] == {
        "accountValueHistory": [[START_MS, "1000.0"], [now, "999.925"]],
        "pnlHistory": [[START_MS, "0.0"], [now, f"-{fee}"]],
        "vlm": "500.0",
    }
    assert dict(periods)["allTime"]["accountValueHistory"][1] == [now, "1049.925"]


def test_a_period_of_the_portfolio_counts_its_own_fills() -> None:
    """Evidence: info 5.9, `vlm` is the traded volume of the window."""
    m = market()
    alice = m.account("alice")
    day = 24 * HOUR_MS
    fills_of(alice, [START_MS + days * day for days in (0, 20, 39, 40)])
    m.ex.state.time_ms += 40 * day

    periods = dict(ask(m, "portfolio", user=ALICE))

    volumes = {name: periods[name]["vlm"] for name in periods if name.startswith("perp")}
    assert volumes == {
        "perpDay": "100.0",
        "perpWeek": "100.0",
        "perpMonth": "150.0",
        "perpAllTime": "200.0",
    }
    assert periods["perpWeek"]["pnlHistory"][0] == [START_MS + 33 * day, "0.0"]
