"""What becomes of debts and of portfolio margin when prices fall."""

from __future__ import annotations

from typing import Any

import pytest
from lenders import HYPE, USDC, lenders, lends
from portfolios import managed, row, shown
from stories import Story, Trader, px, usd
from test_conservation import check_money
from test_lending_properties import check_reserves

from hlsim.server.shapes.fills import fill_row
from hlsim.server.shapes.lending import user_state
from hlsim.server.shapes.text import usd_text
from hlsim.sim import lending, portfolio
from hlsim.sim.events import Fill
from hlsim.sim.fixed import RATE_SCALE
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.pots import Pot


def falls(m: Story, **prices: str) -> None:
    """Marks of now, and what they cause."""
    for coin, price in prices.items():
        m.market({"HYPE": "@107"}.get(coin, coin)).mark_px = px(price)
    m.ex.marks_computed()
    m.ex._react()
    m.ex._flush()
    check_money(m.ex.state)
    check_reserves(m.ex.state)


def taken(trader: Trader) -> list[Fill]:
    return [fill for fill in trader.account.fills if fill.dir.value.startswith("Backstop")]


# -- by hand ---------------------------------------------------------------------------------------


def test_the_liquidator_takes_collateral_and_debt_of_who_owes_too_much() -> None:
    """Documented: all of it, from two thirds of the way between the LTV and 1 on. 2000 over 100
    HYPE at 0.65 + 0.35 * 2 / 3 = 0.88333...: below 22.6415...
    """
    m, alice, _ = lenders()
    lends(alice, "supply", HYPE, "100")
    lends(alice, "borrow", USDC, "2000")
    falls(m, HYPE="22.642")
    assert alice.account.fills == type(alice.account.fills)()
    m.events()

    falls(m, HYPE="22.641")

    (fill,) = alice.account.fills
    told = fill_row(fill)
    keys = ("coin", "px", "sz", "side", "startPosition", "dir", "closedPnl", "crossed", "fee")
    assert {key: told[key] for key in (*keys, "liquidation", "hash")} == {
        "coin": "@107",
        "px": "22.641",
        "sz": "100.0",
        "side": "A",
        "startPosition": "100.0",
        "dir": "Backstop Borrow Liquidation",
        "closedPnl": "0.0",
        "crossed": True,
        "fee": "0.0",
        "liquidation": {
            "liquidatedUser": alice.address,
            "markPx": "22.641",
            "method": "backstop",
        },
        "hash": "0x" + "0" * 64,
    }
    assert fill in m.events()
    # alice keeps what she borrowed, and owes nothing.
    assert alice.spot("USDC") == 2_000 * 10**8
    assert user_state(m.view, alice.address)["tokenToState"] == []
    house = Trader(m, LIQUIDATOR)
    assert lending.debt(m.ex.state, house.account) == 2_000 * 10**8
    assert lending.supplied(m.ex.state, house.account, HYPE) == 100 * 10**8
    assert [each.dir for each in house.account.fills] == [fill.dir]
    # The liquidator is never liquidated itself.
    falls(m, HYPE="1")
    assert len(house.account.fills) == 1


# -- portfolio margin ------------------------------------------------------------------------------


def test_the_ratio_is_maintenance_and_debt_over_balance_and_collateral() -> None:
    """Documented: 0.5 + 0.5 * LTV = 0.825 of HYPE. 130 ETH at 10x, all of it backed: maintenance
    260000 / 50 = 5200, net 0.01 - 117: (5200 + 5316.99) / (33000 + 5200)."""
    m, alice, _ = managed()
    alice.leverage("ETH", 10)
    alice.buys("130 ETH @ 2000")

    assert shown(m, alice)["portfolioMarginRatio"] == "0.2753138743"
    # A hedge: what ETH loses is what the ratio shows.
    falls(m, ETH="1900")
    # 4940 of maintenance, net -13116.99: (4940 + 18056.99) / (33000 + 4940).
    assert shown(m, alice)["portfolioMarginRatio"] == "0.6061410121"
    assert alice.szi("ETH") == px("130")


def test_positions_go_to_the_book_until_the_ratio_is_met() -> None:
    """Documented: positions are sold first; what they leave stays with the trader."""
    m, alice, bob = managed()
    alice.leverage("ETH", 10)
    alice.buys("1 ETH @ 1500")
    alice.buys("129 ETH @ 2000")
    for order in list(bob.account.orders.values()):
        bob.cancel(order.coin, order.oid)
    bob.buys("200 ETH @ 1790")
    m.events()

    # 4618 of maintenance, net -27206: (4618 + 31824) / (33000 + 4618) is above 0.95.
    falls(m, ETH="1790")

    assert alice.account.orders == {}
    assert alice.statuses()[-1][1] == "filled"
    assert "liquidatedCanceled" in {status for _, status in m.updates()}
    assert alice.szi("ETH") < px("130")
    assert alice.account.fills[-1].dir.value == "Close Long"
    assert portfolio.is_safe(m.ex.state, alice.account)
    assert alice.spot("HYPE") == 1000 * 10**8
    assert taken(alice) == []


def test_a_debt_above_the_ratio_goes_to_the_liquidator_with_all_collateral() -> None:
    """Documented: borrows have no market phase. 20000 of HYPE on a loan, no position: (20 +
    debt) / (collateral * 0.825) above 0.95."""
    m, alice, bob = managed(usd="100", hype="900")
    alice.buys("500 @107 @ 40")
    debt = lending.debt_worth(m.ex.state, alice.account)
    assert debt == 19_900 * 10**8
    held = alice.spot("HYPE")
    # The price at which 20 + 19900 = 0.95 * 1399.65 * px * 0.825.
    edge = 19_920 / 0.95 / (held / 10**8 * 0.825)
    falls(m, HYPE=f"{edge + 0.001:.3f}")
    assert taken(alice) == []
    assert portfolio.ratio(m.ex.state, alice.account) <= RATE_SCALE * 95 // 100

    falls(m, HYPE=f"{edge - 0.001:.3f}")

    (fill,) = taken(alice)
    assert (fill.sz, fill.side.name, fill.crossed) == (held, "ASK", True)
    assert alice.spot("HYPE") == 0
    assert lending.debt(m.ex.state, alice.account) == 0
    assert shown(m, alice)["portfolioMarginRatio"] == "1.0"
    house = m.ex.state.accounts[LIQUIDATOR]
    assert lending.debt_worth(m.ex.state, house) == debt
    assert house.spot[HYPE].total == held
    assert bob.account.raw_usd > 0


def test_below_two_thirds_everything_goes_at_once() -> None:
    """Documented: as of any cross account; positions at mark, collateral and debt with them."""
    m, alice, bob = managed()
    alice.leverage("ETH", 10)
    alice.buys("130 ETH @ 2000")
    for order in list(bob.account.orders.values()):
        bob.cancel(order.coin, order.oid)

    falls(m, ETH="1700")

    assert alice.account.positions == {}
    assert (alice.account.raw_usd, alice.spot("HYPE")) == (0, 0)
    assert lending.debt(m.ex.state, alice.account) == 0
    assert {fill.dir.value for fill in alice.account.fills} == {
        "Open Long",
        "Liquidated Cross Long",
        "Backstop Borrow Liquidation",
    }
    delta: Any = alice.account.ledger[-1].delta
    assert delta.positions == (("ETH", px("130")),)
    # Worth 40 * 1000 of HYPE, less what 130 ETH lost and the fee.
    assert delta.account_value == usd("40000") - usd("39116.99")
    assert m.ex.state.accounts[LIQUIDATOR].positions[1].szi == px("130")


def test_below_zero_others_are_deleveraged_and_the_debt_is_taken_over() -> None:
    """Worth less than nothing even at full collateral: 38000 less 39117."""
    m, alice, bob = managed()
    alice.leverage("ETH", 10)
    alice.buys("130 ETH @ 2000")
    for order in list(bob.account.orders.values()):
        bob.cancel(order.coin, order.oid)

    falls(m, ETH="1700", HYPE="38")

    assert alice.account.positions == {}
    assert bob.account.fills[-1].dir.value == "Auto-Deleveraging"
    assert [fill.coin for fill in taken(alice)] == ["@107"]
    assert portfolio.equity(m.ex.state, alice.account) == 0


@pytest.mark.parametrize("leverage", [3, 10])
def test_an_isolated_position_lives_and_dies_alone(leverage: int) -> None:
    """Documented: only cross positions share the portfolio."""
    m, alice, _ = managed()
    alice.leverage("ETH", leverage, cross=False)
    alice.buys("10 ETH @ 2000")
    margin_usd = alice.account.positions[1].raw_usd + usd("20000")
    assert row(m, alice)["spotHold"] == usd_text(margin_usd)

    falls(m, ETH="1000")

    assert alice.account.positions == {}
    assert taken(alice) == []
    assert alice.spot("HYPE") == 1000 * 10**8
    # What was borrowed for the margin is owed all the same.
    assert lending.debt_worth(m.ex.state, alice.account) > 0


def test_who_owes_and_holds_nothing_is_never_in_danger() -> None:
    """A small balance has a high ratio (20 over it) and nothing to liquidate."""
    m, alice, _ = managed(usd="15", hype="249.7")
    falls(m, HYPE="0.01")
    assert shown(m, alice)["portfolioMarginRatio"] != "0.0"
    assert portfolio.is_safe(m.ex.state, alice.account)
    assert Pot(alice.account).is_portfolio
    assert row(m, alice)["total"] == "15.0"
