"""Scenarios on an exchange that is up: the control plane, `serve --scenario`, `hlsim.start`."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from asking import ask, get, steer
from commanding import HLSIM, command
from eth_account import Account
from hyperliquid.exchange import Exchange

import hlsim
from hlsim.library import RunningExchange

GTC = {"limit": {"tif": "Gtc"}}
META: Any = {"universe": [{"name": "BTC", "szDecimals": 5}, {"name": "ETH", "szDecimals": 4}]}
SPOT: Any = {"universe": [], "tokens": []}
"""For clients that ask nothing at their start."""
INLINE: dict[str, Any] = {
    "title": "The price falls when somebody bids",
    "lasts": "10s",
    "actors": {"seller": {"usdc": 100_000}},
    "faults": ["meta:1:429"],
    "timeline": [
        {"when": {"open_orders": {"at_least": 1}}, "market/move": {"coin": "ETH", "to": 1890}},
        {"at": "5s", "actor/order": {"actor": "seller", "coin": "ETH", "side": "sell", "sz": 1}},
    ],
    "expect": [
        {"finally": {"position": {"coin": "ETH", "is": 0.5}}},
        {"never": {"refusals": {"at_least": 1}}},
    ],
}


def status(running: RunningExchange, query: str = "") -> Any:
    return get(running, f"scenario/status{query}")


def bot_of(running: RunningExchange, number: int = 0) -> Exchange:
    key = running.accounts[number].key
    return Exchange(Account.from_key(key), running.url, meta=META, spot_meta=SPOT)


def said(told: Any, who: str) -> list[str]:
    return [one["text"] for one in told["happenings"] if one["who"] == who]


# -- the control plane -----------------------------------------------------------------------------


def test_a_scenario_runs_against_whoever_trades_here() -> None:
    with hlsim.start() as running:
        assert status(running)["state"] == "none"
        begun = steer(running, "scenario/run", scenario=INLINE)
        assert (begun["state"], begun["passed"], begun["lasts_ms"]) == ("runs", False, 10_000)
        assert begun["account"] == running.accounts[0].address
        asked = requests.post(running.url + "/info", json={"type": "meta"}, timeout=5)
        assert asked.status_code == 429

        bot_of(running).order("ETH", True, 0.5, 1900, GTC)

        now = status(running)
        assert (now["state"], now["passed"], now["ms"]) == ("runs", True, 0)
        assert said(now, "position") == ["ETH 0.5"]
        assert said(now, "scenario") == ["market/move coin=ETH to=1890"]
        assert len(status(running, "?lines=1")["happenings"]) == 1

        running.clock.advance(hours=1)

        over = status(running)
        assert (over["state"], over["passed"], over["ms"]) == ("over", True, 10_000)
        assert steer(running, "scenario/stop") == over
        assert [one["wrong"] for one in over["findings"]] == [None, None, None]
        assert [one["ms"] for one in over["happenings"] if "actor/order" in one["text"]] == [5_000]
        asked = requests.post(running.url + "/info", json={"type": "meta"}, timeout=5)
        assert asked.status_code == 200  # its faults ended with it


def test_what_time_jumps_over_has_its_own_time() -> None:
    with hlsim.start() as running:
        steer(running, "scenario/run", scenario={**INLINE, "lasts": "1d", "timeline": []})
        bot_of(running).order("ETH", True, 0.5, 2000, GTC)
        running.clock.advance(minutes=30)
        running.clock.advance(hours=1)
        running.clock.advance(hours=1)

        lines = status(running)["happenings"]

    assert [one["ms"] for one in lines if one["who"] == "fill"] == [0]
    assert [one["ms"] for one in lines if one["who"] == "funding"] == [3_600_000, 7_200_000]


def test_of_signed_actions_only_the_accounts_own_count() -> None:
    with hlsim.start() as running:
        steer(running, "scenario/run", scenario=INLINE, account=running.accounts[1].address)
        stranger, bot = bot_of(running, 0), bot_of(running, 1)
        stranger.order("ETH", True, 0.5, 1.23456, GTC)
        assert status(running)["findings"][1]["wrong"] is None
        agent, key = bot.approve_agent()
        assert agent["status"] == "ok"
        helper = Exchange(
            Account.from_key(key),
            running.url,
            meta=META,
            spot_meta=SPOT,
            account_address=running.accounts[1].address,
        )
        helper.order("BTC", True, 0.5, 1.23456, GTC)
        assert status(running)["findings"][1]["wrong"] == "refusals 1 at +0.000 s"


def test_what_a_key_still_sends_that_has_ended_counts_for_its_master() -> None:
    with hlsim.start() as running:
        steer(running, "scenario/run", scenario=INLINE)
        bot = bot_of(running)
        _, key = bot.approve_agent("helper")
        bot.approve_agent("helper")  # another key in its place
        elsewhere = "0x" + "5a" * 20
        old = Exchange(
            Account.from_key(key), running.url, meta=META, spot_meta=SPOT, vault_address=elsewhere
        )

        refused = old.order("BTC", True, 0.5, 50_000, GTC)

        assert refused["status"] == "err"
        assert status(running)["findings"][1]["wrong"] == "refusals 1 at +0.000 s"


def test_a_key_that_has_ended_is_told_from_a_wrong_signature() -> None:
    with hlsim.start() as running:
        bot = bot_of(running)
        keys = [bot.approve_agent("helper")[1] for _ in range(2)]
        last_ms = int(time.time() * 1000) + 60_000
        keys.append(bot.approve_agent(f"brief valid_until {last_ms}")[1])
        for key, minutes in ((keys[0], 0), (keys[2], 2)):
            running.clock.advance(minutes=minutes)
            old = Exchange(Account.from_key(key), running.url, meta=META, spot_meta=SPOT)
            old.order("BTC", True, 0.5, 50_000, GTC)

        replaced, expired = running.diagnoses()

        assert replaced.why.startswith("The key is that of an agent which was replaced")
        assert "agent whose validUntil has passed" in expired.why
        assert "does not exist" in expired.said


def test_a_failed_verdict_says_why_in_a_few_words_and_in_a_report() -> None:
    with hlsim.start(scenario="lost-reply") as running:
        found = repr(running.verdict())
        assert found == ("<lost-reply seed 0 FAILED, finally position coin=ETH is=0.5: position 0>")
        report = running.report()
    assert "\n  FAILED  finally position coin=ETH is=0.5: position 0\n" in report
    with hlsim.start() as running:
        assert "FAILED" not in running.report()


def test_a_scenario_is_stopped_with_its_verdict() -> None:
    with hlsim.start() as running:
        assert steer(running, "scenario/stop") == (400, "no scenario runs")
        steer(running, "scenario/run", scenario="lost-reply")
        running.clock.advance(seconds=1)
        again = steer(running, "scenario/run", scenario="lost-reply")
        assert again == (400, "a scenario runs: stop it first")

        told = steer(running, "scenario/stop")

        assert (told["state"], told["ms"], told["passed"]) == ("stopped", 1_000, False)
        assert told["findings"][0] == {
            "judge": "finally position coin=ETH is=0.5",
            "wrong": "position 0",
        }
        assert steer(running, "scenario/stop") == told
        assert steer(running, "fault/clear") == []
        assert steer(running, "scenario/run", scenario="new-oid")["state"] == "runs"


def test_a_scenario_breaks_when_the_exchange_goes_back_in_time() -> None:
    with hlsim.start() as running:
        steer(running, "scenario/run", scenario=INLINE)
        running.reset()

        told = status(running)

        assert (told["state"], told["why"]) == ("broke", "the exchange went back in time")
        with pytest.raises(ValueError, match="the scenario broke: the exchange went back"):
            running.verdict()
        assert steer(running, "scenario/run", scenario=INLINE)["state"] == "runs"


def test_a_scenario_that_broke_at_a_restore_leaves_none_of_its_faults() -> None:
    lossy = {**INLINE, "faults": ["order:1:after:drop"]}
    with hlsim.start() as running:
        before = running.snapshot()
        mine = steer(running, "fault/add", plan="info:1:502")
        with_mine = running.snapshot()
        running.restore(before)

        steer(running, "scenario/run", scenario=lossy)
        running.restore(running.snapshot())
        assert get(running, "fault/list") == []

        running.restore(before)
        steer(running, "scenario/run", scenario=lossy)
        (its,) = get(running, "fault/list")
        # Another plan that had the same number is none of its own.
        assert its["id"] == mine["id"]
        running.restore(with_mine)
        assert get(running, "fault/list") == [mine]


def test_a_step_that_cannot_be_done_breaks_it() -> None:
    step = {"at": "1s", "market/halt": {"coin": "xyz:NOPE"}}
    with hlsim.start() as running:
        steer(running, "scenario/run", scenario={**INLINE, "timeline": [step]})
        running.clock.advance(seconds=2)

        told = status(running)

        assert told["state"] == "broke"
        assert told["why"].startswith("scenario:1: timeline[0].market/halt: no coin 'xyz:NOPE'")


WRITTEN = """\
title: Names
lasts: 10s
faults:
  - order:#1:drop
  - {on: order, effect: drop, coin: BTC}
timeline:
  - at: 1s
    fault: order[coin=SOL]:1:drop
  - when: {mark: {coin: DOGE, at_least: 1}}
    market/halt: {coin: ETH}
expect:
  - finally: {fills: {coin: HYPE, is: 0}}
"""


@pytest.mark.parametrize(
    ("coin", "said"),
    [
        ("BTC", "5: faults[1]: no coin 'NOPE'"),
        ("SOL", "8: timeline[0].fault: no coin 'NOPE'"),
        ("ETH", "10: timeline[1].market/halt: no coin 'NOPE'"),
        ("DOGE", "9: timeline[1]: mark coin=NOPE at_least=1: no coin 'NOPE'"),
        ("HYPE", "12: expect[0]: fills coin=NOPE is=0: no coin 'NOPE'"),
    ],
)
def test_a_coin_that_never_is_there_is_told_with_its_line_and_path(
    coin: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(WRITTEN, "utf-8")
    hlsim.start(scenario=str(file)).stop()
    file.write_text(WRITTEN.replace(coin, "NOPE"), "utf-8")
    with pytest.raises(ValueError, match=re.escape(f"{file}:{said}")):
        hlsim.start(scenario=str(file))


def test_a_fault_may_be_of_a_coin_that_comes_to_be_on_the_way() -> None:
    steps = [
        {"at": "5s", "market/list": {"coin": "ETHH", "px": 5}},
        {"at": "6s", "fault": "l2Book[coin=xyz:NEW]:1:502"},
    ]
    faults = ["l2Book[coin=ETHH]:1:502"]
    with hlsim.start() as running:
        asked = {**INLINE, "timeline": steps, "faults": faults}
        assert steer(running, "scenario/run", scenario=asked)["state"] == "runs"
        running.clock.advance(seconds=10)
        assert status(running)["state"] == "over"


def test_a_scenario_of_which_there_is_too_much_to_remember_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hlsim.scenario.play.MOST_KEPT", 60)
    with hlsim.start() as running:
        steer(running, "scenario/run", scenario={**INLINE, "lasts": "30d", "faults": []})
        for _ in range(60):
            assert ask(running, "POST", "/info", b'{"type": "meta"}').status == 200

        told = status(running)

        assert (told["state"], told["why"]) == (
            "broke",
            "more than 60 things happened; let it last shorter",
        )
        assert len(told["happenings"]) < 60


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ("nothing", "no scenario 'nothing'; known: agent-address, "),
        ({"title": "T"}, "scenario:1: the file: 'lasts' is missing"),
        ({**INLINE, "account": 99}, "account 99 is not among the funded ones"),
        ({**INLINE, "exchange": {"balance": 5}}, "the scenario wants balance 5, and this exchange"),
        ("throttled", "the scenario wants limit_set "),
        ({**INLINE, "timeline": [{"at": "0s", "scenario/stop": {}}]}, "its time ends it"),
        ({**INLINE, "timeline": [{"at": "0s", "market/halt": {"coin": "X"}}]}, "market/halt: no "),
    ],
)
def test_what_cannot_run_here_is_refused(scenario: Any, text: str) -> None:
    with hlsim.start() as running:
        code, said = steer(running, "scenario/run", scenario=scenario)

        assert code == 400
        assert text in said
        assert steer(running, "fault/clear") == []
        code, said = steer(running, "scenario/run", scenario=INLINE, account="0x" + "77" * 20)
        assert (code, said) == (400, "no account 0x" + "77" * 20)


@pytest.mark.parametrize("clock", ["wall", "auto"])
def test_a_scenario_follows_any_clock(clock: str) -> None:
    brief = {**INLINE, "lasts": "1s", "timeline": [{"at": "500ms", "market/halt": {"coin": "ETH"}}]}
    with hlsim.start(market="empty", clock=clock) as running:
        steer(running, "scenario/run", scenario=brief)
        # Nobody else moves time here: it comes by itself.
        while (told := status(running))["state"] == "runs":
            pass

        (halt,) = [one["ms"] for one in told["happenings"] if one["who"] == "scenario"]
        assert told["state"] == "over"
        assert 500 <= halt <= told["ms"]
        assert running.market.resume("ETH").halted is False


# -- from the start --------------------------------------------------------------------------------


def test_an_exchange_starts_with_a_scenario_and_what_that_says_of_it() -> None:
    with hlsim.start(scenario="liquidated") as running:
        bot = bot_of(running)
        bot.order("ETH", True, 15, 2000, GTC)
        running.clock.advance(seconds=8)

        verdict = running.verdict()

    assert verdict.passed, verdict
    assert "held    eventually position coin=ETH is=15" in str(verdict)
    with hlsim.start(scenario="liquidated", balance=50_000) as running:
        (mine,) = running.control("accounts", user=running.accounts[0].address)
        assert mine.account_value == "50000.0"  # a word that was said goes first
        running.clock.advance(seconds=8)
        assert not running.verdict().passed
    with hlsim.start() as running, pytest.raises(ValueError, match="no scenario runs"):
        running.verdict()
    with pytest.raises(ValueError, match="no scenario 'liquidatid'; nearest: liquidated"):
        hlsim.start(scenario="liquidatid")


def test_serve_plays_a_scenario(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(json.dumps({**INLINE, "exchange": {"balance": 4242}}), "utf-8")
    words = ["serve", "--port", "0", "--quiet", "--clock", "manual"]
    with subprocess.Popen(
        [*HLSIM, *words, "--scenario", str(mine)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        told = requests.get(f"{url}/hlsim/scenario/status", timeout=10).json()
        accounts = requests.get(f"{url}/hlsim/accounts", timeout=10).json()
        server.terminate()

    assert (told["state"], told["name"]) == ("runs", "mine")
    assert accounts[0]["accountValue"] == "4242.0"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"lasts": 5}, "hlsim: --scenario: bad.yaml:1: lasts: 5 is no time"),
        (
            {"timeline": [{"at": "0s", "market/halt": {"coin": "NOPE"}}]},
            "hlsim: --scenario bad.yaml:1: timeline[0].market/halt: no coin 'NOPE'",
        ),
    ],
)
def test_serve_refuses_a_scenario_that_is_none(
    change: dict[str, Any], text: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text(json.dumps({**INLINE, **change}), "utf-8")
    done = command("serve", "--port", "0", "--scenario", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(text)
