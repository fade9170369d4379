"""Files of market data as one stream in the order of time, read line by line.

A path is a file or a folder with files below it, plain or `.lz4`. No more than a line of each file
is in memory, and only files whose time has come are open.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from heapq import heapify, heappop, heapreplace
from pathlib import Path
from typing import BinaryIO, cast

from ..matching.dataclass import dataclass
from .archive_rows import Columns, Line, Rank, Row, parse_json

logger = logging.getLogger("hlsim.archive")

SUFFIXES = (".jsonl", ".csv", ".lz4")
"""Of the files of a folder that are played."""

MOST_BYTES = 16 * 1024 * 1024
"""Of a line."""
MOST_FAULTS = 20
"""A file with so many bad lines in a row is read no further."""
LATE_MS = 60_000
"""A line this much older than the one before is a fault; one that is less late is played at once
(Assumed: files of several writers are a little out of order)."""

Place = tuple[int, int, int, int, bool]
"""Where reading stands: the offset of the next line, how many are before it, the latest time, how
many bad lines came one after the other, whether it is over."""


@dataclass(frozen=True, slots=True)
class Played:
    """A line whose time has come. `where` names file and line for people."""

    time_ms: int
    where: str
    rows: tuple[Row, ...]


class Archive:
    """What is next in all files. Raises ValueError, one line, for what cannot be read at all."""

    def __init__(self, path: str) -> None:
        files = _files_of(Path(path).expanduser())
        self._sources = [source for source in map(_Source, files) if source.key is not None]
        if not self._sources:
            raise ValueError(f"{path}: nothing in it")
        self._heap: list[tuple[int, Rank, int]] = []
        self._line_up()
        self.first_ms = self._heap[0][0]
        """Time of the first line of all."""

    def _line_up(self) -> None:
        keys = [(source.key, place) for place, source in enumerate(self._sources)]
        self._heap = [(*key, place) for key, place in keys if key is not None]
        heapify(self._heap)

    @property
    def next_ms(self) -> int | None:
        """Time of the next line; None at the end of everything. Never goes back."""
        return self._heap[0][0] if self._heap else None

    def take(self) -> Played:
        """The next line, which is there."""
        time_ms, _, place = self._heap[0]
        source = self._sources[place]
        where, line = source.take()
        if source.key is None:
            heappop(self._heap)
        else:
            heapreplace(self._heap, (*source.key, place))
        return Played(time_ms, where, line.rows)

    def state(self) -> tuple[Place, ...]:
        """Where it stands, for `restore` of an archive of the same files."""
        return tuple(source.place for source in self._sources)

    def restore(self, state: tuple[Place, ...]) -> None:
        """Goes on from there, with the files as they are now."""
        for source, place in zip(self._sources, state, strict=True):
            source.go_to(place)
        self._line_up()


def _files_of(path: Path) -> list[Path]:
    """Those to read, in the order of their names."""
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
    if not found:
        raise ValueError(f"{path}: no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file in it")
    return found


class _Source:
    """One file. Its first line is read at once, to know when it begins and whether it is any use:
    the one fault that raises ValueError. Later ones are told of and left out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._close: Callable[[], object] = lambda: None
        self._parse: Callable[[str], Line] | None = None
        self._ahead: Line | None = None
        self._after = (0, 0)
        """Where the line begins that follows the one ahead, and how many are before it."""
        self._offset = self._number = self._latest_ms = self._faults = 0
        self._is_over = False
        self._read(is_first=True)
        self._first = (self.key, self.place)
        self._shut()

    @property
    def key(self) -> tuple[int, Rank] | None:
        """What the next line is sorted by; None at the end."""
        if self._is_over:
            return None
        if self._ahead is None:
            return self._first[0]
        return max(self._latest_ms, self._ahead.time_ms), self._ahead.rank

    @property
    def place(self) -> Place:
        return self._offset, self._number, self._latest_ms, self._faults, self._is_over

    def go_to(self, place: Place) -> None:
        """Goes to where another reader of the file stood."""
        if place == self.place:
            return
        self._shut()
        self._offset, self._number, self._latest_ms, self._faults, self._is_over = place
        if place != self._first[1]:
            self._read()

    def take(self) -> tuple[str, Line]:
        """The next line and where it stands."""
        if self._ahead is None:
            self._read()
        # A file that is shorter by now says nothing any more.
        line = self._ahead or Line(self._latest_ms, Rank.CONTEXT, ())
        where = f"{self._path}:{self._number + 1}"
        self._latest_ms = max(self._latest_ms, line.time_ms)
        self._offset, self._number = self._after
        self._read()
        return where, line

    # -- the file ----------------------------------------------------------------------------------

    def _shut(self) -> None:
        self._close()
        self._file = self._ahead = None

    def _read(self, *, is_first: bool = False) -> None:
        """Looks at the next line that says something, from `_offset` on."""
        self._ahead = None
        while not self._is_over:
            raw = self._next_bytes(is_first=is_first)
            if not raw:
                self._is_over = True
                self._shut()
                return
            self._after = (self._offset + len(raw), self._number + 1)
            try:
                line = self._line_of(raw)
            except ValueError as error:
                if is_first:
                    raise ValueError(f"{self._path}:{self._number + 1}: {error}") from None
                self._complain(str(error))
                line = None
            if line is not None and line.rows:
                self._ahead = line
                return
            self._offset, self._number = self._after

    def _next_bytes(self, *, is_first: bool) -> bytes:
        try:
            if self._file is None:
                self._file = _open(self._path)
                self._close = weakref.finalize(self, self._file.close)
                self._file.seek(self._offset)
            return self._file.readline(MOST_BYTES)
        except (ValueError, OSError, EOFError, RuntimeError) as error:
            fault = getattr(error, "strerror", None) or str(error)
            if is_first:
                raise ValueError(f"{self._path}: {fault}") from None
            here = f"{self._path}:{self._number + 1}"
            logger.warning("%s: %s; the rest of the file is left out", here, fault)
            return b""

    def _line_of(self, raw: bytes) -> Line | None:
        """What a line says; None for an empty one and a header."""
        if len(raw) >= MOST_BYTES:
            raise ValueError(f"it is longer than {MOST_BYTES} bytes")
        try:
            text = raw.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise ValueError("it is no text") from None
        if not text:
            return None
        if self._parse is None:
            if text[0] not in "{[":
                self._parse = Columns(text).parse
                return None
            self._parse = parse_json
        line = self._parse(text)
        if line.time_ms < self._latest_ms - LATE_MS:
            raise ValueError("it goes back in time by more than a minute")
        self._faults = 0
        return line

    def _complain(self, fault: str) -> None:
        self._faults += 1
        here = f"{self._path}:{self._number + 1}"
        if self._faults < MOST_FAULTS:
            logger.warning("%s: %s; it is left out", here, fault)
            return
        logger.warning("%s: %s; the rest of a file with so many faults is left out", here, fault)
        self._is_over = True
        self._shut()


def _open(path: Path) -> BinaryIO:
    """Raises ValueError, OSError, EOFError or RuntimeError, the last two of the library's."""
    if path.suffix != ".lz4":
        return path.open("rb")
    try:
        import lz4.frame  # type: ignore[import-untyped]  # no types come with it
    except ImportError:
        raise ValueError("to read .lz4 install lz4: pip install 'hlsim[archive]'") from None
    return cast(BinaryIO, lz4.frame.open(path, "rb"))
