"""What happens because marks moved, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from . import borrow_liquidation, open_interest, portfolio, twap
from .liquidation import liquidate
from .trigger_orders import fire_triggers

if TYPE_CHECKING:
    from .exchange import Exchange

Reaction = Callable[["Exchange", Mapping[int, None]], None]
"""Is told the asset ids whose marks moved, in the order in which they did; none when marks were
computed and are what they were."""

REACTIONS: tuple[Reaction, ...] = (
    portfolio.on_marks,
    liquidate,
    borrow_liquidation.liquidate,
    fire_triggers,
    twap.on_marks,
    open_interest.on_marks,
)
"""Assumed: after oracle, marks and funding of one moment come liquidations, then triggers, then
TWAPs (contested 67), and last the caps of open interest."""
