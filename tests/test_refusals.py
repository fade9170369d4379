"""Every refusal that the code knows is earned over the wire, with its exact text (exchange 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import refusals_envelope
import refusals_limits
import refusals_markets
import refusals_money
import refusals_orders
from refusals import CASES, Case, World
from wire import refusal_of

import hlsim
from hlsim.sim.errors import ActionReject, CancelReject, OrderReject

FAMILIES = (
    refusals_envelope,
    refusals_limits,
    refusals_markets,
    refusals_money,
    refusals_orders,
)
"""Whose cases are in the table by being imported."""


@pytest.fixture(scope="module")
def fresh() -> Iterator[tuple[World, bytes]]:
    with hlsim.start(market="empty", clock="manual", chain="testnet") as server:
        yield World(server), server.snapshot()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.member.name.lower())
def test_a_refusal_has_its_words(fresh: tuple[World, bytes], case: Case) -> None:
    world, start = fresh
    world.server.restore(start)

    text = refusal_of(case.earn(world))

    expected = case.text
    assert (
        text[: len(expected) - 1] + "…" == expected if expected.endswith("…") else text == expected
    )


def test_no_refusal_is_missing() -> None:
    known = {*OrderReject, *CancelReject, *ActionReject}

    assert known == {case.member for case in CASES}
