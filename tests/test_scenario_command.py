"""`hlsim scenario`: verdicts on the screen and in files, exit codes, what a wrong use is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commanding import HLSIM, command
from scenario_bots import ASK

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
