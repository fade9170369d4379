"""A price wakes what it reaches, nearest first, and touches nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hlsim.matching.triggers import Triggers


def test_a_price_wakes_what_it_reaches_and_leaves_the_rest() -> None:
    """Assumed: at equality it fires (contested 65)."""
    sleeping = Triggers[int]()
    for name, px, is_above in ((1, 110, True), (2, 105, True), (3, 95, False), (4, 90, False)):
        sleeping.add(name, px, is_above=is_above)

    assert sleeping.wake(100) == []
    assert sleeping.wake(105) == [2]
    assert sleeping.wake(105) == []
    assert sleeping.wake(94) == [3]
    assert len(sleeping) == 2
    assert sleeping.wake(90) == [4]
    assert sleeping.wake(1_000) == [1]
    assert len(sleeping) == 0


def test_a_gap_wakes_the_nearest_first_and_the_oldest_first_at_one_price() -> None:
    sleeping = Triggers[int]()
    for name, px in ((7, 104), (3, 102), (9, 102), (5, 103)):
        sleeping.add(name, px, is_above=True)
    for name, px in ((8, 96), (2, 98), (6, 98), (4, 97)):
        sleeping.add(name, px, is_above=False)

    assert sleeping.wake(200) == [3, 9, 5, 7]
    assert sleeping.wake(1) == [2, 6, 4, 8]


def test_what_was_removed_does_not_wake() -> None:
    sleeping = Triggers[str]()
    sleeping.add("a", 101, is_above=True)
    sleeping.add("b", 101, is_above=True)
    sleeping.remove("a", 101, is_above=True)

    with pytest.raises(KeyError):
        sleeping.remove("a", 101, is_above=True)
    with pytest.raises(KeyError):
        sleeping.remove("b", 101, is_above=False)
    assert sleeping.wake(101) == ["b"]


@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans())),
    st.lists(st.integers(1, 40)),
    st.sets(st.integers(0, 30)),
)
def test_it_agrees_with_looking_at_everything(
    rows: list[tuple[int, bool]], pxs: list[int], removed: set[int]
) -> None:
    sleeping = Triggers[int]()
    naive: dict[int, tuple[int, bool]] = {}
    for name, (px, is_above) in enumerate(rows):
        sleeping.add(name, px, is_above=is_above)
        naive[name] = (px, is_above)
    for name in removed & naive.keys():
        px, is_above = naive.pop(name)
        sleeping.remove(name, px, is_above=is_above)
    for px in pxs:
        reached = {
            name for name, (at, is_above) in naive.items() if (px >= at if is_above else px <= at)
        }
        assert set(sleeping.wake(px)) == reached
        for name in reached:
            del naive[name]
        assert len(sleeping) == len(naive)
