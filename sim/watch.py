"""Who need not be looked at: for every account with positions a band of marks in which it is safe.

A band is drawn when an account is looked at and holds until a mark leaves it, the account's
positions change, or its ledgers fall further than the band allows for. Nobody else is looked at,
however many there are. `danger.py` draws and reads them.
"""

from __future__ import annotations

from dataclasses import field

from ..matching.dataclass import dataclass
from ..matching.triggers import Triggers
from .fixed import Address, Szi, Usd


@dataclass(slots=True)
class BandRow:
    """One position as it was when the band was drawn, and the mark that wakes its owner."""

    asset_id: int
    szi: Szi
    is_cross: bool
    least_usd: Usd
    """Isolated: below this ledger the band holds no more."""
    px: int
    """Longs wake at or below, shorts at or above it. 0: no price above zero wakes."""
    is_asleep: bool
    """It waits in `Watch.sleepers`."""


@dataclass(slots=True)
class Band:
    """Where one clearing of an account is safe."""

    least_usd: Usd
    """Below this cross ledger the band holds no more."""
    rows: list[BandRow]


@dataclass(slots=True)
class Watch:
    """All bands, and whom to ask at the next marks whether theirs still holds."""

    sleepers: dict[int, Triggers[str]] = field(default_factory=dict)
    """By asset id."""
    bands: dict[Address, dict[int, Band]] = field(default_factory=dict)
    """Of all clearings of an account, by their keys: drawn and erased together."""
    stale: dict[Address, None] = field(default_factory=dict)
