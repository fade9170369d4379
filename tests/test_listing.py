"""Listing and delisting while the exchange runs, in the state and in what is answered of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asking import told
from nodes import blocks_of, node
from stories import START_MS, Story, Trader, market, px, sz, universe, usd
from streams import Stage
from test_conservation import check_money, check_orders, check_positions

from hlsim.matching.types import Side
from hlsim.server.replica import Replica
from hlsim.server.topics.markets import Bbo, L2Book
from hlsim.sim.assets import FIRST_SPOT_ID, MarginMode, MarginTable, Perp, Universe
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.events import Direction, Fill, NonUserCancel, PricesChanged, Trade
from hlsim.sim.exchange import Exchange
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.operations import DelistPerp, ListPerp, SetOpenInterestCap
from hlsim.sim.replies import Resting

NEW = ListPerp("NEW", 1, 10, px("5"))


# -- listing ---------------------------------------------------------------------------------------


def test_a_listed_perp_stands_at_the_end_everywhere() -> None:
    """Documented: the asset id is the place in the universe, and none ever moves (info 4.2)."""
    m = market()
    before = told(m.view, "meta")["universe"]
    assert len(told(m.view, "metaAndAssetCtxs")[1]) == 6
    assert "NEW" not in told(m.view, "allMids")
    m.events()

    m.ex.operate(NEW)

    assert m.events() == [PricesChanged(("NEW",))]
    row = {"szDecimals": 1, "name": "NEW", "maxLeverage": 10, "marginTableId": 10}
    assert told(m.view, "meta")["universe"] == [*before, row]
    assert (
        told(m.view, "allPerpMetas")[0]
        == told(m.view, "metaAndAssetCtxs")[0]
        == told(m.view, "meta")
    )
    ctx = told(m.view, "metaAndAssetCtxs")[1][6]
    assert (ctx["oraclePx"], ctx["markPx"], ctx["midPx"]) == ("5.0", "5.0", None)
    assert told(m.view, "allMids")["NEW"] == "5.0"
    assert told(m.view, "l2Book", coin="NEW")["levels"] == [[], []]
    assert m.asset_id("NEW") == 6
    assert list(m.ex.state.markets) == [0, 1, 2, 3, 4, 5, 6, 10_000, 10_107]


def test_a_listed_perp_trades_and_takes_part_in_all_that_time_does() -> None:
    """Evidence: mechanics 9 and 10; it is a perp like the others from its first moment."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    m.advance(seconds=1)
    m.ex.operate(replace(NEW, margin_mode=MarginMode.NO_CROSS))
    for trader in (alice, bob):
        assert trader.leverage("NEW", 5, cross=False)
    bob.sells("3000 NEW @ 5.01")
    bob.buys("2000 NEW @ 4.99")
    alice.buys("100 NEW @ 5.01")
    m.oracle("NEW", "5.2")

    m.advance(hours=1)

    found = m.market("NEW")
    assert found.mark_px != px("5")
    assert [row.coin for row in alice.account.fundings] == ["NEW"]
    assert found.funding_rates[0].rate != 0
    assert len(found.oracle_minutes) == 60
    check_money(m.ex.state)


def test_the_universe_that_an_exchange_was_made_of_never_changes() -> None:
    """Scripts and other exchanges hold it."""
    made = universe()
    ex = Exchange.create(made, time_ms=START_MS)
    ex.operate(NEW)
    ex.operate(DelistPerp(0))
    assert made == universe()
    assert ex.state.universe.origin is made
    assert [perp.coin for perp in ex.state.universe.perps][-1] == "NEW"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"coin": ""}, "no new coin: ''"),
        ({"coin": "BTC"}, "no new coin: 'BTC'"),
        ({"coin": "PURR/USDC"}, "no new coin: 'PURR/USDC'"),
        ({"coin": 'A"'}, "no new coin: 'A\"'"),
        ({"coin": "É"}, "no new coin: 'É'"),
        ({"impact_ntl": 0}, "no impact price of 0 µUSD"),
        ({"oracle_px": px("1000000000001")}, "no legal price of NEW"),
        ({"sz_decimals": -1}, "no perp has -1 size decimals"),
        ({"sz_decimals": 7}, "no perp has 7 size decimals"),
        ({"max_leverage": 0}, "no margin table 0"),
        ({"max_leverage": 60}, "no margin table 60"),
        ({"margin_table": 99}, "no margin table 99"),
        ({"margin_table": 56}, "margin table 56 does not begin with 10x"),
        ({"oracle_px": px("0")}, "no legal price of NEW: 0"),
        ({"oracle_px": px("1.000001")}, "no legal price of NEW: 1.000001"),
        ({"oracle_px": px("12345.1")}, "no legal price of NEW: 12345.1"),
    ],
)
def test_what_cannot_be_listed_changes_nothing(changes: dict[str, Any], fault: str) -> None:
    """Evidence: none; the operator is told."""
    m = market()
    before = m.ex.state_hash()
    with pytest.raises(ValueError, match=fault):
        m.ex.operate(replace(NEW, **changes))
    assert m.ex.state_hash() == before


def test_a_listed_table_may_be_named() -> None:
    m = market()
    m.ex.operate(ListPerp("NEW", 1, 25, px("5"), 55))
    assert m.market("NEW").asset.margin_table is m.ex.state.universe.margin_tables[55]  # type: ignore[union-attr]


def test_there_are_ids_for_ten_thousand_perps() -> None:
    """Documented: spot ids begin at 10000 (mechanics 14)."""
    table = MarginTable.implicit(3)
    perps = [
        Perp(place, f"C{place}", 1, 3, table, start_px=px("1"))
        for place in range(FIRST_SPOT_ID - 1)
    ]
    ex = Exchange.create(Universe(perps, [], [], {}), time_ms=START_MS)
    ex.operate(NEW)
    with pytest.raises(ValueError, match="no more than 10000 perps have an id"):
        ex.operate(replace(NEW, coin="ONEMORE"))


# -- delisting -------------------------------------------------------------------------------------


def trading() -> tuple[Story, Trader, Trader, Trader]:
    """Alice long 2 SOL cross at 100, bob short of them isolated, carol with orders only."""
    m = market()
    alice, bob, carol = (m.account(name) for name in ("alice", "bob", "carol"))
    bob.leverage("SOL", 5, cross=False)
    bob.sells("2 SOL @ 100")
    alice.buys("2 SOL @ 100")
    alice.sells("1 SOL @ 120", reduce_only=True)
    carol.buys("1 SOL @ 90")
    carol.buys("1 ETH @ 1900")
    m.advance(seconds=59)
    return m, alice, bob, carol


def test_a_delisting_cancels_settles_and_stays_in_its_place() -> None:
    """Documented: 1-hour TWAP of the oracle, dir `Settlement`, `delistedCanceled` (mechanics 17).

    For 30 minutes the oracle stood at 100, then at 110: the mean is 105.
    """
    m, alice, bob, carol = trading()
    m.advance(seconds=1 + 29 * 60 + 58)
    m.oracle("SOL", "110")
    m.advance(seconds=30 * 60)
    cash, theirs = alice.account.raw_usd, bob.account.raw_usd
    margin = bob.position("SOL").raw_usd  # type: ignore[union-attr]
    m.events()

    m.ex.operate(DelistPerp(2))

    events = m.events()
    fills = [event for event in events if isinstance(event, Fill)]
    settled = Direction.SETTLEMENT
    assert [(f.user, f.side, f.px, f.sz, f.start_position, f.closed_pnl) for f in fills] == [
        (alice.address, Side.ASK, px("105"), sz("2"), sz("2"), 10 * 10**8),
        (bob.address, Side.BID, px("105"), sz("2"), -sz("2"), -10 * 10**8),
    ]
    assert {(f.dir, f.fee, f.hash, f.crossed) for f in fills} == {(settled, 0, ZERO_HASH, True)}
    assert len({f.tid for f in fills} | {f.oid for f in fills}) == 4
    assert not any(isinstance(event, Trade) for event in events)
    told = [event for event in events if isinstance(event, NonUserCancel)]
    assert [(event.user, event.coin) for event in told] == [
        (alice.address, "SOL"),
        (carol.address, "SOL"),
    ]
    assert alice.statuses()[-1][1] == carol.statuses()[-1][1] == "delistedCanceled"
    assert [order.coin for order in carol.account.orders.values()] == ["ETH"]
    assert alice.account.raw_usd == cash + usd("210")
    assert bob.account.raw_usd == theirs + margin - usd("210")
    assert not alice.account.positions
    check_money(m.ex.state)
    check_positions(m.ex.state)
    check_orders(m.ex.state)


def test_a_delisting_ends_what_sleeps_and_what_waits() -> None:
    """Assumed: trigger orders and waiting children are orders like others (mechanics 17)."""
    m, alice, _, carol = trading()
    stop = alice.place(alice.trigger("2 SOL @ 80", at="90"))
    parent = carol.new_order("1 SOL @ 90", is_buy=True)
    child = carol.trigger("1 SOL @ 70", at="80")
    carol.place(parent, child, grouping="normalTpsl")
    other = carol.place(carol.trigger("1 ETH @ 1500", at="1700", reduce_only=False))
    m.ex.operate(DelistPerp(2))
    ended = [(oid, status) for oid, status, _ in alice.statuses()][-2:]
    assert ended[1] == (stop.oid, "delistedCanceled")
    assert [status for _, status, _ in carol.statuses()[-3:]] == ["delistedCanceled"] * 3
    assert other.oid in carol.account.orders
    assert [order.coin for order in carol.account.orders.values()] == ["ETH", "ETH"]
    assert not m.market("SOL").sleeping
    assert not len(m.market("SOL").triggers)
    assert carol.account.brackets == {}
    m.oracle("SOL", "50")
    check_money(m.ex.state)


def test_a_delisted_perp_answers_as_one() -> None:
    """Observed: it stays in its place, with an empty book and nulls (info 4.2, 4.3, 4.8)."""
    m, alice, bob, _ = trading()
    bob.buys("100 SOL @ 99")
    bob.sells("100 SOL @ 101")
    m.ex.operate(SetOpenInterestCap(2, usd("1")))
    m.advance(seconds=5)
    assert told(m.view, "metaAndAssetCtxs")[1][2]["premium"] is not None
    assert told(m.view, "perpsAtOpenInterestCap") == ["SOL"]
    m.ex.operate(DelistPerp(2))

    row = told(m.view, "meta")["universe"][2]
    assert row == {
        "szDecimals": 2, "name": "SOL", "maxLeverage": 20, "marginTableId": 20, "isDelisted": True,
    }  # fmt: skip
    ctx = told(m.view, "metaAndAssetCtxs")[1][2]
    nulls = {key: ctx[key] for key in ("funding", "openInterest", "premium", "midPx", "impactPxs")}
    assert nulls == {
        "funding": "0.0", "openInterest": "0.0", "premium": None, "midPx": None, "impactPxs": None,
    }  # fmt: skip
    assert told(m.view, "l2Book", coin="SOL")["levels"] == [[], []]
    assert "SOL" in told(m.view, "allMids")
    assert told(m.view, "perpsAtOpenInterestCap") == []
    assert "SOL" not in [row[0] for row in told(m.view, "predictedFundings")]
    assert told(m.view, "userFills", user=alice.address)[0]["dir"] == "Settlement"
    assert alice.buys("1 SOL @ 100") == Reject(OrderReject.HALTED, 2)
    mark, rates = m.market("SOL").mark_px, len(m.market("SOL").funding_rates)
    paid = len(alice.account.fundings)
    m.advance(hours=2)
    assert m.market("SOL").mark_px == mark
    assert (len(m.market("SOL").funding_rates), len(alice.account.fundings)) == (rates, paid)


def test_a_young_market_settles_at_what_it_has() -> None:
    """Assumed: the oracle as it stands, then the mean of the minutes so far."""
    m = market()
    m.ex.operate(NEW)
    m.oracle("NEW", "6")
    alice, bob = m.account("alice"), m.account("bob")
    bob.sells("10 NEW @ 5")
    alice.buys("10 NEW @ 5")
    bob.buys("10 NEW @ 5")
    bob.sells("10 NEW @ 5.2")
    m.advance(seconds=60)
    m.oracle("NEW", "7")
    twin = Story(Exchange.restore(m.ex.snapshot()))
    m.market("NEW").oracle_minutes.clear()
    assert m.market("NEW").mark_px < px("7")
    m.ex.operate(DelistPerp(6))
    twin.ex.operate(DelistPerp(6))
    assert m.ex.state.accounts[alice.address].fills[-1].px == px("7")
    assert twin.ex.state.accounts[alice.address].fills[-1].px == px("6")


@pytest.mark.parametrize("asset_id", [5, 6, 10_107, -1])
def test_only_a_live_perp_is_delisted(asset_id: int) -> None:
    m = market()
    before = m.ex.state_hash()
    with pytest.raises(ValueError, match=f"no live perp has asset id {asset_id}"):
        m.ex.operate(DelistPerp(asset_id))
    assert m.ex.state_hash() == before


# -- snapshots, replicas ---------------------------------------------------------------------------


def test_a_node_goes_back_to_before_a_listing_and_forth_again() -> None:
    """The world is the same; what is listed is part of the state."""
    made = node()
    before = made.save()
    made.operate(NEW)
    made.operate(DelistPerp(1))
    after, hashed = made.save(), made.exchange.state_hash()

    made.load(before)
    assert "NEW" not in made.exchange.state.universe.by_coin
    assert not made.exchange.state.markets[1].asset.is_delisted
    made.load(after)
    assert made.exchange.state_hash() == hashed
    made.operate(replace(NEW, coin="NEWER"))
    assert made.exchange.state.universe.by_coin["NEWER"].id == 7


def test_streams_of_what_is_not_listed_any_more_fall_silent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Evidence: none; whoever listens to something else goes on."""
    stage = Stage()
    before = stage.node.save()
    stage.node.operate(NEW)
    stale = stage.listen(L2Book("NEW"), Bbo("NEW"))
    going = stage.listen(L2Book("BTC"))
    stage.node.load(before)
    stage.wait(6_000)
    assert stale.take() == []
    assert going.channels() == ["l2Book", "l2Book"]
    assert caplog.records == []


def test_a_node_refuses_the_snapshot_of_another_world() -> None:
    made = node()
    other = Exchange.create(replace(universe(), name="another"), time_ms=START_MS)
    theirs = node(story=Story(other))
    theirs.operate(NEW)
    with pytest.raises(ValueError, match="of another world"):
        made.load(theirs.save())


def test_a_replica_follows_listings_and_delistings() -> None:
    """Evidence: none; the seam between node and API server."""
    made = node()
    replica = Replica.following(made.snapshot())
    made.subscribe(replica.on_block)
    blocks = blocks_of(made)
    made.operate(NEW)
    made.operate(DelistPerp(2))
    story = Story(made.exchange)
    story.account("carol").buys("10 NEW @ 5")
    made.advance(70_000)
    assert replica.view.state.universe == made.exchange.state.universe
    assert Exchange(replica.view.state).state_hash() == made.exchange.state_hash()
    assert len(blocks) >= 3
    assert isinstance(story.account("carol").buys("10 NEW @ 4.9"), Resting)
