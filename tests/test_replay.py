"""The same journal gives the same state, under any hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deeds import Crowd
from stories import START_MS, market, universe

from hlsim.sim.exchange import Exchange, Input

SCRIPT = """
from deeds import Crowd
from stories import market
crowd = Crowd(5)
crowd.run(600)
crowd.market.ex.seal()
print(crowd.market.ex.state_hash(), len(crowd.market.ex.drain()))
"""


def test_a_journal_rebuilds_the_exchange_byte_for_byte() -> None:
    """Documented: start state and journal are the whole truth."""
    journal: list[Input] = []
    crowd = Crowd(3, story=market(journal=journal.append))
    for _ in range(10):
        crowd.run(60)
        crowd.market.ex.seal()
    events = crowd.market.ex.drain()

    again = Exchange.create(universe(), time_ms=START_MS)
    for item in journal:
        again.feed(item)

    assert again.state_hash() == crowd.market.ex.state_hash()
    assert [repr(event) for event in again.drain()] == [repr(event) for event in events]


def test_the_hash_seed_of_python_changes_nothing() -> None:
    """PYTHONHASHSEED orders sets and strings' hashes; the exchange must not care."""
    found = set()
    for hash_seed in ("0", "1"):
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": str(Path(__file__).parent),
        }
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(run.stdout)

    assert len(found) == 1
