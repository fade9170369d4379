"""What goes past the book: to the liquidator, and what a thin book leaves to it."""

from __future__ import annotations

import pytest
from endangered import btc_isolated, eth_long, fills, meets, vault
from stories import market, px, sz, usd
from test_conservation import check_money, check_positions

from hlsim.matching.types import Tif
from hlsim.sim.events import (
    Direction,
    Fill,
    LedgerRow,
    Liquidation,
)
from hlsim.sim.fixed import parse_decimal
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.ledger import Liquidated
from hlsim.sim.rules import Rules


@pytest.mark.parametrize(
    ("is_long", "waits", "lost", "bankrupt", "beyond"),
    [
        (True, "95798.4", "95798.3", "95000", "94999.9"),
        (False, "104132.2", "104132.3", "105000", "105000.1"),
    ],
)
def test_a_position_is_lost_at_two_thirds_of_maintenance_and_deleveraged_below_zero(
    is_long: bool, waits: str, lost: str, bankrupt: str, beyond: str
) -> None:
    """Worked: backstop at 95798.319328 and 104132.231405, bankruptcy at 95000 and 105000
    (mechanics 8.3).
    """
    dirs = {}
    for price in (waits, lost, bankrupt, beyond):
        m, alice, bob = btc_isolated(is_long)
        m.events()
        m.oracle("BTC", price)
        dirs[price] = [e.dir for e in m.events() if isinstance(e, Fill) and e.user == alice.address]
        others = [e.dir for e in m.ex.state.accounts[bob.address].fills]
        assert (Direction.AUTO_DELEVERAGING in others) == (price == beyond)
        assert alice.account.raw_usd == usd("1000") + (usd("5000") if price == beyond else 0)
        check_money(m.ex.state)
        check_positions(m.ex.state)

    told = Direction.LIQUIDATED_ISOLATED_LONG if is_long else Direction.LIQUIDATED_ISOLATED_SHORT
    assert dirs == {waits: [], lost: [told], bankrupt: [told], beyond: [told]}


def test_a_lost_cross_account_goes_to_the_liquidator_with_all_its_margin() -> None:
    """Observed: dir, method, no fee; Documented: account value becomes 0 (mechanics 8.2, 8.4)."""
    m, alice, bob = eth_long(usd="1000.95")
    alice.leverage("SOL", 10, cross=False)
    bob.sells("1 SOL @ 100", tif=Tif.ALO)
    alice.buys("1 SOL @ 100")
    alice.sells("1 SOL @ 101", tif=Tif.ALO)
    kept = alice.account.positions[2].raw_usd
    assert alice.account.raw_usd == usd("990.05") - usd("2000")
    m.events()

    m.oracle("ETH", "1020")

    told = Liquidation(alice.address, px("1020"), "backstop")
    events = m.events()
    mine, theirs = sorted(fills(events), key=lambda fill: fill.user != alice.address)
    assert [fill.dir for fill in (mine, theirs)] == [
        Direction.LIQUIDATED_CROSS_LONG,
        Direction.OPEN_LONG,
    ]
    for fill in (mine, theirs):
        assert (fill.px, fill.sz, fill.fee, fill.hash) == (px("1020"), sz("1"), 0, ZERO_HASH)
        assert (fill.liquidation, fill.tid, fill.cloid) == (told, mine.tid, None)
    assert (mine.crossed, theirs.crossed, mine.oid == theirs.oid) == (True, False, False)
    assert (theirs.user, mine.closed_pnl) == (LIQUIDATOR, -980 * 10**8)
    assert alice.account.raw_usd == 0
    assert alice.account.positions.keys() == {2}
    assert alice.account.positions[2].raw_usd == kept
    holder = vault(m)
    assert holder is not None
    assert holder.raw_usd == usd("990.05") - usd("2000")
    assert (holder.positions[1].szi, holder.positions[1].is_cross) == (sz("1"), True)
    (row,) = [e for e in events if isinstance(e, LedgerRow)]
    assert row.hash == ZERO_HASH
    assert row.delta == Liquidated(
        usd("1020"),
        usd("10.05"),
        True,
        (("ETH", sz("1")),),  # type: ignore[arg-type]
    )
    check_money(m.ex.state)
    check_positions(m.ex.state)


def test_the_book_is_asked_before_the_liquidator() -> None:
    """Documented: below two thirds "without success" (mechanics 8.2)."""
    m, alice, _ = eth_long()
    m.account("carol").buys("0.25 ETH @ 1515")

    m.oracle("ETH", "1515")

    mine = [fill for fill in fills(m.events()) if fill.user == alice.address]
    assert [(fill.dir, fill.sz) for fill in mine] == [
        (Direction.CLOSE_LONG, sz("0.25")),
        (Direction.LIQUIDATED_CROSS_LONG, sz("0.75")),
    ]
    assert [row.hash == ZERO_HASH for row in list(alice.account.ledger)[-2:]] == [False, True]


# -- thin books ------------------------------------------------------------------------------------


def test_what_a_thin_book_takes_beyond_an_isolated_margin_never_falls_on_cross() -> None:
    """Documented: an isolated position risks its margin only (mechanics 6.2). Assumed: beyond it
    the liquidator pays.
    """
    m, alice, _ = btc_isolated(True)
    m.account("carol").buys("1 BTC @ 90000")

    m.oracle("BTC", "96000")

    assert alice.szi("BTC") == 0
    assert alice.account.raw_usd == usd("1000")
    holder = vault(m)
    assert holder is not None
    assert holder.raw_usd == usd("90000") - usd("95000") - usd("40.5")
    check_money(m.ex.state)


def test_a_part_of_an_isolated_position_leaves_its_margin_with_the_rest() -> None:
    """Assumed: else closing a part would never meet maintenance (mechanics 8.2)."""
    m, alice, _ = btc_isolated(True)
    m.account("carol").buys("0.5 BTC @ 96000")

    m.oracle("BTC", "96200")

    position = alice.account.positions[0]
    assert position.szi == sz("0.5")
    assert position.raw_usd == usd("-95000") + usd("48000") - usd("21.6")
    assert alice.account.raw_usd == usd("1000")
    assert alice.address in m.ex.state.watch.stale
    m.advance(seconds=3)
    assert alice.address not in m.ex.state.watch.stale


def test_a_cross_account_that_a_thin_book_ruined_leaves_its_debt_to_the_liquidator() -> None:
    """Assumed: users without positions never pay (mechanics 8.5), so nobody else does."""
    m, alice, _ = eth_long()
    carol = m.account("carol")
    carol.buys("1 ETH @ 1000")

    m.oracle("ETH", "1530")

    assert (alice.account.raw_usd, alice.account.positions) == (0, {})
    holder = vault(m)
    assert holder is not None
    assert holder.raw_usd == usd("-500.45")
    assert carol.szi("ETH") == sz("1")
    check_money(m.ex.state)


@pytest.mark.parametrize(("bid", "left"), [("1220", "1"), ("1220.1", "0")])
def test_a_liquidation_order_sells_down_to_the_band(bid: str, left: str) -> None:
    """Assumed: no limit but the band of all orders, whose lower edge is outside (mechanics 8.2,
    contested 6).
    """
    m = market(Rules(price_band=parse_decimal("0.2", 10)))  # type: ignore[arg-type]
    m.oracle("ETH", "1500")
    m.account("carol").buys(f"1 ETH @ {bid}")
    m.oracle("ETH", "2000")
    alice, bob = m.account("alice", usd="500.9"), m.account("bob")
    meets(m, alice, bob, "1 ETH @ 2000")

    m.oracle("ETH", "1525")

    assert alice.szi("ETH") == sz(left)


@pytest.mark.parametrize(("offer", "left"), [("3065.2", "1"), ("3065.1", "0")])
def test_a_liquidation_order_buys_up_to_the_band(offer: str, left: str) -> None:
    """Assumed, as above: 2452.15 / 0.8 is 3065.1875, and five figures end at 3065.1."""
    m = market(Rules(price_band=parse_decimal("0.2", 10)))  # type: ignore[arg-type]
    m.oracle("ETH", "2500")
    m.account("carol").sells(f"1 ETH @ {offer}")
    m.oracle("ETH", "2000")
    alice, bob = m.account("alice", usd="500.9"), m.account("bob")
    bob.buys("1 ETH @ 2000", tif=Tif.ALO)
    alice.sells("1 ETH @ 2000")

    m.oracle("ETH", "2452.15")

    assert alice.szi("ETH") == -sz(left)


# -- the liquidator --------------------------------------------------------------------------------


def test_the_liquidator_owes_no_maintenance_and_is_deleveraged_below_zero() -> None:
    """Assumed: it holds what it took. Documented: what it took gets no special treatment in
    deleveraging (mechanics 8.5).
    """
    m, _, bob = eth_long()
    m.oracle("ETH", "1515")
    holder = vault(m)
    assert holder is not None
    assert holder.positions[1].szi == sz("1")
    m.oracle("ETH", "1505")
    assert holder.positions[1].szi == sz("1")
    m.events()

    m.oracle("ETH", "1490")

    lost, won = sorted(fills(m.events()), key=lambda fill: fill.user != LIQUIDATOR)
    assert (lost.dir, lost.px) == (Direction.LIQUIDATED_CROSS_LONG, px("1505"))
    assert (won.user, won.dir) == (bob.address, Direction.AUTO_DELEVERAGING)
    assert holder.positions == {}
    assert holder.raw_usd == usd("5")
    check_money(m.ex.state)
