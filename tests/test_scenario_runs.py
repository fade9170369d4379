"""One run of a scenario: time, timeline, the bot's environment and end."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from scenario_bots import ASK, move, said, times

import hlsim
from hlsim.scenario import Named, Scenario, Step, Verdict, run
from hlsim.scenario.course import Happening
from hlsim.scenario.report import lines
from hlsim.scenarios.faults import parse_fault
from hlsim.telling import folded

BOTS = Path(__file__).parent.parent / "examples" / "bots"


def play(code: str, *, seed: int = 0, own_time: bool = False, **words: Any) -> Verdict:
    """What comes of a bot of a few lines."""
    whole = {"lasts_ms": 1_000, "expect": (Named("exit"),), **words}
    scenario = Scenario(name="test", title="A test", **whole)
    return run(scenario, [sys.executable, "-c", ASK + code], seed=seed, own_time=own_time)


def test_the_bot_finds_the_exchange_and_its_account_in_its_environment() -> None:
    names = ("HLSIM_URL", "HYPERLIQUID_API_URL", "HYPERLIQUID_PK", "HYPERLIQUID_TESTNET_PK")
    names += ("HYPERLIQUID_ACCOUNT_ADDRESS",)
    code = f"ask(type='meta'); print(json.dumps([os.environ[name] for name in {names}]))"

    verdict = play(code, account=1)

    (line, _) = said(verdict, "bot")
    url, api_url, key, testnet_key, address = json.loads(line)
    with hlsim.start() as exchange:
        mine = exchange.accounts[1]
    assert url == api_url
    assert url.startswith("http://127.0.0.1:")
    assert (key, testnet_key, address) == (mine.key, mine.key, mine.address)
    assert verdict.course.account == mine.address
    assert verdict.passed


def test_time_begins_with_the_first_request_and_waits_for_a_bot_that_asks() -> None:
    code = "time.sleep(0.5)\nfor _ in range(50): ask(type='exchangeStatus')\nprint('done')"

    verdict = play(code)

    assert times(verdict, "request")[0] == 0
    assert verdict.course.ended_ms == 1_000
    assert said(verdict, "bot") == ["done", "ended with 0"]


def test_steps_at_a_time_are_done_at_it_whatever_the_grid() -> None:
    steps = (move(1500, at_ms=0), move(1600, at_ms=333), move(1700, every_ms=400, times=2))

    verdict = play("print(eth())", timeline=steps)

    assert times(verdict, "scenario") == [0, 333, 400, 800]
    assert said(verdict, "scenario")[0] == "market/move coin=ETH to=1500"
    assert (
        said(verdict, "bot")[0] == "1500.0"
    )  # what is due at once is done before the bot is there


def test_a_step_waits_for_its_condition_and_is_done_once() -> None:
    when = Named("requests", {"type": "allMids", "at_least": 1})
    code = "assert eth() > 1900\nuntil(lambda: eth() == 1500)"

    verdict = play(code, timeline=(move(1500, when=when),), lasts_ms=5_000)

    assert verdict.passed, "\n".join(lines(verdict))
    assert len(said(verdict, "scenario")) == 1


def test_a_step_that_moves_the_clock_is_part_of_the_time_that_a_scenario_lasts() -> None:
    jump = Step(Named("clock/advance", {"hours": 1}), at_ms=100)

    verdict = play("ask(type='meta')", timeline=(jump, move(1500, at_ms=5_000)), lasts_ms=3_600_500)

    assert times(verdict, "scenario") == [100, 5_000]  # a jump stops at what is due on the way
    assert verdict.course.ended_ms == 3_600_500


def test_a_fault_of_the_timeline_is_lifted_after_its_time() -> None:
    fault = Step(Named("fault", {"plan": "meta:1:429"}), at_ms=0, for_ms=500)
    code = """
def meta():
    try:
        return bool(ask(type="meta"))
    except OSError as error:
        return False
until(meta)
print("let in")
"""
    verdict = play(code, timeline=(fault,), lasts_ms=5_000)

    assert "let in" in said(verdict, "bot")
    assert verdict.course.strikes
    assert all(strike.ms < 500 for strike in verdict.course.strikes)
    first = next(row for row in verdict.course.requests if row.is_heard)
    assert first.time - verdict.course.began_ms >= 500


def test_a_bot_that_stays_is_told_to_stop_before_it_is_judged() -> None:
    code = """
import signal
def leave(*_):
    ask(type="meta")
    sys.exit(3)
signal.signal(signal.SIGTERM, leave)
ask(type="allMids")
while True: time.sleep(1)
"""
    verdict = play(code)

    assert [row.name for row in verdict.course.requests] == ["allMids", "meta"]
    assert verdict.course.exit is None
    assert verdict.passed


def test_a_bot_that_crashes_has_failed_and_its_last_words_are_told() -> None:
    verdict = play("ask(type='meta'); raise SystemExit('all is lost')", expect=NEVER_SHORT)

    assert said(verdict, "bot") == ["all is lost", "ended with 1"]
    assert [one.wrong for one in verdict.findings] == [None, "the bot ended with 1"]


BY_SDK = f"""
sys.path.insert(0, {str(BOTS)!r})
from connect import *
from hyperliquid.exchange import Exchange
exchange, info = connect()
"""
"""The beginning of a bot that trades, as those of the examples do."""


def test_sub_accounts_and_spot_balances_are_looked_at_like_the_account_itself() -> None:
    code = """
sub = new_sub_account(exchange, usd=5_000)
second = Exchange(WALLET, URL, vault_address=sub)
second.market_open("ETH", False, 1)
second.order("ETH", True, 1, 1500, GTC)
exchange.market_open("PURR/USDC", True, 1_000)
"""
    second = {"sub_account": 0}
    expect = (
        Named("finally", {"position": {"coin": "ETH", "is": 0}}),
        Named("finally", {"position": {"coin": "ETH", "is": -1, **second}}),
        Named("finally", {"open_orders": {"is": 1, **second}}),
        Named("finally", {"equity": {"at_least": 4_990, "at_most": 5_000, **second}}),
        Named("finally", {"equity": {"is": 0, "sub_account": 1}}),
        Named("finally", {"balance": {"token": "PURR", "is": "10999.3"}}),
        Named("no_orphan_orders"),
    )

    verdict = play(BY_SDK + code, expect=expect)

    wrong = [one.wrong for one in verdict.findings if one.wrong is not None]
    oid = verdict.course.moments[-1].sub_accounts[0].orders[0].oid
    assert wrong == [f"left behind: order {oid} ETH"], "\n".join(lines(verdict))
    assert said(verdict, "position") == ["BTC 1.0", "BTC 0", "sub-account 0: ETH -1.0"]
    assert said(verdict, "orders") == ["sub-account 0: 1 open"]
    assert said(verdict, "balance")[-1] == "PURR 10999.3"
    shown = [f"{one.who} {one.text.split()[0]}" for one in verdict.course.happenings]
    done = [one for one in shown if not re.match("request asks|bot", one)]
    assert done[-9:] == [
        *("request order", "fill sub-account", "position sub-account"),
        *("request order", "orders sub-account"),
        *("request order:", "fill Buy", "balance USDC", "balance PURR"),
    ]
    told = [one.text for one in verdict.course.happenings if one.text.startswith("order for 0x")]
    assert len(told) == 2


def test_a_refusal_is_explained_where_it_happens_once_for_each_rule() -> None:
    code = """
for px in (1500.01, 1500.02, 1500):
    exchange.order("ETH", True, 0.5 if px != 1500 else 0.001, px, GTC)
exchange.create_sub_account("second")  # there is no more to say than the exchange says
exchange.info.post("/info", {"type": "meta", "dex": "none"})
"""
    expect = (Named("eventually", {"refusals": {"at_least": 9}}), Named("exit", {"code": 1}))

    verdict = play(BY_SDK + code, expect=expect)

    whys = said(verdict, "why")
    assert [why.split(":")[0].split(",")[0] for why in whys] == [
        "The price is on no tick",
        "Orders are worth 10 USD at least",
        "The request was understood and cannot be answered",
    ]
    tick = next(n for n, one in enumerate(verdict.course.happenings) if one.who == "why")
    assert "1500.01" in verdict.course.happenings[tick - 1].text
    assert verdict.findings[0].wrong == "never so: 0 at least, 5 at most, 5 at the end"


def test_what_became_of_an_answer_that_was_on_its_way_is_told_when_it_is_known() -> None:
    code = "exchange.order('ETH', True, 0.5, 1500.01, GTC)\n" * 2 + "print('answered')"
    expect = (Named("finally", {"refusals": {"text": "tick", "is": 2}}), Named("no_blind_retry"))
    faults = (parse_fault("order:#1:after:delay=300"),)

    verdict = play(BY_SDK + code, expect=expect, faults=faults, own_time=True)

    assert verdict.passed, verdict
    late, prompt = [text for text in said(verdict, "request") if text.startswith("order")]
    assert late == f"{prompt}; the client got the answer 300 ms late"
    assert len(said(verdict, "why")) == 1


NEVER_SHORT = (Named("never", {"position": {"coin": "ETH", "at_most": -1}}),)


def test_the_seed_decides_whom_a_chance_strikes_and_the_same_seed_the_same() -> None:
    faults = (parse_fault("exchangeStatus:0.5:429"),)
    code = """
for number in range(12):
    try:
        ask(type="exchangeStatus")
    except OSError:
        print(number)
"""
    struck = [said(play(code, faults=faults, seed=seed), "bot") for seed in (1, 1, 2)]

    assert struck[0] == struck[1] != struck[2]


def test_what_cannot_be_played_says_why() -> None:
    step = Step(Named("market/move", {"coin": "NOPE", "to": 1}), at_ms=0)
    with pytest.raises(ValueError, match="market/move: no coin 'NOPE'"):
        play("", timeline=(step,))
    for terms, why in (
        ({"fills": {"coin": "ETHH", "at_least": 1}}, "no coin 'ETHH'; nearest: ETH"),
        ({"balance": {"token": "PURE", "is": 1}}, "no token 'PURE'; nearest: PURR"),
    ):
        typo = Scenario(name="x", title="X", lasts_ms=100, expect=(Named("never", terms),))
        with pytest.raises(ValueError, match=f"{next(iter(terms))} .*: {why}"):
            run(typo, [sys.executable, "-c", ""])
    with pytest.raises(ValueError, match="account 10 is not among the funded ones"):
        play("", account=10)
    scenario = Scenario(name="x", title="X", lasts_ms=100, expect=NEVER_SHORT)
    with pytest.raises(ValueError, match="the bot 'no-such-program' cannot be started"):
        run(scenario, "no-such-program")
    with pytest.raises(ValueError, match="the command of the bot is empty"):
        run(scenario, "")


def test_lines_that_come_again_and_again_are_told_once_with_their_number() -> None:
    said = ["mids", "state", "mids", "state", "mids", "order", "order", "order", "mids"]
    told = folded([Happening(place, "request", text) for place, text in enumerate(said)])

    assert [(one.ms, one.text, count) for one, count in told] == [
        (0, "mids", 2),
        (1, "state", 2),
        (4, "mids", 1),
        (5, "order", 3),
        (8, "mids", 1),
    ]


def test_polls_that_differ_in_who_says_so_are_not_one() -> None:
    lines_told = list(folded([Happening(0, "bot", "ok"), Happening(1, "request", "ok")]))

    assert [count for _, count in lines_told] == [1, 1]
