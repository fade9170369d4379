"""Scenarios whose bots live in exchange time: nothing waits, and every run is the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from commanding import command
from scenario_bots import ASK, move, said, times

from hlsim.own_time import company
from hlsim.scenario import Named, Scenario, Step, Verdict, run
from hlsim.scenario.bots import is_python
from hlsim.scenario.repeating import trace_of

ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
REPEATS = int(os.environ.get("HLSIM_REPEATS", "3"))
"""So many runs with each of two hash seeds; the whole proof takes 100."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="own time is of Linux")


def play(code: str, *, seed: int = 0, **words: Any) -> Verdict:
    """What comes of a bot of a few lines, in exchange time."""
    whole = {"lasts_ms": 60_000, "expect": (Named("exit"),), **words}
    scenario = Scenario(name="test", title="A test", **whole)
    return run(scenario, [sys.executable, "-c", ASK + code], seed=seed, own_time=True)


def test_steps_are_done_at_their_time_while_the_bot_sleeps_through_them() -> None:
    steps = (move(1500, at_ms=333), move(1600, every_ms=20_000, times=2))
    code = """
for _ in range(50):
    print(eth())
    time.sleep(1)
"""
    verdict = play(code, timeline=steps)

    assert times(verdict, "scenario") == [333, 20_000, 40_000]
    assert said(verdict, "bot")[1] == "1500.0"
    assert said(verdict, "bot")[20:22] == ["1600.0", "1600.0"]
    assert (verdict.course.exit, verdict.course.ended_ms) == (0, 60_000)


def test_a_scenario_ends_though_the_bot_waits_for_a_command_that_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its end is a moment for which time moves, after as long as a command has without one."""
    monkeypatch.setattr(company, "HELD_MS", 200)

    verdict = play("import subprocess\nsubprocess.run(['sleep', '600'])")

    assert (verdict.course.exit, verdict.course.ended_ms) == (None, 60_000)


def test_a_condition_is_looked_at_after_each_request_and_before_time_goes_on() -> None:
    when = Named("requests", {"type": "allMids", "at_least": 2})
    steps = (move(1500, when=when), move(1400, when=when, after_ms=2_000))
    code = "first = eth(); second = eth(); print(first > 1900, second > 1900, eth())\n"
    code += "time.sleep(3); print(eth())"

    verdict = play(code, timeline=steps)

    asked = [row.time - verdict.course.began_ms for row in verdict.course.requests]
    assert said(verdict, "bot")[:2] == ["True True 1500.0", "1400.0"]
    assert times(verdict, "scenario") == [asked[1], asked[1] + 2_000]


def test_a_condition_has_its_step_done_each_time_it_comes_to_hold() -> None:
    when = Named("equity", {"at_least": 100_000})
    poor = Step(Named("fund", {"address": ADDRESS, "usdc": 1}), when=when, times=5)
    code = "eth(); time.sleep(1); eth()"

    assert len(said(play(code, timeline=(poor,)), "scenario")) == 1  # it held all the time


def test_time_goes_on_when_the_bot_has_gone() -> None:
    verdict = play("time.sleep(5); print('bye'); sys.exit(3)", timeline=(move(1500, at_ms=40_000),))

    assert times(verdict, "bot") == [5_000, 5_000]
    assert said(verdict, "bot") == ["bye", "ended with 3"]
    assert times(verdict, "scenario") == [40_000]
    assert verdict.course.ended_ms == 60_000


STAYS = """
import signal
def leave(*_):
    ask(type="meta")
    time.sleep(2)
    print("left")
    sys.exit(3)
signal.signal(signal.SIGTERM, leave)
ask(type="allMids")
"""


@pytest.mark.parametrize(
    "wait",
    [
        "while True: time.sleep(7)",
        "import threading; threading.Event().wait()",
        "import threading as t; t.Thread(target=time.sleep, args=(1e6,)).start(); time.sleep(1e6)",
    ],
)
def test_a_bot_that_stays_says_goodbye_in_its_own_time(wait: str) -> None:
    verdict = play(STAYS + wait)

    assert [row.name for row in verdict.course.requests] == ["allMids", "meta"]
    assert said(verdict, "bot") == ["left"]
    assert 62_000 <= times(verdict, "bot")[0] <= 62_010
    assert verdict.course.exit is None


def test_a_bot_of_asyncio_hears_the_signal_too() -> None:
    code = """
import asyncio, signal
async def main():
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await over.wait()
    print("over")
asyncio.run(main())
"""
    assert said(play(code), "bot") == ["over"]


def test_a_bot_that_does_not_leave_is_killed() -> None:
    code = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('no'))\n"

    verdict = play(code + "while True: time.sleep(1)")

    assert said(verdict, "bot") == ["no"]
    assert 65_000 <= verdict.course.ended_ms <= 66_000


def test_a_bot_that_does_not_follow_the_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsim.scenario.runner.STUCK_S", 1.0)
    scenario = Scenario(name="x", title="X", lasts_ms=100, expect=(Named("exit"),))

    for bot in (["sleep", "30"], [sys.executable, "-c", "while True: pass"]):
        with pytest.raises(ValueError, match="give it real time with --no-own-time"):
            run(scenario, bot, own_time=True)
    with pytest.raises(ValueError, match="a bot that is started here"):
        run(scenario, own_time=True)


@pytest.mark.parametrize(
    ("command", "it_is"),
    [
        ("python", True),
        ("/usr/bin/python3.11", True),
        ("pypy3", True),
        ("python.exe", True),
        ("node", False),
        ("./python-bot", False),
    ],
)
def test_a_bot_of_python_is_known_by_its_command(command: str, it_is: bool) -> None:
    assert is_python([command, "bot.py"]) is it_is


# -- the same again --------------------------------------------------------------------------------

AGAIN = """\
title: Everything at once
lasts: 90s
faults:
  - order:0.3:after:drop
  - info:0.1:before:502
  - ws/trades:0.2:drop
timeline:
  - at: 3s
    market/move: {coin: BTC, to: 60000, over_ms: 20000}
  - when: {open_orders: {at_least: 1}}
    after: 2s
    fault: "ws/any:0.3:delay=200..900"
    for: 30s
expect:
  - eventually: {requests: {action: order, at_least: 5}}
"""


def repeat(folder: Path, count: int, hash_seed: str) -> str:
    """What `--repeat` says of a bot of the SDK with threads, a socket and cloids by chance."""
    (folder / "again.yaml").write_text(AGAIN, "utf-8")
    bot = Path(__file__).parent / "own_time" / "stubborn_bot.py"
    flags = ["--seeds", "5", "--repeat", str(count), "--bot", f"{sys.executable} {bot}"]
    environ = {"PYTHONHASHSEED": hash_seed}
    words = ["scenario", "run", "again.yaml", *flags]
    done = command(*words, cwd=folder, environ=environ, patience_s=None)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " strikes " in done.stdout
    return done.stdout.splitlines()[-1]


def test_the_same_scenario_is_the_same_run_with_any_hash_seed(tmp_path: Path) -> None:
    first, second = (repeat(tmp_path, REPEATS, hash_seed) for hash_seed in ("0", "1"))

    assert first == second
    assert first.startswith(f"{REPEATS} runs alike: journal ")


def test_what_differs_is_told() -> None:
    def play_with(code: str) -> Any:
        whole = Scenario(name="x", title="X", lasts_ms=1_000, expect=(Named("exit"),))
        bot = [sys.executable, "-c", ASK + code]
        return lambda journal: run(whole, bot, own_time=True, journal=journal)

    _, first = trace_of(play_with("print('a')"))
    _, same = trace_of(play_with("print('a')"))
    _, other = trace_of(play_with("print('b')"))

    assert first.difference(same) is None
    assert first.difference(other) == "0 bot a became 0 bot b"


def test_chance_that_nobody_seeded_is_decided_by_the_seed() -> None:
    code = """
import os, random, secrets, sys, uuid
found = [random.random(), random.Random().random(), secrets.token_hex(4), str(uuid.uuid4())]
print(found, os.urandom(2).hex(), flush=True)
"""
    code += f"import subprocess; subprocess.run([sys.executable, '-c', {code!r}])"

    runs = [said(play(code, seed=seed), "bot") for seed in (1, 1, 2)]

    assert runs[0] == runs[1]
    assert len({*runs[0][:2], *runs[2][:2]}) == 4  # another process, another seed: other numbers


def test_the_command_repeats_and_compares(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("title: T\nlasts: 1s\nexpect: [exit: {}]\n", "utf-8")
    (tmp_path / "count.py").write_text(
        "from pathlib import Path\nold = Path('n').read_text() if Path('n').exists() else ''\n"
        "Path('n').write_text(old + 'x')\nprint(len(old) // 2)\n",
        "utf-8",
    )

    words = ["scenario", "run", "s.yaml", "--bot", f"{sys.executable} count.py", "--repeat"]
    alike = command(*words, "2", cwd=tmp_path)
    (tmp_path / "n").unlink()
    third = command(*words, "3", cwd=tmp_path)

    assert alike.returncode == 0, alike.stdout + alike.stderr
    assert "2 runs alike: journal " in alike.stdout
    assert third.returncode == 1
    assert "run 3 differs from the first: 0 bot 0 became 0 bot 1" in third.stdout
