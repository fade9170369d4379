"""Bands: who is looked at when marks move, and what that costs."""

from __future__ import annotations

import cProfile
from collections.abc import Callable

import pytest
from endangered import btc_isolated, eth_long, eth_short, meets
from stories import Story, address, market, px, sz, usd

from hlsim.sim import danger, funding, margin
from hlsim.sim.fixed import Address, Szi, Usd
from hlsim.sim.operations import SetOracle
from hlsim.sim.state import Position
from hlsim.sim.watch import Band, BandRow

PEOPLE = 10_000


def band_of(m: Story, user: Address) -> Band:
    return m.ex.state.watch.bands[user][0]


def test_a_band_is_drawn_with_an_eighth_of_what_is_spare_kept_for_the_ledger() -> None:
    """Assumed: the shares; that bands are safe is shown by `test_liquidation_properties`."""
    m, alice, _ = eth_long()
    m.advance(seconds=3)

    # 500 - 40 are spare: 57.5 of them for the ledger, 402.499994 for a mark that falls from 2000.
    (row,) = band_of(m, alice.address).rows
    assert band_of(m, alice.address).least_usd == usd("-1500") - usd("57.5")
    assert row == BandRow(1, sz("1"), True, Usd(0), 159_750_000_621, True)  # type: ignore[arg-type]


def test_an_isolated_position_has_a_band_of_its_own() -> None:
    m, alice, _ = btc_isolated(False)
    m.advance(seconds=3)

    # 5000 - 1250 are spare. A short loses up to 1.0125 of what the mark gains, in its last tier
    # 1.025.
    (row,) = band_of(m, alice.address).rows
    assert band_of(m, alice.address).least_usd == 0
    assert (row.is_cross, row.least_usd) == (False, usd("105000") - usd("468.75"))
    assert px("103201.2") < row.px < px("103201.3")


@pytest.mark.parametrize("setup", [eth_long, eth_short])
def test_a_mark_inside_the_band_wakes_nobody_and_one_outside_draws_it_anew(
    setup: Callable[[], tuple[Story, object, object]],
) -> None:
    m, *_ = setup()
    m.advance(seconds=3)
    before = dict(m.ex.state.watch.bands)
    alice = address("alice")
    sign = 1 if before[alice][0].rows[0].szi > 0 else -1

    for price in (2_000 - sign * 300, 2_000 + sign * 10, 2_000 - sign * 380):
        m.oracle("ETH", str(price))
        assert all(m.ex.state.watch.bands[user] is band for user, band in before.items())
    m.oracle("ETH", str(2_000 - sign * 403))

    assert m.ex.state.watch.bands[alice] is not before[alice]
    assert all(m.ex.state.watch.bands[user] is before[user] for user in before if user != alice)


def test_orders_and_small_payments_draw_no_band_anew() -> None:
    m, alice, bob = eth_long()
    m.advance(seconds=3)
    before = dict(m.ex.state.watch.bands)

    alice.buys("0.01 BTC @ 1000")
    bob.sells("0.01 ETH @ 9000")
    m.advance(hours=2)

    assert len(alice.account.fundings) == 2
    assert m.ex.state.watch.bands == before
    assert m.ex.state.watch.stale == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda m, alice, bob: meets(m, alice, bob, "0.1 ETH @ 2000"),
        lambda m, alice, bob: meets(m, bob, alice, "0.5 ETH @ 2000"),
        lambda m, alice, bob: meets(m, alice, bob, "0.1 SOL @ 100"),
        lambda m, alice, bob: setattr(alice.account, "raw_usd", usd("-1558")),
    ],
)
def test_what_changes_a_band_is_seen_at_the_next_marks(change: Callable[..., None]) -> None:
    m, alice, bob = eth_long()
    m.advance(seconds=3)
    before = band_of(m, alice.address)

    change(m, alice, bob)
    m.ex.touch(alice.address)
    assert band_of(m, alice.address) is before
    m.advance(seconds=3)

    after = band_of(m, alice.address)
    assert after is not before
    assert [row.szi for row in after.rows] == [p.szi for p in alice.account.positions.values()]


def test_a_position_of_another_type_has_another_band_however_alike() -> None:
    m, _, bob = eth_long()
    alice = m.account("rich alice")
    meets(m, bob, alice, "0.1 ETH @ 2000")
    m.advance(seconds=3)
    assert band_of(m, alice.address).rows[0].is_cross

    meets(m, alice, bob, "0.1 ETH @ 2000")
    alice.leverage("ETH", 25, cross=False)
    meets(m, bob, alice, "0.1 ETH @ 2000")
    m.advance(seconds=3)

    assert not band_of(m, alice.address).rows[0].is_cross


def test_whoever_is_flat_again_is_forgotten() -> None:
    m, alice, bob = eth_long()
    m.advance(seconds=3)
    meets(m, bob, alice, "1 ETH @ 2000")
    m.advance(seconds=3)

    assert m.ex.state.watch.bands == {}
    assert [len(sleepers) for sleepers in m.ex.state.watch.sleepers.values()] == [0]


# -- what it costs ---------------------------------------------------------------------------------


def full_house() -> Story:
    """Ten thousand positions, half of them short, all of them at ten times leverage."""
    m = market()
    state = m.ex.state
    for number in range(PEOPLE):
        account = m.ex.open_account(address(f"trader {number}"))
        asset_id, sign = number // 2 % 3, 1 if number % 2 else -1
        szi = Szi(sign * usd("1000") * 10**10 // state.markets[asset_id].mark_px)
        account.positions[asset_id] = Position(szi, Usd(sign * usd("1000")), True)
        account.raw_usd = Usd(usd("100") - sign * usd("1000"))
        m.ex.touch(account.address)
    m.advance(seconds=3)
    assert len(state.watch.bands) == PEOPLE
    m.events()
    return m


def calls_of(work: Callable[[], None]) -> int:
    """How many functions `work` calls, ours and Python's: its cost on any machine, however busy."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(row.callcount for row in profile.getstats())


def test_ten_thousand_safe_positions_cost_a_move_of_all_marks_next_to_nothing() -> None:
    """A move of three marks calls some hundred functions: nothing scans what did not move."""
    m = full_house()
    before = dict(m.ex.state.watch.bands)
    prices = iter(range(1, 100))

    def move() -> None:
        step = next(prices)
        pxs = ((0, px(str(50_000 + step))), (1, px(str(2_000 + step))), (2, px(str(100 - step))))
        m.ex.operate(SetOracle(pxs))

    assert calls_of(move) < 1_000
    assert all(m.ex.state.watch.bands[user] is band for user, band in before.items())


def test_funding_of_ten_thousand_positions_is_cheap_and_wakes_nobody() -> None:
    """Some twenty calls a position, the look at who paid included."""
    m = full_house()
    before = dict(m.ex.state.watch.bands)

    def pay() -> None:
        funding.on_hour(m.ex)
        assert danger.waking(m.ex.state, {}) == []

    assert calls_of(pay) < 25 * len(m.ex.state.accounts)
    assert m.ex.state.watch.bands == before
    paid = m.ex.state.accounts[address("trader 1")].fundings
    assert len(paid) == 1
    assert margin.cross_value(m.ex.state, m.ex.state.accounts[address("trader 1")]) < usd("100")
