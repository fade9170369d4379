"""Bots in exchange time that wait for what does not live in it: input, slow readers, commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commanding import HLSIM, PATIENCE_S

from hlsim.config import Settings
from hlsim.library import RunningExchange
from hlsim.own_time import company
from hlsim.own_time.environment import child_environment
from hlsim.own_time.run import conducted

BOT = (sys.executable, str(Path(__file__).parent / "own_time" / "outside.py"))
RUN = (*HLSIM, "run", "--own-time", "--market", "empty", "--")
MEANWHILE_S = 0.5
"""Real time in which the exchange's runs away, when it does."""


def told(way: str, *lines: str) -> Any:
    """What the bot prints that is told lines, and listened to, after some time each."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*RUN, *BOT, way], stdin=pipe, stdout=pipe, stderr=pipe) as bot:
        assert bot.stdin is not None
        assert bot.stderr is not None
        assert bot.stderr.readline() == b"waits\n"
        for line in lines:
            time.sleep(MEANWHILE_S)
            bot.stdin.write(line.encode() + b"\n")
            bot.stdin.flush()
        time.sleep(MEANWHILE_S)
        return json.loads(bot.communicate(timeout=PATIENCE_S)[1])


@pytest.mark.parametrize(
    ("way", "lines", "came"),
    [
        ("asked", ("a", "b"), [0.0, ["a", "b"]]),
        ("read", ("a", "b"), [0.0, ["a", "b"]]),
        ("described", ("a\r",), [0.0, ["a\r\n", "<stdin>", "r", "<stdin>", "rb"]]),
        ("read_in_a_loop", ("a", "b"), [0.0, ["a", "b"]]),
        ("write", (), [0.0, 200 * 1024]),
    ],
)
def test_time_stands_while_nothing_else_is_waited_for(
    way: str, lines: tuple[str, ...], came: Any
) -> None:
    assert told(way, *lines) == came


def test_what_the_bot_is_told_takes_no_time_while_it_waits_for_a_moment_too() -> None:
    assert told("beside", "a") == [5.0, [["a", 0.0]]]


@pytest.mark.parametrize(
    ("way", "held_ms", "came"),
    [
        # Time would go on after that for whoever has something to do then.
        ("command", 50, [0.0, 0]),
        # Time would stand for ten seconds for each answer of somebody else.
        ("from_each_other", 50, [40.0, [*range(10), *range(10)]]),
        ("from_a_program", 50, [40.0, [*range(20)]]),
        ("with_helpers", 1000 * PATIENCE_S, [3.0, 0.0]),
    ],
)
def test_time_stands_for_others_that_are_waited_for_and_for_nobody_else(
    way: str, held_ms: int, came: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company, "HELD_MS", held_ms)
    made = Settings(port=0, clock="manual", market="empty")
    with RunningExchange(made, own_time=True) as running, conducted(running) as conductor:
        child = subprocess.run(
            [*BOT, way],
            env=child_environment(running.url, None, own_time=conductor.place, environ=os.environ),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )

    assert json.loads(child.stderr.splitlines()[-1]) == came
