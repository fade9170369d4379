"""What wakes trigger orders, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories import START_MS, Story, Trader, market, px, sz

from hlsim.matching.types import Tif
from hlsim.sim.events import NonUserCancel
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.operations import SetHalt
from hlsim.sim.orders import Stage
from hlsim.sim.replies import Resting
from hlsim.sim.rules import Rules


def long_alice(
    size: str = "0.1", *, rules: Rules | None = None, usd: str = "100000"
) -> tuple[Story, Trader, Trader]:
    """alice long BTC from 50000; bob bids 10 at 49000. No asks, so the mark is the oracle."""
    m = market(rules)
    alice, bob = m.account("alice", usd=usd), m.account("bob", usd="10000000")
    bob.sells(f"{size} BTC @ 50000")
    alice.buys(f"{size} BTC @ 50000")
    bob.buys("10 BTC @ 49000")
    m.events()
    return m, alice, bob


def asked(*, usd: str = "100000") -> tuple[Story, Trader]:
    """carol without a position; bob asks 5000 at 51000, and nobody bids."""
    m = market()
    carol, bob = m.account("carol", usd=usd), m.account("bob", usd="100000000")
    bob.sells("5000 BTC @ 51000")
    m.events()
    return m, carol


def empty_book(m: Story, bob: Trader) -> None:
    for order in list(bob.account.orders.values()):
        bob.cancel("BTC", order.oid)


def test_a_stop_market_fires_at_its_mark_and_fills() -> None:
    """Documented: the mark triggers; `open`, `triggered`, `filled` on one oid, fills with the zero
    hash (mechanics 3.2, ws 4.2, contested 31)."""
    m, alice, _ = long_alice()
    alice.place(alice.trigger("0.1 BTC @ 44000", at="49500"))
    m.oracle("BTC", "49501")
    assert m.updates() == [(4, "open")]

    m.oracle("BTC", "49500")

    assert m.updates() == [(4, "triggered"), (4, "filled")]
    assert alice.szi("BTC") == 0
    fill = alice.account.fills[-1]
    assert (fill.oid, fill.px, fill.sz, fill.crossed) == (4, px("49000"), sz("0.1"), True)
    assert fill.hash == ZERO_HASH
    assert m.market("BTC").trades[-1].hash == ZERO_HASH
    assert not alice.account.orders
    assert not alice.account.exits
    assert not m.market("BTC").sleeping


def test_a_stop_limit_rests_at_its_limit_when_the_market_has_gone() -> None:
    """Documented: trigger 10, limit 10, the market gaps to 9: it rests at 10 (mechanics 3.2)."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    alice.leverage("ISO", 1, cross=False)
    bob.sells("10 ISO @ 11")
    alice.buys("10 ISO @ 11")
    m.oracle("ISO", "11")
    alice.place(alice.trigger("10 ISO @ 10", at="10", is_market=False))
    bob.buys("10 ISO @ 9")
    m.events()
    m.advance(ms=500)

    m.oracle("ISO", "9")

    assert m.updates() == [(3, "triggered"), (3, "open")]
    assert m.market("ISO").book.best_ask() == px("10")
    live = alice.account.orders[3]
    assert (live.stage, live.tif, live.px, live.time_ms) == (
        Stage.LIVE,
        Tif.GTC,
        px("10"),
        START_MS + 500,
    )
    bob.buys("10 ISO @ 10")
    assert alice.statuses()[-1] == (3, "filled", 0)
    assert alice.szi("ISO") == 0


def test_a_triggered_order_stands_behind_those_that_rested_before_it_fired() -> None:
    """Inferred: its turn begins when it fires (mechanics 3.2)."""
    m, alice, bob = long_alice()
    alice.place(alice.trigger("0.1 BTC @ 49900", at="49900", is_market=False))
    carol = m.account("carol")
    carol.sells("0.1 BTC @ 49900")
    m.oracle("BTC", "49900")

    bob.buys("0.1 BTC @ 49900")

    assert carol.szi("BTC") == -sz("0.1")
    assert alice.szi("BTC") == sz("0.1")


def test_a_triggered_market_order_rests_with_what_it_did_not_fill() -> None:
    """Inferred: as a Gtc at its limit (contested 29); partly filled it is `triggered`, then `open`
    with the rest."""
    m, alice, bob = long_alice()
    empty_book(m, bob)
    bob.buys("0.04 BTC @ 49000")
    bob.buys("1 BTC @ 40000")
    alice.place(alice.trigger("0.1 BTC @ 48000", at="49500"))

    m.oracle("BTC", "49500")

    assert alice.statuses()[-2:] == [(6, "triggered", sz("0.1")), (6, "open", sz("0.06"))]
    assert m.market("BTC").book.best_ask() == px("48000")


@pytest.mark.parametrize(
    ("bid", "last"),
    [
        ("0.04 BTC @ 49000", ("filled", sz("0.06"))),
        ("0.04 BTC @ 40000", ("marketOrderNoLiquidityRejected", sz("0.1"))),
    ],
)
def test_a_triggered_market_order_may_be_told_to_drop_the_rest(bid: str, last: Any) -> None:
    """The other reading of contested 29."""
    m, alice, bob = long_alice(rules=Rules(trigger_market_rest="cancel"))
    empty_book(m, bob)
    bob.buys(bid)
    alice.place(alice.trigger("0.1 BTC @ 48000", at="49500"))

    m.oracle("BTC", "49500")

    assert alice.statuses()[-1][1:] == last
    assert not alice.account.orders
    assert m.market("BTC").book.best_ask() is None


@pytest.mark.parametrize("is_market", [True, False])
def test_a_triggered_market_order_finds_no_liquidity_in_an_empty_book(is_market: bool) -> None:
    """Documented: `No liquidity available for market order` (exchange 7.2); a limit rests."""
    m, alice, bob = long_alice()
    empty_book(m, bob)
    alice.place(alice.trigger("0.1 BTC @ 48000", at="49500", is_market=is_market))

    m.oracle("BTC", "49500")

    status = "marketOrderNoLiquidityRejected" if is_market else "open"
    assert alice.statuses()[-2:] == [(4, "triggered", sz("0.1")), (4, status, sz("0.1"))]
    assert len(alice.account.orders) == (not is_market)


def test_a_stop_entry_opens_a_position_when_it_fires() -> None:
    """Observed: stop entries that are not reduce-only exist (mechanics 3.3)."""
    m, carol = asked()
    entry = carol.trigger("0.2 BTC @ 55000", at="50500", is_buy=True, reduce_only=False)
    assert isinstance(carol.place(entry), Resting)

    m.oracle("BTC", "50500")

    assert carol.szi("BTC") == sz("0.2")
    assert carol.statuses()[-1][1] == "filled"


@pytest.mark.parametrize(
    ("size", "leverage", "status"),
    [("1", 20, "perpMarginRejected"), ("4000", 40, "perpMaxPositionRejected")],
)
def test_a_stop_entry_is_asked_for_its_margin_when_it_fires(
    size: str, leverage: int, status: str
) -> None:
    """Assumed: by the rules and with the statuses of a new order (mechanics 3.2, 3.3)."""
    m, carol = asked(usd="1000")
    carol.leverage("BTC", leverage)
    entry = carol.trigger(
        f"{size} BTC @ 55000", at="50500", is_buy=True, reduce_only=False, is_market=False
    )
    assert isinstance(carol.place(entry), Resting)

    m.oracle("BTC", "50500")

    assert [said for _, said, _ in carol.statuses()] == ["open", "triggered", status]
    assert not carol.account.orders
    assert carol.szi("BTC") == 0


def test_a_stop_that_goes_through_zero_pays_for_its_excess_only() -> None:
    """As any order does (mechanics 6.2)."""
    m, alice, _ = long_alice()
    alice.place(alice.trigger("0.15 BTC @ 44000", at="49500", reduce_only=False))

    m.oracle("BTC", "49500")

    assert alice.szi("BTC") == -sz("0.05")


def test_a_reduce_only_stop_closes_no_more_than_there_is() -> None:
    """Observed: never flips (mechanics 2.4); origSz stays what was asked."""
    m, alice, bob = long_alice()
    alice.place(alice.trigger("1 BTC @ 44000", at="49500"))
    alice.sells("0.04 BTC @ 49000", tif=Tif.IOC)

    m.oracle("BTC", "49500")

    assert alice.szi("BTC") == 0
    last = alice.account.history.rows[-1]
    assert (last.order.oid, last.status, last.order.orig_sz) == (4, "filled", sz("1"))
    assert bob.account.fills[-1].sz == sz("0.06")


def test_a_gap_fires_the_nearest_first_and_what_is_left_has_nothing_to_close() -> None:
    """Inferred: two stops of one position; the first to fire takes the other along."""
    m, alice, _ = long_alice()
    far = alice.place(alice.trigger("0.1 BTC @ 44000", at="49200")).oid
    near = alice.place(alice.trigger("0.1 BTC @ 44000", at="49400")).oid
    m.events()

    m.oracle("BTC", "48000")

    assert m.updates() == [
        (near, "triggered"),
        (near, "filled"),
        (far, "reduceOnlyCanceled"),
    ]
    assert not m.market("BTC").triggers
    assert alice.szi("BTC") == 0


@pytest.mark.parametrize("size", ["0.1", "0.3"])
def test_exits_end_with_their_position_or_its_flip(size: str) -> None:
    """Observed: `reduceOnlyCanceled`, without a word from `userEvents` (mechanics 3.4, contested
    2). Assumed: a flip ends them too."""
    m, alice, _ = long_alice()
    alice.place(alice.trigger("0.1 BTC @ 44000", at="48000"))
    alice.place(alice.trigger("0.1 BTC @ 52000", at="52500", tpsl="tp"))
    m.events()

    alice.sells(f"{size} BTC @ 49000", tif=Tif.IOC)

    events = m.events()
    assert [s for _, s, _ in alice.statuses()].count("reduceOnlyCanceled") == 2
    assert not [e for e in events if isinstance(e, NonUserCancel)]
    assert not alice.account.orders
    assert not m.market("BTC").sleeping


def test_a_stop_entry_outlives_the_position() -> None:
    _, alice, _ = long_alice()
    entry = alice.trigger("0.2 BTC @ 55000", at="50500", is_buy=True, reduce_only=False)
    alice.place(entry)

    alice.sells("0.1 BTC @ 49000", tif=Tif.IOC)

    assert len(alice.account.orders) == 1


def test_marks_of_the_clock_fire_too() -> None:
    """Documented: marks move every 3 s (mechanics 3.2)."""
    m, alice, bob = long_alice()
    m.oracle("BTC", "49600")
    alice.place(alice.trigger("0.1 BTC @ 44000", at="49500"))
    empty_book(m, bob)
    bob.buys("1 BTC @ 49300")
    bob.sells("1 BTC @ 49350")

    m.advance(seconds=3)

    assert m.market("BTC").mark_px <= px("49500")
    assert alice.szi("BTC") == 0
    assert alice.account.fills[-1].time_ms == START_MS + 3_000


def test_a_halted_market_fires_when_it_trades_again() -> None:
    """Assumed: nothing trades while it is halted."""
    m, alice, _ = long_alice()
    alice.place(alice.trigger("0.1 BTC @ 44000", at="49500"))
    m.ex.operate(SetHalt(0, True))
    m.oracle("BTC", "49000")
    assert alice.szi("BTC") == sz("0.1")

    m.ex.operate(SetHalt(0, False))

    assert alice.szi("BTC") == 0


def test_a_mark_that_reaches_nothing_looks_at_nothing() -> None:
    """Ten thousand armed orders cost a mark two comparisons: neither list is walked."""

    class Counted(list[Any]):
        looks = 0

        def __getitem__(self, place: Any) -> Any:
            Counted.looks += 1
            return super().__getitem__(place)

        def __iter__(self) -> Any:
            raise AssertionError("walked")

    m, *_ = long_alice()
    state = m.market("BTC")
    traders = [m.account(f"trader {number}") for number in range(10)]
    for trader in traders:
        stop = trader.trigger("0.1 BTC @ 55000", at="60000", is_buy=True, reduce_only=False)
        stops = [replace(stop, terms=stop.terms) for _ in range(100)]
        for _ in range(10):
            trader.place(*stops)
    assert len(state.triggers) == len(state.sleeping) == 10_000
    state.triggers.above = Counted(state.triggers.above)

    m.oracle("BTC", "50001")

    assert Counted.looks <= 2
    assert len(state.triggers) == 10_000
