"""Which commands run Python, and which of those are refused exchange time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commanding import command

import hlsim.own_time.path
from hlsim.own_time.pythons import is_python, why_astray


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([sys.executable, "-m", "bot"], True),
        (["python3.12", "bot"], True),
        (["pypy3", "bot"], True),
        (["env", "A=1", "python", "-m", "bot"], True),
        (["sh", "-c", "exec python bot"], True),
        (["./bot.py"], True),
        (["uv", "run", "bot.py"], True),
        (["pytest", "-q"], True),
        (["node", "bot.js"], False),
        (["sh", "-c", "date"], False),
        (["/no/such/bot"], False),
        (["./pythonic"], False),
        (["./python/bot", "--py=1"], False),
    ],
)
def test_what_is_python(words: list[str], expected: bool) -> None:
    assert is_python(words) is expected


def test_a_script_says_so_in_its_first_line(tmp_path: Path) -> None:
    for name, first, expected in (
        ("a", "#!/usr/bin/env python3\n", True),
        ("b", "#!/bin/sh\n", False),
        ("c", "", False),
    ):
        script = tmp_path / name
        script.write_text(first + "# python\n")
        script.chmod(0o755)
        assert is_python([str(script)]) is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('exec .venv/bin/python -m bot "$@"', True),
        ("cd /bot && PYTHON=python3", True),
        # What pip writes where the path of a Python is too long for a first line.
        ('\'\'\'exec\' "/a long path/bin/python3.11" "$0" "$@"', True),
        ("exec node bot.js", False),
        ("  # python is another matter", False),
    ],
)
def test_a_launcher_says_so_in_any_line(line: str, expected: bool, tmp_path: Path) -> None:
    script = tmp_path / "bot"
    script.write_text(f"#!/bin/sh -e\n{line}\n", "utf-8")
    script.chmod(0o755)
    for words in ([str(script)], ["bash", "-e", str(script)], ["/bin/sh", str(script), "x"]):
        assert is_python(words) is expected


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ("python bot.py", None),
        ("python -I bot.py", "I"),
        ("/usr/bin/python3.12 -uE bot.py", "E"),
        ("python3 -X dev -W error -S -m bot", "S"),
        ("python -Xdev -Werror::ImportWarning bot.py", None),
        ("python -W I bot.py", None),
        ("python --check-hash-based-pycs=never -u bot.py -I", None),
        ("python -m bot -I", None),
        ("python -uc 'print()' -E", None),
        ("env A=1 pypy3 -sE bot.py", "E"),
        ("pytest -S", None),
        ("node -I", None),
    ],
)
def test_a_python_that_does_not_look_at_its_path_is_known(words: str, flag: str | None) -> None:
    for split in (words.split(), ["sh", "-c", words]):
        why = why_astray(split)
        assert (None if why is None else why.split()[1]) == (None if flag is None else f"-{flag}")


def test_it_is_refused_in_one_line(tmp_path: Path) -> None:
    script = tmp_path / "bot"
    script.write_text(f"#!{sys.executable} -I\n", "utf-8")
    launcher = tmp_path / "launch"
    launcher.write_text(f"#!/bin/sh\nexec {sys.executable} -I bot.py\n", "utf-8")
    for one in (script, launcher):
        one.chmod(0o755)
    (tmp_path / "s.yaml").write_text("title: T\nlasts: 1s\nexpect: [exit: {}]\n", "utf-8")
    why = (
        "--own-time: python -I leaves out PYTHONPATH or what stands there, which gives a bot the "
        "exchange's time: start it without -I\n"
    )

    for bot in ([sys.executable, "-I", "bot.py"], [str(script)], [str(launcher)]):
        found = command("run", "--own-time", "--", *bot)
        assert (found.returncode, found.stderr) == (2, f"hlsim: {why}")
    found = command("scenario", "run", "s.yaml", "--own-time", "--bot", str(script), cwd=tmp_path)
    assert (found.returncode, found.stderr) == (2, f"hlsim: s.yaml: {why}")


def test_a_bot_that_does_not_follow_is_told_of() -> None:
    hidden = ["env", "-u", "PYTHONPATH", sys.executable, "-c", "raise SystemExit(3)"]

    found = command("run", "--own-time", "--market", "empty", "--", *hidden)

    assert (found.returncode, found.stdout) == (3, "")
    assert found.stderr == (
        "hlsim: --own-time: no Python of the bot follows the exchange's time, which stands still: "
        "let PYTHONPATH and HLSIM_OWN_TIME reach it, and start it without -I, -E and -S\n"
    )


def test_a_python_that_is_too_old_to_follow_says_so() -> None:
    path = str(Path(hlsim.own_time.path.__file__).with_name("sitecustomize.py"))
    old = f"import runpy, sys; sys.version_info = (3, 9, 18); runpy.run_path({path!r}); print(1)"

    found = subprocess.run(
        [sys.executable, "-c", old],
        env={**os.environ, "HLSIM_OWN_TIME": "127.0.0.1:1:1:token:0", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (found.returncode, found.stdout) == (0, "1\n")
    assert found.stderr == "hlsim: --own-time: Python 3.9 lives in real time: take 3.10 or newer\n"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="a user whom modes bind")
def test_a_program_that_may_not_be_read_is_no_python(tmp_path: Path) -> None:
    program = tmp_path / "bot"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o111)

    assert not is_python([str(program)])
