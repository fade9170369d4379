"""The library of scenarios: the broken bot of each fails it, the mended one passes it.

The bots are real processes with the official SDK, which live in exchange time.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hyperliquid.exchange import Exchange  # noqa: F401  what the bots need

from hlsim.scenario import Verdict, load, run, shipped
from hlsim.scenario.report import lines

BOTS = Path(__file__).parent.parent / "examples" / "bots"
NAMES = sorted(shipped())

CAUGHT = {
    "agent-address": {"always", "finally"},
    "agent-stream": {"finally"},
    "bad-gateway": {"never", "no_blind_retry", "no_orphan_orders"},
    "cancel-race": {"always", "finally"},
    "cloid-format": {"no_orphan_orders"},
    "dead-man": {"no_orphan_orders"},
    "dropped-fill": {"recovers"},
    "fill-pages": {"finally"},
    "float-size": {"finally", "exit"},
    "inner-error": {"always", "finally"},
    "liquidated": {"always", "finally"},
    "lost-reply": {"finally", "always", "no_blind_retry"},
    "new-listing": {"finally", "exit"},
    "new-oid": {"no_orphan_orders"},
    "no-match": {"finally"},
    "nothing-to-close": {"finally"},
    "one-error": {"finally"},
    "own-vault": {"finally"},
    "partial-fill": {"always", "finally"},
    "read-lag": {"never", "finally", "no_orphan_orders"},
    "same-name": {"always", "finally"},
    "same-nonce": {"finally"},
    "silent-socket": {"recovers"},
    "stale-close": {"always", "finally"},
    "throttled": {"never", "no_orphan_orders", "exit"},
    "tick-sweep": {"eventually", "never"},
    "unified-money": {"finally"},
    "wrong-account": {"finally"},
    "wrong-chain": {"always"},
    "wrong-index": {"always", "finally"},
    "wrong-signer": {"always", "finally"},
}
"""Which judges the broken bot is caught by."""


def play(name: str, kind: str) -> Verdict:
    bot = BOTS / f"{name.replace('-', '_')}_{kind}.py"
    return run(load(name), [sys.executable, str(bot)], seed=1)


def wrong(verdict: Verdict) -> set[str]:
    """The judges that are not content."""
    return {one.judge.split()[0] for one in verdict.findings if one.wrong is not None}


@pytest.mark.parametrize("name", NAMES)
def test_the_broken_bot_fails_and_the_mended_one_passes(name: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        broken, fixed = pool.map(lambda kind: play(name, kind), ("broken", "fixed"))

    assert fixed.passed, "\n".join(lines(fixed))
    assert wrong(broken) == CAUGHT[name], "\n".join(lines(broken))


@pytest.mark.parametrize("name", NAMES)
def test_each_scenario_says_what_it_teaches_and_where_it_was_seen(name: str) -> None:
    scenario = load(name)

    assert scenario.title[0].isupper()
    assert scenario.teaches.endswith(".")
    assert scenario.source


def test_each_example_bot_belongs_to_a_scenario() -> None:
    bots = {path.stem for path in BOTS.glob("*.py")} - {"connect"}
    kinds = ("broken", "fixed")

    assert bots == {f"{name.replace('-', '_')}_{kind}" for name in NAMES for kind in kinds}
