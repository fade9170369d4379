"""Every reading of every contested point, as a client meets it that knows nothing of profiles."""

from __future__ import annotations

import pytest
import readings_accounts
import readings_books
import readings_engine
import readings_orders
import readings_sockets
from readings import STORIES, Story
from refusals import World

import hlsim
from hlsim.server.profile import POINTS, Point

FAMILIES = (readings_accounts, readings_books, readings_engine, readings_orders, readings_sockets)
"""Whose stories are in the table by being imported."""

CASES = [(story, reading) for story in STORIES.values() for reading in story.seen]


@pytest.mark.parametrize(
    ("story", "reading"), CASES, ids=[f"{story.point}={reading}" for story, reading in CASES]
)
def test_a_reading_is_what_a_client_sees(story: Story, reading: str) -> None:
    words: dict[str, object] = {"market": "empty", "clock": "manual", **story.start}
    profile = [*story.beside, f"{story.point}={reading}"]
    with hlsim.start(profile=profile, **words) as server:  # type: ignore[arg-type]
        assert story.tell(World(server)) == story.seen[reading]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_every_reading_has_a_test_that_tells_it_from_the_others(point: Point) -> None:
    """One story for all of them: only what the server does can make the difference."""
    seen = STORIES[point.name].seen
    numbers = [reading for reading in seen if reading not in point.readings]
    assert list(seen)[: len(point.readings)] == list(point.readings)
    assert all(point.fields(number) for number in numbers)
    assert bool(numbers) is (point.numbers is not None)
    told = [repr(found) for found in seen.values()]
    assert len(set(told)) == len(told) >= 2


def test_no_story_is_of_a_point_that_is_none() -> None:
    assert set(STORIES) == {point.name for point in POINTS}
