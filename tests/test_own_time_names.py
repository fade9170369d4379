"""What stands in for the functions and locks of Python, wherever those were bound."""

from __future__ import annotations

import json
import shutil
import sys
import venv
from pathlib import Path

import pytest
from commanding import command

BOTS = Path(__file__).parent / "own_time"
OWN_TIME = ("run", "--own-time", "--market", "empty", "--")
IMPORTS = (
    *("asyncio", "concurrent.futures.process", "concurrent.futures.thread", "http.client"),
    *("logging.handlers", "multiprocessing.pool", "multiprocessing.managers", "queue", "random"),
    *("sched", "secrets", "selectors", "signal", "socketserver", "ssl", "subprocess", "tempfile"),
    *("threading", "unittest.mock", "urllib.request", "uuid", "_strptime", "earlier"),
)
"""All that waits, looks at a clock, or makes locks."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One whose environment imports all that before anything of hlsim runs."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    (packages,) = place.glob("lib/python3.*/site-packages")
    shutil.copy(BOTS / "earlier.py", packages)
    (packages / "some.pth").write_text(f"import {', '.join(IMPORTS)}\n", "utf-8")
    return str(place / "bin" / "python")


def told(python: str, bot: str, *words: str) -> str:
    found = command(*OWN_TIME, python, str(BOTS / bot), *words, environ={"TZ": "UTC"})
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout.strip()


def test_what_was_imported_before_waits_in_exchange_time(python: str) -> None:
    assert json.loads(told(python, "later.py")) == {
        "function": [1.0, 1.0],
        "class": [7.0, 7.0],
        "lock": [4.0, None],
        "lock of a class": [4.0, None],
        "lock in a list": [4.0, None],
        "reentrant lock": [4.0, None],
        "condition": [4.0, True],
        "event": [5.0, True],
        "queue": [6.0, "said"],
        "simple queue": [6.0, "said"],
        "property": [3.0, "slow"],
        "pool": [4.0, [1.0, 2.0, 3.0]],
    }


@pytest.mark.parametrize("words", ["handlers.py", "alarms.py", "processes.py forkserver"])
def test_a_bot_lives_the_same_whatever_was_imported_before(python: str, words: str) -> None:
    assert told(python, *words.split()) == told(sys.executable, *words.split())


def test_what_stands_in_for_a_function_may_be_where_that_could() -> None:
    """In a class, where it is no method, and in a pickle."""
    assert told(sys.executable, "functions.py").splitlines() == [
        "2026-01-01 00:01:00,001 after 60 s",
        "_thread _thread",
        "cannot pickle '_thread.lock' object",
        "cannot pickle '_thread.RLock' object",
        '[180, "time"]',
    ]
