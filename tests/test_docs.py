"""What the documentation shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "docs" / "sources.md"


def test_generated_parts_are_up_to_date() -> None:
    """Run `make docs` after adding an action, an info type, a subscription or a flag."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("path", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=str)
def test_links_lead_to_files_of_the_checkout(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []


SHEETS = "exchange|info|ws|mechanics"


def test_every_citation_is_explained() -> None:
    """A tag in a docstring is of no use to whoever cannot look up what it means."""
    explained = set()
    rows = re.findall(rf"^\| ({SHEETS}) ([\d, -]+) \|", SOURCES.read_text(), re.M)
    for sheet, numbers in rows:
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", numbers):
            explained |= {(sheet, n) for n in range(int(first), int(last or first) + 1)}
    cited = {
        (sheet, int(number)): path.name
        for folder in ("matching", "sim", "scenarios", "server", "src", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for sheet, number in re.findall(rf"[(,;:] ?({SHEETS}) (\d+)", path.read_text())
    }

    assert {place: cited[place] for place in cited if place not in explained} == {}
    assert len(cited) > 30
