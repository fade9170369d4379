"""What a newcomer pastes from the README works, and prints what it shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.parametrize("path", ["docs/testing.md", "docs/scenarios.md"])
def test_the_tests_that_are_shown_pass(path: str, tmp_path: Path) -> None:
    shown = [
        source for source in PYTHON.findall((ROOT / path).read_text()) if "def test_" in source
    ]
    for number, source in enumerate(shown):
        (tmp_path / f"test_shown_{number}.py").write_text(source)

    done = run_pytest(tmp_path, "-q")

    assert shown
    tests = sum(source.count("def test_") for source in shown)
    assert re.search(rf"^{tests} passed", done.stdout, re.M), done.stdout


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As whoever has nothing but hlsim and a folder."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={name: value for name, value in os.environ.items() if "PYTEST" not in name},
    )


def test_the_first_test_fails_as_the_readme_shows_and_then_passes(tmp_path: Path) -> None:
    """Ten lines, and one character less in the second run."""
    part = README.partition("<!-- begin first test -->")[2]
    (source,) = PYTHON.findall(part.partition("<!-- end first test -->")[0])
    assert len(source.splitlines()) == 10
    (tmp_path / "test_bot.py").write_text(source)
    failed = run_pytest(tmp_path)
    assert failed.returncode == 1
    shown = re.findall(r"^```text\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)[:2]
    lines = [line for block in shown for line in block.splitlines()]
    assert len(lines) == 5
    assert [line for line in lines if line not in failed.stdout.splitlines()] == []

    (tmp_path / "test_bot.py").write_text(source.replace("# bot.market_close", "bot.market_close"))
    passed = run_pytest(tmp_path)
    assert " 1 passed in " in passed.stdout


# -- the repository of a bot -----------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy where nothing of the checkout is near."""
    copy = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / "repository", copy)
    return copy


def run_as_its_ci(repository: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What the last command of its workflow does."""
    workflow = yaml.safe_load((repository / ".github/workflows/tests.yml").read_text())
    steps = workflow["jobs"]["pytest"]["steps"]
    (command,) = [step["run"] for step in steps if step.get("run", "").startswith("pytest")]
    return run_pytest(repository, *command.split()[1:], *more)


def test_the_repository_of_a_bot_passes_its_tests(repository: Path) -> None:
    done = run_as_its_ci(repository)

    assert done.returncode == 0, done.stdout
    assert " 11 passed in " in done.stdout
    assert list(repository.glob("reports/**/*.journal")) == []


def test_its_tests_fail_when_the_bot_sends_again_what_may_have_been_done(repository: Path) -> None:
    bot = repository / "keeper.py"
    careful = bot.read_text()
    assert careful.count("self._asked = cloid") == 1
    hasty = careful.replace("self._asked = cloid", "return self._trade(missing, Cloid.from_int(1))")
    bot.write_text(hasty)

    done = run_as_its_ci(repository, "-k", "lost_reply")

    assert done.returncode == 1
    assert "order:1:after:drop strikes (order: buy 0.5 ETH" in done.stdout
    # What the workflow keeps of a failed run.
    (journal,) = repository.glob("reports/**/*.journal")
    assert f"journal: {journal}" in done.stdout


def test_the_readme_of_the_repository_shows_what_its_workflow_does(repository: Path) -> None:
    readme = (repository / "README.md").read_text()
    workflow = (repository / ".github/workflows/tests.yml").read_text()
    assert "pip install -e '.[test]'" in readme
    assert "pip install -e '.[test]'" in workflow
