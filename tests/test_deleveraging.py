"""Auto-deleveraging: who pays, in which order, at which price, and who never does."""

from __future__ import annotations

from typing import Any

import pytest
from endangered import btc_isolated, eth_long, fills, meets, vault
from stories import Story, Trader, address, market, px, rate, sz, usd
from test_conservation import check_money, check_orders, check_positions

from hlsim.matching.types import Tif
from hlsim.sim.deleveraging import adl_index, ranked
from hlsim.sim.events import Direction, Liquidation
from hlsim.sim.fixed import Szi
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.operations import SetOracle
from hlsim.sim.rules import Rules
from hlsim.sim.state import Position


def holds(m: Story, name: str, szi: str, entry_ntl: str, value: str) -> Trader:
    """An account with one cross SOL position from nowhere, worth `value` at mark 105."""
    trader = m.account(name)
    size = Szi(int(sz(szi.lstrip("-"))) * (-1 if szi.startswith("-") else 1))
    trader.account.positions[2] = Position(size, usd(entry_ntl), True)
    at_mark = usd("105") * size // 10**8
    trader.account.raw_usd = usd(value) - at_mark  # type: ignore[assignment]
    return trader


@pytest.mark.parametrize(
    ("rule", "szi", "entry_ntl", "value", "index"),
    [
        ("entry_over_mark", "100", "10000", "2000", "5.5125"),
        ("entry_over_mark", "-100", "-10000", "2000", "5"),
        ("literal", "-100", "-10000", "2000", "5.5125"),
        ("literal", "100", "10000", "2000", "5.5125"),
        ("entry_over_mark", "100", "10000", "0", None),
        ("entry_over_mark", "100", "10000", "-1", None),
    ],
)
def test_the_index_of_a_position(
    rule: Any, szi: str, entry_ntl: str, value: str, index: str | None
) -> None:
    """Worked: mark 105, entry 100, notional 10500, value 2000 is 1.05 * 5.25 (mechanics 8.5);
    shorts by entry / mark, or by the formula as it stands (contested 53).
    """
    m = market(Rules(adl_short_index=rule))
    m.oracle("SOL", "105")
    trader = holds(m, "alice", szi, entry_ntl, value)

    found = adl_index(m.ex.state, trader.account, 2)

    assert found == (None if index is None else rate(index))


def test_the_index_of_an_isolated_position_asks_for_its_own_margin() -> None:
    """Assumed (mechanics 8.5)."""
    m, alice, _ = btc_isolated(True)

    assert adl_index(m.ex.state, alice.account, 0) == rate("20")


def test_only_the_other_side_above_zero_is_ranked_the_most_exposed_first() -> None:
    """Documented: opposite-side users, highest index first (mechanics 8.5)."""
    m = market()
    m.oracle("SOL", "105")
    careful = holds(m, "careful", "-10", "-1000", "2000")
    bold = holds(m, "bold", "-10", "-1000", "100")
    holds(m, "broke", "-10", "-1000", "-1")
    long = holds(m, "long", "30", "3000", "500")

    assert ranked(m.ex.state, 2, is_long=False) == [bold.account, careful.account]
    assert ranked(m.ex.state, 2, is_long=True) == [long.account]


def test_who_is_first_in_line_is_closed_at_the_previous_mark() -> None:
    """Observed: dir, fee 0, crossed and method of the profitable side, price one mark behind
    (mechanics 8.4, AVAX 22.075 while the mark was 22.025).
    """
    m = market()
    alice = m.account("alice", usd="500.9")
    bold, careful = m.account("bold", usd="200"), m.account("careful", usd="9000")
    bystander = m.account("bystander")
    meets(m, alice, bold, "0.4 ETH @ 2000")
    meets(m, alice, careful, "0.6 ETH @ 2000")
    for short in (bold, careful):
        short.buys("0.2 ETH @ 500", reduce_only=True)
    m.oracle("ETH", "1540")
    m.events()

    m.oracle("ETH", "1490")

    found = fills(m.events())
    told = Liquidation(alice.address, px("1490"), "backstop")
    assert [(fill.user, fill.dir, fill.sz, fill.crossed) for fill in found] == [
        (bold.address, Direction.AUTO_DELEVERAGING, sz("0.4"), True),
        (alice.address, Direction.LIQUIDATED_CROSS_LONG, sz("0.4"), False),
        (LIQUIDATOR, Direction.OPEN_LONG, sz("0.6"), False),
        (alice.address, Direction.LIQUIDATED_CROSS_LONG, sz("0.6"), True),
    ]
    for fill in found:
        assert (fill.fee, fill.hash, fill.liquidation) == (0, ZERO_HASH, told)
    assert [fill.px for fill in found] == [px("1540")] * 2 + [px("1490")] * 2
    assert bold.account.fills[-1].closed_pnl == 184 * 10**8
    assert bold.account.positions == {}
    assert bold.statuses()[-1][1:] == ("reduceOnlyCanceled", sz("0.2"))
    assert [order.sz for order in careful.account.orders.values()] == [sz("0.2")]
    assert careful.szi("ETH") == -sz("0.6")
    assert (bystander.account.raw_usd, alice.account.raw_usd) == (usd("100000"), 0)
    # -10 at 1490 and 0.4 * 50 gained: ten are left, less than two thirds of maintenance.
    holder = vault(m)
    assert holder is not None
    assert holder.raw_usd + usd("1490") * 6 // 10 == usd("10")
    check_money(m.ex.state)
    check_positions(m.ex.state)
    check_orders(m.ex.state)


def test_it_goes_on_until_the_account_is_not_below_zero() -> None:
    """Documented: "repeated until solved" (mechanics 8.5)."""
    m = market()
    alice = m.account("alice", usd="500.9")
    shorts = [m.account(f"short {number}", usd="150") for number in range(4)]
    for short in shorts:
        meets(m, alice, short, "0.25 ETH @ 2000")
    m.oracle("ETH", "1540")
    m.events()

    m.oracle("ETH", "1475")

    # -25 at 1475; each quarter gains 16.25 at 1540: two of them are enough.
    closed = [f.user for f in fills(m.events()) if f.dir is Direction.AUTO_DELEVERAGING]
    assert closed == sorted(short.address for short in shorts)[:2]
    assert alice.account.raw_usd == 0
    holder = vault(m)
    assert holder is not None
    assert holder.positions[1].szi == sz("0.5")
    check_money(m.ex.state)


def test_an_isolated_winner_gets_its_margin_back_and_its_gain() -> None:
    """Documented: closing releases margin (mechanics 6.4); the price is the previous mark."""
    m = market()
    alice, bob = m.account("alice", usd="500.9"), m.account("bob", usd="1000")
    bob.leverage("ETH", 10, cross=False)
    meets(m, alice, bob, "1 ETH @ 2000")
    m.oracle("ETH", "1540")

    m.oracle("ETH", "1400")

    assert (alice.szi("ETH"), bob.szi("ETH")) == (0, 0)
    assert bob.account.raw_usd == usd("1000") + usd("460") - usd("0.3")
    assert alice.account.raw_usd == usd("40")
    assert vault(m) is None
    check_money(m.ex.state)


def test_a_position_that_gained_by_the_move_is_left() -> None:
    """Assumed: to close it at the previous mark would only make more to pay (mechanics 8.5)."""
    m = market()
    alice, bob = m.account("alice", usd="501.2"), m.account("bob")
    meets(m, alice, bob, "1 ETH @ 2000")
    bob.buys("1 SOL @ 100", tif=Tif.ALO)
    alice.sells("1 SOL @ 100")
    m.oracle("ETH", "1560")
    m.events()

    m.ex.operate(SetOracle(((2, px("90")), (1, px("1480")))))

    mine = [f for f in fills(m.events()) if f.user == alice.address]
    assert [(f.coin, f.dir, f.px) for f in mine] == [
        ("ETH", Direction.LIQUIDATED_CROSS_LONG, px("1560")),
    ]
    assert alice.szi("SOL") == -sz("1")
    check_money(m.ex.state)


def test_the_price_of_a_mark_that_did_not_move_is_the_mark() -> None:
    """Documented: the previous mark (mechanics 8.5), which is the one before this update."""
    m = market()
    alice, bob = m.account("alice", usd="501"), m.account("bob")
    meets(m, alice, bob, "1 ETH @ 2000")
    meets(m, alice, bob, "1 SOL @ 100")
    m.oracle("ETH", "1560")
    m.events()

    m.oracle("SOL", "20")

    mine = [f for f in fills(m.events()) if f.user == alice.address]
    assert [(f.coin, f.px) for f in mine] == [("SOL", px("100"))]
    assert alice.szi("ETH") == sz("1")


def test_a_debt_from_elsewhere_does_not_close_what_gained() -> None:
    """Assumed: it goes to the liquidator at mark with the debt (mechanics 8.5)."""
    m = market()
    alice, bob = m.account("alice", usd="200"), m.account("bob")
    bob.buys("1 SOL @ 100", tif=Tif.ALO)
    alice.sells("1 SOL @ 100")
    alice.leverage("ETH", 25)
    meets(m, alice, bob, "1 ETH @ 2400")
    m.events()

    m.oracle("SOL", "90")

    mine = [f for f in fills(m.events()) if f.user == alice.address]
    assert [(f.coin, f.dir, f.px, f.crossed) for f in mine] == [
        ("ETH", Direction.LIQUIDATED_CROSS_LONG, px("2000"), False),
        ("SOL", Direction.LIQUIDATED_CROSS_SHORT, px("90"), True),
    ]
    holder = vault(m)
    assert holder is not None
    assert (alice.account.raw_usd, holder.raw_usd) == (0, usd("-191.125") + usd("90"))
    check_money(m.ex.state)


def test_an_isolated_winner_loses_no_more_than_its_margin_at_the_previous_mark() -> None:
    """Documented: an isolated position risks its margin only (mechanics 6.2)."""
    m = market()
    alice, dora, bob = m.account("alice", usd="105"), m.account("dora"), m.account("bob")
    meets(m, alice, dora, "1 ETH @ 2000")
    bob.leverage("ETH", 25, cross=False)
    m.account("carol").buys("1 ETH @ 1900")
    bob.sells("1 ETH @ 1900")

    m.oracle("ETH", "1890")

    # He sold at 1900 and has to buy at 2000: 76 of margin and 24.855 more, fee included.
    assert (bob.szi("ETH"), bob.account.raw_usd) == (0, usd("100000") - usd("76"))
    assert bob.account.fills[-1].dir is Direction.AUTO_DELEVERAGING
    holder = vault(m)
    assert holder is not None
    assert holder.raw_usd == usd("-24.855")
    check_money(m.ex.state)


def test_without_anybody_above_zero_on_the_other_side_the_liquidator_takes_it() -> None:
    """Assumed: what nobody can pay stays with the liquidator, and money is conserved."""
    m, alice, bob = eth_long()
    bob.account.raw_usd -= usd("103000")  # type: ignore[misc]
    m.ex.state.treasury.usd.fees += usd("103000")  # type: ignore[misc]
    m.events()

    m.oracle("ETH", "1400")

    holder = vault(m)
    assert holder is not None
    assert (alice.szi("ETH"), alice.account.raw_usd) == (0, 0)
    assert {f.dir for f in fills(m.events())} == {
        Direction.LIQUIDATED_CROSS_LONG,
        Direction.LIQUIDATED_CROSS_SHORT,
        Direction.OPEN_SHORT,
        Direction.CLOSE_SHORT,
    }
    assert holder.positions == {}
    check_money(m.ex.state)
    check_positions(m.ex.state)


def test_users_without_positions_never_pay() -> None:
    """Documented (mechanics 8.5)."""
    m, alice, _ = eth_long()
    rich = m.account("rich", usd="1000000")
    m.account("carol").buys("1 ETH @ 900")

    for price in ("1530", "1000", "300", "4000"):
        m.oracle("ETH", price)
        m.advance(seconds=3)

    assert rich.account.raw_usd == usd("1000000")
    assert alice.account.raw_usd == 0
    assert m.ex.account(address("rich")) is rich.account
    check_money(m.ex.state)
