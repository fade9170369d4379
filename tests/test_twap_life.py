"""How TWAPs begin and end: triggers, stops, errors, and whoever has nothing left to reduce."""

from __future__ import annotations

import pytest
from stories import START_MS, market, px, sz, usd
from twaps import cancel_twap, deep, last, opened, reprice, rows, slices, twap

from hlsim.server.shapes.twaps import twap_row
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.twap import end_all

# -- how a TWAP ends -------------------------------------------------------------------------------


def test_a_slice_without_margin_ends_it_with_an_error() -> None:
    """Observed: a running TWAP dies with this description (exchange 5.1); placing asks for none."""
    m, _, _ = opened()
    poor = m.account("poor", usd="100")
    assert twap(poor, "buy 1.21 BTC", minutes=60) == 1
    m.advance(seconds=300)

    assert (rows(poor), len(slices(poor))) == ([(1, "activated"), (1, "error")], 3)
    assert last(poor).error == Reject(OrderReject.MARGIN, 0)
    assert twap_row(last(poor))["status"] == {
        "status": "error",
        "description": "Insufficient margin to place order.",
    }


def test_a_slice_without_a_balance_ends_it_with_an_error() -> None:
    """Assumed: as without margin."""
    m = market()
    m.account("maker", usd="1", HYPE="100").sells("100 @107 @ 40")
    alice = m.account("alice", spot_usdc="100")
    twap(alice, "buy 10 @107", minutes=5)
    m.advance(seconds=300)

    assert rows(alice) == [(1, "activated"), (1, "error")]
    description = twap_row(last(alice))["status"]["description"]
    assert (description, len(slices(alice))) == ("Insufficient spot balance", 2)


def test_a_spot_twap_buys_and_pays_its_fee_in_the_token() -> None:
    m = market()
    m.account("maker", usd="1", HYPE="100").sells("100 @107 @ 40")
    alice = m.account("alice", spot_usdc="1000")
    twap(alice, "buy 10 @107", minutes=5)
    m.advance(seconds=300)

    assert rows(alice) == [(1, "activated"), (1, "finished")]
    assert (len(slices(alice)), {fill.fee_token for fill in slices(alice)}) == (11, {"HYPE"})
    assert last(alice).executed_ntl == usd("400") * 100


def test_a_reduce_only_twap_closes_what_there_is_and_is_terminated() -> None:
    """Documented: terminated when there is nothing left to reduce (mechanics 4)."""
    m, _, alice = opened()
    alice.buys("0.03 BTC @ 50010")
    twap(alice, "sell 1.21 BTC", reduce_only=True)
    m.advance(seconds=60)
    assert (alice.szi("BTC"), rows(alice)) == (0, [(1, "activated")])

    m.advance(seconds=30)

    assert rows(alice) == [(1, "activated"), (1, "terminated")]
    assert [fill.sz for fill in slices(alice)] == [sz("0.01")] * 3


def test_a_reduce_only_slice_shrinks_to_the_position() -> None:
    """Observed: as any reduce-only order (mechanics 2.4)."""
    m, _, alice = opened()
    alice.buys("0.015 BTC @ 50010")
    twap(alice, "sell 1.21 BTC", reduce_only=True)
    alice.sells("0.001 BTC @ 49990")
    m.advance(seconds=30)

    assert [fill.sz for fill in slices(alice)] == [sz("0.01"), sz("0.004")]
    assert alice.szi("BTC") == 0


def test_all_twaps_of_an_account_end_together() -> None:
    """Assumed: whoever is liquidated has no TWAPs any more."""
    m, maker, alice = opened()
    twap(alice, "buy 0.2 BTC", stop="60000")
    twap(alice, "buy 0.2 BTC", above="60000")
    twap(maker, "buy 0.2 BTC")

    end_all(m.ex, alice.account)
    m.advance(seconds=60)

    assert rows(alice)[2:] == [(1, "terminated"), (2, "terminated")]
    assert (list(m.ex.state.twaps), len(m.market("BTC").twap_waits)) == ([3], 0)


# -- triggers and stops ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "options", "marks"),
    [
        ("buy", {"above": "50100"}, ["50099", "50100"]),
        ("buy", {"below": "49900"}, ["49901", "49800"]),
        ("sell", {"above": "50100"}, ["49000", "60000"]),
    ],
)
def test_a_trigger_waits_until_the_mark_reaches_it(
    side: str, options: dict[str, str], marks: list[str]
) -> None:
    """Documented: mechanics 4. Assumed: equality fires (contested 65)."""
    m, maker, alice = opened()
    twap(alice, f"{side} 1.21 BTC", **options)
    m.advance(hours=1)
    reprice(maker, "BTC", marks[0])
    assert rows(alice) == [(1, "waitingForTrigger")]
    m.advance(seconds=1)

    reprice(maker, "BTC", marks[1])

    assert rows(alice) == [(1, "waitingForTrigger"), (1, "activated")]
    assert alice.account.twaps[1].started_ms == m.ex.state.time_ms
    deep(m, f"100 BTC @ {marks[1]} {int(marks[1]) + 1}")
    m.advance(hours=1)
    assert rows(alice)[-1] == (1, "finished")
    assert slices(alice)[-1].time_ms == START_MS + 7201 * 1000


@pytest.mark.parametrize("options", [{"above": "50000"}, {"below": "50000"}, {"above": "49000"}])
def test_a_trigger_that_is_met_already_activates_at_once(options: dict[str, str]) -> None:
    """Assumed."""
    _, _, alice = opened()

    twap(alice, "buy 0.2 BTC", **options)

    assert (rows(alice), len(slices(alice))) == ([(1, "activated")], 1)


@pytest.mark.parametrize(
    ("stop", "marks"), [("50100", ["50099", "50100"]), ("49900", ["49901", "49000"])]
)
def test_a_stop_ends_it_when_the_mark_reaches_it(stop: str, marks: list[str]) -> None:
    """Documented: mechanics 4. Assumed: from the side on which the mark stood at the start."""
    m, maker, alice = opened()
    twap(alice, "buy 0.2 BTC", stop=stop)
    reprice(maker, "BTC", marks[0])
    assert rows(alice) == [(1, "activated")]

    reprice(maker, "BTC", marks[1])
    m.advance(hours=1)

    assert rows(alice) == [(1, "activated"), (1, "stopped")]
    assert len(m.market("BTC").twap_waits) == 0


def test_a_stop_is_watched_from_the_activation_on() -> None:
    """Assumed: a price that is passed while the TWAP waits does not end it."""
    _, maker, alice = opened()
    twap(alice, "buy 0.2 BTC", above="55000", stop="52000")
    for mark in ("53000", "51000", "55000"):
        reprice(maker, "BTC", mark)
    assert rows(alice) == [(1, "waitingForTrigger"), (1, "activated")]

    reprice(maker, "BTC", "52000")

    assert rows(alice)[-1] == (1, "stopped")


def test_a_stop_that_is_met_at_the_start_lets_no_slice_out() -> None:
    """Assumed."""
    m, _, alice = opened()

    assert twap(alice, "buy 0.2 BTC", stop="50000") == 1

    assert (rows(alice), slices(alice)) == ([(1, "activated"), (1, "stopped")], [])
    assert m.ex.state.twaps == {}


def test_a_waiting_twap_can_be_cancelled_and_wakes_no_more() -> None:
    _, maker, alice = opened()
    twap(alice, "buy 0.2 BTC", above="50100")
    cancel_twap(alice, "BTC", 1)

    reprice(maker, "BTC", "50200")

    assert rows(alice) == [(1, "waitingForTrigger"), (1, "terminated")]


def test_slices_of_a_moment_come_after_its_marks() -> None:
    """Assumed: oracle and marks first, then what they trigger, then TWAPs (contested 67)."""
    m, maker, alice = opened()
    twap(alice, "buy 0.2 BTC", stop="49800")
    m.advance(seconds=29)
    for order in list(maker.account.orders.values()):
        maker.cancel("BTC", order.oid)
    maker.buys("1 BTC @ 48000")
    maker.sells("1 BTC @ 48001")
    assert m.market("BTC").mark_px > px("49800")

    m.advance(seconds=1)

    assert m.market("BTC").mark_px < px("49800")
    assert (rows(alice)[-1], len(slices(alice))) == ((1, "stopped"), 1)
