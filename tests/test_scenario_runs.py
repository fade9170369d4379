"""One run of a scenario: time, timeline, the bot's environment and end, the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from commanding import HLSIM, command
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


# -- the command line ------------------------------------------------------------------------------

FILE = """\
title: A price is moved
teaches: Prices move, and whoever asks once knows what was.
lasts: 500ms
timeline:
  - when: {requests: {type: allMids, at_least: 1}}
    market/move: {coin: ETH, to: 1500}
expect:
  - finally: {requests: {type: allMids, at_least: 2}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bots")
    (made / "moved.yaml").write_text(FILE, "utf-8")
    (made / "bot.py").write_text(ASK + "eth()\nif '--twice' in sys.argv: eth()\n", "utf-8")
    return made


def test_a_failed_verdict_is_exit_code_1_with_the_smallest_seed(folder: Path) -> None:
    bot = f"{sys.executable} bot.py"
    flags = ("--no-own-time", "--seeds", "5,3..4", "--junit", "out.xml", "--report", "out.html")
    done = command("scenario", "run", "moved.yaml", "--bot", bot, *flags, cwd=folder)

    assert done.returncode == 1, done.stderr
    assert "moved  seed 3  FAILED  (0.5 s of exchange time)" in done.stdout
    assert "FAILED  finally requests type=allMids at_least=2: requests 1" in done.stdout
    assert "  A price is moved\n" in done.stdout
    assert "  what it teaches:\n    Prices move, and whoever asks once" in done.stdout
    assert done.stdout.endswith(
        "0 of 3 seeds passed\nsmallest failing seed: 3\n"
        f"again: hlsim scenario run moved.yaml --bot '{bot}' --no-own-time --seeds 3\n"
    )
    suite = ElementTree.parse(folder / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "3")
    assert [case.get("name") for case in suite] == [f"moved[seed={n}]" for n in (3, 4, 5)]
    page = (folder / "out.html").read_text("utf-8")
    assert "<h1>A price is moved</h1>" in page
    assert '<li class="wrong">FAILED finally requests type=allMids at_least=2: req' in page
    assert '<li class="held">held exit</li>' in page
    assert "market/move coin=ETH to=1500" in page


def test_what_a_bot_prints_is_text_in_every_report(folder: Path) -> None:
    said = "\x1b[31mred\x1b[0m \0\x07 <script>alert(1)</script> ]]> \ufffe \uffff \U0001f4a5"
    (folder / "colours.py").write_text(f"print({said!r})\nraise SystemExit(4)\n", "utf-8")
    flags = ("--junit", "colours.xml", "--report", "colours.html")
    bot = f"{sys.executable} colours.py"
    done = command("scenario", "run", "moved.yaml", "--bot", bot, *flags, cwd=folder)

    assert done.returncode == 1, done.stderr
    assert "bot       red ?? <script>alert(1)</script> ]]>" in done.stdout
    failure = ElementTree.parse(folder / "colours.xml").getroot()[0][0]
    assert "red ?? <script>alert(1)</script> ]]> ? ? \U0001f4a5" in (failure.text or "")
    page = (folder / "colours.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page


def test_a_passed_verdict_is_exit_code_0(folder: Path) -> None:
    bot = f"{sys.executable} bot.py --twice"
    done = command("scenario", "run", "moved.yaml", "--bot", bot, "--junit", "good.xml", cwd=folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "moved  seed 0  passed" in done.stdout
    assert "  A price is moved\n" in done.stdout
    assert "again:" not in done.stdout
    assert "what it teaches" not in done.stdout
    assert ElementTree.parse(folder / "good.xml").getroot().get("failures") == "0"


def test_of_several_seeds_one_that_passes_takes_a_line(folder: Path) -> None:
    bot = f"{sys.executable} bot.py --twice"
    done = command("scenario", "run", "moved.yaml", "--bot", bot, "--seeds", "7,9", cwd=folder)

    assert done.returncode == 0, done.stdout + done.stderr
    first, second, last = done.stdout.splitlines()
    assert (first[:22], second[:22]) == ("moved  seed 7  passed ", "moved  seed 9  passed ")
    assert last == "2 of 2 seeds passed"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("run", "nothing"), "hlsim: no scenario 'nothing'; nearest: "),
        (("run", "moved.yaml", "--seeds", "x"), "hlsim: --seeds: 'x' is not N, N..M or several"),
        (("run", "moved.yaml", "--seeds", "5..2"), "hlsim: --seeds: 5..2 is no range"),
        (("run", "moved.yaml", "--bot", "no-such"), "hlsim: moved.yaml: the bot 'no-such' cannot"),
        (("run",), "hlsim: Missing argument 'NAME|FILE'"),
        (("runn",), "hlsim: no command 'runn'; nearest: run"),
        (("run", "far.yaml", "--bot", "true"), "hlsim: far.yaml:2: account: account 10 is not amo"),
        (("show", "bad.yaml"), "hlsim: bad.yaml:1: the file: 'title' is missing"),
    ],
)
def test_a_wrong_use_is_exit_code_2(arguments: tuple[str, ...], text: str, folder: Path) -> None:
    (folder / "bad.yaml").write_text("lasts: 5\n", "utf-8")
    (folder / "far.yaml").write_text(FILE.replace("\n", "\naccount: 10\n", 1), "utf-8")

    done = command("scenario", *arguments, cwd=folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(text)


def test_what_there_is_can_be_listed_and_shown(folder: Path) -> None:
    listed = command("scenario", "list", cwd=folder)
    shown = command("scenario", "show", "moved.yaml", cwd=folder)

    assert "lost-reply" in listed.stdout
    assert shown.stdout == FILE
    assert json.loads(command("scenario", "schema", cwd=folder).stdout)["title"] == "hlsim scenario"


def test_without_a_command_whoever_connects_is_the_bot(folder: Path) -> None:
    with subprocess.Popen(
        [*HLSIM, "scenario", "run", "moved.yaml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as exchange:
        assert exchange.stdout is not None
        told = [exchange.stdout.readline().strip() for _ in range(5)]
        environment = dict(line.removeprefix("export ").split("=", 1) for line in told)
        bot = [sys.executable, "bot.py", "--twice"]
        subprocess.run(bot, cwd=folder, env=environment, timeout=60, check=True)
        rest = exchange.stdout.read()

    assert exchange.returncode == 0, rest
    assert rest.startswith("# waits for a bot")
    assert "moved  seed 0  passed" in rest


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
