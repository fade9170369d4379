"""What is built and what is missing, from the registries themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hlsim import known
from hlsim.matching.dataclass import dataclass

MISSING = "missing"
REFUSED = "refused"
"""Refused by the exchange as well; a subscription that it once served unless a profile says so."""
UNSPECIFIED = "unspecified"
"""Refused for want of a shape: the exchange has it, and nobody says what it looks like."""
NO_ANSWER = (REFUSED, UNSPECIFIED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of one kind."""

    kind: str
    name: str
    status: str
    """modelled, static, empty, missing, refused or unspecified."""
    source: str


def entries() -> list[Entry]:
    """Every name that is built or known, by kind: actions, types of queries, subscriptions."""
    from hlsim.server.explorer import TYPES
    from hlsim.server.info import INFO
    from hlsim.server.requests import MULTI_SIG
    from hlsim.server.topics import TOPICS
    from hlsim.sim.actions import ACTIONS

    actions = {name: "modelled" for name in (*ACTIONS, MULTI_SIG)}
    infos = {name: spec.status for name, spec in INFO.items()}
    topics = {name: spec.status for name, spec in TOPICS.items()}
    return [
        *_merged("action", actions, known.ACTIONS, {}),
        *_merged("info", infos, known.INFO_TYPES, known.INFO_REFUSED),
        *_merged("explorer", dict.fromkeys(TYPES, "modelled"), known.EXPLORER_TYPES, {}),
        *(
            Entry("explorer", name, UNSPECIFIED, source)
            for name, source in known.EXPLORER_UNSPECIFIED.items()
        ),
        *_merged("subscription", topics, known.SUBSCRIPTIONS, {}),
    ]


def _merged(
    kind: str, built: Mapping[str, str], listed: Mapping[str, str], refused: Mapping[str, str]
) -> Iterable[Entry]:
    """Known names in their order, then what is built beyond them, then what is refused."""
    for name, source in listed.items():
        yield Entry(kind, name, built.get(name, MISSING), source)
    for name, status in built.items():
        if name not in listed:
            yield Entry(kind, name, status, "not listed")
    for name, source in refused.items():
        if name not in built:
            yield Entry(kind, name, REFUSED, source)


def table() -> list[str]:
    """The entries in columns, and a line of totals for each kind."""
    found = entries()
    rows = [("kind", "name", "status", "source")]
    rows += [(entry.kind, entry.name, entry.status, entry.source) for entry in found]
    lines = [*columns(rows), ""]
    for kind in dict.fromkeys(entry.kind for entry in found):
        wanted = [entry for entry in found if entry.kind == kind and entry.status not in NO_ANSWER]
        built = sum(entry.status != MISSING for entry in wanted)
        lines.append(f"{kind}: {built} of {len(wanted)} known names are answered")
    return lines


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of a table whose first row is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines
