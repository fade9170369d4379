"""The control plane: one function for each endpoint. Importing this package fills the table.

Imported with the first request to `/hlsim/…`: whoever never asks starts sooner.
"""

from __future__ import annotations

from . import (
    actors,
    clock,
    faults,
    general,
    journal,
    market,
    metrics,
    moments,
    money,
    outcomes,
    records,
    scenario,
)
from .registry import CONTROL, ControlSpec

__all__ = [
    "CONTROL",
    "ControlSpec",
    "actors",
    "clock",
    "faults",
    "general",
    "journal",
    "market",
    "metrics",
    "moments",
    "money",
    "outcomes",
    "records",
    "scenario",
]
