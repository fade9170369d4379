"""Portfolio margin: what is borrowed and lent by itself, and what the account shows of it."""

from __future__ import annotations

import pytest
from lenders import HYPE, USDC, answer, lends
from portfolios import managed, row, shown
from stories import address, market, px, usd
from test_conservation import check_money
from test_lending_properties import check_reserves

from hlsim.sim import lending, margin, portfolio
from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.transfers import SendAsset, Withdraw3
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.fixed import Usd
from hlsim.sim.replies import Filled
from hlsim.sim.rules import Rules

USDC_ID = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
HYPE_ID = "HYPE:0x0d01dc56dcaaca66ad901c959b4011ec"
DISABLED = "Action disabled when unified account is active"
BALANCE = "Insufficient balance for token transfer"


def check(m: object) -> None:
    state = m.ex.state  # type: ignore[attr-defined]
    check_money(state)
    check_reserves(state)


# -- what it may use -------------------------------------------------------------------------------


def test_idle_money_is_lent_and_tokens_are_collateral() -> None:
    """Documented: idle USDC is supplied to earn interest; 1000 HYPE at 40 back 26000. Observed: the
    keys, and a hold that is negative by what may be borrowed."""
    m, alice, _ = managed(usd="500")

    assert shown(m, alice) == {
        "balances": [
            {
                "coin": "USDC",
                "token": 0,
                "total": "500.0",
                "hold": "-26000.0",
                "entryNtl": "0.0",
                "supplied": "500.0",
                "borrowed": "0.0",
                "spotHold": "0.0",
            },
            {
                "coin": "HYPE",
                "token": 2,
                "total": "1000.0",
                "hold": "0.0",
                "entryNtl": "40000.0",
                "ltv": "0.65",
                "supplied": "1000.0",
                "borrowed": "0.0",
                "spotHold": "0.0",
            },
        ],
        "portfolioMarginEnabled": True,
        # 20 / (500 + 1000 * 40 * 0.825)
        "portfolioMarginRatio": "0.0005970149",
        "tokenToPortfolioBorrowRatio": [[0, "0.0"]],
        "tokenToPortfolioSupplyRatio": [],
        "tokenToAvailableAfterMaintenance": [[0, "33480.0"]],
    }
    assert m.ex.state.reserves[USDC].total_supplied == 100_500 * 10**8
    check(m)


def test_perps_borrow_their_margin_against_tokens() -> None:
    """20000 of ETH at 10x need 2000 and a fee of 9, which alice does not have."""
    m, alice, _ = managed()
    alice.leverage("ETH", 10)

    assert isinstance(alice.buys("10 ETH @ 2000"), Filled)

    assert lending.debt(m.ex.state, alice.account) == 2008_990000_00
    assert margin.free_margin(m.ex.state, alice.account) == alice.account.credit
    usdc = row(m, alice)
    assert usdc["borrowed"] == "2008.99"
    # All equity less the debt: 2000 - 2008.99; margin less capacity: 2000 - 26000.
    assert (usdc["total"], usdc["hold"], usdc["spotHold"]) == ("-8.99", "-24000.0", "2000.0")
    # What backs the debt: 2008.99 / (40 * 0.65), rounded up.
    assert row(m, alice, "HYPE")["hold"] == "77.26884616"
    state = shown(m, alice)
    # Maintenance 20000 / 50 = 400; (400 + 408.99) / (33000 + 400).
    assert state["portfolioMarginRatio"] == "0.0242212574"
    assert state["tokenToAvailableAfterMaintenance"] == [[0, "32591.01"]]
    assert state["tokenToPortfolioBorrowRatio"] == [[0, "0.0000401798"]]
    check(m)


def test_an_order_that_the_collateral_does_not_back_is_refused() -> None:
    """26000 at 10x are 130 ETH at 2000, without the fee (Assumed: not asked for at placement)."""
    m, alice, _ = managed(usd="0.000001")
    alice.leverage("ETH", 10)

    assert alice.buys("130.0001 ETH @ 2000") == Reject(OrderReject.MARGIN, 1)
    assert isinstance(alice.buys("130 ETH @ 2000"), Filled)
    # The fee of 117 found no backing: it is missing, and nothing more can be opened.
    assert lending.debt_worth(m.ex.state, alice.account) == 26_000 * 10**8
    assert margin.free_margin(m.ex.state, alice.account) == usd("-116.999999")
    check(m)


def test_a_spot_order_borrows_what_it_pays() -> None:
    """Documented: insufficient balance is borrowed for spot orders, too. What is bought backs more:
    100 HYPE at 40."""
    m, alice, _ = managed(usd="1000")
    assert isinstance(alice.buys("100 @107 @ 40"), Filled)

    assert alice.spot("HYPE") == 1100 * 10**8 - 7_000_000
    assert row(m, alice)["borrowed"] == "3000.0"
    assert isinstance(alice.sells("50 @107 @ 39.9"), Filled)
    # 1995 less 7 bp.
    assert row(m, alice)["borrowed"] == "1006.3965"
    check(m)


def test_a_resting_order_is_paid_for_when_it_is_placed_and_given_back() -> None:
    m, alice, _ = managed(usd="1000")
    alice.buys("50 @107 @ 39")  # 1950

    assert row(m, alice)["borrowed"] == "950.0"
    assert row(m, alice)["spotHold"] == "1950.0"
    alice.cancel("@107", next(iter(alice.account.orders)))
    assert row(m, alice) == {
        "total": "1000.0",
        "hold": "-26000.0",
        "supplied": "1000.0",
        "borrowed": "0.0",
        "spotHold": "0.0",
    }
    check(m)


def test_profit_pays_debts_back_and_losses_are_borrowed() -> None:
    """Documented: unrealised profit repays, losses are borrowed before anything is liquidated."""
    m, alice, _ = managed()
    alice.leverage("ETH", 10)
    alice.buys("10 ETH @ 2000")
    before = lending.debt(m.ex.state, alice.account)

    for price, debt in (("2100", 2008_99 - 1000_00 + 100_00), ("1900", 2008_99 + 1000_00 - 100_00)):
        m.market("ETH").mark_px = px(price)
        m.ex.marks_computed()
        m.ex._react()
        assert lending.debt(m.ex.state, alice.account) == debt * 10**6
        assert (
            portfolio.net(m.ex.state, alice.account)
            == usd("-8.99") + 10 * (m.market("ETH").mark_px - px("2000")) // 100
        )
        check(m)
    assert before == 2008_99 * 10**6


def test_interest_of_a_debt_makes_it_grow_by_the_hour() -> None:
    m, alice, bob = managed()
    alice.leverage("ETH", 10)
    alice.buys("10 ETH @ 2000")
    debt = lending.debt(m.ex.state, alice.account)

    m.advance(hours=1)

    paid = next(iter(alice.account.interest))
    assert (paid.token, paid.supply) == ("USDC", 0)
    assert abs(paid.borrow - debt * 5_7078 // 10**10) <= debt // 10**9
    assert bob.account.interest[0].supply > 0
    assert bob.account.interest[0].supply <= paid.borrow * 9 // 10
    check(m)


def test_a_reserve_that_is_lent_out_leaves_the_account_to_itself() -> None:
    """Documented: when all supply is lent out or a cap is hit, the account is on its own."""
    m, alice, _ = managed(pool="1500")
    alice.leverage("ETH", 10)

    assert alice.account.credit == usd("1500.01")
    assert alice.buys("10 ETH @ 2000") == Reject(OrderReject.MARGIN, 1)
    assert isinstance(alice.buys("7.5 ETH @ 2000"), Filled)
    assert m.ex.state.reserves[USDC].cash == 0
    check(m)


def test_the_cap_of_one_user_bounds_what_is_borrowed() -> None:
    m, alice, _ = managed(rules=Rules(user_borrow_cap=Usd(1_000 * 10**6)))
    alice.leverage("ETH", 10)

    assert alice.buys("5.1 ETH @ 2000") == Reject(OrderReject.MARGIN, 1)
    assert isinstance(alice.buys("4 ETH @ 2000"), Filled)
    assert shown(m, alice)["tokenToPortfolioBorrowRatio"] == [[0, "0.80359"]]
    assert row(m, alice)["hold"] == "-200.0"


# -- what it may not -------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["supply", "withdraw", "borrow", "repay"])
def test_nothing_is_moved_by_hand(operation: str) -> None:
    """Documented: borrowing is automatic, by hand it is disabled. Assumed: the text, for all
    four."""
    _, alice, _ = managed(usd="500")
    assert lends(alice, operation, USDC, "1") == DISABLED


def test_what_is_borrowed_cannot_leave_and_collateral_only_as_far_as_it_is_free() -> None:
    """Documented: borrowed money is for trading only; collateral stays down to a health of 1."""
    m, alice, _ = managed(usd="100")
    now = m.ex.state.time_ms
    assert answer(alice.act(Withdraw3(alice.address, "100.000001", now))) == (  # type: ignore[arg-type]
        "Insufficient balance for withdrawal."
    )
    assert answer(alice.act(Withdraw3(alice.address, "99.99", now))) == "ok"  # type: ignore[arg-type]
    alice.leverage("ETH", 10)
    alice.buys("10 ETH @ 2000")

    def sends(token: str, amount: str) -> str:
        return answer(
            alice.act(SendAsset(address("bob"), "spot", "spot", token, amount, "", now))  # type: ignore[arg-type]
        )

    assert answer(alice.act(Withdraw3(alice.address, "2", now))) != "ok"  # type: ignore[arg-type]
    assert sends(USDC_ID, "1") == BALANCE
    free = 1000 * 10**8 - 77_26884616
    assert sends(HYPE_ID, f"{(free + 1) / 10**8:.8f}") == BALANCE
    assert sends(HYPE_ID, f"{free / 10**8:.8f}") == "ok"
    assert sends(HYPE_ID, "0.00000001") == BALANCE
    assert lending.debt_worth(m.ex.state, alice.account) <= lending.backing(
        m.ex.state, alice.account, lending.at_ltv
    )
    check(m)


def test_what_was_supplied_by_hand_is_kept_when_the_mode_changes() -> None:
    m = market()
    bob = m.account("bob", spot_usdc="10000")
    lends(bob, "supply", USDC, "10000")
    alice = m.account("alice", usd="20000", HYPE="100")
    lends(alice, "supply", HYPE, "100")
    lends(alice, "borrow", USDC, "1500")

    assert answer(alice.act(AgentSetAbstraction("portfolioMargin"))) == "ok"  # type: ignore[arg-type]

    # The debt is paid at once out of what was borrowed; the rest is lent.
    assert lending.debt(m.ex.state, alice.account) == 0
    assert row(m, alice)["total"] == row(m, alice)["supplied"] == "20000.0"
    assert alice.spot("HYPE") == 100 * 10**8
    assert m.ex.state.reserves[HYPE].cash == 0
    check(m)
