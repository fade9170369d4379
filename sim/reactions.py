"""What happens because marks moved, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .liquidation import liquidate

if TYPE_CHECKING:
    from .exchange import Exchange

Reaction = Callable[["Exchange", Mapping[int, None]], None]
"""Is told the asset ids whose marks moved, in the order in which they did; none when marks were
computed and are what they were."""

REACTIONS: tuple[Reaction, ...] = (liquidate,)
"""Assumed: after oracle, marks and funding of one moment come liquidations, then triggers, then
TWAPs (contested 67)."""
