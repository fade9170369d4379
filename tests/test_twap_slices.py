"""Slices of TWAPs: how many, when, how large, at what price, and what they look like."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from stories import START_MS, market, px, sz, usd
from twaps import cancel_twap, deep, last, opened, reprice, rows, slices, twap

from hlsim.matching.types import Tif
from hlsim.server.shapes.orders import full_order
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.operations import SetHalt
from hlsim.sim.timers import Timer
from hlsim.sim.twap import slice_count

MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("size", "minutes", "count", "gap_ms"),
    [
        ("0.2", 60, 121, {30_000}),
        ("0.2", 5760, 1000, {345_945, 345_946}),
        ("0.02", 30, 61, {30_000}),
        ("0.002", 5, 10, {33_333, 33_334}),
    ],
)
def test_slices_come_evenly_from_the_start_to_the_end(
    size: str, minutes: int, count: int, gap_ms: set[int]
) -> None:
    """Documented: $10,000 in an hour and in four days; Inferred: the others (mechanics 4)."""
    m, _, alice = opened()

    twap(alice, f"buy {size} BTC", minutes=minutes)
    m.advance(ms=minutes * MINUTE_MS)

    times = [fill.time_ms for fill in slices(alice)]
    assert (len(times), times[0], times[-1]) == (count, START_MS, START_MS + minutes * MINUTE_MS)
    assert {late - early for early, late in pairwise(times)} == gap_ms
    assert rows(alice) == [(1, "activated"), (1, "finished")]
    assert alice.szi("BTC") == sz(size)


def test_the_number_of_slices_is_that_of_the_documentation() -> None:
    """Inferred: min(2 * minutes + 1, notional / $10) (mechanics 4)."""
    found = [
        slice_count(usd(notional), minutes)
        for notional, minutes in (
            ("10000", 60),
            ("10000", 5760),
            ("1000", 30),
            ("100", 5),
            ("109.999999", 10_080),
            ("110", 5),
        )
    ]

    assert found == [121, 1000, 61, 10, 10, 11]


def test_a_slice_is_whole_lots_and_on_target() -> None:
    """Inferred: slice k of n brings the total to k / n of the size (mechanics 4)."""
    m, _, alice = opened()

    twap(alice, "buy 0.2 BTC")
    m.advance(hours=1)

    total = 0
    for number, fill in enumerate(slices(alice), 1):
        total += fill.sz
        exact = sz("0.2") * number // 121
        assert (total % sz("0.00001"), exact - sz("0.00001") < total <= exact) == (0, True)


def test_a_slice_is_an_order_of_its_own() -> None:
    """Observed: zero hash on both sides, `crossed`, and the id on the owner's record only
    (mechanics 4). Documented: "Twap Slice" where orders are shown (info 6.2).
    """
    m, maker, alice = opened()
    twap(alice, "buy 0.2 BTC")

    (slice_,), (other,) = slices(alice), maker.account.fills

    assert (slice_.hash, slice_.crossed, slice_.twap_id, slice_.oid) == (ZERO_HASH, True, 1, 3)
    assert (other.hash, other.crossed, other.twap_id) == (ZERO_HASH, False, None)
    assert m.market("BTC").trades[-1].hash == ZERO_HASH
    assert alice.statuses() == [(3, "open", slice_.sz), (3, "filled", 0)]
    shown = full_order(alice.account.history.rows[0].order)
    assert (shown["orderType"], shown["tif"], shown["limitPx"]) == ("Twap Slice", "Ioc", "51500.0")


def test_a_slice_may_be_worth_less_than_ten_dollars() -> None:
    """Inferred: the $10 rule is not for slices (mechanics 4)."""
    m, _, alice = opened()
    alice.buys("0.01 BTC @ 50010")
    twap(alice, "sell 0.00201 BTC", minutes=5)
    m.account("saver", usd="100", spot_usdc="1000")
    m.advance(seconds=300)

    worth = [fill.px * fill.sz for fill in slices(alice)]
    assert (len(worth), min(worth) < 10 * 10**16) == (10, True)
    assert rows(alice)[-1] == (1, "finished")


def test_a_slice_goes_three_percent_from_the_mark_and_no_further() -> None:
    """Documented: at most 3 % a slice. Assumed: from the mark (mechanics 4)."""
    m = market()
    maker, alice = m.account("maker", usd="10000000"), m.account("alice")
    maker.buys("1 BTC @ 48500")
    twap(alice, "sell 0.2 BTC")
    assert (len(slices(alice)), slices(alice)[0].px) == (1, px("48500"))
    twap(alice, "buy 0.2 BTC")
    maker.sells("1 BTC @ 51501")
    reprice(maker, "BTC", "50000")
    maker.sells("1 BTC @ 51501")

    m.advance(seconds=30)
    assert len(slices(alice)) == 1
    maker.sells("1 BTC @ 51500")
    m.advance(seconds=30)

    assert slices(alice)[-1].px == px("51500")


@pytest.mark.parametrize(("side", "limit"), [("buy", "51501"), ("sell", "48501")])
def test_the_limit_is_on_tick_inside_the_slippage(side: str, limit: str) -> None:
    """Mark 50001: 51501.03 and 48500.97."""
    m = market()
    maker, alice = m.account("maker", usd="10000000"), m.account("alice")
    reprice(maker, "BTC", "50001")
    maker.place(maker.new_order("1 BTC @ 50000", is_buy=side == "sell"))

    twap(alice, f"{side} 0.2 BTC")

    assert alice.account.history.rows[0].order.px == px(limit)


def test_a_slice_of_a_pair_may_be_worth_less_than_ten_of_its_quote_token() -> None:
    """Inferred: as on perps (mechanics 4)."""
    m = market()
    m.account("maker", usd="1", spot_usdc="10000").buys("100 @107 @ 39")
    alice = m.account("alice", HYPE="100")

    twap(alice, "sell 2.51 @107", minutes=5)

    assert [(fill.px, fill.sz) for fill in slices(alice)] == [(px("39"), sz("0.25"))]


def test_random_slices_differ_by_a_fifth_and_add_up() -> None:
    """Documented: each slice plus or minus 20 % (mechanics 4); the same for the same seed."""
    told = []
    for seed in (1, 1, 2):
        m = market(seed=seed)
        deep(m)
        alice = m.account("alice")
        twap(alice, "buy 20 BTC", randomize=True)
        m.advance(hours=1)
        told.append([fill.sz for fill in slices(alice)])
        assert (alice.szi("BTC"), rows(alice)[-1]) == (sz("20"), (1, "finished"))

    assert told[0] == told[1] != told[2]
    normal, total = sz("20") // 121, 0
    for number, size in enumerate(told[0][:-1], 1):
        wanted = sz("20") * number // 121 - total
        assert wanted * 8 // 10 - sz("0.00001") <= size <= wanted * 12 // 10
        total += size
    assert max(told[0]) > normal * 11 // 10
    assert min(told[0]) < normal * 9 // 10


def test_one_timer_runs_for_a_twap_and_none_while_it_waits() -> None:
    m, _, alice = opened()
    twap(alice, "buy 0.2 BTC")
    twap(alice, "buy 0.2 BTC", above="60000")
    for _ in range(5):
        m.advance(seconds=45)
        timers = [key for _, _, kind, key in m.ex.state.timers.heap if kind == Timer.TWAP]
        assert timers == ["1"]


def test_a_twap_that_ends_takes_its_timer_along() -> None:
    m, _, alice = opened()
    before = len(m.ex.state.timers.heap)
    for _ in range(50):
        twap_id = twap(alice, "buy 0.2 BTC", minutes=1440)
        assert isinstance(twap_id, int)
        assert cancel_twap(alice, "BTC", twap_id) is None
    assert len(m.ex.state.timers.heap) == before


def test_own_orders_are_no_counterparty() -> None:
    """Documented: self-trades cancel the resting order (mechanics 2.3)."""
    m, _, alice = opened()
    alice.sells("0.001 BTC @ 50005", tif=Tif.ALO)

    twap(alice, "buy 0.2 BTC")

    assert [fill.px for fill in slices(alice)] == [px("50010")]
    statuses = Counter(status for _, status, _ in alice.statuses())
    assert statuses == {"open": 2, "selfTradeCanceled": 1, "filled": 1}
    assert last(alice).status.value == "activated"
    assert m.ex.state.twaps[1].executed_sz == slices(alice)[0].sz


# -- what does not fill ----------------------------------------------------------------------------


def test_slices_after_an_empty_book_are_three_times_as_large_until_they_caught_up() -> None:
    """Documented: a slice is at most three normal ones (mechanics 4)."""
    m = market()
    alice = m.account("alice")
    twap(alice, "buy 1.21 BTC")
    m.advance(seconds=20 * 30)
    assert (rows(alice), slices(alice), alice.statuses()) == ([(1, "activated")], [], [])
    deep(m)

    m.advance(hours=1)

    # Slice 22 comes first, 21 normal ones behind: every one makes up for two of them.
    sizes = [fill.sz for fill in slices(alice)]
    assert sizes == [sz("0.03")] * 10 + [sz("0.02")] + [sz("0.01")] * 89
    assert rows(alice) == [(1, "activated"), (1, "finished")]


def test_a_twap_that_cannot_catch_up_ends_short() -> None:
    """Documented: it may end short (mechanics 4)."""
    m = market()
    alice = m.account("alice")
    twap(alice, "buy 1.21 BTC")
    m.advance(seconds=3590)
    deep(m)

    m.advance(seconds=10)

    assert [fill.sz for fill in slices(alice)] == [sz("0.03")]
    assert rows(alice) == [(1, "activated"), (1, "finished")]
    assert (last(alice).executed_sz, last(alice).executed_ntl) == (
        sz("0.03"),
        sz("0.03") * 50_010,
    )


def test_a_thin_book_fills_a_slice_in_part() -> None:
    m = market()
    maker, alice = m.account("maker", usd="10000000"), m.account("alice")
    maker.sells("0.004 BTC @ 50010")
    maker.sells("0.001 BTC @ 50020")

    twap(alice, "buy 1.21 BTC")

    assert [(fill.px, fill.sz) for fill in slices(alice)] == [
        (px("50010"), sz("0.004")),
        (px("50020"), sz("0.001")),
    ]
    running = alice.account.twaps[1]
    assert (running.executed_sz, running.executed_ntl) == (sz("0.005"), usd("250.06") * 100)


def test_a_halted_market_lets_slices_pass_and_the_twap_live() -> None:
    """Assumed, as documented of the window after an upgrade: no fills (mechanics 17)."""
    m, _, alice = opened()
    twap(alice, "buy 1.21 BTC")
    m.ex.operate(SetHalt(0, True))
    m.advance(seconds=60)
    assert (len(slices(alice)), rows(alice)) == (1, [(1, "activated")])
    m.ex.operate(SetHalt(0, False))

    m.advance(seconds=30)

    assert [fill.sz for fill in slices(alice)] == [sz("0.01"), sz("0.03")]


def dear_lot(seed: int) -> int:
    """In which of its eleven slices a random TWAP of one lot, worth $1000, traded."""
    m = market(seed=seed)
    maker, alice = m.account("maker", usd="10000000"), m.account("alice")
    reprice(maker, "MEME", "1000")
    maker.sells("10 MEME @ 1000")
    twap(alice, "buy 1 MEME", minutes=5, randomize=True)
    m.advance(seconds=300)
    (fill,) = slices(alice)
    assert rows(alice) == [(1, "activated"), (1, "finished")]
    assert last(alice).time_ms == fill.time_ms
    return (fill.time_ms - START_MS) // 30_000 + 1


def test_a_lot_that_is_more_than_three_slices_still_trades() -> None:
    """Assumed: whole, once the target is near it; and the TWAP is finished with it."""
    assert [dear_lot(seed) for seed in (0, 14)] == [11, 10]
