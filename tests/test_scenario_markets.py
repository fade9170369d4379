"""Scenarios about the market: other people, prices, funding, liquidations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asking import ask
from scenario_bots import said
from wire import Pen

import hlsim
from hlsim.scenario import Mistake, Verdict, read, run
from hlsim.scenario.report import lines

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="own time is of Linux")

SLEEPS = "import time; time.sleep(1e6)"

BUYS = """
import os, time
from eth_account import Account
from hyperliquid.exchange import Exchange
bot = Exchange(Account.from_key(os.environ["HYPERLIQUID_PK"]), os.environ["HLSIM_URL"])
print(bot.order("ETH", True, 1, 2001, {"limit": {"tif": "Gtc"}})["status"])
time.sleep(1e6)
"""


def play(text: str, code: str = SLEEPS, journal: str | None = None) -> Verdict:
    bot = [sys.executable, "-c", code]
    return run(read(text, "test.yaml", "test"), bot, own_time=True, journal=journal)


def times(verdict: Verdict, text: str) -> list[int]:
    return [one.ms for one in verdict.course.happenings if text in one.text]


CASCADE = """\
title: A whale is liquidated, and its fall has a second one sold
lasts: 10m
actors:
  whale: {usdc: 2000}
  shark: {usdc: 4000}
  bank: {usdc: 10000000}
timeline:
  - at: 0s
    market/book: {coin: ETH, levels: [[[1999, 30], [1950, 5], [1900, 40]], [[2001, 50]]]}
  - at: 0s
    actor/order: {actor: whale, coin: ETH, side: buy, sz: 20, leverage: 25}
  - at: 0s
    actor/order: {actor: shark, coin: ETH, side: buy, sz: 20, leverage: 15}
  - at: 5s
    actor/order: {actor: bank, coin: ETH, side: sell, sz: 32}
  - at: 6s
    market/mark: {coin: ETH, px: 1925}
  - when: {liquidations: {of: whale, at_least: 1}}
    after: 2s
    market/move: {coin: ETH, to: 1800, over_ms: 10000}
  - when: {mark: {coin: ETH, at_most: 1850}}
    fund: {address: "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", usdc: 1}
expect:
  - finally: {position: {coin: ETH, of: whale, is: 0}}
  - eventually: {position: {coin: ETH, of: shark, is: 20}}
  - finally: {liquidations: {of: shark, at_least: 1}}
  - finally: {fills: {of: bank, coin: ETH, at_least: 1}}
  - never: {liquidations: {at_least: 1}}
  - finally: {mid: {coin: ETH, at_most: 1850}}
  - finally: {oracle: {coin: ETH, is: 1800}}
"""


def test_one_liquidation_leads_to_the_next(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    verdict = play(CASCADE, journal=str(journal))
    command = [sys.executable, "-m", "hlsim", "replay", str(journal), "--check"]
    replayed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert verdict.passed, "\n".join(lines(verdict))
    (whale, *_), (shark, *_) = times(verdict, "whale"), times(verdict, "shark")
    (move,), (fund,) = times(verdict, "market/move"), times(verdict, "fund address")
    fallen = [one.ms for one in verdict.course.happenings if one.who == "liquidated"]
    assert move == fallen[0] + 2_000
    assert move < fund <= move + 10_000
    assert (whale, shark) == (0, 0)
    assert verdict.state_hash in replayed.stdout, replayed.stdout + replayed.stderr


FUNDING = """\
title: Longs pay
lasts: 3h
timeline:
  - at: 0s
    market/book: {coin: ETH, levels: [[[1999, 50]], [[2001, 50]]]}
  - every: 1m
    market/oracle: {coin: ETH, px: 1960}
  - when: {funding: {coin: ETH, at_most: -0.001}}
    market/halt: {coin: BTC}
expect:
  - eventually: {position: {coin: ETH, is: 1}}
  - finally: {fills: {is: 1}}
  - finally: {funding: {at_most: -0.001}}
  - finally: {funding: {coin: BTC, is: 0}}
  - finally: {deleveraged: {is: 0}}
"""


def test_funding_is_paid_while_the_bot_sleeps() -> None:
    verdict = play(FUNDING, BUYS)

    assert verdict.passed, "\n".join(lines(verdict))
    assert said(verdict, "bot") == ["ok"]
    assert times(verdict, "market/halt") == [3_600_000]
    assert len([one for one in verdict.course.happenings if one.who == "funding"]) == 3


DELEVERAGED = """\
title: The winner is closed out
lasts: 2m
actors:
  loser: {usdc: 5000}
timeline:
  - at: 0s
    market/book: {coin: ETH, levels: [[[1999, 50]], [[2600, 50]]]}
  - at: 0s
    actor/order: {actor: loser, coin: ETH, side: sell, sz: 1, px: 2001}
  - when: {fills: {at_least: 1}}
    after: 1s
    actor/order: {actor: loser, coin: ETH, side: buy, sz: 1}
expect:
  - finally: {position: {coin: ETH, is: 1}}
  - finally: {position: {coin: ETH, of: loser, is: 0}}
"""


def test_an_actor_is_the_other_side_of_the_bot() -> None:
    verdict = play(DELEVERAGED, BUYS)

    assert verdict.passed, "\n".join(lines(verdict))


@pytest.mark.parametrize(
    ("right", "wrong", "text"),
    [
        ("whale: {usdc: 2000}", "whale: {usd: 2000}", "4: actors.whale: unknown key 'usd'; known"),
        ("whale: {usdc: 2000}", "whale: {usdc: -5}", None),
        ("whale: {usdc: 2000}", "wale: {usdc: 2000}", "no actor 'whale'; known: wale, shark, bank"),
        ("actors:\n", "actors: 5\nignored:\n", "unknown key 'ignored'"),
        (
            "side: buy, sz: 20, leverage: 25",
            "side: up, sz: 20",
            "timeline[1].actor/order: Invalid enum value 'up' - at `$.side`: buy, sell; known",
        ),
        (
            "side: buy, sz: 20, leverage: 25",
            "side: buy, sz: 20, px: 9, tif: gtd",
            "Invalid enum value 'gtd' - at `$.tif`: gtc, ioc, alo; known keys:",
        ),
        ("after: 2s", "after: soon", "timeline[5].after: 'soon' is no time"),
        ("  - at: 5s\n", "  - at: 5s\n    after: 1s\n", "only what waits for a condition is done"),
    ],
)
def test_mistakes_about_actors_are_told(right: str, wrong: str, text: str | None) -> None:
    assert right in CASCADE
    broken = CASCADE.replace(right, wrong, 1)
    with pytest.raises(ValueError, match=r".") as caught:
        play(broken) if text is None else read(broken, "test.yaml", "test")

    assert (text or "no USDC") in str(caught.value)
    assert text is None or isinstance(caught.value, Mistake)


def test_what_an_actor_cannot_do_ends_the_run() -> None:
    broken: Any = CASCADE.replace("sz: 20, leverage: 25", "sz: 49, leverage: 25")

    with pytest.raises(ValueError, match="actor/order: whale: the exchange refuses it: MARGIN"):
        play(broken)


def test_what_the_exchange_does_by_itself_is_seen_when_it_happens() -> None:
    """However far time moves at once, judges and conditions are told on the way."""
    scenario = {
        "title": "A TWAP goes on while nobody asks",
        "lasts": "5m",
        "faults": ["meta:1:429"],
        "timeline": [
            {
                "when": {"position": {"coin": "ETH", "at_least": 2}},
                "market/move": {"coin": "ETH", "to": 1930},
            }
        ],
        "expect": [{"recovers": {"within": "40s", "position": {"coin": "ETH", "at_least": 2}}}],
    }
    twap = {"a": 1, "b": True, "s": "11", "r": False, "m": 5, "t": False}
    with hlsim.start(market="static") as running:
        running.control("scenario/run", scenario=scenario)
        Pen(running, running.accounts[0].key).l1({"type": "twapOrder", "twap": twap})
        assert ask(running, body=b'{"type": "meta"}').status == 429

        running.advance(minutes=5)

        told = running.control("scenario/status")
    assert told.passed, told.findings
    seen = [(one.ms, one.text) for one in told.happenings if one.who in ("position", "scenario")]
    assert seen[:4] == [
        (0, "ETH 1.0"),
        (30_000, "ETH 2.0"),
        (30_000, "market/move coin=ETH to=1930"),
        (60_000, "ETH 3.0"),
    ]
