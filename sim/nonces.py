"""Nonces of one signer: the 100 highest, and every one seen inside the time window."""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import field

from ..matching.dataclass import dataclass
from .errors import ActionError, ActionReject

KEPT = 100
"""Documented: the 100 highest nonces are stored per signer (exchange 4)."""
SEEN_KEPT = 10_000
"""Most nonces remembered for the word "duplicate"; those used before are refused as too low
instead, the 100 highest excepted.
"""
PAST_MS = 2 * 86_400_000 - 120_000
FUTURE_MS = 86_400_000 - 120_000
"""Observed: the window is (T - 2d, T + 1d), about 120 s tighter on both ends (exchange 4)."""


@dataclass(slots=True)
class NonceSet:
    """What one user or agent has used."""

    highest: list[int] = field(default_factory=list)
    """Ascending, at most KEPT."""
    seen: dict[int, None] = field(default_factory=dict)
    """At most SEEN_KEPT."""
    used: deque[int] = field(default_factory=deque)
    """The same in order of use. A dict knows it, too, but walks over the holes at its head."""

    def check(self, nonce: int, clock_ms: int) -> None:
        """Raises ActionError when `nonce` may not be used at `clock_ms`. Changes nothing.

        Observed: a nonce used before is a duplicate even below the floor of the 100 highest; a new
        one must exceed the smallest of them once there are 100 (exchange 4).
        """
        low, high = clock_ms - PAST_MS, clock_ms + FUTURE_MS
        if nonce > high:
            raise ActionError(ActionReject.NONCE_HIGH, nonce=nonce, bound=high)
        if nonce < low:
            raise ActionError(ActionReject.NONCE_LOW, nonce=nonce, bound=low)
        if nonce in self.seen or self._is_high(nonce):
            raise ActionError(ActionReject.NONCE_DUPLICATE, nonce=nonce)
        if len(self.highest) == KEPT and nonce < self.highest[0]:
            raise ActionError(ActionReject.NONCE_LOW, nonce=nonce, bound=self.highest[0])

    def _is_high(self, nonce: int) -> bool:
        """True when `nonce` is one of the highest. Most are new and above all of them."""
        highest = self.highest
        return bool(highest) and nonce <= highest[-1] and nonce in highest

    def use(self, nonce: int) -> None:
        """Marks `nonce` as used."""
        insort(self.highest, nonce)
        if len(self.highest) > KEPT:
            del self.highest[0]
        self.seen[nonce] = None
        self.used.append(nonce)
        if len(self.used) > SEEN_KEPT:
            del self.seen[self.used.popleft()]
