"""modify, batchModify and the dead man's switch: what changes orders that already rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories import START_MS, Story, Trader, market, sz

from hlsim.matching.types import Tif
from hlsim.sim.actions.cancels import ScheduleCancel
from hlsim.sim.actions.orders import BatchModify, Modification
from hlsim.sim.errors import ActionReject, OrderReject, Reject
from hlsim.sim.replies import Done, OrderReplies, Refused, Resting

HOUR_MS = 3_600_000


def two(**options: str) -> tuple[Story, Trader, Trader]:
    m = market()
    return m, m.account("alice", **options), m.account("bob", **options)


def refusal(response: object) -> object:
    assert isinstance(response, Refused), response
    return response.error.why


# -- modifying -------------------------------------------------------------------------------------


def test_modify_is_cancel_replace_with_a_new_oid() -> None:
    """Observed: new oid, back of the queue, `open` then `canceled` (mechanics 5, contested 23)."""
    m, alice, bob = two()
    cloid = "0x" + "07" * 16
    old = alice.buys("0.1 BTC @ 49000", cloid=cloid)
    bob.buys("0.1 BTC @ 49000")
    m.events()

    response = alice.modify(old.oid, alice.new_order("0.2 BTC @ 49000", is_buy=True, cloid=cloid))

    assert response == Done()
    assert m.updates() == [(3, "open"), (1, "canceled")]
    book = m.market("BTC").book
    assert [order.oid for order in book.orders(alice.account.orders[3].side)] == [2, 3]
    assert alice.account.open_cloids == {cloid: 3}


def test_a_modify_without_always_place_becomes_post_only() -> None:
    """Documented: a Gtc that crosses nothing is overridden to Alo (mechanics 5, contested 13)."""
    _, alice, _ = two()
    old = alice.buys("0.1 BTC @ 49000")

    alice.modify(old.oid, alice.new_order("0.1 BTC @ 49500", is_buy=True))

    assert alice.account.orders[2].tif is Tif.ALO


@pytest.mark.parametrize(
    ("terms", "options"),
    [
        ("0.1 BTC @ 49000", {"is_buy": True, "tif": Tif.IOC}),
        ("0.1 BTC @ 51000", {"is_buy": False}),
        ("0.1 ETH @ 1900", {"is_buy": True}),
        ("0.1 BTC @ 50500", {"is_buy": True}),
    ],
)
def test_a_modify_to_an_order_that_is_not_allowed_leaves_the_old_one(
    terms: str, options: dict[str, object]
) -> None:
    """Observed: `Attempted to modify to invalid new order` (exchange 5.1)."""
    _, alice, bob = two()
    bob.sells("1 BTC @ 50500")
    old = alice.buys("0.1 BTC @ 49000")
    new = alice.new_order(terms, **options)  # type: ignore[arg-type]

    assert refusal(alice.modify(old.oid, new)) is ActionReject.MODIFY_INVALID
    assert list(alice.account.orders) == [old.oid]


def test_a_modify_of_an_order_that_is_gone_is_refused() -> None:
    """Observed: no period, no oid used (mechanics 5)."""
    m, alice, _ = two()
    old = alice.buys("0.1 BTC @ 49000")
    alice.cancel("BTC", old.oid)
    before = m.ex.state.next_oid

    response = alice.modify(old.oid, alice.new_order("0.1 BTC @ 49000", is_buy=True))

    assert refusal(response) is ActionReject.MODIFY_NOT_OPEN
    assert m.ex.state.next_oid == before


def test_a_modify_whose_new_order_fails_has_lost_the_old_one() -> None:
    """Observed: `Error placing new order during modify: …` (mechanics 5)."""
    _, alice, _ = two(usd="1000")
    old = alice.buys("0.1 BTC @ 49000")

    response = alice.modify(old.oid, alice.new_order("100 BTC @ 49000", is_buy=True))

    assert isinstance(response, Refused)
    assert response.error.why is ActionReject.MODIFY_PLACING
    assert response.error.params["reason"] == Reject(OrderReject.MARGIN, 0)
    assert not alice.account.orders


def test_a_modify_outside_the_band_keeps_the_old_order() -> None:
    """Observed: the band error leaves the old order resting (mechanics 5)."""
    _, alice, _ = two()
    old = alice.buys("0.1 BTC @ 49000")

    response = alice.modify(old.oid, alice.new_order("0.1 BTC @ 10", is_buy=True))

    assert refusal(response) is OrderReject.PRICE_BAND
    assert list(alice.account.orders) == [old.oid]


def test_always_place_places_whatever_became_of_the_old_one() -> None:
    """Documented: `a` true (mechanics 5)."""
    _, alice, bob = two()
    bob.sells("0.1 BTC @ 50000")

    response = alice.modify(
        77, alice.new_order("0.1 BTC @ 50000", is_buy=True, tif=Tif.IOC), always_place=True
    )

    assert response == Done()
    assert alice.szi("BTC") == sz("0.1")


def test_a_batch_modify_answers_one_status_each() -> None:
    """Documented: response type order (exchange 5.1)."""
    _, alice, _ = two()
    old = alice.buys("0.1 BTC @ 49000")
    entries = (
        Modification(old.oid, alice.new_order("0.1 BTC @ 48000", is_buy=True)),
        Modification(999, alice.new_order("0.1 BTC @ 48000", is_buy=True)),  # type: ignore[arg-type]
    )

    response = alice.act(BatchModify(entries))

    assert response == OrderReplies((Resting(2, None), Reject(ActionReject.MODIFY_NOT_OPEN, 0)))


def test_a_cloid_that_a_modify_keeps_names_the_new_order() -> None:
    """The `canceled` of the old order comes last (contested 23) and must not win the cloid back."""
    _, alice, _ = two()
    cloid = "0x" + "07" * 16
    old = alice.buys("0.1 BTC @ 49000", cloid=cloid)

    alice.modify(cloid, alice.new_order("0.2 BTC @ 49000", is_buy=True, cloid=cloid))

    found = alice.account.history.find(cloid)  # type: ignore[arg-type]
    assert found is not None
    assert (found.order.oid, found.status) == (old.oid + 1, "open")


def test_an_unlisted_asset_refuses_a_batch_modify_before_any_of_it_happens() -> None:
    """A request that is refused as a whole changes nothing (exchange 7.2)."""
    m, alice, _ = two()
    old = alice.buys("0.1 BTC @ 49000")
    good = alice.new_order("0.1 BTC @ 48000", is_buy=True)
    entries = (Modification(old.oid, good), Modification(old.oid, replace(good, asset=99)))  # type: ignore[arg-type]

    assert refusal(alice.act(BatchModify(entries))) is ActionReject.INVALID_PERP
    assert list(alice.account.orders) == [old.oid]
    assert m.ex.state.next_oid == old.oid + 1


# -- the dead man's switch -------------------------------------------------------------------------


def veteran() -> tuple[Story, Trader]:
    m = market()
    alice = m.account("alice")
    alice.account.volume.total_usd = 1_000_000 * 10**8
    return m, alice


def test_the_switch_needs_volume() -> None:
    """Observed: `Traded: $12066.75.` with two decimals, `$0` for nothing (exchange 5.1)."""
    m = market()
    alice = m.account("alice")

    response = alice.act(ScheduleCancel(None))
    assert isinstance(response, Refused)
    assert response.error.params == {"traded": "$0"}
    alice.account.volume.total_usd = 1_206_675_000_000
    response = alice.act(ScheduleCancel(START_MS + 60_000))  # type: ignore[arg-type]
    assert isinstance(response, Refused)
    assert response.error.params == {"traded": "$12066.75"}


def test_the_switch_fires_at_its_time() -> None:
    """Documented: all open orders, status `scheduledCancel` (mechanics 5)."""
    m, alice = veteran()
    alice.buys("0.1 BTC @ 49000")
    alice.buys("1 ETH @ 1900")
    assert alice.act(ScheduleCancel(START_MS + 5_000)) == Done()  # type: ignore[arg-type]
    m.advance(ms=4_999)
    assert len(alice.account.orders) == 2

    m.advance(ms=1)

    assert not alice.account.orders
    assert [status for _, status, _ in alice.statuses()[-2:]] == ["scheduledCancel"] * 2


def test_the_switch_counts_from_the_clients_clock() -> None:
    """A bot under a manual clock stamps with its own time, as it does its nonces."""
    m, alice = veteran()
    alice.buys("0.1 BTC @ 49000")
    its_now = START_MS + 40 * 86_400_000
    action = ScheduleCancel(its_now + 5_000)  # type: ignore[arg-type]
    assert alice.act(action, nonce=its_now, nonce_clock_ms=its_now) == Done()
    m.advance(ms=4_999)
    assert alice.account.orders

    m.advance(ms=1)

    assert not alice.account.orders


def test_the_switch_can_be_moved_and_cleared() -> None:
    m, alice = veteran()
    alice.buys("0.1 BTC @ 49000")
    alice.act(ScheduleCancel(START_MS + 5_000))  # type: ignore[arg-type]
    alice.act(ScheduleCancel(START_MS + 10_000))  # type: ignore[arg-type]
    m.advance(ms=6_000)
    assert alice.account.orders
    alice.act(ScheduleCancel(None))

    m.advance(ms=10_000)

    assert alice.account.orders


def test_a_switch_that_is_moved_again_and_again_has_one_timer() -> None:
    m, alice = veteran()
    before = len(m.ex.state.timers.heap)

    for ahead_ms in range(5_000, 6_000):
        assert alice.act(ScheduleCancel(2**63 - ahead_ms)) == Done()  # type: ignore[arg-type]
    assert len(m.ex.state.timers.heap) == before + 1

    alice.act(ScheduleCancel(None))
    assert len(m.ex.state.timers.heap) == before


def test_the_switch_refuses_a_time_that_is_too_near() -> None:
    _, alice = veteran()

    response = alice.act(ScheduleCancel(START_MS + 4_999))  # type: ignore[arg-type]

    assert refusal(response) is ActionReject.SCHEDULE_TOO_EARLY


def test_the_switch_fires_ten_times_a_day() -> None:
    """Documented: ten triggers, reset at midnight UTC (mechanics 5)."""
    m, alice = veteran()
    for _ in range(10):
        assert alice.act(ScheduleCancel(m.ex.state.time_ms + 5_000)) == Done()  # type: ignore[arg-type]
        m.advance(seconds=6)

    eleventh = ScheduleCancel(m.ex.state.time_ms + 5_000)  # type: ignore[arg-type]
    assert refusal(alice.act(eleventh)) is ActionReject.SCHEDULE_TRIGGERS
    m.advance(hours=24)
    assert alice.act(ScheduleCancel(m.ex.state.time_ms + 5_000)) == Done()  # type: ignore[arg-type]
