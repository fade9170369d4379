"""What the judges of a scenario say of one run, or of several with different seeds."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence

from hlsim.matching.dataclass import dataclass
from hlsim.own_time.pythons import why_astray
from hlsim.scenario.bots import is_python
from hlsim.scenario.course import Course
from hlsim.scenario.judges import judge_of
from hlsim.scenario.runner import Run
from hlsim.scenarios.story import Named, Scenario

BOT_MUST_NOT_CRASH = Named("exit")
"""Asked of every bot whose scenario does not speak of its exit itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one judge says. `wrong`: None when he is content."""

    judge: str
    wrong: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one run."""

    scenario: Scenario
    seed: int
    findings: tuple[Finding, ...]
    course: Course
    state_hash: str = ""
    """Of the exchange at the end."""
    url: str = ""
    """Where it was."""

    @property
    def passed(self) -> bool:
        """True when every judge is content."""
        return not self.wrong

    @property
    def wrong(self) -> list[str]:
        """What the judges say who are not content, each behind its name."""
        return [f"{one.judge}: {one.wrong}" for one in self.findings if one.wrong is not None]

    def __repr__(self) -> str:
        """Short, for whoever shows objects: pytest shows 240 characters of one."""
        said = "passed" if self.passed else f"FAILED, {'; '.join(self.wrong)}"
        return f"<{self.scenario.name} seed {self.seed} {said}>"

    def __str__(self) -> str:
        """What the judges say and what happened, for people."""
        from hlsim.scenario.report import lines

        return "\n".join(lines(self))


def run(
    scenario: Scenario,
    bot: str | Sequence[str] | None = None,
    *,
    seed: int = 0,
    own_time: bool | None = None,
    journal: str | None = None,
    tell: Callable[[str], None] = print,
) -> Verdict:
    """Plays a scenario with a bot and judges it.

    `bot` is a command, in one line or in words; without one `tell` gets the address of the exchange
    and the run waits for the first request of whoever comes.

    own_time: whether the bot lives in exchange time, which moves when it waits: the same run every
        time, however fast the machine. None: where it can be, on Linux, for a bot that is started
        by the name of a Python interpreter and without its flags -I, -E and -S.
    journal: a file for the exchange's journal.

    Raises ValueError for a scenario that cannot be played and for a bot that cannot be started.
    """
    command = shlex.split(bot) if isinstance(bot, str) else bot
    if command is not None and not command:
        raise ValueError("the command of the bot is empty")
    astray = None if command is None else why_astray(command)
    if own_time is None:
        can_follow = command is not None and is_python(command) and astray is None
        own_time = can_follow and sys.platform == "linux"
    if own_time and command is None:
        raise ValueError("own time is for a bot that is started here")
    if own_time and astray is not None:
        raise ValueError(f"--own-time: {astray}")
    played = Run(scenario, command, seed, tell, own_time=own_time, journal=journal)
    course = played.play()
    findings = findings_of(scenario, course)
    return Verdict(scenario, seed, findings, course, played.state_hash, played.url)


def findings_of(scenario: Scenario, course: Course) -> tuple[Finding, ...]:
    """What the judges say of a course, those that every bot has among them."""
    expected = list(scenario.expect)
    if all(named.name != BOT_MUST_NOT_CRASH.name for named in expected):
        expected.append(BOT_MUST_NOT_CRASH)
    judges = [judge_of(named) for named in expected]
    return tuple(Finding(judge.text, judge.says(course)) for judge in judges)


def smallest_failure(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The failed run with the smallest seed."""
    failed = [verdict for verdict in verdicts if not verdict.passed]
    return min(failed, key=lambda verdict: verdict.seed, default=None)
