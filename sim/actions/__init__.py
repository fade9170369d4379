"""Signed actions, by family. A new one is one class here and one golden file."""

from __future__ import annotations

from . import (
    agents,
    cancels,
    leverage,
    misc,
    orders,
    referrals,
    staking,
    sub_accounts,
    transfers,
    twap,
    vaults,
)
from .registry import ACTIONS, Action, ActionSpec, BlockClass

__all__ = [
    "ACTIONS",
    "Action",
    "ActionSpec",
    "BlockClass",
    "agents",
    "cancels",
    "leverage",
    "misc",
    "orders",
    "referrals",
    "staking",
    "sub_accounts",
    "transfers",
    "twap",
    "vaults",
]
