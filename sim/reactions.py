"""What happens because marks moved, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from . import open_interest
from .trigger_orders import fire_triggers

if TYPE_CHECKING:
    from .exchange import Exchange

Reaction = Callable[["Exchange", Mapping[int, None]], None]
"""Is told the asset ids whose marks moved, in the order in which they did."""

REACTIONS: tuple[Reaction, ...] = (fire_triggers, open_interest.on_marks)
"""Assumed: after oracle, marks and funding of one moment come liquidations, then triggers, then
TWAPs (contested 67), and last the caps of open interest."""
