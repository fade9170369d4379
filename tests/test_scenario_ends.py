"""A scenario run that is ended from outside, as by Ctrl-C or by a CI job that is cancelled, or that
has nowhere to write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from commanding import HLSIM, command

import hlsim

FILE = """\
title: Nothing happens
lasts: 1m
expect:
  - no_orphan_orders:
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_a_run_ends_the_bot_and_gets_no_verdict(
    number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "still.yaml").write_text(FILE, "utf-8")
    told = tmp_path / f"pid-{number}"
    code = (
        f"import os, time\nopen({str(told)!r}, 'w').write(f'{{os.getpid()}} ')\ntime.sleep(600)\n"
    )
    (tmp_path / "sleeper.py").write_text(code, "utf-8")
    bot = f"{sys.executable} sleeper.py"
    words = ["scenario", "run", "still.yaml", "--no-own-time", "--bot", bot]
    with subprocess.Popen([*HLSIM, *words], cwd=tmp_path) as runner:
        while not (told.exists() and told.read_text().endswith(" ")):
            assert runner.poll() is None
            time.sleep(0.01)
        runner.send_signal(number)
        assert runner.wait(30) == 128 + number

    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_who_ends_a_run_before_it_has_begun_gets_no_verdict(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow.yaml")
    with subprocess.Popen(
        [*HLSIM, "scenario", "run", "slow.yaml", "--bot", "true"],
        cwd=tmp_path,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as runner:
        # Who opens it waits until the runner reads.
        file = os.open(tmp_path / "slow.yaml", os.O_WRONLY)
        runner.send_signal(signal.SIGINT)
        assert runner.wait(30) == 128 + signal.SIGINT
        os.close(file)


@pytest.mark.parametrize("flag", ["--junit", "--report"])
def test_a_report_that_cannot_be_written_is_told_before_the_bot_runs(
    flag: str, tmp_path: Path
) -> None:
    (tmp_path / "still.yaml").write_text(FILE, "utf-8")
    bot = f"{sys.executable} -c open('ran','w')"
    words = ["scenario", "run", "still.yaml", "--bot", bot, flag, "nowhere/out"]

    done = command(*words, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == f"hlsim: {flag} nowhere/out: No such file or directory\n"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("clock/advance: {days: 3650, ms: 1}", "3650 d 0.001 s are more than the 1 min it lasts"),
        ('clock/set: {time: "2026-01-01T00:01:01Z"}', "1 min 1 s are more than the 1 min it lasts"),
        ("clock/set: {time: soon}", "'soon' is no time: now, milliseconds or ISO 8601"),
    ],
)
def test_a_scenario_goes_no_further_than_it_lasts(step: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "far.yaml"
    file.write_text(f"{FILE}timeline:\n  - at: 1s\n    {step}\n", "utf-8")
    path = step.partition(":")[0]
    with pytest.raises(ValueError, match=rf"far.yaml:7: timeline\[0\].{path}: {said}"):
        hlsim.start(scenario=str(file))
