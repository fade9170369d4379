"""A scenario, as data: what kind of exchange, what happens to it, what a bot must make of it.

Names of steps, conditions and judges stand here as text; the tables that know them are above.
Times are of the exchange, in ms since the scenario began.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ..matching.dataclass import dataclass
from .faults import Fault

MOST_MS = 30 * 86_400_000
"""How long a scenario lasts at most."""

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = r"[0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h|d)"
"""How a time is written: `500ms`, `1.5s`, `2m`, `1h`, `1d`."""


@dataclass(frozen=True, slots=True)
class Named:
    """An entry of a table and what it is given: a control request, a condition, a judge."""

    name: str
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done while the scenario runs. Raises ValueError for what makes no sense.

    act: a control request (`market/move`), or `fault` with a plan as its key `plan`.
    at_ms, every_ms, when: when it is done, one of them; `when` is a condition, looked at after
        each block and each request, and the step is done when it comes to hold.
    after_ms: so long after the condition came to hold.
    times: how often at most; once, unless it is `every`.
    for_ms: a fault is lifted after so long.
    """

    act: Named
    at_ms: int | None = None
    every_ms: int | None = None
    when: Named | None = None
    after_ms: int | None = None
    times: int | None = None
    for_ms: int | None = None

    def __post_init__(self) -> None:
        given = [self.at_ms is not None, self.every_ms is not None, self.when is not None]
        if sum(given) != 1:
            raise ValueError("a step has one of at, every and when")
        if self.every_ms is not None and self.every_ms < 1:
            raise ValueError("every is more than 0 ms")
        if self.after_ms is not None and self.when is None:
            raise ValueError("only what waits for a condition is done some time after")
        if self.times is not None and (self.times < 1 or self.at_ms is not None):
            raise ValueError("times is 1 or more, of every or when")
        if self.for_ms is not None and self.act.name != "fault":
            raise ValueError("only a fault is lifted after a time")


class Senseless(ValueError):
    """A field of a scenario that makes no sense, `place` in a list of them, a key `below` that."""

    def __init__(self, said: str, field: str, place: int | None = None, below: str = "") -> None:
        super().__init__(said)
        self.field, self.place, self.below = field, place, below

    @property
    def path(self) -> str:
        """As a file has it: `timeline[0].market/move`."""
        return path_of(self.field, self.place, self.below)


def path_of(field: str, place: int | None = None, below: str = "") -> str:
    """Where something stands in a scenario: a field, a place in its list, a key below that."""
    listed = field if place is None else f"{field}[{place}]"
    return f"{listed}.{below}" if below else listed


@dataclass(frozen=True, slots=True)
class Written:
    """Where a scenario is written: a file, and the line of each part by its path."""

    file: str
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario. Raises Senseless for what makes no sense.

    exchange: what `hlsim.start` takes, but for clock, seed and address.
    account: which of the funded accounts is the bot's.
    lasts_ms: how long, unless it is stopped before.
    step_ms: how far time goes at a go.
    speed: exchange seconds in a real one, while the bot runs.
    actors: who else trades: their names, and what `actor/open` takes of each.
    expect: judges, all of whom must be content.
    written: the file that it was read from, if it was.
    """

    name: str
    title: str
    lasts_ms: int
    expect: tuple[Named, ...]
    teaches: str = ""
    source: str = ""
    exchange: Mapping[str, Any] = field(default_factory=dict)
    account: int = 0
    step_ms: int = 50
    speed: float = 1
    actors: tuple[Named, ...] = ()
    timeline: tuple[Step, ...] = ()
    faults: tuple[Fault, ...] = ()
    written: Written | None = field(default=None, compare=False, repr=False)

    def told(self, path: str, said: str) -> str:
        """What is said of a part of it, behind its path, and file and line if it was read."""
        if self.written is None:
            return f"{path}: {said}"
        return f"{self.written.file}:{self.written.lines.get(path, 1)}: {path}: {said}"

    def account_among(self, funded: int) -> int:
        """Which of so many funded accounts is the bot's. Raises ValueError for one beyond them."""
        if self.account >= funded:
            said = f"account {self.account} is not among the funded ones: {funded} from 0 on"
            raise ValueError(self.told("account", said))
        return self.account

    def __post_init__(self) -> None:
        if not 0 < self.step_ms <= self.lasts_ms <= MOST_MS:
            said = f"a scenario lasts at least one step and at most {MOST_MS} ms"
            raise Senseless(said, "lasts_ms")
        if not 0 < self.speed <= 1_000:
            raise Senseless("speed is above 0 and at most 1000", "speed")
        if not self.expect:
            raise Senseless("a scenario without expectations judges nothing", "expect")
        if self.account < 0:
            raise Senseless("accounts count from 0", "account")
        for place, step in enumerate(self.timeline):
            first_ms = step.every_ms if step.at_ms is None else step.at_ms
            if first_ms is not None and first_ms > self.lasts_ms:
                said = f"never done: that is after {first_ms} ms, and it lasts {self.lasts_ms} ms"
                raise Senseless(said, "timeline", place)
