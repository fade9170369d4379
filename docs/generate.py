"""`make docs`: writes the parts of the documentation that the program itself knows best.

Each part stands between two marks in a Markdown file. `--check` writes nothing and exits with 1
when a part is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hlsim.config import OPTIONS, Settings
from hlsim.coverage import MISSING, REFUSED, UNSPECIFIED, Entry, entries
from hlsim.scenario import schema
from hlsim.scenario.conditions import CONDITIONS
from hlsim.scenario.judges import JUDGES
from hlsim.scenario.shelf import shipped
from hlsim.scenarios.faults import EFFECTS
from hlsim.server.control import CONTROL
from hlsim.server.control.openapi import document
from hlsim.server.profile import POINTS
from hlsim.server.refusals import ENTRIES, rules_of, text_of

ROOT = Path(__file__).parent.parent
KINDS = {
    "action": "/exchange actions",
    "info": "/info types",
    "explorer": "/explorer types",
    "subscription": "/ws subscriptions",
}


def flags() -> str:
    """The table of the flags of `serve`."""
    rows = ["| flag | value | default | |", "|---|---|---|---|"]
    for option in OPTIONS:
        default = getattr(Settings(), option.key)
        if option.name == "balance":
            default //= 1_000_000
        shown = "" if default is None or default is False or default == () else f"`{default}`"
        value = option.metavar.replace("|", "\\|")
        rows.append(f"| `--{option.name}` | {value} | {shown} | {option.help} |")
    return "\n".join(rows)


def profile() -> str:
    """The table of the contested points, their default readings first."""
    rows = ["| point | readings | |", "|---|---|---|"]
    for point in POINTS:
        readings = ", ".join(f"`{one}`" if one in point.readings else one for one in point.choices)
        rows.append(f"| `{point.name}` | {readings} | {point.question} |")
    return "\n".join(rows)


def effects() -> str:
    """The tables of what faults do, by what they strike."""
    parts = []
    for kind, title in (("request", "Requests"), ("frame", "Frames"), ("socket", "Sockets")):
        rows = [f"| {title} | |", "|---|---|"]
        rows += [f"| `{one.value}` | {meaning} |" for one, meaning in EFFECTS[kind].items()]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def refusals() -> str:
    """By which rules faults refuse, and in which words: those of entries, then of whole actions."""
    found: dict[tuple[str, str], list[str]] = {}
    for on, rules in ENTRIES.items():
        for rule, why in rules.items():
            found.setdefault((rule, text_of(why)), []).append(f"`{on}`")
    rows = ["| rule | of an entry of | |", "|---|---|---|"]
    rows += [f"| `{rule}` | {', '.join(on)} | {text} |" for (rule, text), on in found.items()]
    whole = ", ".join(f"`{rule}`" for rule in rules_of("exchange"))
    return "\n".join(rows) + f"\n\nOf any action as a whole: {whole}."


def summary() -> str:
    """How much of each side of the protocol is answered, for the README."""
    found = entries()
    rows = ["| | modelled | static or empty | missing |", "|---|---:|---:|---:|"]
    for kind, title in KINDS.items():
        statuses = [entry.status for entry in found if entry.kind == kind]
        fixed = statuses.count("static") + statuses.count("empty")
        counts = (statuses.count("modelled"), fixed, statuses.count(MISSING))
        rows.append(f"| `{title.split()[0]}` {title.split()[1]} | {' | '.join(map(str, counts))} |")
    return "\n".join(rows)


def coverage() -> str:
    """Every known name, by kind and status."""
    found = entries()
    parts = []
    for kind, title in KINDS.items():
        path, noun = title.split()
        parts.append(f"## `{path}` {noun}")
        for status in ("modelled", "static", "empty", MISSING, REFUSED, UNSPECIFIED):
            named = [entry for entry in found if (entry.kind, entry.status) == (kind, status)]
            if named:
                parts.append(f"**{status}** ({len(named)}): {_names(named)}")
    return "\n\n".join(parts)


def first_trade() -> str:
    """The script itself, for whoever has the README and the wheel but no checkout."""
    return f"```python\n{(ROOT / 'examples/first_trade.py').read_text('utf-8')}```"


CLIENTS = {
    "sdk": ("hyperliquid-python-sdk", "sdk.txt"),
    "ccxt-python": ("ccxt", "ccxt.txt"),
    "ccxt-node": ("ccxt", "package.json"),
    "nktkas": ("@nktkas/hyperliquid", "package.json"),
}
"""Client of docs/clients.json to its name in the registry, and the file that pins it."""
LANGUAGES = {"txt": "Python", "json": "Node.js"}


def clients() -> str:
    """What each client did in the run that docs/clients.json was recorded from."""
    record: dict[str, dict[str, bool]] = json.loads((ROOT / "docs/clients.json").read_text("utf-8"))
    heads = []
    for name, pins in CLIENTS.values():
        text = (ROOT / "tests/clients" / pins).read_text("utf-8")
        pinned = re.search(rf'^[ "]*{name}(?:==|": ")([\d.]+)', text, re.M)
        if pinned is None:
            raise ValueError(f"{pins} has no version of {name}")
        heads.append(f"`{name}` {pinned[1]}, {LANGUAGES[pins.split('.')[1]]}")
    rows = [f"| | {' | '.join(heads)} |", f"|---|{':---:|' * len(heads)}"]
    for capability in record["nktkas"]:
        marks = ["yes" if record[client][capability] else "no" for client in CLIENTS]
        rows.append(f"| {capability} | {' | '.join(marks)} |")
    return "\n".join(rows)


def scenarios() -> str:
    """The scenarios that come with it."""
    rows = ["| scenario | | what it teaches | seen in |", "|---|---|---|---|"]
    rows += [
        f"| `{name}` | {one.title} | {one.teaches} | {one.source} |"
        for name, one in shipped().items()
    ]
    return "\n".join(rows)


def judges() -> str:
    """Conditions and judges with what they take."""
    rows = ["| condition | keys | |", "|---|---|---|"]
    rows += [_row(name, spec.asked, spec.text) for name, spec in CONDITIONS.items()]
    rows += ["", "| judge | keys | |", "|---|---|---|"]
    for name, judge in JUDGES.items():
        rows.append(_row(name, judge.asked, judge.text, "a condition" * judge.wants_condition))
    return "\n".join(rows)


def _row(name: str, asked: Any, text: str, first: str = "") -> str:
    keys = [first] * bool(first) + [f"`{key}`" for key in asked.__struct_encode_fields__]
    return f"| `{name}` | {', '.join(keys)} | {' '.join(text.split())} |"


def control_summary() -> str:
    """Every endpoint of the control plane in one line, for the README."""
    rows = ["| control endpoint | |", "|---|---|"]
    for spec in CONTROL.values():
        summary = " ".join(spec.text.partition("\n\n")[0].split())
        rows.append(f"| `{spec.method} /hlsim/{spec.path}` | {summary} |")
    return "\n".join(rows)


def control() -> str:
    """Every endpoint with its keys."""
    schemas = document(CONTROL.values(), "")["components"]["schemas"]
    parts = []
    for spec in CONTROL.values():
        parts.append(f"### `{spec.method} /hlsim/{spec.path}`")
        parts += [" ".join(part.split()) for part in spec.text.split("\n\n")]
        if spec.keys:
            parts.append(_keys(schemas[spec.asked.__name__]))
        if isinstance(spec.returns, type) and spec.returns.__name__ in schemas:
            fields = ", ".join(f"`{name}`" for name in schemas[spec.returns.__name__]["properties"])
            parts.append(f"Answers {fields}.")
    return "\n\n".join(parts)


def _keys(schema: dict[str, Any]) -> str:
    rows = ["| key | | default | |", "|---|---|---|---|"]
    for name, shape in schema["properties"].items():
        default = shape.get("default")
        shown = "" if default is None else f"`{json.dumps(default)}`"
        if name in schema["required"]:
            shown = "required"
        rows.append(f"| `{name}` | {_kind(shape)} | {shown} | {_meaning(shape)} |")
    return "\n".join(rows)


KINDS_OF_JSON = {"integer": "whole number", "string": "text", "boolean": "true, false"}


def _kind(shape: dict[str, Any]) -> str:
    """The type of a key as people say it."""
    kinds = [kind for kind in _types(shape) if kind != "null"]
    if {"integer", "number", "string"} <= set(kinds):
        return "number or its text"
    return " or ".join(KINDS_OF_JSON.get(kind, kind) for kind in kinds)


def _meaning(shape: dict[str, Any]) -> str:
    """The description, which an optional key may have further inside."""
    parts = [shape, *shape.get("anyOf", [])]
    return next((part["description"] for part in parts if "description" in part), "")


def _types(shape: dict[str, Any]) -> list[str]:
    if "anyOf" in shape:
        return [kind for one in shape["anyOf"] for kind in _types(one)]
    return [shape["type"]] if "type" in shape else [f"`{one}`" for one in shape["enum"]]


def _names(named: list[Entry]) -> str:
    return ", ".join(f"`{entry.name}`" for entry in named)


PARTS: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("README.md", "first trade", first_trade),
    ("README.md", "summary", summary),
    ("README.md", "control", control_summary),
    ("docs/control.md", "control", control),
    ("docs/serve.md", "flags", flags),
    ("docs/serve.md", "profile", profile),
    ("docs/faults.md", "effects", effects),
    ("docs/faults.md", "refusals", refusals),
    ("docs/scenarios.md", "judges", judges),
    ("docs/scenarios.md", "scenarios", scenarios),
    ("docs/coverage.md", "coverage", coverage),
    ("docs/clients.md", "clients", clients),
)


WHOLE: tuple[tuple[str, Callable[[], str]], ...] = (("docs/scenario.schema.json", schema.text),)
"""Files that are written as a whole."""


def renewed(text: str, name: str, content: str) -> str:
    """`text` with what stands between the marks of `name` replaced by `content`."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    if not rest or end not in rest:
        raise ValueError(f"the marks of {name} are missing")
    return f"{head}{begin}\n\n{content}\n\n{end}{tail}"


def main(arguments: list[str]) -> int:
    """Renews every part. Returns 1 with `--check` when one was out of date."""
    stale = []

    def put(file: Path, new: str, name: str) -> None:
        if not file.exists() or file.read_text("utf-8") != new:
            stale.append(name)
            if "--check" not in arguments:
                file.write_text(new, "utf-8")

    for path, name, write in PARTS:
        file = ROOT / path
        put(file, renewed(file.read_text("utf-8"), name, write()), f"{path}: {name}")
    for path, write in WHOLE:
        put(ROOT / path, write(), path)
    for part in stale:
        print(part)
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
