"""Histories are bounded, and what is still open is never forgotten."""

from __future__ import annotations

import pytest
from stories import address, market, sz

from hlsim.sim.history import ROWS_KEPT
from hlsim.sim.operations import KeepHistory
from hlsim.sim.volume import DayVolume


def test_two_thousand_status_rows_are_kept() -> None:
    """Observed: `historicalOrders` answers at most 2000 rows (info 2.6)."""
    m = market()
    alice = m.account("alice")
    first = alice.buys("0.1 BTC @ 40000")
    for _ in range(ROWS_KEPT):
        oid = alice.buys("0.1 BTC @ 49000").oid
        alice.cancel("BTC", oid)

    history = alice.account.history
    assert len(history.rows) == ROWS_KEPT
    assert len(history.by_oid) == ROWS_KEPT // 2 + 1
    found = history.find(first.oid)
    assert found is not None
    assert (found.status, found.sz) == ("open", sz("0.1"))
    assert history.find(2) is None

    alice.cancel("BTC", first.oid)
    found = history.find(first.oid)
    assert found is not None
    assert found.status == "canceled"


def test_a_cloid_finds_the_newest_order_that_carried_it() -> None:
    """Assumed: a reused cloid names the newest order (info 6.3, contested 42)."""
    m = market()
    alice = m.account("alice")
    cloid = "0x" + "05" * 16
    first = alice.buys("0.1 BTC @ 40000", cloid=cloid)
    alice.cancel("BTC", first.oid)
    second = alice.buys("0.1 BTC @ 41000", cloid=cloid)

    found = alice.account.history.find(cloid)  # type: ignore[arg-type]

    assert found is not None
    assert found.order.oid == second.oid


def test_an_account_can_be_told_to_keep_less() -> None:
    """Accounts that trade for days and are never asked must not fill the memory."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    bob.sells("0.1 BTC @ 50000")
    for _ in range(10):
        alice.buys("0.001 BTC @ 50000")
    m.ex.operate(KeepHistory(alice.address, 3))
    alice.buys("0.001 BTC @ 50000")

    account = alice.account
    assert len(account.fills) == len(account.history.rows) == 3
    assert len(account.history.by_oid) == 2
    assert len(bob.account.fills) == 11
    with pytest.raises(ValueError, match="at least one row"):
        m.ex.operate(KeepHistory(address("alice"), 0))


def test_volume_keeps_a_day_of_hours_and_sixteen_days() -> None:
    """Documented: rolling 24 hours; about 15 days in `userFees` (info 4.3, 7.3)."""
    volume = DayVolume()
    hour = 3_600_000
    for number in range(24 * 30):
        volume.add(number * hour, 100, 1, is_taker=number % 2 == 0)

    assert volume.total_usd == 24 * 30 * 100
    assert len(volume.hours) == 25
    assert len(volume.days) == 16
    assert volume.last_day((24 * 30 - 1) * hour) == (2400, 24)
    assert volume.days[29] == (1200, 1200)
