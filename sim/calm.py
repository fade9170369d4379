"""Stretches in which nothing happens: what is sampled again and again is counted, and put into the
markets when the stretch ends. Hours of a still exchange cost little that way, and so does a bot
that does nothing but ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.dataclass import dataclass

if TYPE_CHECKING:
    from .state import State


@dataclass(slots=True)
class Calm:
    """What is known not to change while nothing happens.

    `updates` and `samples` are owed to the markets: whoever reads what they count into, or keeps
    the state, settles first. A premium's mean is the same with what is owed and without.
    """

    marks: tuple[int, int] | None = None
    """(events told of so far, UTC day) at the latest update of marks, when another one then would
    have changed no market."""
    premiums: int | None = None
    """Events told of so far at the latest sample of premiums, of which the same holds."""
    updates: int = 0
    """Updates of marks since then that were not done."""
    samples: int = 0
    """Samples of premiums since then that were not done."""

    def settle(self, state: State) -> None:
        """Counts into the markets what they are owed."""
        updates, self.updates = self.updates, 0
        samples, self.samples = self.samples, 0
        if updates:
            for market in state.markets.values():
                if market.averages.settled is not None and not market.asset.is_delisted:
                    market.averages.held += updates
        if samples:
            for perp in state.universe.all_perps:
                market = state.markets[perp.id]
                if market.premium is not None and not perp.is_delisted:
                    market.premium_sum += market.premium * samples
                    market.premium_samples += samples

    def end(self, state: State) -> None:
        """Something happens."""
        if self.marks is not None or self.premiums is not None:
            self.settle(state)
            self.marks = self.premiums = None
