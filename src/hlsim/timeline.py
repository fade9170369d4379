"""The timeline of an exchange in lines of text: what was asked, what came of it, and why."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hlsim.chronicle import CLOCK, FAULT, OPERATOR, Chronicle
from hlsim.matching.dataclass import dataclass
from hlsim.server.control.records import RequestsAsked, RequestTold, explain, find
from hlsim.server.shapes.text import iso_text
from hlsim.server.values import parse_address
from hlsim.telling import folded, request_told

if TYPE_CHECKING:
    from hlsim.opening import FundedAccount
    from hlsim.server.app import Server

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{40}\b")
WIDTH = 240
"""Characters of a line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with those that explain it."""

    time_ms: int
    who: str
    text: str
    notes: tuple[str, ...] = ()


class Timeline:
    """All that is known of one exchange. To be used in its thread."""

    def __init__(
        self, server: Server, chronicle: Chronicle, accounts: Sequence[FundedAccount]
    ) -> None:
        self._server = server
        self._chronicle = chronicle
        own = {one.address: f"account {place}" for place, one in enumerate(accounts)}
        self._names = chronicle.actors | own

    def text(self, user: str | None, most: int, head: int) -> str:
        """Its lines, of one account or all: where they are more than `most`, the first `head` and
        the last of them.
        """
        whose = None if user is None else parse_address(user)
        found = [*folded([*self._lines(whose)], longest=1)]
        cut = len(found) - most
        if cut > 0:
            gap = f"  … {cut} lines left out …"
            shown = [*self._told(found[:head]), gap, *self._told(found[head + cut :])]
        else:
            shown = [*self._told(found)]
        return "\n".join([*self._forgotten(), *shown])

    def report(self, most: int, head: int) -> str:
        """What kind of exchange it is, what happened on it, and where its journal is."""
        server = self._server
        options, recorder = server.console.options, server.console.recorder
        began = iso_text(self._chronicle.began_ms)
        parts = [
            f"{options.market} market, seed {options.seed}, chain {options.chain}, clock "
            f"{server.node.pacer.clock.value}; + seconds of exchange time since {began} UTC",
            self.text(None, most, head) or "  nothing: no request came",
        ]
        parts += self._judged()
        if recorder is not None:
            parts.append(f"journal: {recorder.path}")
            parts.append(f"  see it again: hlsim replay {shlex.quote(recorder.path)} --serve")
        return "\n".join(parts)

    def _judged(self) -> Iterator[str]:
        """What the judges of a scenario say so far, if one was played."""
        told = self._server.console.stage.told(0)
        if told.name is None:
            return
        yield f"scenario {told.name}{f' broke: {told.why}' if told.why is not None else ''}"
        for finding in told.findings:
            if finding.wrong is None:
                yield f"  held    {finding.judge}"
            else:
                yield f"  FAILED  {finding.judge}: {finding.wrong}"

    def _forgotten(self) -> Iterator[str]:
        requests = self._server.console.requests
        gone = requests.seen - len(requests)
        if gone:
            yield f"  … the first {gone} requests are not kept any more …"
        if self._chronicle.forgotten:
            yield f"  … and {self._chronicle.forgotten} things that happened without one …"

    def _told(self, entries: Sequence[tuple[Line, int]]) -> Iterator[str]:
        """Lines as they are shown; what explains one of them does so once."""
        explained: dict[str, None] = {}
        for line, count in entries:
            yield self._line(line, count)
            for note in line.notes:
                if note not in explained:
                    explained[note] = None
                    yield _cut(f"{'':26}{note}")

    def _line(self, line: Line, count: int) -> str:
        seconds = (line.time_ms - self._chronicle.began_ms) / 1000
        who = self._names.get(line.who) or (f"{line.who[:8]}…" if len(line.who) > 20 else line.who)
        times = f"  ({count} times)" if count > 1 else ""
        return _cut(f"{seconds:+12.3f}  {who:<10} {self._named(line.text)}{times}")

    def _named(self, text: str) -> str:
        """Names in the place of addresses that are known."""
        return _ADDRESS.sub(lambda found: self._names.get(found[0].lower(), found[0]), text)

    # -- what there is -----------------------------------------------------------------------------

    def _lines(self, user: str | None) -> Iterator[Line]:
        """In the order in which it happened; what a request caused stands behind it."""
        told = self._requests(user)
        placed = [((row.id, 0), self._request(row, notes)) for row, notes in told]
        for row in self._chronicle.rows:
            if user in (None, row.who) or row.who in (CLOCK, OPERATOR, FAULT):
                place = (row.seen + 1, 1) if row.is_answer else (row.seen, 2)
                placed.append((place, Line(row.time_ms, row.who, row.text)))
        placed.sort(key=lambda one: one[0])
        return (line for _, line in placed)

    def _request(self, row: RequestTold, notes: tuple[str, ...]) -> Line:
        text = request_told(row, self._chronicle.coin)
        who = row.user or row.signer or "client"
        return Line(row.time, who, text, notes)

    def _requests(self, user: str | None) -> list[tuple[RequestTold, tuple[str, ...]]]:
        console = self._server.console
        found = []
        for row, told in find(console, RequestsAsked(user=user)):
            notes: list[str] = []
            for one in explain(console, row, told):
                notes += [f"why: {one.why}", *([f"do:  {one.remedy}"] if one.remedy else [])]
            found.append((told, tuple(notes)))
        return found


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
