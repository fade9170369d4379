"""The `/info` side: one function for each type. Importing this package fills the table."""

from __future__ import annotations

from ..decode import BadRequest
from . import (
    accounts,
    deploys,
    dexes,
    fees,
    fills,
    ledgers,
    lending,
    listings,
    markets,
    network,
    orders,
    outcomes,
    referral,
    staking,
    sub_accounts,
    twaps,
    vaults,
)
from .registry import INFO, InfoSpec, Query, Unanswerable, answer, answer_value, encoded, query_of

__all__ = [
    "INFO",
    "BadRequest",
    "InfoSpec",
    "Query",
    "Unanswerable",
    "accounts",
    "answer",
    "answer_value",
    "deploys",
    "dexes",
    "encoded",
    "fees",
    "fills",
    "ledgers",
    "lending",
    "listings",
    "markets",
    "network",
    "orders",
    "outcomes",
    "query_of",
    "referral",
    "staking",
    "sub_accounts",
    "twaps",
    "vaults",
]
