"""What is counted in a stretch of calm equals what would have been done step by step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from types import FrameType

import dexing
import endangered
import pytest
import twaps
from stories import Story

from hlsim.sim.averages import PERIOD_MS
from hlsim.sim.events import Event, PricesChanged
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import DelistPerp
from hlsim.sim.rewind import Mark

STAGES: dict[str, Callable[[], Story]] = {
    "a dex": dexing.lived,
    "TWAPs that run": twaps.lived,
    "a position in danger": lambda: endangered.large_long()[0],
}


def copy(story: Story) -> Story:
    return Story(Exchange.restore(story.ex.snapshot()))


def goes(story: Story, milliseconds: int) -> None:
    story.ex.advance(story.ex.state.time_ms + milliseconds)


def steps(story: Story, milliseconds: int) -> None:
    """The same where every update of the marks and every sample of premiums is done."""
    state = story.ex.state
    while milliseconds > 0:
        state.calm.end(state)
        goes(story, min(milliseconds, PERIOD_MS))
        milliseconds -= PERIOD_MS


def told(story: Story) -> list[Event]:
    return [event for event in story.events() if isinstance(event, PricesChanged)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stage", STAGES)
def test_a_stretch_equals_its_steps(stage: str, seed: int) -> None:
    """Through hours with their funding, and with prices, orders, delistings, moments that are gone
    back to and copies at any time.
    """
    chance = Random(seed)
    story = STAGES[stage]()
    still, watched = copy(story), copy(story)
    coins = [perp.coin for perp in still.ex.state.universe.all_perps if not perp.is_delisted]

    for _ in range(12):
        milliseconds = chance.choice([2_999, 3_000, 30_000, 61_001, 600_000, 3_600_000])
        goes(still, milliseconds)
        steps(watched, milliseconds)
        if chance.random() < 0.5:
            coin = chance.choice(coins)
            oracle = still.market(coin).oracle_px * chance.randint(980, 1020) // 1000
            for each in (still, watched):
                each.oracle(coin, str(oracle / 10**8))
        if chance.random() < 0.3:
            size = chance.randint(1, 900)
            for each in (still, watched):
                each.account("passer").buys(f"{size} SOL @ 1")
        if len(coins) > 2 and chance.random() < 0.2:
            gone = coins.pop(chance.randrange(len(coins)))
            for each in (still, watched):
                each.ex.operate(DelistPerp(each.asset_id(gone)))
        assert told(still) == told(watched)
        if chance.random() < 0.3:
            mark = Mark(still.ex.state)
            goes(still, chance.choice([1, 10_000, 3_600_000]))
            told(still)
            mark.rewind()
        if chance.random() < 0.3:
            goes(still, 7_000)
            steps(watched, 7_000)
            assert told(still) == told(watched)
            still, watched = copy(still), copy(watched)
        assert still.ex.state_hash() == watched.ex.state_hash()


def test_a_day_ends_in_calm_as_it_does_step_by_step() -> None:
    """Deployed perps note the prices with which a day begins."""
    still, watched = copy(dexing.lived()), copy(dexing.lived())

    goes(still, 86_400_000)
    steps(watched, 86_400_000)

    assert still.ex.state_hash() == watched.ex.state_hash()
    gold = still.market("test:GOLD")
    assert gold.day_pxs[0] * 86_400_000 > still.ex.state.time_ms - 86_400_000


@pytest.mark.parametrize("stretch_ms", [10_000, 3_600_000])
def test_a_calm_hour_looks_at_its_markets_a_few_times(stretch_ms: int) -> None:
    """Also when somebody asks every ten seconds, and so moves time."""
    story = copy(dexing.lived())
    goes(story, 7_200_000)
    looks = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal looks
        looks += event == "call" and frame.f_code.co_name in ("_update_marks", "_sample")

    before = story.market("BTC").averages.held
    sys.setprofile(count)
    for _ in range(3_600_000 // stretch_ms):
        goes(story, stretch_ms)
        told(story)
    sys.setprofile(None)

    assert story.market("BTC").averages.held == before + 1200
    assert 0 < looks < 30
