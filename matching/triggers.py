"""What sleeps until a price passes it: names by price, the next to wake always at hand.

Names are opaque: orders, accounts, anything that wants to be told. Nothing here trades.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import field
from typing import Generic, TypeVar

from .dataclass import dataclass

Name = TypeVar("Name", int, str)


@dataclass(slots=True)
class Triggers(Generic[Name]):
    """Two sorted lists of `(price, name)`, the next to wake last, so that waking is a pop.

    Nothing that stays asleep is looked at. Names at one price wake in their own order, smallest
    first, which is age where names are oids. Assumed: a price that is met exactly wakes (contested
    65).
    """

    above: list[tuple[int, Name]] = field(default_factory=list)
    """Woken by a price at or above theirs. The prices are negative, and so is the order."""
    below: list[tuple[int, Name]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.above) + len(self.below)

    def add(self, name: Name, px: int, *, is_above: bool) -> None:
        """Puts `name` to sleep until the price is at or beyond `px`. It sleeps there only once."""
        insort(self.above if is_above else self.below, (-px if is_above else px, name))

    def remove(self, name: Name, px: int, *, is_above: bool) -> None:
        """Forgets what `add` was told. Raises KeyError when that is not there."""
        rows = self.above if is_above else self.below
        row = (-px if is_above else px, name)
        place = bisect_left(rows, row)
        if place == len(rows) or rows[place] != row:
            raise KeyError(name)
        del rows[place]

    def wake(self, px: int) -> list[Name]:
        """Takes out everything that `px` reaches: first what waited above, then below, each from
        the nearest to the farthest price.
        """
        return _reached(self.above, -px) + _reached(self.below, px)


def _reached(rows: list[tuple[int, Name]], px: int) -> list[Name]:
    """Cuts off the end of `rows` from `px` on: the highest price first, at one price the smallest
    name."""
    if not rows or rows[-1][0] < px:
        return []
    place = len(rows)
    while place and rows[place - 1][0] >= px:
        place -= 1
    woken = rows[place:]
    del rows[place:]
    woken.sort(key=lambda row: (-row[0], row[1]))
    return [name for _, name in woken]
