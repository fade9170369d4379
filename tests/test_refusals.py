"""Every refusal that the code knows is earned over the wire, with its exact text (exchange 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import refusals_caps
import refusals_dexes
import refusals_envelope
import refusals_houses
import refusals_markets
import refusals_money
import refusals_orders
import refusals_owners
import refusals_stakes
import refusals_triggers
import refusals_twaps
from refusals import CASES, Case, World
from wire import level_of, refusal_of

import hlsim
from hlsim.sim.errors import ActionReject, CancelReject, OrderReject, TwapReject

FAMILIES = (
    refusals_caps,
    refusals_dexes,
    refusals_envelope,
    refusals_houses,
    refusals_markets,
    refusals_money,
    refusals_orders,
    refusals_owners,
    refusals_stakes,
    refusals_triggers,
    refusals_twaps,
)
"""Whose cases are in the table by being imported."""

ENUMS = (OrderReject, CancelReject, ActionReject, TwapReject)


@pytest.fixture(scope="module")
def fresh() -> Iterator[tuple[World, int]]:
    with hlsim.start(market="empty", clock="manual", chain="testnet") as server:
        yield World(server), server.snapshot()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.member.name.lower())
def test_a_refusal_has_its_words(fresh: tuple[World, int], case: Case) -> None:
    world, start = fresh
    world.server.restore(start)
    if case.rules:
        world.rule(**case.rules)

    reply = case.earn(world)
    text = refusal_of(reply)

    expected = case.text
    assert (
        text[: len(expected) - 1] + "…" == expected if expected.endswith("…") else text == expected
    )
    assert level_of(reply) == case.level


def test_no_refusal_is_missing() -> None:
    known = {member for enum in ENUMS for member in enum}

    assert known - {case.member for case in CASES} == set()


@pytest.mark.parametrize("enum", ENUMS)
def test_no_refusal_is_another_name_of_one(enum: type[OrderReject]) -> None:
    """Python makes members of equal values one, and a table of members would miss the second."""
    assert list(enum.__members__) == [member.name for member in enum]
