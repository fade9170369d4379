"""What a scenario names, coins and actors, and how far it goes: whether there is such a thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hlsim.scenario.acts import FAULT, REQUESTS, plan_of
from hlsim.scenario.conditions import Condition, OfPrice, condition_of
from hlsim.scenario.judges import judge_of
from hlsim.scenarios.story import Scenario, Senseless
from hlsim.server.control.clock import Advance, SetTime
from hlsim.server.slips import check_coin, nearest
from hlsim.server.values import parse_time
from hlsim.telling import span_told

if TYPE_CHECKING:
    from hlsim.sim.assets import Universe

LIST = "market/list"
ADVANCE, SET = "clock/advance", "clock/set"


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


def coins_to_come(scenario: Scenario) -> tuple[str, ...]:
    """The perps that its steps list."""
    steps = scenario.timeline
    return tuple(str(step.act.keys.get("coin")) for step in steps if step.act.name == LIST)


def check_coins(scenario: Scenario, universe: Universe) -> None:
    """Raises Senseless for a step, a fault or a condition about a coin that is neither listed nor
    listed by a step, or about a token that there is not: of what does not exist nobody ever has too
    much, and no fault strikes it.

    Pairs, perps of dexes and outcomes a bot may bring about itself.
    """
    later = coins_to_come(scenario)
    for coin, said, where in _coins(scenario):
        if _OF_CLIENTS.fullmatch(coin):
            continue
        try:
            check_coin(coin, universe, later)
        except ValueError as error:
            raise Senseless(f"{said}{error}", *where) from None
    tokens = [token.name for token in universe.tokens]
    for field, place, condition in _placed(scenario):
        token = getattr(condition.asked, "token", None)
        if token is not None and token not in tokens:
            hint = f"; nearest: {nearest(token, tokens)}" if tokens else ""
            raise Senseless(f"{condition.text}: no token {token!r}{hint}", field, place)


def check_ways(scenario: Scenario, now_ms: int) -> None:
    """Raises Senseless for a step that moves time to what is no time, or by more than the scenario
    lasts: nobody looks at what comes after, and years take minutes.
    """
    for place, step in enumerate(scenario.timeline):
        act = step.act
        if act.name not in (ADVANCE, SET):
            continue
        asked = REQUESTS[act.name].take(dict(act.keys))
        if isinstance(asked, Advance):
            way_ms = asked.way_ms
        else:
            assert isinstance(asked, SetTime)
            try:
                way_ms = parse_time(str(asked.time)) - now_ms
            except ValueError as error:
                raise Senseless(str(error), "timeline", place, act.name) from None
        if way_ms > scenario.lasts_ms:
            said = f"{span_told(way_ms)} are more than the {span_told(scenario.lasts_ms)} it lasts"
            raise Senseless(said, "timeline", place, act.name)


_OF_CLIENTS = re.compile(r"[@#][0-9]+|[^:/@#]+:[^:/@#]+")
"""Names of what clients may list, or an operator for them: @107, #10, dex:COIN."""


def _coins(scenario: Scenario) -> Iterator[tuple[str, str, tuple[str, int, str]]]:
    """Every coin that is named, what is said before it, and its field, place and key."""
    for place, fault in enumerate(scenario.faults):
        if fault.coin is not None:
            yield fault.coin, "", ("faults", place, "")
    for place, step in enumerate(scenario.timeline):
        act = step.act
        coin = plan_of(act.keys["plan"]).coin if act.name == FAULT else act.keys.get("coin")
        if isinstance(coin, str) and act.name != LIST:
            yield coin, "", ("timeline", place, act.name)
    for field, place, condition in _placed(scenario):
        coin = getattr(condition.asked, "coin", None)
        if coin is not None:
            yield coin, f"{condition.text}: ", (field, place, "")
