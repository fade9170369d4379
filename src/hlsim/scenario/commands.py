"""`hlsim scenario list|show|run|schema`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from hlsim.config import Refused
from hlsim.coverage import columns
from hlsim.scenario import report
from hlsim.scenario.schema import text as schema_text
from hlsim.scenario.shelf import load, shipped, text_of
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


def run_(name: str, bot: str | None, seeds: str, junit: str | None, report_to: str | None) -> int:
    """Plays a scenario once for each seed and tells how it went. Returns the exit code."""
    scenario = _load(name)
    wanted = seeds_of(seeds)
    verdicts: list[Verdict] = []
    for seed in wanted:
        try:
            verdict = run(scenario, bot, seed=seed, tell=lambda line: print(line, flush=True))
        except ValueError as error:
            raise Refused(f"{name}: {error}") from None
        verdicts.append(verdict)
        print("\n".join(report.lines(verdict)), flush=True)
    for line in report.summary(verdicts, name, bot):
        print(line)
    _write("--junit", junit, report.junit(verdicts))
    _write("--report", report_to, report.page(verdicts, name, bot))
    sys.stdout.flush()
    return 0 if all(verdict.passed for verdict in verdicts) else FAILED


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
