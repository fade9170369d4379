"""What causes a cancel stands before it in `orderUpdates`, in the same frame (ws 4.2)."""

from __future__ import annotations

from typing import Any

import pytest
from stories import market
from streams import Stage
from test_topics import updates_of

from hlsim.matching.types import Tif
from hlsim.sim.actions.twap import TwapAsked, TwapOrder
from hlsim.sim.rules import Rules


def statuses_of(stage: Stage, *moves: Any) -> list[list[tuple[int, str]]]:
    """(oid, status) of every item of every frame of alice, a block for each move."""
    stage.commit()
    return [[row[:2] for row in frame] for frame in updates_of(stage, *moves)]


def long_stage(rules: Rules | None = None) -> Stage:
    """alice is long 0.1 BTC; bob bids 1 at 49000. The next oid is 4."""
    stage = Stage(market(rules=rules))
    stage.bob.sells("0.1 BTC @ 50000")
    stage.alice.buys("0.1 BTC @ 50000")
    stage.bob.buys("1 BTC @ 49000")
    return stage


@pytest.mark.parametrize("tif", [Tif.IOC, Tif.GTC])
def test_what_a_taker_closes_takes_its_exits_along(tif: Tif) -> None:
    """Observed: the same frame (mechanics 2.4). Inferred: the closing order first."""
    stage = long_stage()
    alice = stage.alice
    alice.sells("0.1 BTC @ 52000", reduce_only=True)
    alice.place(alice.trigger("0.1 BTC @ 42000", at="47000"))

    told = statuses_of(stage, lambda: alice.sells("0.1 BTC @ 49000", tif=tif))

    assert told == [
        [(6, "open"), (6, "filled"), (5, "reduceOnlyCanceled"), (4, "reduceOnlyCanceled")]
    ]


def test_a_taker_that_flips_and_rests_comes_first_too() -> None:
    stage = long_stage()
    alice = stage.alice
    alice.sells("0.1 BTC @ 52000", reduce_only=True)

    told = statuses_of(stage, lambda: alice.sells("2 BTC @ 49000"))

    assert told == [[(5, "open"), (4, "reduceOnlyCanceled")]]


def test_a_maker_that_closes_comes_before_its_other_exits() -> None:
    stage = long_stage()
    alice = stage.alice
    alice.sells("0.1 BTC @ 51000", reduce_only=True)
    alice.place(alice.trigger("0.1 BTC @ 42000", at="47000"))

    told = statuses_of(stage, lambda: stage.bob.buys("0.1 BTC @ 51000"))

    assert told == [[(4, "filled"), (5, "reduceOnlyCanceled")]]


def test_a_sibling_ends_behind_what_filled() -> None:
    """Of a trigger that fires, fills and closes: all in the order of their causes."""
    stage = long_stage()
    alice, bob = stage.alice, stage.bob
    bob.cancel("BTC", 3)
    for _ in range(2):
        alice.place(
            alice.trigger("0 BTC @ 42000", at="47000"),
            alice.trigger("0 BTC @ 48000", at="53000", tpsl="tp"),
            grouping="positionTpsl",
        )
    bob.buys("1 BTC @ 46000")

    told = statuses_of(stage, lambda: stage.story.oracle("BTC", "46900"))

    assert told == [
        [
            (4, "triggered"),
            (4, "filled"),
            (5, "siblingFilledCanceled"),
            (6, "reduceOnlyCanceled"),
            (7, "reduceOnlyCanceled"),
        ]
    ]


def test_a_slice_of_a_twap_comes_before_what_it_leaves_without_a_position() -> None:
    stage = long_stage()
    alice = stage.alice
    alice.sells("0.1 BTC @ 52000", reduce_only=True)
    asked: Any = TwapAsked(0, False, 10_000_000, True, 5, False)  # type: ignore[arg-type]
    alice.act(TwapOrder(asked))

    told = statuses_of(stage, lambda: stage.story.advance(seconds=300))

    statuses = [status for frame in told for _, status in frame]
    assert statuses[-2:] == ["filled", "reduceOnlyCanceled"]


def test_a_modify_tells_the_new_order_then_what_follows_from_it() -> None:
    """Observed: `open` of the new before `canceled` of the old (contested 23)."""
    stage = long_stage()
    alice = stage.alice
    stop = alice.place(alice.trigger("0.1 BTC @ 42000", at="47000")).oid
    exit_oid = alice.sells("0.1 BTC @ 52000", reduce_only=True).oid
    new = alice.new_order("0.1 BTC @ 49000", is_buy=False, tif=Tif.IOC)

    told = statuses_of(stage, lambda: alice.modify(exit_oid, new, always_place=True))

    assert told == [
        [(6, "open"), (6, "filled"), (stop, "reduceOnlyCanceled"), (exit_oid, "canceled")]
    ]


def test_a_profile_may_tell_the_old_order_of_a_modify_first() -> None:
    """Contested 23: the other reading."""
    stage = long_stage(rules=Rules(modify_updates="cancel_first"))
    alice = stage.alice
    old = alice.sells("0.1 BTC @ 52000").oid
    new = alice.new_order("0.1 BTC @ 53000", is_buy=False)

    told = statuses_of(stage, lambda: alice.modify(old, new))

    assert told == [[(old, "canceled"), (old + 1, "open")]]
