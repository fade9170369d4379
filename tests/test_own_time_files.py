"""What a bot does with descriptors and files beside what it says to the exchange."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commanding import command


def told(tmp_path: Path, code: str) -> list[str]:
    """The lines that a bot prints."""
    (tmp_path / "bot.py").write_text(code, "utf-8")
    flags = ("--own-time", "--market", "empty")
    found = command("run", *flags, "--", sys.executable, "bot.py", cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout.splitlines()


@pytest.mark.parametrize(
    "lock",
    [
        "fcntl.flock(file, fcntl.LOCK_EX)",
        "fcntl.lockf(file, fcntl.LOCK_EX)",
        "fcntl.fcntl(file, fcntl.F_SETLKW, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))",
    ],
)
def test_processes_wait_for_the_lock_of_a_file_in_exchange_time(lock: str, tmp_path: Path) -> None:
    code = (
        "import fcntl, os, struct, time\n"
        "began = time.time()\n"
        "children = []\n"
        "for number in range(3):\n"
        "    if (child := os.fork()) == 0:\n"
        "        with open('lock', 'w') as file:\n"
        f"            {lock}\n"
        "            print(round(time.time() - began), flush=True)\n"
        "            time.sleep(5)\n"
        "        os._exit(0)\n"
        "    children.append(child)\n"
        "for child in children:\n"
        "    os.waitpid(child, 0)\n"
        "print(round(time.time() - began))\n"
    )

    assert told(tmp_path, code) == ["0", "5", "10", "15"]


def test_a_lock_that_cannot_be_had_is_refused_as_ever(tmp_path: Path) -> None:
    code = (
        "import fcntl\n"
        "first, second = open('lock', 'w'), open('lock')\n"
        "fcntl.flock(first, fcntl.LOCK_EX)\n"
        "for what in ((second, fcntl.LOCK_EX | fcntl.LOCK_NB), (99, fcntl.LOCK_EX)):\n"
        "    try:\n"
        "        fcntl.flock(*what)\n"
        "    except OSError as error:\n"
        "        print(type(error).__name__, error.errno)\n"
    )

    assert told(tmp_path, code) == ["BlockingIOError 11", "OSError 9"]


def test_a_bot_that_closes_all_descriptors_lives_on(tmp_path: Path) -> None:
    """As daemons do, in one go, one by one, or by putting something else in their place."""
    code = (
        "import contextlib, os, resource, time\n"
        "most = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 4096)\n"
        "def one_by_one():\n"
        "    for descriptor in range(3, most):\n"
        "        with contextlib.suppress(OSError):\n"
        "            os.close(descriptor)\n"
        "def replaced():\n"
        "    for descriptor in range(3, 64):\n"
        "        os.dup2(1, descriptor)\n"
        "began = time.time()\n"
        "for close in (lambda: os.closerange(3, most), one_by_one, replaced):\n"
        "    close()\n"
        "    time.sleep(1)\n"
        "    print(round(time.time() - began))\n"
    )

    assert told(tmp_path, code) == ["1", "2", "3"]
