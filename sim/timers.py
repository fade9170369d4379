"""Everything that time alone causes, in one heap of `(due_ms, serial, kind, key)`."""

from __future__ import annotations

import heapq
from dataclasses import field
from enum import IntEnum

from ..matching.dataclass import dataclass


class Timer(IntEnum):
    """Kinds of timers. Those due at the same time run in the order in which they were pushed."""

    PRICES = 1
    PREMIUM_SAMPLE = 2
    FUNDING = 3
    SCHEDULED_CANCEL = 4
    AGENT_EXPIRY = 5
    TWAP = 6
    POST_ONLY_END = 7
    UNSTAKING = 8
    STAKING_REWARDS = 9
    SPOT_DUST = 10
    HYPERLIQUIDITY = 11
    STAKING_LINK = 12


@dataclass(slots=True)
class Timers:
    """A heap of due times. Handlers ask whether a timer still holds.

    One that no longer does, and that a client could make more of without end, is cancelled.
    """

    heap: list[tuple[int, int, int, str]] = field(default_factory=list)
    serial: int = 0

    def push(self, due_ms: int, kind: Timer, key: str = "") -> None:
        """Wakes `kind` for `key` at `due_ms`."""
        self.serial += 1
        heapq.heappush(self.heap, (due_ms, self.serial, int(kind), key))

    def cancel(self, due_ms: int, kind: Timer, key: str = "") -> None:
        """Takes back a timer that was pushed with the same words; nothing if it has been popped."""
        for place, (due, _, what, whose) in enumerate(self.heap):
            if due == due_ms and what == kind and whose == key:
                del self.heap[place]
                heapq.heapify(self.heap)
                return

    def next_due_ms(self) -> int | None:
        """When the next timer is due, or None."""
        return self.heap[0][0] if self.heap else None

    def pop(self, until_ms: int) -> tuple[int, Timer, str] | None:
        """Takes the first timer due at or before `until_ms`: `(due_ms, kind, key)`."""
        if not self.heap or self.heap[0][0] > until_ms:
            return None
        due_ms, _, kind, key = heapq.heappop(self.heap)
        return due_ms, Timer(kind), key
