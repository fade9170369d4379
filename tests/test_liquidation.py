"""Liquidation told as stories: when it begins, what goes to the book, what to the liquidator."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from endangered import btc_isolated, btc_tiers, eth_long, eth_short, fills, large_long, meets, vault
from stories import START_MS, Story, Trader, market, px, sz, usd
from test_conservation import check_orders

from hlsim.matching.types import Side, Tif
from hlsim.sim import margin
from hlsim.sim.events import (
    AccountLiquidated,
    Direction,
    LedgerRow,
    Liquidation,
    NonUserCancel,
    OrderUpdate,
)
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import parse_decimal
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.ledger import Liquidated
from hlsim.sim.operations import SetHalt
from hlsim.sim.rules import Rules

WORKED: list[tuple[Any, str, str, str, str]] = [
    (eth_long, "ETH", "1530.6122448980", "1530.62", "1530.61"),
    (eth_short, "ETH", "2450.9803921569", "2450.98", "2450.99"),
    (lambda: btc_isolated(True), "BTC", "96202.5316455696", "96202.6", "96202.5"),
    (lambda: btc_isolated(False), "BTC", "103703.7037037037", "103703.7", "103703.8"),
    (btc_tiers, "BTC", "57478.6324786325", "57478.7", "57478.6"),
]


@pytest.mark.parametrize(("setup", "coin", "shown", "safe", "below"), WORKED)
def test_an_account_is_liquidated_a_tick_past_its_liquidation_price(
    setup: Any, coin: str, shown: str, safe: str, below: str
) -> None:
    """Worked: the table of mechanics 8.3; equity meets maintenance at the price, not below it."""
    m, alice, bob = setup()
    state, asset_id = m.ex.state, m.asset_id(coin)
    assert margin.liquidation_px(state, alice.account, asset_id) == parse_decimal(shown, 10)

    m.oracle(coin, safe)
    m.advance(seconds=3)
    assert alice.address not in state.watch.stale
    m.oracle(coin, below)

    # Nobody bids, so it stays in danger and is looked at again at the next marks.
    assert alice.address in state.watch.stale
    assert alice.szi(coin) == -bob.szi(coin) != 0


# -- the book --------------------------------------------------------------------------------------


def test_a_market_liquidation_is_an_ordinary_taker_fill_with_a_mark_on_both_sides() -> None:
    """Observed: dir, crossed, fee and hash as of any fill; both sides carry the same `liquidation`
    (mechanics 8.4, contested 31, 66).
    """
    m, alice, _ = eth_long()
    carol = m.account("carol")
    carol.buys("5 ETH @ 1525")
    m.ex.seal()
    m.ex.seal()
    m.events()
    height = m.ex.state.height

    m.oracle("ETH", "1530.61")

    events = m.events()
    taken, made = fills(events)
    told = Liquidation(alice.address, px("1530.61"), "market")
    assert (taken.user, taken.dir, taken.crossed, taken.cloid) == (
        alice.address,
        Direction.CLOSE_LONG,
        True,
        None,
    )
    assert (taken.px, taken.sz, taken.side) == (px("1525"), sz("1"), Side.ASK)
    assert (taken.closed_pnl, taken.fee) == (-475 * 10**8, usd("0.68625"))
    assert taken.liquidation == made.liquidation == told
    assert (made.user, made.dir, made.crossed, made.fee) == (
        carol.address,
        Direction.OPEN_LONG,
        False,
        usd("0.22875"),
    )
    assert taken.hash == made.hash
    assert int(taken.hash[24:32], 16) == height
    assert alice.account.raw_usd == usd("24.31375")
    assert vault(m) is None

    (row,) = [e for e in events if isinstance(e, LedgerRow)]
    delta = Liquidated(usd("1530.61"), usd("30.61"), True, (("ETH", sz("1")),))  # type: ignore[arg-type]
    assert row == LedgerRow(alice.address, m.ex.state.time_ms, taken.hash, delta)
    assert alice.account.ledger[-1] is row
    (event,) = [e for e in events if isinstance(e, AccountLiquidated)]
    terms = (1, LIQUIDATOR, alice.address, usd("1530.61"), usd("30.61"))
    assert event == AccountLiquidated(*terms, m.ex.state.time_ms)
    oid = taken.oid
    assert alice.statuses()[-2:] == [(oid, "open", sz("1")), (oid, "filled", 0)]
    assert alice.account.history.by_oid[oid].order.tif is Tif.LIQUIDATION_MARKET


def test_each_liquidation_of_a_block_has_a_hash_of_its_own() -> None:
    """Evidence: both sides of a fill carry the taker's hash, and it names one action (mechanics
    16).
    """
    m, alice, bob = eth_long()
    dora, carol = m.account("dora", usd="500.9"), m.account("carol")
    meets(m, dora, bob, "1 ETH @ 2000")
    carol.buys("5 ETH @ 1525")
    m.events()

    m.oracle("ETH", "1530.61")
    answer = carol.sells("0.1 ETH @ 1525")
    meets(m, carol, bob, "0.1 ETH @ 1525")

    hashes = [fill.hash for fill in fills(m.events())]
    assert len(hashes) == 6
    assert len(set(hashes)) == 3
    assert answer is not None
    assert {alice.szi("ETH"), dora.szi("ETH")} == {0}


def test_what_is_canceled_is_told_just_before() -> None:
    """Assumed: all orders of a cross account, spot orders too (mechanics 8.2); `nonUserCancel` for
    each, just before (contested 2).
    """
    m = market()
    alice, bob = m.account("alice", usd="510.9", spot_usdc="100"), m.account("bob")
    meets(m, alice, bob, "1 ETH @ 2000")
    alice.buys("0.001 BTC @ 20000")
    alice.sells("0.5 ETH @ 3000", reduce_only=True)
    alice.buys("1 @107 @ 20")
    oids = list(alice.account.orders)
    m.events()

    m.oracle("ETH", "1515")

    told = [e for e in m.events() if isinstance(e, NonUserCancel | OrderUpdate)]
    assert [type(e) for e in told] == [NonUserCancel, OrderUpdate] * 3
    assert [e.oid for e in told if isinstance(e, NonUserCancel)] == oids
    assert {e.status for e in told if isinstance(e, OrderUpdate)} == {"liquidatedCanceled"}
    assert alice.account.orders == {}
    check_orders(m.ex.state)


def test_only_the_orders_of_an_isolated_position_go_with_it() -> None:
    """Assumed (mechanics 8.2)."""
    m, alice, _ = btc_isolated(True)
    alice.sells("0.1 BTC @ 120000")
    alice.buys("0.1 ETH @ 1000")

    m.oracle("BTC", "96000")

    assert [order.coin for order in alice.account.orders.values()] == ["ETH"]
    assert alice.statuses()[-1][1] == "liquidatedCanceled"


@pytest.mark.parametrize(
    ("which", "told"), [("engine", [True, False]), ("all", [True, True]), ("none", [False, False])]
)
def test_which_cancels_are_told_is_a_rule(which: Any, told: list[bool]) -> None:
    """Evidence: contested 2."""
    m, alice, _ = eth_long(Rules(non_user_cancel=which), usd="510.9")
    alice.buys("0.001 BTC @ 20000")
    m.oracle("ETH", "1515")
    liquidated = any(isinstance(e, NonUserCancel) for e in m.events())
    meets(m, *(m.account(name) for name in ("dora", "erin")), "1 SOL @ 100")
    dora = Trader(m, next(u for u, a in m.ex.state.accounts.items() if 2 in a.positions))
    dora.sells("1 SOL @ 200", reduce_only=True)
    m.events()
    m.account("carol").buys("1 SOL @ 90")

    dora.sells("1 SOL @ 90")

    assert dora.statuses()[-1][1] in ("reduceOnlyCanceled", "filled")
    assert any(status == "reduceOnlyCanceled" for _, status, _ in dora.statuses())
    orphaned = any(isinstance(e, NonUserCancel) for e in m.events())
    assert [liquidated, orphaned] == told


def test_an_account_that_the_book_healed_keeps_the_rest() -> None:
    """Documented: what remains stays with the trader once maintenance is met (mechanics 8.2)."""
    m, alice, _ = eth_long()
    carol = m.account("carol")
    carol.buys("0.6 ETH @ 1530")
    m.oracle("ETH", "1530.61")

    assert alice.szi("ETH") == sz("0.4")
    assert margin.cross_value(m.ex.state, alice.account) > margin.cross_maintenance(
        m.ex.state, alice.account
    )
    m.advance(seconds=30)
    assert alice.szi("ETH") == sz("0.4")


def test_the_largest_position_goes_first_and_no_more_than_is_needed() -> None:
    """Assumed: by descending notional (mechanics 8.2)."""
    m = market()
    alice, bob = m.account("alice", usd="1000"), m.account("bob")
    meets(m, alice, bob, "40 SOL @ 100")
    meets(m, alice, bob, "2.5 ETH @ 2000")
    carol = m.account("carol")
    carol.buys("2.5 ETH @ 1800")
    carol.buys("40 SOL @ 90")
    m.events()

    m.oracle("ETH", "1670")

    sold = [fill for fill in fills(m.events()) if fill.user == alice.address]
    assert [(fill.coin, fill.sz) for fill in sold] == [("ETH", sz("2.5"))]
    assert alice.szi("SOL") == sz("40")


# -- a part first ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "left"), [(0, "0"), (30, "0"), (31, "64")])
def test_of_a_large_position_a_fifth_goes_first_and_the_whole_for_thirty_seconds(
    seconds: int, left: str
) -> None:
    """Documented: above 100000 USDC 20 %, then whole positions for 30 s (mechanics 8.2)."""
    m, alice, _ = large_long()

    m.oracle("ETH", "1938")
    assert alice.szi("ETH") == sz("80")
    m.advance(seconds=seconds)
    assert alice.szi("ETH") == sz("80")
    m.oracle("ETH", "1932")

    assert alice.szi("ETH") == sz(left)


@pytest.mark.parametrize(("threshold", "left"), [("193800", "0"), ("193799.999999", "80")])
def test_what_is_large_is_a_rule(threshold: str, left: str) -> None:
    """Documented: more than 100000 USDC, 10000 on testnet (mechanics 8.2)."""
    m, alice, _ = large_long(Rules(partial_liquidation_ntl=usd(threshold)))

    m.oracle("ETH", "1938")

    assert alice.szi("ETH") == sz(left)


def test_a_part_is_at_least_a_lot_and_the_whole_of_a_small_position() -> None:
    """Documented: 20 % (mechanics 8.2); sizes are whole lots."""
    m = market(Rules(partial_liquidation_ntl=usd("0")))
    alice, bob = m.account("alice", usd="45"), m.account("bob")
    meets(m, alice, bob, "7 SOL @ 100")
    m.account("carol").buys("7 SOL @ 94")

    m.oracle("SOL", "96")

    assert alice.szi("SOL") == sz("5.6")


def test_a_part_of_which_nothing_was_filled_starts_no_cooldown() -> None:
    """Documented: "after a block where any position is partially liquidated" (mechanics 8.2)."""
    m = market()
    alice, bob = m.account("alice", usd="10000"), m.account("bob", usd="1000000")
    meets(m, alice, bob, "100 ETH @ 2000")
    poor = m.account("poor", usd="4000")
    poor.buys("30 ETH @ 1930", tif=Tif.ALO)
    meets(m, poor, bob, "30 SOL @ 100")
    m.oracle("SOL", "20")

    m.oracle("ETH", "1938")

    assert poor.statuses()[-1] == (3, "marginCanceled", sz("30"))
    assert alice.statuses()[-1][1] == "marketOrderNoLiquidityRejected"
    assert alice.szi("ETH") == sz("100")
    assert alice.account.liquidated_partly_ms is None


# -- when nobody bids ------------------------------------------------------------------------------


def test_whoever_is_in_danger_is_tried_again_at_every_update_of_the_marks() -> None:
    """Assumed: checked on each mark update (mechanics 8.1), whether or not a mark moved."""
    m, alice, _ = eth_long()
    m.oracle("ETH", "1530.61")
    m.advance(seconds=9)
    assert alice.szi("ETH") == sz("1")
    assert m.ex.state.next_lid == 1

    m.account("carol").buys("1 ETH @ 1525")
    assert alice.szi("ETH") == sz("1")
    m.advance(seconds=3)

    assert alice.szi("ETH") == 0
    assert m.ex.state.next_lid == 2


def test_an_oracle_that_moves_no_mark_is_an_update_too() -> None:
    """Assumed, as above."""
    m, alice, _ = eth_long()
    m.oracle("ETH", "1530.61")
    m.account("carol").buys("1 ETH @ 1525")

    m.oracle("ETH", "1530.61")

    assert alice.szi("ETH") == 0


def test_a_halted_market_gets_no_order() -> None:
    """Assumed: nothing trades while trading is halted; the liquidator may still take over."""
    m, alice, _ = eth_long()
    m.account("carol").buys("1 ETH @ 1515")
    m.ex.operate(SetHalt(1, halted=True))
    m.oracle("ETH", "1525")
    m.advance(seconds=3)
    assert alice.szi("ETH") == sz("1")

    m.ex.operate(SetHalt(1, halted=False))
    m.advance(seconds=3)

    assert alice.szi("ETH") == 0


# -- what is not a mark ----------------------------------------------------------------------------


def test_a_bad_trade_is_judged_when_marks_are_computed_next() -> None:
    """Assumed: checked on each mark update (mechanics 8.1), also one that moves no mark."""
    m = market()
    alice, bob = m.account("alice", usd="130"), m.account("bob")
    alice.leverage("ETH", 25)
    meets(m, alice, bob, "1 ETH @ 2100")
    m.account("carol").buys("1 ETH @ 1995")
    assert alice.szi("ETH") == sz("1")

    m.advance(seconds=3)

    assert m.market("ETH").mark_px == px("2000")
    assert alice.account.fills[-1].liquidation == Liquidation(alice.address, px("2000"), "market")
    assert alice.szi("ETH") == 0


def test_funding_alone_can_liquidate() -> None:
    """Evidence: issue liq-03: hourly funding flips margin (integrators 30)."""
    m, alice, _ = eth_long(usd="500.9")
    m.oracle("ETH", "1530.62")
    assert alice.address not in m.ex.state.watch.stale

    m.advance(hours=1)

    assert alice.account.fundings[-1].usd == -19132
    assert alice.address in m.ex.state.watch.stale


def test_a_deposit_in_time_saves() -> None:
    m, alice, _ = eth_long()
    m.oracle("ETH", "1530.61")

    m.account("alice", usd="0.01")
    m.account("carol").buys("1 ETH @ 1525")
    m.advance(seconds=3)

    assert alice.szi("ETH") == sz("1")
    assert alice.address not in m.ex.state.watch.stale


# -- snapshots -------------------------------------------------------------------------------------


def test_a_restored_exchange_goes_on_liquidating_the_same() -> None:
    m, alice, _ = eth_long()
    m.oracle("ETH", "1530.62")
    twin = Story(Exchange.restore(m.ex.snapshot()))
    assert twin.ex.state_hash() == m.ex.state_hash()
    for story in (m, twin):
        story.nonces = count(START_MS + 1_000)
        story.account("carol").buys("1 ETH @ 1525")
        story.oracle("ETH", "1530.61")

    assert alice.szi("ETH") == 0
    assert twin.ex.state_hash() == m.ex.state_hash()
