"""What Linux tells of processes. Elsewhere nothing is known of any."""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

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
"""Of the environment: whose process it is. Children inherit it, whatever they call themselves."""
GRACE_S = 0.5
"""Real time in which processes whose bot has ended see that and end, too."""
PARTING_S = 5.0
"""How long whoever is asked to end may take, of real time."""
_LOOK_S = 0.01


def new_mark() -> str:
    """What nobody else has in his environment."""
    return secrets.token_hex(8)


def end_all(mark: str) -> None:
    """Ends the processes that a bot has left behind: by themselves, when asked, or anyway."""
    try:
        if _await_end(mark, GRACE_S):
            return
        _send_all(mark, signal.SIGTERM)
        _await_end(mark, PARTING_S)
    finally:
        # Whoever is tired of waiting presses Ctrl-C again.
        while _marked(mark):
            _send_all(mark, signal.SIGKILL)


def _await_end(mark: str, patience_s: float) -> bool:
    until_s = real_s() + patience_s
    while _marked(mark):
        if real_s() > until_s:
            return False
        time.sleep(_LOOK_S)
    return True


def _send_all(mark: str, number: signal.Signals) -> None:
    for process in _marked(mark):
        with suppress(ProcessLookupError):
            os.kill(process, number)


def _marked(mark: str) -> list[int]:
    words = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "environ").read_bytes()
        except OSError:
            continue  # another one's, or one that has just ended
        if words in told.split(b"\0"):
            found.append(int(folder.name))
    return found
