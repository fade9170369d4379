"""Who is at the other end of a socket, as far as Linux tells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

PLACE = "HLSIM_OWN_TIME"
"""Of the environment: whose time a process lives in."""
_LISTENS = "0A"


def lives_here(port: int) -> bool:
    """Whether a process that lives in the same time as this one listens at a port of this machine.

    Elsewhere than on Linux none does.
    """
    names = {f"socket:[{inode}]" for inode in _listening(port)}
    return bool(names) and any(not names.isdisjoint(_opened(one)) for one in _company())


def _listening(port: int) -> Iterator[str]:
    """Inodes of the sockets that wait for connections there."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError), open(table, encoding="ascii") as file:
            for row in file.readlines()[1:]:
                words = row.split()
                if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    yield words[9]


def _company() -> Iterator[str]:
    """The processes, this one among them. Other programs inherit the mark and do not follow."""
    mark = f"{PLACE}={os.environ.get(PLACE)}".encode()
    with suppress(OSError):
        for process in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{process}/environ", "rb") as file:
                program = os.path.basename(os.readlink(f"/proc/{process}/exe"))
                if program.startswith(("python", "pypy")) and mark in file.read().split(b"\0"):
                    yield process


def _opened(process: str) -> Iterator[str]:
    """What its descriptors lead to."""
    with suppress(OSError):
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            with suppress(OSError):
                yield os.readlink(f"/proc/{process}/fd/{descriptor}")
