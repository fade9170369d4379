"""`kill -9` under load: everything acknowledged is there exactly once, and nothing was invented."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from crashing import Crashes

ROUNDS = int(os.environ.get("HLSIM_CRASH_ROUNDS", "4"))
"""Of each kind."""


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--market", "static"), id="still"),
        pytest.param(("--market", "live"), id="living"),
        pytest.param(("--market", "static", "--block-time", "2"), id="blocks"),
    ],
)
def test_what_was_acknowledged_survives_the_end_of_the_process(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    crashes = Crashes(tmp_path, 11, *options)
    try:
        for _ in range(ROUNDS):
            crashes.round()
        hash_ = crashes.replayed()
        place = crashes.start()
        assert crashes.state(place)["hash"] == hash_
    finally:
        crashes.stop()
    # Else the server died when nobody was busy, and nothing was shown.
    assert crashes.unanswered
    assert sum(sender.paid for sender in crashes.senders)
