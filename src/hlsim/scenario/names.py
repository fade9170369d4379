"""What the conditions of a scenario are about: coins, and actors that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from hlsim.config import nearest
from hlsim.scenario.conditions import Condition, OfPrice, condition_of
from hlsim.scenario.judges import judge_of
from hlsim.scenarios.story import Scenario, Senseless

if TYPE_CHECKING:
    from hlsim.sim.assets import Universe

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


def check_coins(scenario: Scenario, universe: Universe) -> None:
    """Raises ValueError for a condition about a perp that is neither listed nor listed by a step,
    or about a token that there is not: of what does not exist nobody ever has too much.

    Coins with a sign in their names are others', which a bot may bring about itself.
    """
    later = [step.act.keys.get("coin") for step in scenario.timeline if step.act.name == LIST]
    tokens = [token.name for token in universe.tokens]
    for condition in conditions_of(scenario):
        coin = getattr(condition.asked, "coin", None)
        if coin is not None and coin.isalnum() and coin not in later:
            _check(condition, "coin", coin, universe.by_coin)
        token = getattr(condition.asked, "token", None)
        if token is not None:
            _check(condition, "token", token, tokens)


def _check(condition: Condition, noun: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        hint = f"; nearest: {nearest(name, known)}" if known else ""
        raise ValueError(f"{condition.text}: no {noun} {name!r} is listed{hint}")
