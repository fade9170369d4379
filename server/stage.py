"""A scenario on the server that runs here, as the control plane sees it. Who plays it is above."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec


class FindingTold(msgspec.Struct):
    """What one judge says so far. `wrong`: null when he is content."""

    judge: str
    wrong: str | None


class HappeningTold(msgspec.Struct):
    """A line of the timeline, `ms` after the beginning."""

    ms: int
    who: str
    text: str


class ScenarioTold(msgspec.Struct, kw_only=True):
    """Where a scenario stands."""

    state: str
    """none, runs, over: its time is; stopped, broke."""
    name: str | None = None
    account: str | None = None
    """Whose doings are judged."""
    why: str | None = None
    """Why it broke."""
    ms: int = 0
    """Exchange time since its beginning."""
    lasts_ms: int = 0
    passed: bool = False
    """Whether every judge is content, so far or for good."""
    findings: list[FindingTold] = []
    happenings: list[HappeningTold] = []
    """The newest lines of the timeline, oldest first."""


class Stage(Protocol):
    """Where one scenario at a time is played. To be used in the server's event loop."""

    def run(self, which: str | dict[str, Any], account: str | None = None) -> None:
        """Begins a scenario, by its name or as the content of its file. Raises ValueError."""
        ...

    def stop(self) -> None:
        """Ends it, unless it has ended. Raises ValueError when there was none."""
        ...

    def told(self, lines: int) -> ScenarioTold:
        """Where it stands, with so many lines of the timeline."""
        ...

    def verdict(self) -> Any:
        """What the judges say so far, as whoever plays it has it. Raises ValueError."""
        ...
