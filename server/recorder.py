"""Writes the journal: every block before anybody is told of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .blocks import Block, Closed
from .node import LocalNode
from .records import Header, block_line, hash_line, header_line, last_records

logger = logging.getLogger("hlsim.journal")


class Unrecorded(Closed, OSError):
    """What happened could not be written down: nobody is answered, and the exchange stops."""


class Recorder:
    """The end of a journal file, open for appending, which nobody else writes to meanwhile.

    A record is one write, and it is with the operating system when that returns: what was
    acknowledged survives the end of the process in any way, `kill -9` included. It does not wait
    for the disk, so it need not survive the end of the machine.
    """

    def __init__(self, path: str, descriptor: int, *, size: int, count: int) -> None:
        self.path = path
        self.size = size
        """Bytes."""
        self.count = count
        """Records."""
        self.broke: OSError | None = None
        """Why it was given up."""
        self.is_wanted = True
        """False: the file is removed at the end."""
        self._is_closed = False
        self.on_failure: Callable[[], None] = lambda: None
        self._descriptor = descriptor

    @classmethod
    def begin(cls, path: str, descriptor: int, header: Header) -> Recorder:
        """A new journal, whatever half a header was in the file. Raises OSError."""
        os.ftruncate(descriptor, 0)
        return cls(path, descriptor, size=_write(descriptor, header_line(header)), count=0)

    @classmethod
    def go_on(cls, path: str, descriptor: int, *, size: int, count: int) -> Recorder:
        """Behind the last whole record of an old one. Raises OSError."""
        os.ftruncate(descriptor, size)
        return cls(path, descriptor, size=size, count=count)

    def on_block(self, block: Block) -> None:
        """Writes a block down. Raises Unrecorded, then and ever after, when that cannot be done."""
        line = block_line(self.count + 1, block)
        if line is not None:
            self._append(line)
            self.count += 1

    def close(self, node: LocalNode) -> None:
        """Writes the hash of the state, for whoever checks, and ends the journal."""
        try:
            if self.broke is None and self.is_wanted:
                state = node.exchange.state
                self._append(hash_line(self.count + 1, state.time_ms, node.exchange.state_hash()))
                self.count += 1
        except OSError:
            pass  # was told of, and nothing but a check is lost
        finally:
            os.close(self._descriptor)
            self._is_closed = True
            if not self.is_wanted:
                with suppress(OSError):
                    os.unlink(self.path)

    def last(self, wanted: int) -> list[Any]:
        """So many of the last records, oldest first."""
        with open(self.path, "rb") as file:
            return last_records(file, self.size, wanted)

    def _append(self, line: bytes) -> None:
        if self._is_closed:
            raise ValueError("the journal is closed, and so is the exchange")
        if self.broke is not None:
            raise Unrecorded(*self.broke.args)
        try:
            self.size += _write(self._descriptor, line)
        except OSError as error:
            logger.error("the exchange stops, for its journal %s: %s", self.path, error)
            self.broke = error
            self.on_failure()
            raise Unrecorded(*error.args) from None


def _write(descriptor: int, line: bytes) -> int:
    """Writes all of it, at once unless the disk is full. Raises OSError."""
    written = os.write(descriptor, line)
    while written != len(line):
        # Whoever took a part tells now why not all of it.
        written += os.write(descriptor, line[written:])
    return written
