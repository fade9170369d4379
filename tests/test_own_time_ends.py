"""What a bot has begun ends with it, whether it lives in exchange time or not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commanding import command

from hlsim.own_time.kin import is_running
from hlsim.scenario import Named, Scenario, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are known on Linux")


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
