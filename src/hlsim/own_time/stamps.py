"""Clocks of programs that are not written in Python: their stamps follow the exchange's time.

libfaketime, a library of Debian's, stands before the C library's clocks of a process and adds what
a file says to real time. The file is written anew whenever exchange time has moved otherwise than
real time did.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from hlsim.config import Refused
from hlsim.server.app import Server
from hlsim.server.blocks import Block
from hlsim.server.pacer import wall_ms

if TYPE_CHECKING:
    from hlsim.library import RunningExchange

PLACES = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/lib64/faketime")
"""Where distributions put it."""
LIBRARY = "libfaketimeMT.so.1"
"""The one for programs with threads, and for all others."""

ROUNDING_MS = 1
"""Two clocks that are cut to whole milliseconds differ by so much from one look to the next."""


def find_library(places: Sequence[str] = PLACES) -> str | None:
    """The path of libfaketime, None where it is not installed."""
    found = [path for place in places for path in glob(f"{place}/{LIBRARY}")]
    return found[0] if found else None


class Stamps:
    """What a child's clocks show. Everything here runs in the exchange's event loop."""

    def __init__(self, server: Server, library: str) -> None:
        self._pacer = server.node.pacer
        self._library = library
        self._folder = tempfile.mkdtemp(prefix="hlsim-")
        self._file = os.path.join(self._folder, "stamps")
        self._write(self._wanted_ms())
        self._unsubscribe = server.node.subscribe(self._on_block)

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What a child needs to know."""
        before = environ.get("LD_PRELOAD")
        return {
            "LD_PRELOAD": f"{self._library}:{before}" if before else self._library,
            "FAKETIME_TIMESTAMP_FILE": self._file,
            "FAKETIME_NO_CACHE": "1",
            # Whoever waits, waits in real time, and files are as old as they are.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def close(self) -> None:
        """Stamps are real time's from now on."""
        self._unsubscribe()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wanted_ms(self) -> int:
        return self._pacer.now_ms() - wall_ms()

    def _on_block(self, block: Block) -> None:
        """Stamps are never behind, and go back only where the exchange does.

        While exchange time stands they run on: two stamps in a row would be one nonce.
        """
        wanted_ms = self._wanted_ms()
        if block.restored is not None or wanted_ms > self._ahead_ms + ROUNDING_MS:
            self._write(wanted_ms)

    def _write(self, ahead_ms: int) -> None:
        self._ahead_ms = ahead_ms
        fresh = self._file + ".new"
        Path(fresh).write_text(f"{ahead_ms / 1000:+.3f}\n", "ascii")
        os.replace(fresh, self._file)  # whoever looks just now sees the one or the other


@contextmanager
def stamped(running: RunningExchange, library: str) -> Iterator[Stamps]:
    """Stamps of an exchange that was opened with `own_time`."""
    stamps = running.call(lambda server: Stamps(server, library))
    try:
        yield stamps
    finally:
        running.call(lambda server: stamps.close())


def library_for(command: Sequence[str], places: Sequence[str] = PLACES) -> str:
    """The path of libfaketime. Raises Refused, with what to install, where it is missing."""
    found = find_library(places)
    if found is None:
        raise Refused(
            f"--own-time: {command[0]} is no Python, and its clock needs libfaketime: "
            "apt-get install libfaketime"
        )
    return found
