"""Who is at the other end of a socket, as far as Linux tells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from .line import PLACE, Line

_LISTENS = "0A"


def lives_here(line: Line, port: int) -> bool:
    """Whether a process that lives in the same time as this one listens at a port of this machine.

    Elsewhere than on Linux none does.
    """
    names = {f"socket:[{inode}]" for inode in _listening(port)}
    return bool(names) and any(not names.isdisjoint(_opened(one)) for one in _company(line))


def _listening(port: int) -> Iterator[str]:
    """Inodes of the sockets that wait for connections there."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError), open(table, encoding="ascii") as file:
            for row in file.readlines()[1:]:
                words = row.split()
                if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    yield words[9]


def _company(line: Line) -> Iterator[str]:
    """The processes, this one among them. Other programs inherit the mark and do not follow."""
    start = f"{PLACE}={line.place}:".encode()
    with suppress(OSError):
        for process in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{process}/environ", "rb") as file:
                program = os.path.basename(os.readlink(f"/proc/{process}/exe"))
                said = file.read().split(b"\0")
                if program.startswith(("python", "pypy")) and any(
                    one.startswith(start) for one in said
                ):
                    yield process


def _opened(process: str) -> Iterator[str]:
    """What its descriptors lead to."""
    with suppress(OSError):
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            with suppress(OSError):
                yield os.readlink(f"/proc/{process}/fd/{descriptor}")
