"""The library of scenarios: the broken bot of each fails it, the mended one passes it.

The bots are real processes with the official SDK, which live in exchange time.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hyperliquid.exchange import Exchange  # noqa: F401  what the bots need

from hlsim.scenario import Named, Step, Verdict, load, run, shipped
from hlsim.scenario.report import lines

BOTS = Path(__file__).parent.parent / "examples" / "bots"
NAMES = sorted(shipped())

CAUGHT = {
    "agent-address": {"always", "finally"},
    "agent-expiry": {"never", "no_orphan_orders"},
    "agent-stream": {"finally"},
    "bad-gateway": {"never", "no_blind_retry", "no_orphan_orders"},
    "bare-ok": {"no_orphan_orders", "exit"},
    "bracket": {"always"},
    "cancel-race": {"always", "finally"},
    "cascade": {"always", "finally"},
    "chop": {"finally", "always"},
    "cloid-format": {"no_orphan_orders"},
    "counted-again": {"always", "finally"},
    "dead-man": {"no_orphan_orders"},
    "dropped-fill": {"recovers"},
    "dust": {"finally"},
    "early-exits": {"finally"},
    "fill-pages": {"finally"},
    "flash-crash": {"finally", "always"},
    "float-size": {"finally", "exit"},
    "funding-squeeze": {"finally", "always"},
    "gap": {"finally", "always", "no_orphan_orders"},
    "half-bracket": {"finally"},
    "inner-error": {"always", "finally"},
    "late-order": {"always", "finally"},
    "liquidated": {"always", "finally"},
    "lost-reply": {"finally", "always", "no_blind_retry"},
    "max-size": {"never", "finally"},
    "new-listing": {"finally", "exit"},
    "new-oid": {"no_orphan_orders"},
    "no-match": {"finally"},
    "nobody": {"always"},
    "nothing-to-close": {"finally"},
    "one-error": {"finally"},
    "over-budget": {"never", "finally"},
    "own-vault": {"finally"},
    "partial-fill": {"always", "finally"},
    "plain-text": {"no_orphan_orders", "exit"},
    "read-lag": {"never", "finally", "no_orphan_orders"},
    "same-name": {"always", "finally"},
    "same-nonce": {"finally"},
    "silent-socket": {"recovers"},
    "sparse-list": {"finally", "exit"},
    "stale-close": {"always", "finally"},
    "stop-side": {"always", "finally"},
    "thin-book": {"always"},
    "throttled": {"never", "no_orphan_orders", "exit"},
    "tick-sweep": {"eventually", "never"},
    "unified-money": {"finally"},
    "upgrade": {"finally"},
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


def fills(verdict: Verdict) -> list[str]:
    return [one.text for one in verdict.course.happenings if one.who == "fill"]


def test_the_timeline_tells_what_filled_and_at_which_prices() -> None:
    assert fills(play("cascade", "broken")) == [
        "Open Long 1 BTC at 66416 to 66449",
        "Close Long 1 BTC at 66350 to 66317",
        "sub-account 0: Open Long 20 ETH at 1921",
        "Open Short 20 ETH at 1919",
        "Auto-Deleveraging 20 ETH at 1850.9",
        "sub-account 0: Liquidated Cross Long 20 ETH at 1850.9",
        "Open Long 20 ETH at 1300.7",
    ]


def test_the_timeline_tells_a_liquidation_on_the_book_from_a_close() -> None:
    bought = Named("position", {"coin": "ETH", "at_least": 15})
    fall = Step(Named("market/move", {"coin": "ETH", "to": 1815}), when=bought)
    scenario = replace(load("liquidated"), timeline=(fall,), lasts_ms=2_000)

    verdict = run(scenario, [sys.executable, str(BOTS / "liquidated_fixed.py")], seed=1)

    assert verdict.passed, "\n".join(lines(verdict))
    assert fills(verdict) == [
        "Open Long 15 ETH at 1921",
        "Close Long 15 ETH at 1814.1, liquidated",
    ]


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
