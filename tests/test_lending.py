"""Borrowing and lending by hand: what may be moved, and what interest comes to."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from lenders import HYPE, PURR, USDC, lenders, lends, lent, reserve
from stories import START_MS, Story, Trader, address, px, universe

from hlsim.server.info import answer as ask
from hlsim.sim import lending
from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.transfers import SpotSend
from hlsim.sim.assets import Perp
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Rate, Usd, Wei
from hlsim.sim.ledger import BorrowLent
from hlsim.sim.lending_state import INDEX, InterestPaid, Lent, Reserve
from hlsim.sim.operations import SetOracle
from hlsim.sim.rules import Rules
from hlsim.sim.state import State

UNKNOWN = "Unknown token 1"
BALANCE = "Insufficient balance for token transfer"
WITHDRAW = "Insufficient balance for withdrawal."
MARGIN = "Account does not have sufficient margin available for increase."


def reads(m: Story, request: dict[str, object]) -> Any:
    return json.loads(ask(m.view, json.dumps(request).encode()))


# -- rates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("supplied", "borrowed", "utilization", "borrow_rate", "supply_rate"),
    [
        (0, 0, "0.0", "0.05", "0.0"),
        (10_000, 0, "0.0", "0.05", "0.0"),
        (10_000, 2_000, "0.2", "0.05", "0.009"),
        (10_000, 8_000, "0.8", "0.05", "0.036"),
        (10_000, 9_000, "0.9", "0.525", "0.42525"),
        (10_000, 10_000, "1.0", "1.0", "0.9"),
    ],
)
def test_rates_follow_utilization(
    supplied: int, borrowed: int, utilization: str, borrow_rate: str, supply_rate: str
) -> None:
    """Documented: 0.05 + 4.75 * max(0, u - 0.8); a tenth of it stays (mechanics 6.5)."""
    one, two = Lent(), Lent()
    pool = Reserve(0, 8, Rate(0), is_borrowable=True)
    if supplied:
        pool.supply(one, supplied)
    if borrowed:
        pool.borrow(two, borrowed)

    found = (pool.utilization(), pool.borrow_rate(), pool.supply_rate())

    asked = (utilization, borrow_rate, supply_rate)
    assert found == tuple(int(Decimal(text) * 10**10) for text in asked)


def test_the_rate_of_suppliers_is_the_recorded_one() -> None:
    """Observed: 4338721.1769786999 supplied, 338656.86839526 borrowed (info 8)."""
    pool = Reserve(0, 8, Rate(0), is_borrowable=True)
    pool.supply(Lent(), 433872117697869)
    pool.borrow(Lent(), 33865686839526)

    assert pool.utilization() == 780545360  # 0.078054536
    assert pool.supply_rate() == 35124541  # 0.0035124541


# -- supplying and withdrawing ---------------------------------------------------------------------


def test_what_is_supplied_leaves_spot_and_comes_back() -> None:
    m, alice, bob = lenders()

    assert bob.spot("USDC") == 0
    assert lent(m, bob, USDC) == ("0.0", "0.0", "10000.0", "10000.0")
    assert reserve(m) == {
        "borrowYearlyRate": "0.05",
        "supplyYearlyRate": "0.0",
        "balance": "10000.0",
        "utilization": "0.0",
        "oraclePx": "1.0",
        "ltv": "0.0",
        "totalSupplied": "10000.0",
        "totalBorrowed": "0.0",
    }
    assert lends(alice, "supply", HYPE, None) == "ok"
    assert reserve(m, HYPE)["ltv"] == "0.65"
    assert reserve(m, HYPE)["oraclePx"] == "40.0"
    assert lends(bob, "withdraw", USDC, "0.00000001") == "ok"
    assert lends(bob, "withdraw", USDC, None) == "ok"
    assert bob.spot("USDC") == 10_000 * 10**8
    assert lent(m, bob, USDC) == ("0.0", "0.0", "0.0", "0.0")
    deltas = [row.delta for row in bob.account.ledger if isinstance(row.delta, BorrowLent)]
    assert [(delta.operation, delta.amount, delta.interest) for delta in deltas] == [
        ("supply", 10_000 * 10**8, 0),
        ("withdraw", 1, 0),
        ("withdraw", 10_000 * 10**8 - 1, 0),
    ]


@pytest.mark.parametrize(
    ("operation", "token", "amount", "text"),
    [
        ("supply", PURR, "1", UNKNOWN),
        ("supply", 77, "1", "Unknown token 77"),
        ("supply", HYPE, "100.00000001", BALANCE),
        ("supply", HYPE, "0", "Send amount cannot be zero"),
        ("supply", HYPE, "0.000000001", "Invalid number of decimals"),
        ("supply", HYPE, "-1", "Invalid number of decimals"),
        ("supply", HYPE, "much", "Invalid decimal number"),
        ("supply", USDC, None, "Send amount cannot be zero"),
        ("withdraw", HYPE, "0.00000001", WITHDRAW),
        ("withdraw", USDC, "1", WITHDRAW),
        ("withdraw", USDC, None, "Send amount cannot be zero"),
        ("borrow", USDC, "0.00000001", MARGIN),
        ("borrow", USDC, None, "Send amount cannot be zero"),
        ("borrow", HYPE, "1", MARGIN),
        ("repay", USDC, "0.00000001", WITHDRAW),
        ("repay", USDC, None, "Send amount cannot be zero"),
    ],
)
def test_what_cannot_be_moved(operation: str, token: int, amount: str | None, text: str) -> None:
    """Assumed: all texts are those of transfers and margin."""
    m, alice, _ = lenders()
    before = m.ex.state_hash()

    assert lends(alice, operation, token, amount) == text
    alice.account.requests_used -= 1
    assert alice.account.lent == {}
    assert m.ex.state.borrowers == {}
    assert m.ex.state_hash() != before  # the nonce was used


def test_a_deployed_token_of_that_name_is_no_collateral() -> None:
    """Only what the world lists: a user's token called UBTC backs nothing."""
    m, _, _ = lenders()
    assert sorted(m.ex.state.reserves) == [USDC, HYPE]


# -- borrowing -------------------------------------------------------------------------------------


def test_a_collateral_backs_its_ltv_and_not_a_unit_more() -> None:
    """Documented: 100 HYPE at 40 and an LTV of 0.65 back 2600; health is 2600 / 2000 (info 8)."""
    m, alice, _ = lenders()
    lends(alice, "supply", HYPE, "100")
    assert lends(alice, "borrow", USDC, "2600.00000001") == MARGIN

    assert lends(alice, "borrow", USDC, "2000") == "ok"

    assert alice.spot("USDC") == 2_000 * 10**8
    state = reads(m, {"type": "borrowLendUserState", "user": alice.address})
    assert state == {
        "tokenToState": [
            [
                USDC,
                {
                    "borrow": {"basis": "2000.0", "value": "2000.0"},
                    "supply": {"basis": "0.0", "value": "0.0"},
                },
            ],
            [
                HYPE,
                {
                    "borrow": {"basis": "0.0", "value": "0.0"},
                    "supply": {"basis": "100.0", "value": "100.0"},
                },
            ],
        ],
        "health": "healthy",
        "healthFactor": "1.3",
    }
    assert lends(alice, "borrow", USDC, "600.00000001") == MARGIN
    assert lends(alice, "borrow", USDC, None) == "ok"
    assert alice.spot("USDC") == 2_600 * 10**8
    assert (reserve(m)["balance"], reserve(m)["utilization"]) == ("7400.0", "0.26")
    state = reads(m, {"type": "borrowLendUserState", "user": alice.address})
    assert (state["health"], state["healthFactor"]) == ("atRisk", "1.0")


def test_a_reserve_lends_no_more_than_it_has() -> None:
    m, alice, bob = lenders()
    lends(alice, "supply", HYPE, "100")
    lends(bob, "withdraw", USDC, "8500")

    assert lends(alice, "borrow", USDC, "1500.00000001") == MARGIN
    assert lends(alice, "borrow", USDC, "1500") == "ok"
    # Documented: what is lent out cannot be withdrawn.
    assert lends(bob, "withdraw", USDC, "1") == WITHDRAW
    assert (reserve(m)["utilization"], reserve(m)["borrowYearlyRate"]) == ("1.0", "1.0")


def test_nobody_borrows_above_the_cap_of_one_user() -> None:
    _, alice, _ = lenders(Rules(user_borrow_cap=Usd(1_000 * 10**6)))
    lends(alice, "supply", HYPE, "100")

    assert lends(alice, "borrow", USDC, "1000.00000001") == MARGIN
    assert lends(alice, "borrow", USDC, "1000") == "ok"


def test_a_collateral_stays_as_far_as_the_debt_needs_it() -> None:
    """Documented: 1300 owed at 0.65 * 40 need 50 HYPE."""
    _, alice, _ = lenders()
    lends(alice, "supply", HYPE, "100")
    lends(alice, "borrow", USDC, "1300")

    assert lends(alice, "withdraw", HYPE, "50.1") == WITHDRAW
    assert lends(alice, "withdraw", HYPE, None) == WITHDRAW
    assert lends(alice, "withdraw", HYPE, "49.99999") == "ok"
    assert lends(alice, "withdraw", HYPE, "0.1") == WITHDRAW
    assert lends(alice, "repay", USDC, None) == "ok"
    assert lends(alice, "withdraw", HYPE, None) == "ok"
    assert alice.spot("HYPE") == 100 * 10**8


def test_the_price_of_a_collateral_is_the_median_of_three() -> None:
    """Documented: spot, mark and oracle of the perp (mechanics 6.5)."""
    listed = universe()
    perp = Perp(6, "HYPE", 2, 10, listed.perps[3].margin_table, start_px=px("44"))
    listed.perps.append(perp)
    listed.__post_init__()
    state: State = Exchange.create(listed, time_ms=START_MS).state
    token = state.universe.token(HYPE)
    market, pair = state.markets[6], state.markets[10_107]

    for spot, mark, oracle, median in [(40, 44, 44, 44), (40, 38, 44, 40), (50, 38, 44, 44)]:
        pair.mark_px, market.mark_px, market.oracle_px = (
            px(str(each)) for each in (spot, mark, oracle)
        )
        assert lending.oracle_px(state, token) == px(str(median))


# -- interest --------------------------------------------------------------------------------------


def test_interest_of_an_hour() -> None:
    """2000 * (e^(0.05 / 8760) - 1) = 0.011415557..., nine tenths of which reach bob."""
    m, alice, bob = lenders()
    lends(alice, "supply", HYPE, "100")
    lends(alice, "borrow", USDC, "2000")
    exact = 2000 * ((Decimal("0.05") / 8760).exp() - 1)
    assert f"{exact:.10f}" == "0.0114155577"

    m.advance(hours=1)

    assert lent(m, alice, USDC)[:2] == ("2000.0", "2000.01141556")
    assert lent(m, bob, USDC)[2:] == ("10000.0", "10000.010274")
    hour = {"time": START_MS + 3_600_000, "token": "USDC"}
    for who, paid, earned in ((alice, "0.01141556", "0.0"), (bob, "0.0", "0.010274")):
        request = {"type": "userBorrowLendInterest", "user": who.address, "startTime": START_MS}
        assert reads(m, request) == [{**hour, "borrow": paid, "supply": earned}]
    assert reserve(m)["totalBorrowed"] == "2000.01141556"
    assert reserve(m)["balance"] == "8000.0"
    # Supplied HYPE earns nothing.
    assert lent(m, alice, HYPE)[3] == "100.0"


def test_interest_is_compounded_whenever_the_indices_are_drawn() -> None:
    """Documented: continuously. Six hours are the same with a look every minute, but for
    what rising utilization adds."""
    found = []
    for steps in (1, 60):
        m, alice, bob = lenders()
        lends(alice, "supply", HYPE, "100")
        lends(alice, "borrow", USDC, "2000")
        for _ in range(6 * steps):
            m.advance(seconds=3_600 // steps)
            m.ex.state.reserves[USDC].accrue(m.ex.state.time_ms)
        found.append((lent(m, alice, USDC)[1], lent(m, bob, USDC)[3]))
        exact = 2000 * (Decimal("0.05") / 1460).exp()
        assert abs(Decimal(found[-1][0]) - exact) < Decimal("0.0000001")
    assert abs(Decimal(found[0][1]) - Decimal(found[1][1])) < Decimal("0.0000001")


def test_what_is_withdrawn_carries_its_part_of_the_interest() -> None:
    """Observed: a row of 1000 with an interest of 0.93 (info 7.2). Assumed: in proportion."""
    m, alice, bob = lenders()
    lends(alice, "supply", HYPE, "100")
    lends(alice, "borrow", USDC, "2000")
    m.advance(hours=24)
    worth = int(Decimal(lent(m, bob, USDC)[3]) * 10**8)
    earned = worth - 10_000 * 10**8

    lends(bob, "withdraw", USDC, "2500")

    delta = bob.account.ledger[-1].delta
    assert isinstance(delta, BorrowLent)
    assert abs(delta.interest - earned * 2500 * 10**8 // worth) <= 1
    assert lent(m, bob, USDC)[3] == f"{Decimal(worth - 2500 * 10**8) / 10**8:f}"
    lends(alice, "repay", USDC, "1000")
    delta = alice.account.ledger[-1].delta
    assert isinstance(delta, BorrowLent)
    assert 0 < delta.interest < 14 * 10**6
    # alice has what she borrowed, not what it costs.
    assert lends(alice, "repay", USDC, None) == BALANCE


def test_a_debt_that_is_paid_leaves_nothing_but_what_the_reserve_keeps() -> None:
    m, alice, bob = lenders()
    lends(alice, "supply", HYPE, "100")
    lends(alice, "borrow", USDC, "2000")
    m.advance(hours=20)
    carol = m.account("carol", spot_usdc="10")
    carol.act(SpotSend(alice.address, "USDC", "5", m.ex.state.time_ms))  # type: ignore[arg-type]
    paid = sum(row.borrow for row in alice.account.interest)
    earned = sum(row.supply for row in bob.account.interest)

    assert lends(alice, "repay", USDC, None) == "ok"
    assert m.ex.state.borrowers == {}
    assert lends(bob, "withdraw", USDC, None) == "ok"

    pool = m.ex.state.reserves[USDC]
    assert (pool.supplied, pool.borrowed) == (0, 0)
    assert pool.cash == pool.kept == paid - earned > 0
    assert pool.borrow_index > pool.supply_index > INDEX


def row(trader: Trader) -> InterestPaid:
    return InterestPaid(trader.address, "USDC", Wei(1), Wei(0), 8, START_MS)


def test_the_history_of_interest_has_a_limit() -> None:
    m, alice, _ = lenders()
    assert alice.account.interest.maxlen == 10_000
    for hour in range(520):
        alice.account.interest.append(replace(row(alice), time_ms=START_MS + hour))

    request = {"type": "userBorrowLendInterest", "user": alice.address, "startTime": 0}
    rows = reads(m, request)
    assert isinstance(rows, list)
    assert len(rows) == 500
    assert rows[0]["time"] == START_MS


def test_a_wild_price_of_a_collateral_shows_in_its_health() -> None:
    """Inferred: health is told by the LTV, the threshold (0.825) and the backstop (0.8833...)."""
    m, alice, _ = lenders()
    lends(alice, "supply", HYPE, "100")
    lends(alice, "borrow", USDC, "2000")
    request = {"type": "borrowLendUserState", "user": alice.address}
    pair = m.market("@107")
    for price, health in [
        ("30.77", "healthy"),
        ("30.76", "atRisk"),
        ("24.25", "atRisk"),
        ("24.24", "marketLiquidatable"),
        ("22.65", "marketLiquidatable"),
        ("22.64", "backstopLiquidatable"),
    ]:
        pair.mark_px = px(price)
        assert reads(m, request)["health"] == health, price


def test_nobody_lent_anything_is_healthy() -> None:
    m, _, _ = lenders()
    request = {"type": "borrowLendUserState", "user": address("nobody")}
    empty = {"tokenToState": [], "health": "healthy", "healthFactor": None}
    assert reads(m, request) == empty


def test_a_unified_account_supplies_out_of_its_one_balance() -> None:
    """Documented: manual borrows are for standard and unified accounts."""
    m, alice, _ = lenders()
    alice.act(AgentSetAbstraction("unifiedAccount"))  # type: ignore[arg-type]
    assert lends(alice, "supply", USDC, "60.00000001") == "ok"
    assert lends(alice, "supply", USDC, "40") == BALANCE
    assert lends(alice, "supply", HYPE, "10") == "ok"
    assert lends(alice, "borrow", USDC, "260") == "ok"
    # 100 - 60.00000001 + 260, but for the part of a millionth that stays on spot.
    assert alice.account.raw_usd == 299_999_999
    assert Trader(m, alice.address).spot("USDC") == 99


def test_oracle_moves_do_not_touch_what_was_lent() -> None:
    m, alice, _ = lenders()
    lends(alice, "supply", HYPE, "100")
    m.ex.operate(SetOracle(((1, px("1900")),)))
    assert lent(m, alice, HYPE) == ("0.0", "0.0", "100.0", "100.0")
