"""What the conditions of a scenario are about: coins, and actors that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from hlsim.scenario.conditions import Condition, OfPrice, condition_of
from hlsim.scenario.judges import judge_of
from hlsim.scenarios.story import Scenario, Senseless

LIST = "market/list"


def conditions_of(scenario: Scenario) -> Iterator[Condition]:
    """Every condition that it has."""
    return (condition for _, _, condition in _placed(scenario))


def _placed(scenario: Scenario) -> Iterator[tuple[str, int, Condition]]:
    """Every condition, with the field and the place where it stands."""
    for place, step in enumerate(scenario.timeline):
        if step.when is not None:
            yield "timeline", place, condition_of(step.when)
    for place, named in enumerate(scenario.expect):
        judge = judge_of(named)
        if judge.condition is not None:
            yield "expect", place, judge.condition


def coins_of(scenario: Scenario) -> tuple[str, ...]:
    """The coins whose prices decide something, each once."""
    asked = (condition.asked for condition in conditions_of(scenario))
    return tuple(dict.fromkeys(one.coin for one in asked if isinstance(one, OfPrice)))


def check_names(scenario: Scenario) -> None:
    """Raises Senseless for a condition about an actor that the scenario does not have."""
    known = [actor.name for actor in scenario.actors]
    for field, place, condition in _placed(scenario):
        name = getattr(condition.asked, "of", "")
        if name and name not in known:
            listed = ", ".join(known) or "none"
            said = f"{condition.text}: no actor {name!r}; known: {listed}"
            raise Senseless(said, field, place)


def check_coins(scenario: Scenario, listed: Collection[str]) -> None:
    """Raises ValueError for a condition about a perp that is neither listed nor listed by a step:
    of what does not exist nobody ever has too much.

    Names with a sign in them are others', which a bot may bring about itself.
    """
    later = {step.act.keys.get("coin") for step in scenario.timeline if step.act.name == LIST}
    for condition in conditions_of(scenario):
        coin = getattr(condition.asked, "coin", None)
        if coin is None or not coin.isalnum() or coin in listed or coin in later:
            continue
        near = get_close_matches(coin, listed, n=1, cutoff=0.0)
        hint = f"; nearest: {near[0]}" if near else ""
        raise ValueError(f"{condition.text}: no coin {coin!r} is listed{hint}")
