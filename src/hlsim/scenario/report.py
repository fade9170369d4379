"""Verdicts for people and for machines: text, JUnit XML, one page of HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap
from xml.sax.saxutils import quoteattr

from hlsim.scenario.verdict import Verdict, smallest_failure
from hlsim.telling import folded

_NOT_XML = re.compile(r"[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

WIDTH = 100
"""Characters of a line of prose."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td { padding: .1rem .6rem; vertical-align: top }
td { overflow-wrap: anywhere; white-space: pre-wrap }
td:first-child { text-align: right; white-space: nowrap }
.wrong { color: #b00020 } .held { color: #1b7f3b } .fault td, .scenario td { background: #fff3d6 }
"""


def headline(verdict: Verdict) -> str:
    """A verdict in one line."""
    word = "passed" if verdict.passed else "FAILED"
    seconds = verdict.course.ended_ms / 1000
    return f"{verdict.scenario.name}  seed {verdict.seed}  {word}  ({seconds:g} s of exchange time)"


def lines(verdict: Verdict) -> Iterator[str]:
    """A verdict as text: what the judges say, what a failure teaches, then what happened when."""
    yield headline(verdict)
    yield f"  {verdict.scenario.title}"
    for finding in verdict.findings:
        if finding.wrong is None:
            yield f"  held    {finding.judge}"
        else:
            yield f"  FAILED  {finding.judge}: {finding.wrong}"
    if not verdict.passed and verdict.scenario.teaches:
        yield "  what it teaches:"
        yield from (f"    {line}" for line in wrap(verdict.scenario.teaches, WIDTH))
    yield "  what happened:"
    for happening, count in folded(verdict.course.happenings):
        times = f"  ({count} times)" if count > 1 else ""
        yield f"  {happening.ms / 1000:+10.3f}  {happening.who:<9} {happening.text}{times}"


def replay_command(verdict: Verdict, command: str) -> str:
    """What runs it again: `command` with its seed."""
    return f"{command} --seeds {verdict.seed}"


def summary(verdicts: Sequence[Verdict], command: str) -> Iterator[str]:
    """The last lines: how many passed, and how to see the smallest failure again."""
    passed = sum(verdict.passed for verdict in verdicts)
    if len(verdicts) > 1:
        yield f"{passed} of {len(verdicts)} seeds passed"
    failed = smallest_failure(verdicts)
    if failed is not None:
        yield f"smallest failing seed: {failed.seed}"
        yield f"again: {replay_command(failed, command)}"


def junit(verdicts: Sequence[Verdict]) -> str:
    """A suite with a case for each seed."""
    name = quoteattr(_printable(verdicts[0].scenario.name))
    failed = sum(not verdict.passed for verdict in verdicts)
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuite name={name} tests="{len(verdicts)}" failures="{failed}">',
    ]
    for verdict in verdicts:
        case = quoteattr(_printable(f"{verdict.scenario.name}[seed={verdict.seed}]"))
        seconds = f"{verdict.course.ended_ms / 1000:g}"
        parts.append(f'<testcase classname="hlsim.scenario" name={case} time="{seconds}">')
        if verdict.wrong:
            body = _xml("\n".join(lines(verdict)))
            parts.append(
                f"<failure message={quoteattr(_printable(verdict.wrong[0]))}>{body}</failure>"
            )
        parts.append("</testcase>")
    return "\n".join([*parts, "</testsuite>", ""])


def _printable(text: str) -> str:
    """Without what XML cannot hold, which a bot may print."""
    return _NOT_XML.sub("?", text)


def _xml(text: str) -> str:
    return escape(_printable(text), quote=False)


def page(verdicts: Sequence[Verdict], command: str) -> str:
    """One page of HTML that needs nothing else."""
    scenario = verdicts[0].scenario
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(scenario.name)}'
        f"</title><style>{_STYLE}</style>",
        f"<h1>{escape(scenario.title)}</h1><p>{escape(scenario.teaches)}</p>",
        *(f"<p>{escape(line)}</p>" for line in summary(verdicts, command)),
    ]
    for verdict in verdicts:
        word = "passed" if verdict.passed else "FAILED"
        parts.append(f"<h2>seed {verdict.seed}: {word}</h2><ul>")
        for finding in verdict.findings:
            # In words as well: not everybody sees colours, and paper has none.
            kind, told = ("held", "held") if finding.wrong is None else ("wrong", "FAILED")
            said = "" if finding.wrong is None else f": {escape(finding.wrong)}"
            parts.append(f'<li class="{kind}">{told} {escape(finding.judge)}{said}</li>')
        parts.append("</ul><table>")
        parts += [
            f'<tr class="{one.who}"><td>{one.ms / 1000:+.3f}</td><td>{one.who}</td>'
            f"<td>{escape(one.text)}</td><td>{f'{count} times' if count > 1 else ''}</td></tr>"
            for one, count in folded(verdict.course.happenings)
        ]
        parts.append("</table>")
    return "\n".join([*parts, "</html>", ""])
