"""The same journal gives the same state, under any hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deeds import Crowd
from stories import START_MS, market, universe

from hlsim.server.journal import encode
from hlsim.sim.exchange import Exchange, Input

DEEDS = """
from deeds import Crowd
crowd = Crowd(5)
crowd.run(600)
crowd.market.ex.seal()
print(crowd.market.ex.state_hash(), len(crowd.market.ex.drain()))
"""

REPLAY = """
import sys
from replaying import replay
from stories import START_MS, universe
from hlsim.sim.exchange import Exchange
ex = Exchange.create(universe(), time_ms=START_MS)
with open(sys.argv[1], "rb") as lines:
    replay(lines, ex)
print(ex.state_hash(), len(ex.drain()))
"""


def under_both_hash_seeds(script: str, *arguments: str) -> set[str]:
    """What the script prints under PYTHONHASHSEED 0 and 1."""
    found = set()
    for hash_seed in ("0", "1"):
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": str(Path(__file__).parent),
        }
        run = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(run.stdout)
    return found


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
    """PYTHONHASHSEED orders sets and the hashes of strings; the exchange must not care."""
    assert len(under_both_hash_seeds(DEEDS)) == 1


def test_a_journal_file_gives_one_state_under_any_hash_seed(tmp_path: Path) -> None:
    """The written form, read by another process, is the exchange that wrote it."""
    journal: list[Input] = []
    crowd = Crowd(8, story=market(journal=journal.append))
    crowd.run(500)
    crowd.market.ex.seal()
    file = tmp_path / "run.journal"
    file.write_bytes(b"".join(encode(item) + b"\n" for item in journal))

    found = under_both_hash_seeds(REPLAY, str(file))

    assert found == {f"{crowd.market.ex.state_hash()} {len(crowd.market.ex.drain())}\n"}
