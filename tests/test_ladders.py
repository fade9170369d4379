"""Ladders: steps, sizes and rungs that keep every rule, and what changes when one moves."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hlsim.matching.types import Side, Tif
from hlsim.scenarios.ladder import rungs, size_for, step_fits, step_for
from hlsim.scenarios.makers import LEVELS, Ladder
from hlsim.scenarios.profiles import profile_of
from hlsim.scenarios.worlds import load_world
from hlsim.sim.assets import Universe, on_lot
from hlsim.sim.fixed import Address, Px, Sz
from hlsim.sim.orders import Order

START_MS = 1_767_225_600_000
TEN_USD = 10 * 10**16


@cache
def mainnet() -> Universe:
    return load_world("mainnet")


@pytest.mark.parametrize(
    ("coin", "px", "spacing", "step"),
    [
        ("BTC", 66_383 * 10**8, 15, 10**8),  # one tick
        ("BTC", 66_383 * 10**8, 500, 33 * 10**8),
        ("BTC", 9_900 * 10**8, 15, 10**8),  # 3 % up five figures end, integers go on
        ("ETH", 1_920 * 10**8, 50, 10**7),
        ("HMSTR", 17_100, 450, 100),  # a tick is 58 bp
    ],
)
def test_the_step_is_the_multiple_of_the_tick_nearest_to_the_spacing(
    coin: str, px: int, spacing: int, step: int
) -> None:
    """Evidence: mechanics 1.1 (effective tick)."""
    asset = mainnet().by_coin[coin]

    assert step_for(asset, px, spacing) == step
    assert step_fits(asset, px, spacing, step)
    assert not step_fits(asset, px, spacing, step * 5)


def test_sizes_are_whole_lots_worth_at_least_eleven_dollars() -> None:
    """Evidence: mechanics 2.5 and 12 (lots)."""
    for asset in mainnet().by_id.values():
        for usd in (1, 300, 60_000):
            sz = size_for(asset, asset.start_px, usd)
            assert on_lot(asset, sz)
            assert asset.start_px * sz >= TEN_USD * 11 // 10


def test_rungs_never_reach_zero() -> None:
    """Evidence: none."""
    bids, asks = rungs(3, 100, 5)

    assert list(bids) == [Px(300), Px(200), Px(100)]
    assert list(asks) == [Px(400), Px(500), Px(600), Px(700), Px(800)]


def resting(oid: int, side: Side, px: Px) -> Order:
    return Order(
        oid, Address("0x"), side, px, Sz(1), 1, "ETH", Sz(1), Tif.ALO, False, None, START_MS
    )


@given(
    shifts=st.lists(st.integers(-LEVELS - 2, LEVELS + 2), max_size=8),
    center=st.integers(5, 200),
    lost=st.sets(st.integers(0, 2 * LEVELS)),
)
def test_a_whole_ladder_moves_to_where_one_that_is_looked_through_does(
    shifts: list[int], center: int, lost: set[int]
) -> None:
    perp = mainnet().perps[1]
    ladder = Ladder(perp, profile_of(mainnet(), perp), step=10**8, center=center)
    mine: dict[int, Order] = {}
    for number, shift in enumerate([0, *shifts]):
        ladder.center = max(1, ladder.center + shift)
        knowing_nothing = replace(ladder, stood=0, stood_step=0)
        cancels, missing = ladder.sort(mine)

        assert (cancels, missing) == knowing_nothing.sort(mine)

        for one in cancels:
            del mine[one.oid]
        for place, side, px in missing:
            oid = 100 * number + place + (50 if side is Side.ASK else 0)
            if number or oid not in lost:
                mine[oid] = resting(oid, side, px)
        bids, asks = rungs(ladder.center, ladder.step, LEVELS)
        if not lost:
            assert {order.px for order in mine.values()} == {*bids, *asks}
