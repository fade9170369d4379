"""What a bot has begun ends with it, whether it lives in exchange time or not."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from commanding import HLSIM, command

from hlsim.own_time.kin import is_running
from hlsim.scenario import Named, Scenario, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are known on Linux")


def test_an_exchange_that_a_bot_starts_ignores_what_the_bot_was_told(tmp_path: Path) -> None:
    code = (
        "import os\nfrom hlsim.config import strangers\n"
        "print([name for name in os.environ if name.startswith('HLSIM_')], strangers())\n"
    )
    (tmp_path / "bot.py").write_text(code, "utf-8")
    for flags in ((), ("--own-time",)):
        bot = [sys.executable, "bot.py"]
        told = command("run", *flags, "--market", "empty", "--", *bot, cwd=tmp_path)
        assert "HLSIM_RUN" in told.stdout
        assert told.stdout.endswith("] []\n"), told


@pytest.mark.parametrize("flags", [(), ("--own-time",)])
def test_what_a_bot_has_begun_ends_with_it(flags: tuple[str, ...], tmp_path: Path) -> None:
    """Those who do not follow, those who have left its group, and those who will not end."""
    code = (
        "import subprocess, sys\n"
        "stubborn = 'trap \"\" TERM; echo up; while :; do sleep 1; done'\n"
        "for words in (['sleep', '600'], [sys.executable, '-Ic', 'import time; time.sleep(600)'],"
        " ['setsid', 'sleep', '600'], ['sh', '-c', stubborn]):\n"
        "    child = subprocess.Popen(words, stdout=subprocess.PIPE)\n"
        "    print(child.pid)\n"
        "child.stdout.readline()\n"
    )
    (tmp_path / "bot.py").write_text(code, "utf-8")
    bot = [sys.executable, "bot.py"]

    found = command("run", *flags, "--market", "empty", "--", *bot, cwd=tmp_path)

    assert (found.returncode, found.stderr) == (0, "")
    assert [is_running(int(process)) for process in found.stdout.split()] == [False] * 4


@pytest.mark.parametrize("line", ["{} bot.py", "sh -c '{} bot.py; sleep 0.2'"])
def test_time_stands_for_those_who_are_left_when_the_bot_has_ended(
    line: str, tmp_path: Path
) -> None:
    code = (
        "import os, sys, time\n"
        "if os.fork():\n"
        "    time.sleep(3.5)\n"
        "    sys.exit()\n"
        "os.setsid()\n"
        "while True:\n"
        "    time.sleep(1)\n"
        "    print('up', flush=True)\n"
    )
    (tmp_path / "bot.py").write_text(code, "utf-8")
    bot = shlex.split(line.format(sys.executable))

    found = command("run", "--own-time", "--market", "empty", "--", *bot, cwd=tmp_path)

    assert (found.returncode, found.stdout, found.stderr) == (0, "up\n" * 3, "")


def test_what_the_bot_of_a_scenario_has_begun_ends_with_it(tmp_path: Path) -> None:
    for own_time in (False, True):
        told = tmp_path / f"{own_time}"
        code = (
            "import subprocess, time\n"
            "child = subprocess.Popen(['setsid', 'sleep', '600'])\n"
            f"open({str(told)!r}, 'w').write(str(child.pid))\n"
        )
        scenario = Scenario(name="x", title="X", lasts_ms=1_000, expect=(Named("exit"),))

        verdict = run(scenario, [sys.executable, "-c", code], own_time=own_time)

        assert verdict.passed
        assert not is_running(int(told.read_text()))


def test_what_has_lost_its_environment_and_its_parent_ends_with_the_bot(tmp_path: Path) -> None:
    code = (
        "import os, subprocess\n"
        "line = 'setsid sleep 600 >/dev/null 2>&1 & echo $!'\n"
        "env = {'PATH': os.environ['PATH']}\n"
        "print(subprocess.check_output(['sh', '-c', line], env=env, text=True))\n"
    )

    found = command("run", "--market", "empty", "--", sys.executable, "-c", code, cwd=tmp_path)

    assert (found.returncode, found.stderr) == (0, "")
    assert not is_running(int(found.stdout))


def test_those_who_are_adopted_are_waited_for(tmp_path: Path) -> None:
    """A bot that begins many does not leave as many dead ones with us."""
    code = (
        "import os, subprocess\n"
        "from hlsim.own_time.kin import line_of\n"
        "for _ in range(3):\n"
        "    subprocess.run(['sh', '-c', 'sleep 0 &'])\n"
        "ours = os.getppid()\n"
        "def left():\n"
        "    processes = [int(name) for name in os.listdir('/proc') if name.isdigit()]\n"
        "    return [one for one in processes if ours in line_of(one)[1:]]\n"
        "while left() != [os.getpid()]:\n"
        "    pass\n"
    )

    assert command("run", "--market", "empty", "--", sys.executable, "-c", code).returncode == 0


def test_what_the_bot_of_an_inner_run_has_begun_ends_with_the_outer_bot() -> None:
    """An inner run that is told to end gives its bot as long as it has itself, and has no time for
    what that has begun.
    """
    begun = "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done'"
    stubborn = f"trap '' TERM; {begun} & while :; do sleep 1; done"
    inner = [*HLSIM, "run", "--market", "empty", "--", "sh", "-c", stubborn]
    code = (
        "import subprocess\n"
        f"child = subprocess.Popen({inner!r}, stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline(), flush=True)\n"
    )

    found = command("run", "--market", "empty", "--", sys.executable, "-c", code)

    assert found.returncode == 0
    assert not is_running(int(found.stdout))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_ends_its_bot(number: signal.Signals) -> None:
    bot = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
    with subprocess.Popen(
        [*HLSIM, "run", "--market", "empty", "--", *bot], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        process = int(running.stdout.readline())
        os.kill(running.pid, number)
        assert running.wait(60) == 128 + number
    assert not is_running(process)


def test_a_bot_that_did_not_hear_of_ctrl_c_is_told_to_end() -> None:
    """A terminal tells all of them, and a supervisor the run alone."""
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda number, frame: exit('told'))\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [*HLSIM, "run", "--market", "empty", "--", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        os.kill(running.pid, signal.SIGINT)
        assert running.communicate(timeout=60) == ("", "told\n")
    assert running.returncode == 1


def test_a_hangup_that_is_ignored_stays_so() -> None:
    bot = [sys.executable, "-c", "import os; print(os.getpid(), flush=True); input()"]
    with subprocess.Popen(
        ["nohup", *HLSIM, "run", "--market", "empty", "--", *bot],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        os.kill(running.pid, signal.SIGHUP)
        running.communicate("on\n", 60)
    assert running.returncode == 0
