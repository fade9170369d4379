"""Bots of several processes in exchange time, which wait for each other, commands and alarms."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commanding import command

from hlsim.config import Settings
from hlsim.library import RunningExchange
from hlsim.own_time import conductor
from hlsim.own_time.environment import child_environment
from hlsim.own_time.run import conducted

BOTS = Path(__file__).parent / "own_time"


def told(bot: str, *words: str) -> Any:
    """What a bot prints of how long it waited for what."""
    flags = ["--own-time", "--market", "empty"]
    found = command("run", *flags, "--", sys.executable, str(BOTS / bot), *words)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
def test_processes_that_wait_for_each_other_take_exchange_time(way: str) -> None:
    assert told("processes.py", way) == {
        "in_a_pool": [12.0, [[1, 2, 3], [1, 3], "late"]],
        "more_than_a_pipe_holds": [0.0, [400_000] * 3],
        "in_new_ones": [6.0, [3, 3, 3]],
        "cut_short": [1.0, None],
        "by_an_executor": [4.0, [1, 4, 2]],
        "through_a_queue": [6.0, ["empty", 0, 1, 2]],
        "one_after_the_other": [15.0, [False, True, 0, 0, 0]],
        "through_a_pipe": [4.0, [0, 100_000, False, 0]],
        "for_a_dead_one": [0.0, -9],
    }


def test_a_default_for_the_timeout_of_sockets_is_not_for_our_line(tmp_path: Path) -> None:
    """The child hears nothing for longer than that while its parent computes."""
    code = (
        "import os, socket, time\n"
        "socket.setdefaulttimeout(0.05)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    time.sleep(5)\n"
        "    os._exit(7)\n"
        "began = time.process_time()\n"
        "while time.process_time() < began + 0.3: pass\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    (tmp_path / "bot.py").write_text(code, "utf-8")
    bot = [sys.executable, str(tmp_path / "bot.py")]

    found = command("run", "--own-time", "--market", "empty", "--", *bot)

    assert (found.returncode, found.stdout, found.stderr) == (0, "7\n", "")


def test_who_sends_more_than_fits_in_lets_those_run_who_read_it() -> None:
    assert told("sends.py") == {
        "all": [1.0, [None, 3_000_000]],
        "some": [1.0, [3_000_000, 3_000_000]],
        "message": [1.0, [3_000_000, 3_000_000]],
        "file": [1.0, [3_000_000, 3_000_000]],
        "nothing": [1.0, [0, 0]],
        "child": [4.0, 1],
        "too late": [20.0, "timed out"],
        "closed": [0.0, [errno.EBADF] * 3],
        "before now": [0.0, "timeout must be non-negative"],
    }


def test_time_stands_while_a_child_of_python_begins() -> None:
    """For a moment it has no name by which it could be known."""
    code = (
        "import subprocess, sys, time\n"
        "for _ in range(15):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3)'])\n"
        "    time.sleep(4)\n"
        "    print(child.poll(), end=' ')\n"
    )
    found = command("run", "--own-time", "--market", "empty", "--", sys.executable, "-c", code)

    assert (found.stdout, found.stderr) == ("0 " * 15, "")


def test_a_handler_hears_of_a_child_when_it_ends() -> None:
    """The signal of it comes through the kernel, beside what the exchange hears."""
    code = (
        "import signal, subprocess, sys, time\n"
        "def hear(*_): print(round(time.monotonic() - began), end=' ')\n"
        "signal.signal(signal.SIGCHLD, hear)\n"
        "for _ in range(15):\n"
        "    began = time.monotonic()\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3)'])\n"
        "    time.sleep(10)\n"
        "    child.wait()\n"
    )
    found = command("run", "--own-time", "--market", "empty", "--", sys.executable, "-c", code)

    assert (found.stdout, found.stderr) == ("3 " * 15, "")


def test_commands_that_are_waited_for_have_their_time() -> None:
    assert told("commands.py") == {
        "in time": [3.0, "hello you\n"],
        "too late": [2.0, "late"],
        "too late, unheard": [5.0, "late"],
        "line by line": [6.0, ["0", "1", "2", 0]],
        "killed": [5.0, -15],
        # Whoever lives in real time takes no other.
        "of a shell": [0.0, "a\n"],
        "of a shell, unheard": [0.0, None],
        "in a shell": [7.0, None],
        # A shell goes on when what it waits for has ended.
        "after another": [3.0, "a\n"],
        "by the system": [0.0, 3],
        "polled": [0.1, 4],
        "a filter": [0.0, "now"],
        "ended while it is read": [5.0, -15],
        "flushed while it is written": [4.0, 500_000],
    }


def test_alarms_ring_when_it_is_their_exchange_time() -> None:
    """How long each way to wait took, what came of it, and when the alarm rang."""
    assert told("alarms.py") == {
        "asleep": [20.0, None, [5.0]],
        "again": [28.0, [0.0, 0.0, 1.0, 2], [3.0, 5.0, 7.0]],
        "sleep": [4.0, "late", [4.0]],
        "queue": [4.0, "late", [4.0]],
        "command": [4.0, "late", [4.0]],
        "paused": [60.0, 0, [60.0]],
        "taken back": [70.0, 20, []],
        "threads": [10.0, 5, [5.0]],
        "loop": [7.0, None, []],
        "unhandled": [9.0, -14, []],
        "children": [6.0, 0, [3.0]],
    }


def test_a_handler_that_waits_leaves_the_wait_it_came_into_as_it_was() -> None:
    assert told("handlers.py") == {
        "sleep": [10.0, None],
        "event": [10.0, False],
        "event that is set": [4.0, True],
        "lock": [20.0, True],
        "lock with an end": [10.0, False],
        # The second that the handler takes comes after the five of whoever had it.
        "lock that is handed over": [6.0, True],
        "wanted lock": [6.0, True],
        "wanted reentrant lock": [6.0, True],
        "lock given up": [6.0, True],
        "pipe": [10.0, "late"],
    }


def test_signals_that_are_waited_for_come_when_it_is_their_exchange_time() -> None:
    assert told("signal_waits.py") == {
        "alarm": [5.0, [signal.SIGALRM, []]],
        "alarm meanwhile": [6.0, [signal.SIGALRM, []]],
        "handler": [7.0, [None, [signal.SIGALRM]]],
        "at once": [0.0, None],
        "threads": [4.0, [signal.SIGTERM, 4]],
        "in a thread": [3.0, [signal.SIGUSR1]],
        "to a thread": [3.0, [signal.SIGUSR1]],
        "end of a child": [6.0, [signal.SIGCHLD, 0]],
        "in a child": [4.0, signal.SIGUSR2],
        "from a thread": [3.0, "interrupted"],
    }


def test_a_process_begins_though_the_one_that_waits_for_it_does_so_in_c(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which looks like work: time stands, and all that is known is that it takes long."""
    monkeypatch.setattr(conductor, "TURN_S", 0.2)
    code = (
        "import ctypes, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; raise SystemExit(7)'])\n"
        "status = ctypes.c_int()\n"
        "ctypes.CDLL(None).waitpid(child.pid, ctypes.byref(status), 0)\n"
        "print(status.value >> 8)\n"
    )
    made = Settings(port=0, clock="manual", market="empty")
    with RunningExchange(made, own_time=True) as running, conducted(running) as conducting:
        own = child_environment(running.url, None, own_time=conducting.place)
        bot = [sys.executable, "-c", code]
        found = subprocess.run(bot, env=own, capture_output=True, timeout=60, check=True)

    assert found.stdout == b"7\n"


@pytest.mark.parametrize("turns", range(12))
def test_a_process_that_is_killed_while_it_waits_does_not_stop_the_time(turns: int) -> None:
    """Its time comes so many turns of the event loop after its end, whatever is known of that."""
    with (
        RunningExchange(Settings(port=0, clock="manual", market="empty"), own_time=True) as running,
        conducted(running) as conducting,
    ):
        host, port, _, token = conducting.place.split(":")

        async def join(process: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"hello {token} {process}\n".encode())
            return reader, writer, int((await reader.readline()).split()[0])

        async def live() -> int:
            _, killed, now_ms = await join(1)
            # One begins when the other waits.
            killed.write(f"wait {now_ms + 60_000} a {now_ms} - -\n".encode())
            reader, writer, _ = await join(2)
            conducting.is_held = True
            killed.write(b"call\n")
            for one, until_ms in ((killed, now_ms), (writer, now_ms + 1000)):
                one.write(f"wait {until_ms} a {now_ms} - -\n".encode())
            while not conducting.is_idle:
                await asyncio.sleep(0)
            conducting._parties[0].writer.transport.abort()
            for _ in range(turns):
                await asyncio.sleep(0)
            conducting.release()
            passed_ms = 0
            while passed_ms < 1000:
                answer = await asyncio.wait_for(reader.readline(), 30)
                passed_ms = int(answer.split()[0]) - now_ms
                # Where the machine is slow it is asked early what it wants now.
                writer.write(f"wait {now_ms + 1000} - {now_ms + passed_ms} - -\n".encode())
            killed.close()
            writer.close()
            return passed_ms

        assert asyncio.run_coroutine_threadsafe(live(), running._loop).result(60) == 1000
