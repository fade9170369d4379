"""What the conditions of a scenario are about: coins whose prices they want, actors they name."""

from __future__ import annotations

from collections.abc import Iterator

from hlsim.scenario.conditions import Condition, OfPrice, condition_of
from hlsim.scenario.judges import judge_of
from hlsim.scenarios.story import Scenario


def conditions_of(scenario: Scenario) -> Iterator[Condition]:
    """Every condition that it has."""
    for step in scenario.timeline:
        if step.when is not None:
            yield condition_of(step.when)
    for named in scenario.expect:
        judge = judge_of(named)
        if judge.condition is not None:
            yield judge.condition


def coins_of(scenario: Scenario) -> tuple[str, ...]:
    """The coins whose prices decide something, each once."""
    asked = (condition.asked for condition in conditions_of(scenario))
    return tuple(dict.fromkeys(one.coin for one in asked if isinstance(one, OfPrice)))


def check_names(scenario: Scenario) -> None:
    """Raises ValueError for a condition about an actor that the scenario does not have."""
    known = [actor.name for actor in scenario.actors]
    for condition in conditions_of(scenario):
        name = getattr(condition.asked, "of", "")
        if name and name not in known:
            listed = ", ".join(known) or "none"
            raise ValueError(f"{condition.text}: no actor {name!r}; known: {listed}")
