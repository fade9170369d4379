"""Signed actions, by family. A new one is one class here and one golden file."""

from __future__ import annotations

from . import agents, cancels, deploys, leverage, misc, orders, outcomes, transfers
from .registry import ACTIONS, Action, ActionSpec, BlockClass

__all__ = [
    "ACTIONS",
    "Action",
    "ActionSpec",
    "BlockClass",
    "agents",
    "cancels",
    "deploys",
    "leverage",
    "misc",
    "orders",
    "outcomes",
    "transfers",
]
