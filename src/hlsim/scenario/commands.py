"""`hlsim scenario list|show|run|schema`."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from pathlib import Path

from hlsim.config import Refused
from hlsim.coverage import columns
from hlsim.own_time.kin import adopt
from hlsim.own_time.run import leave_on
from hlsim.scenario import report as report_lines
from hlsim.scenario.repeating import Repeated
from hlsim.scenario.schema import text as schema_text
from hlsim.scenario.shelf import about, load, shipped, text_of
from hlsim.scenario.verdict import Verdict, run
from hlsim.scenarios.story import Scenario

FAILED = 1
MOST_SEEDS = 1_000


def list_() -> None:
    """Prints every scenario of the library."""
    rows = [("scenario", "lasts", "title")]
    for name, scenario in shipped().items():
        rows.append((name, f"{scenario.lasts_ms / 1000:g} s", scenario.title))
    for line in columns(rows):
        print(line)


def show(name: str) -> None:
    """Prints the file of a scenario."""
    _load(name)
    print(text_of(name), end="")


def print_schema() -> None:
    """Prints the JSON Schema of scenario files."""
    print(schema_text(), end="")


def seeds_of(text: str) -> list[int]:
    """The seeds of `7`, `1..20` or `1,5,9..12`, smallest first. Raises Refused."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,18})(?:\.\.([0-9]{1,18}))?", part.strip())
        if match is None:
            raise Refused(f"--seeds: {text!r} is not N, N..M or several of them with commas")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= MOST_SEEDS:
            raise Refused(f"--seeds: {part} is no range of at most {MOST_SEEDS} seeds")
        found.update(range(first, last + 1))
    return sorted(found)


def run_(
    name: str,
    bot: str | None,
    seeds: str,
    repeat: int,
    own_time: bool | None,
    junit: str | None,
    report: str | None,
) -> int:
    """Plays a scenario for each seed, `repeat` times, and tells how it went. Returns the exit code.

    What is told of a seed is told of its first run, and of one among several that passes one line.
    """
    scenario = _load(name)
    # A verdict that cannot be written is lost: tell before it takes minutes.
    for flag, path in (("--junit", junit), ("--report", report)):
        _write(flag, path, "")
    # Whoever ends us ends the bot, and has no verdict: 0 would be one.
    leave_on(signal.SIGINT, signal.SIGTERM)
    adopt()
    verdicts: list[Verdict] = []
    is_alike = True

    asked = seeds_of(seeds)
    for seed in asked:

        def play(journal: str | None, seed: int = seed) -> Verdict:
            try:
                return run(scenario, bot, seed=seed, own_time=own_time, journal=journal, tell=_tell)
            except ValueError as error:
                raise Refused(about(name, error)) from None

        repeated = Repeated(repeat, play) if repeat > 1 else None
        verdicts.append(play(None) if repeated is None else repeated.first)
        is_fine = verdicts[-1].passed and (repeated is None or repeated.is_alike)
        told = report_lines.headline if is_fine and len(asked) > 1 else str
        _tell(told(verdicts[-1]))
        if repeated is not None:
            _tell(repeated.text)
            is_alike = is_alike and repeated.is_alike
    again = _command(name, bot, own_time)
    for line in report_lines.summary(verdicts, again):
        print(line)
    _write("--junit", junit, report_lines.junit(verdicts))
    _write("--report", report, report_lines.page(verdicts, again))
    sys.stdout.flush()
    return 0 if is_alike and all(verdict.passed for verdict in verdicts) else FAILED


def _command(name: str, bot: str | None, own_time: bool | None) -> str:
    """What was asked for, but for the seeds."""
    words = ["hlsim", "scenario", "run", name]
    if bot is not None:
        words += ["--bot", bot]
    if own_time is not None:
        words.append("--own-time" if own_time else "--no-own-time")
    return shlex.join(words)


def _tell(text: str) -> None:
    print(text, flush=True)


def _load(name: str) -> Scenario:
    try:
        return load(name)
    except ValueError as error:
        raise Refused(str(error)) from None


def _write(flag: str, path: str | None, text: str) -> None:
    if path is None:
        return
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise Refused(f"{flag} {path}: {error.strerror or error}") from None
