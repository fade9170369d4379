"""Which process of a bot is which, whatever order they get to the exchange in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commanding import command

DRAW = "import random; print(random.random())"


def told(tmp_path: Path, code: str, *words: str) -> list[str]:
    """The lines that a bot prints."""
    (tmp_path / "bot.py").write_text(code, "utf-8")
    flags = ("--own-time", "--market", "empty")
    found = command("run", *flags, "--", sys.executable, "bot.py", *words, cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout.splitlines()


def test_chance_in_a_child_does_not_depend_on_who_is_there_first(tmp_path: Path) -> None:
    """One of two is late in real time. Both ways to say in which environment they live."""
    code = (
        "import os, subprocess, sys\n"
        f"words = [sys.executable, '-c', {DRAW!r}]\n"
        "late = lambda delay: ['sh', '-c', 'sleep $0; exec \"$@\"', delay, *words]\n"
        "ours = [None, dict(os.environ)]\n"
        "begun = [subprocess.Popen(late(delay), env=env, stdout=subprocess.PIPE)\n"
        "         for delay, env in zip(sys.argv[1:], ours)]\n"
        "print([one.communicate()[0].decode() for one in begun])\n"
    )

    assert told(tmp_path, code, "0.5", "0") == told(tmp_path, code, "0", "0.5")


@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
def test_chance_in_processes_repeats(way: str, tmp_path: Path) -> None:
    code = (
        "import multiprocessing, os, random, sys\n"
        "def draw(number): os.write(1, f'{number} {random.random()}\\n'.encode())\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context(sys.argv[1])\n"
        "    begun = [context.Process(target=draw, args=(number,)) for number in range(4)]\n"
        "    [one.start() for one in begun]\n"
        "    [one.join() for one in begun]\n"
    )

    first, second = (sorted(told(tmp_path, code, way)) for _ in range(2))

    assert first == second
    assert len({line.split()[1] for line in first}) == 4


def test_no_two_processes_draw_the_same(tmp_path: Path) -> None:
    """Those that a shell starts, those that are spawned, and one that another one becomes."""
    code = (
        "import os, subprocess, sys\n"
        f"words = [sys.executable, '-c', {DRAW!r}]\n"
        'sys.stdout.write(os.popen(\'"$P" -c "$C"; "$P" -c "$C"\').read())\n'
        "for start in (os.posix_spawn, lambda *words: os.spawnve(os.P_NOWAIT, *words)):\n"
        "    sys.stdout.flush()\n"
        "    os.waitpid(start(sys.executable, words, os.environ), 0)\n"
        "import random; print(random.random(), flush=True)\n"
        "os.execv(sys.executable, words)\n"
    )
    setting = f"import os; os.environ.update(P={sys.executable!r}, C={DRAW!r})\n"

    first, second = (told(tmp_path, setting + code) for _ in range(2))

    assert first == second
    assert len(set(first)) == 6


def test_a_connection_ends_with_the_process_that_made_it(tmp_path: Path) -> None:
    """The exchange hears of that though a forked one lives on, for which it has ended, too."""
    code = (
        "import http.client, os\n"
        "def ask(connection):\n"
        "    connection.request('POST', '/info', '{\"type\": \"allMids\"}',\n"
        "                       {'Content-Type': 'application/json'})\n"
        "    return connection.getresponse().read()\n"
        "connection = http.client.HTTPConnection(os.environ['HLSIM_URL'].removeprefix('http://'))\n"
        "said = ask(connection)\n"
        "ours, theirs = os.pipe()\n"
        "if (child := os.fork()) == 0:\n"
        "    os.close(theirs)\n"
        "    os.read(ours, 1)\n"
        "    print(connection.sock.recv(1))\n"
        "    connection.close()\n"
        "    print(ask(connection) == said, flush=True)\n"
        "    os._exit(0)\n"
        "connection.close()\n"
        "assert ask(connection) == said\n"
        "os.close(theirs)\n"
        "os.waitpid(child, 0)\n"
    )

    assert told(tmp_path, code) == ["b''", "True"]
