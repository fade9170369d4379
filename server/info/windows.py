"""Rows of a time range, out of histories that are kept oldest first. Both bounds are inclusive."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Protocol, TypeVar

BLOCK_ROWS = 500
"""Documented: most rows of a type with a time range (info 2.6)."""


class Row(Protocol):
    """Anything that happened at a time."""

    @property
    def time_ms(self) -> int: ...


R = TypeVar("R", bound=Row)


def within(rows: deque[R], start_ms: int | None, end_ms: int | None) -> Iterator[R]:
    """Rows from `start_ms` to `end_ms`, oldest first; None is no bound."""
    for row in rows:
        if end_ms is not None and row.time_ms > end_ms:
            return
        if start_ms is None or row.time_ms >= start_ms:
            yield row


def oldest(rows: deque[R], start_ms: int | None, end_ms: int | None, most: int) -> list[R]:
    """The first `most` rows of the range; the next page starts at the last time (info 2.6)."""
    return list(islice(within(rows, start_ms, end_ms), most))


def newest(rows: deque[R], start_ms: int | None, end_ms: int | None, most: int) -> list[R]:
    """The last `most` rows of the range, newest first."""
    found: list[R] = []
    for row in reversed(rows):
        if len(found) == most or (start_ms is not None and row.time_ms < start_ms):
            break
        if end_ms is None or row.time_ms <= end_ms:
            found.append(row)
    return found


def oldest_blocks(rows: deque[R], start_ms: int | None, end_ms: int | None, most: int) -> list[R]:
    """As `oldest`, but what shares its time with the last row is not cut off (info 2.6)."""
    found: list[R] = []
    for row in within(rows, start_ms, end_ms):
        if len(found) >= most and row.time_ms != found[-1].time_ms:
            break
        found.append(row)
    return found
