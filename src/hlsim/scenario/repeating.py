"""The same run again and again: whether it is the same, to the last byte of its journal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from hlsim.matching.dataclass import dataclass
from hlsim.scenario.verdict import Verdict

MOST = 200
"""Characters of what differs that are shown."""

Play = Callable[[str], Verdict]
"""Plays it with the journal in that file."""


@dataclass(frozen=True, slots=True)
class Trace:
    """All that two runs may differ in."""

    journal: bytes
    state_hash: str
    lines: tuple[str, ...]
    """The timeline and what the judges say."""

    def difference(self, other: Trace) -> str | None:
        """Where another one first differs; None: nowhere."""
        for mine, theirs in zip_longest(self.lines, other.lines):
            if mine != theirs:
                return _shown(mine, theirs)
        pairs = zip_longest(self.journal.splitlines(), other.journal.splitlines())
        for number, (mine_raw, theirs_raw) in enumerate(pairs):
            if mine_raw != theirs_raw:
                return f"record {number} of the journal: {_shown(mine_raw, theirs_raw)}"
        return None if self.state_hash == other.state_hash else "the state's hash"


def _shown(mine: object, theirs: object) -> str:
    """Both from where they part, within bounds."""
    texts = str(mine), str(theirs)
    pairs = enumerate(zip_longest(*texts))
    common = next((place for place, (ours, others) in pairs if ours != others), 0)
    start = 0 if common < MOST else common - MOST // 2
    return " became ".join(text[start : start + MOST] for text in texts)


def trace_of(play: Play) -> tuple[Verdict, Trace]:
    """One run and its trace."""
    with TemporaryDirectory(prefix="hlsim-") as folder:
        path = Path(folder) / "journal"
        verdict = play(str(path))
        journal = path.read_bytes()
    return verdict, Trace(journal, verdict.state_hash, tuple(_lines(verdict)))


def _lines(verdict: Verdict) -> Iterator[str]:
    # Errors of clients name the port, which is a free one each time.
    port = re.compile(rf"(?<=[:=]){verdict.url.rpartition(':')[2]}\b")
    for one in verdict.course.happenings:
        text = port.sub("PORT", one.text) if one.who == "bot" else one.text
        yield f"{one.ms} {one.who} {text}"
    for row in verdict.course.requests:
        yield json.dumps([row.id, row.time, row.path, row.status, row.request, row.response])
    for finding in verdict.findings:
        yield f"{finding.judge}: {finding.wrong}"


class Repeated:
    """So many runs, the first one and how the others compare to it."""

    def __init__(self, count: int, play: Play) -> None:
        self.first, trace = trace_of(play)
        self.is_alike = True
        journal = sha256(trace.journal).hexdigest()
        self.text = f"{count} runs alike: journal {journal:.16}, state {trace.state_hash:.16}"
        for number in range(2, count + 1):
            _, again = trace_of(play)
            difference = trace.difference(again)
            if difference is not None:
                self.is_alike = False
                self.text = f"run {number} differs from the first: {difference}"
                return
