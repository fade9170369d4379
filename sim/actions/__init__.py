"""Signed actions, by family. A new one is one class here and one golden file."""

from __future__ import annotations

from . import (
    abstraction,
    agents,
    cancels,
    deploys,
    lending,
    leverage,
    misc,
    multisig,
    orders,
    outcomes,
    perp_deploys,
    referrals,
    staking,
    sub_accounts,
    transfers,
    twap,
    validators,
    vaults,
    wallets,
)
from .registry import ACTIONS, Action, ActionSpec, BlockClass, spec_of

__all__ = [
    "ACTIONS",
    "Action",
    "ActionSpec",
    "BlockClass",
    "abstraction",
    "agents",
    "cancels",
    "deploys",
    "lending",
    "leverage",
    "misc",
    "multisig",
    "orders",
    "outcomes",
    "perp_deploys",
    "referrals",
    "spec_of",
    "staking",
    "sub_accounts",
    "transfers",
    "twap",
    "validators",
    "vaults",
    "wallets",
]
