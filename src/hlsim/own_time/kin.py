"""What Linux tells of processes. Elsewhere nothing is known of any."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from hlsim.server.pacer import real_s


class _Stat(NamedTuple):
    """Some of what /proc/PID/stat has."""

    letter: str
    """What it does: Z for one that has ended and was not waited for, X while it disappears."""
    parent: int
    group: int
    threads: int


_NOBODY = _Stat("X", 0, 0, 0)


def is_running(process: int) -> bool:
    """Whether there is such a process that has not ended yet: none of its threads runs."""
    told = _stat(process)
    return told.letter not in "ZX" or told.threads > 1


def line_of(process: int) -> list[int]:
    """The process, its parent, that one's, and so on."""
    found = []
    while process > 0:
        found.append(process)
        process = _stat(process).parent
    return found


def group_of(process: int) -> int:
    """The group that it is in, 0 for none."""
    return _stat(process).group


def _stat(process: int) -> _Stat:
    try:
        told = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    except OSError:
        return _NOBODY
    # Its name stands in brackets before them, and may be anything.
    letter, *numbers = told.rpartition(")")[2].split()
    return _Stat(letter, int(numbers[0]), int(numbers[1]), int(numbers[16]))


# -- all that a bot has begun ----------------------------------------------------------------------

MARK = "HLSIM_RUN"
"""Of the environment: whose process it is, the outermost one's mark first, with colons between.
Children inherit it, whatever they call themselves."""
GRACE_S = 0.5
"""Real time in which processes whose bot has ended see that and end, too."""
PARTING_S = 5.0
"""How long whoever is asked to end may take, of real time; and whoever is made to."""
_LOOK_S = 0.01

_SET_CHILD_SUBREAPER = 36
_GET_CHILD_SUBREAPER = 37
_NO_RANDOM_ADDRESSES = 0x0040000
_WHICH = 0xFFFFFFFF
"""Asks for what is set, and sets nothing."""


def new_mark() -> str:
    """What nobody else has in his environment."""
    return secrets.token_hex(8)


def marked(mark: str) -> str:
    """What an environment says of whose process it is: of those who have begun us, too."""
    outer = os.environ.get(MARK)
    return f"{outer}:{mark}" if outer else mark


def adopt() -> None:
    """From now on whatever our children begin is below us for good, whoever of them ends first.

    For a process that begins nothing but bots. On Linux; elsewhere it does nothing.
    """
    if sys.platform == "linux":
        _prctl(_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))


def _adopts() -> bool:
    if sys.platform != "linux":
        return False
    found = ctypes.c_int()
    _prctl(_GET_CHILD_SUBREAPER, ctypes.byref(found))
    return bool(found.value)


def _prctl(option: int, argument: Any) -> None:
    """A kernel that does not know it changes nothing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, argument)


@contextmanager
def steady_addresses() -> Iterator[bool]:
    """What this thread starts meanwhile has its memory at the same addresses each time: by them
    Python orders a set of objects, of tasks and futures for one.

    False: this is not Linux, or it is not allowed, as in containers that Docker guards by itself.
    """
    before = _personality(_WHICH)
    is_granted = before >= 0 and _personality(before | _NO_RANDOM_ADDRESSES) >= 0
    try:
        yield is_granted
    finally:
        if is_granted:
            _personality(before)


def _personality(wanted: int) -> int:
    """What the kernel has for this thread alone until then; below 0: it refuses."""
    if sys.platform != "linux":
        return -1
    with suppress(OSError, AttributeError):
        return int(ctypes.CDLL(None).personality(ctypes.c_ulong(wanted)))
    return -1


def await_end(child: subprocess.Popen[bytes]) -> int:
    """Waits for a child, and for those adopted that end meanwhile. Returns its exit code."""
    with suppress(ChildProcessError):  # they are not waited for where SIGCHLD is ignored
        while _adopts():
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            if ended is None or ended.si_pid == child.pid:
                break
            os.waitpid(ended.si_pid, 0)
    return child.wait()


def end_all(mark: str) -> None:
    """Ends the processes that a bot has left behind: by themselves, when asked, or anyway."""
    try:
        if _await_end(mark, GRACE_S):
            return
        _send_all(mark, signal.SIGTERM)
        _await_end(mark, PARTING_S)
    finally:
        # Whoever is tired of waiting presses Ctrl-C again.
        _kill_all(mark)


def _kill_all(mark: str) -> None:
    until_s = real_s() + PARTING_S
    while left := _begun(mark):
        _send_all(mark, signal.SIGKILL)
        if real_s() > until_s:
            names = ", ".join(map(str, sorted(left)))
            print(f"hlsim: processes of the bot do not end: {names}", file=sys.stderr, flush=True)
            return
        time.sleep(_LOOK_S)


def _await_end(mark: str, patience_s: float) -> bool:
    until_s = real_s() + patience_s
    while _begun(mark):
        if real_s() > until_s:
            return False
        time.sleep(_LOOK_S)
    return True


def _send_all(mark: str, number: signal.Signals) -> None:
    for process in _begun(mark):
        # It has just ended, or it is another user's.
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)


def _begun(mark: str) -> list[int]:
    """Those who run of what the bot has begun: by their mark, and if we adopt all below us."""
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    us = os.getpid() if _adopts() else 0
    return [
        number
        for number in numbers
        if (us in line_of(number)[1:] or _has_mark(number, mark)) and is_running(number)
    ]


def _has_mark(process: int, mark: str) -> bool:
    try:
        told = Path(f"/proc/{process}/environ").read_bytes()
    except OSError:
        return False  # another one's, or one that has just ended
    start = f"{MARK}=".encode()
    marks = [said[len(start) :].split(b":") for said in told.split(b"\0") if said.startswith(start)]
    return any(mark.encode() in several for several in marks)
