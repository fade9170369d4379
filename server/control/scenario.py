"""A scenario against the exchange that runs here, with whoever is its client as the bot."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..console import Console
from ..stage import ScenarioTold
from ..values import parse_address
from .registry import Asked, Json, control

LINES = 100
MOST_LINES = 10_000


class RunAsked(Asked):
    """Which scenario, and whose."""

    scenario: Annotated[
        str | dict[str, Json],
        msgspec.Meta(description="a name of the library, or what its file would say"),
    ]
    account: Annotated[
        str | None, msgspec.Meta(description="who is judged; left out: the scenario's own account")
    ] = None


@control("POST", "scenario/run")
def run(console: Console, asked: RunAsked) -> ScenarioTold:
    """Plays a scenario from now on: its faults, its actors, its timeline, in exchange time.

    No bot is started: whoever trades for the account is the bot. What the scenario says of the
    exchange has to be what this one was started with.
    """
    account = None if asked.account is None else parse_address(asked.account)
    console.stage.run(asked.scenario, account)
    return console.stage.told(LINES)


@control("POST", "scenario/stop")
def stop(console: Console) -> ScenarioTold:
    """Ends the scenario, lifts its faults, and answers the verdict.

    One that has ended stays as it is, so whoever stops it need not know whether its time was over.
    """
    console.stage.stop()
    return console.stage.told(LINES)


class StatusAsked(Asked):
    """How much to tell."""

    lines: Annotated[
        int, msgspec.Meta(ge=0, le=MOST_LINES, description="so many of the timeline's newest lines")
    ] = LINES


@control("GET", "scenario/status")
def status(console: Console, asked: StatusAsked) -> ScenarioTold:
    """Where the scenario stands: what has happened, and what the judges say so far."""
    return console.stage.told(asked.lines)
