"""What a newcomer pastes from the README works, and prints what it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import hlsim

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_first_trade_prints_what_the_readme_shows() -> None:
    """Prices, ids and sizes follow the market; the words around them do not."""
    (shown,) = re.findall(r"```text\n(BTC trades at .*?)```", README, re.DOTALL)
    with hlsim.start(market="live") as exchange:
        done = subprocess.run(
            [sys.executable, "examples/first_trade.py", exchange.url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert skeleton(done.stdout) == skeleton(shown)
    assert "positions []" in done.stdout


def skeleton(text: str) -> list[str]:
    """Lines without numbers; a fill is one line or several, as the book will have it."""
    lines = [re.sub(r"-?\d[\d.]*", "#", line) for line in text.strip().splitlines()]
    return [line for line, before in zip(lines, ["", *lines], strict=False) if line != before]


@pytest.mark.parametrize("path", ["README.md", "docs/testing.md", "docs/scenarios.md"])
def test_the_tests_that_are_shown_pass(path: str, tmp_path: Path) -> None:
    shown = [
        source for source in PYTHON.findall((ROOT / path).read_text()) if "def test_" in source
    ]
    for number, source in enumerate(shown):
        (tmp_path / f"test_shown_{number}.py").write_text(source)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert shown
    assert re.search(
        rf"^{sum(source.count('def test_') for source in shown)} passed", done.stdout, re.M
    )
