"""Staked HYPE as plain data: validators, delegations, the unstaking queue, and their histories."""

from __future__ import annotations

from collections import deque
from dataclasses import field
from enum import Enum

from ..matching.dataclass import dataclass
from .fixed import Address, Rate, Wei

HYPE = "HYPE"
"""Name of the token that is staked, whatever its index in a universe."""
STAKING_ROWS_KEPT = 2_000
"""Rows of each staking history of an account."""


@dataclass(slots=True)
class Validator:
    """One validator of the world. `stake` is all that is delegated to it."""

    address: Address
    signer: Address
    name: str
    description: str
    stake: Wei
    commission: Rate
    is_active: bool = True
    delegations_disabled: bool = False


@dataclass(slots=True)
class Delegation:
    """What one account delegates to one validator; kept while rewards of the day are due on it."""

    amount: Wei = Wei(0)
    locked_until_ms: int = 0
    accrued: int = 0
    """Sum of amount times minutes since rewards were last paid, up to `accrued_minute`."""
    accrued_minute: int = 0
    """UTC minute number."""


@dataclass(frozen=True, slots=True)
class Unstaking:
    """One withdrawal in the queue from staking to spot."""

    amount: Wei
    due_ms: int


@dataclass(frozen=True, slots=True)
class StakingChange:
    """Base of a `delta` of `delegatorHistory`."""


@dataclass(frozen=True, slots=True)
class Deposited(StakingChange):
    amount: Wei


@dataclass(frozen=True, slots=True)
class Delegated(StakingChange):
    validator: Address
    amount: Wei
    is_undelegate: bool


@dataclass(frozen=True, slots=True)
class Withdrawn(StakingChange):
    amount: Wei
    is_final: bool
    """False when it entered the queue, true when it reached spot."""


@dataclass(frozen=True, slots=True)
class StakingRow:
    """One row of `delegatorHistory`."""

    time_ms: int
    hash: str
    delta: StakingChange


@dataclass(frozen=True, slots=True)
class StakingReward:
    """One row of `delegatorRewards`: what one day earned."""

    time_ms: int
    amount: Wei


@dataclass(slots=True)
class Stake:
    """The staking account of one address, in wei of HYPE."""

    undelegated: Wei = Wei(0)
    delegations: dict[Address, Delegation] = field(default_factory=dict)
    """By validator, in the order of the first delegation."""
    unstaking: deque[Unstaking] = field(default_factory=deque)
    """The queue, next due first."""
    history: deque[StakingRow] = field(default_factory=lambda: deque(maxlen=STAKING_ROWS_KEPT))
    rewards: deque[StakingReward] = field(default_factory=lambda: deque(maxlen=STAKING_ROWS_KEPT))

    @property
    def delegated(self) -> Wei:
        return Wei(sum(delegation.amount for delegation in self.delegations.values()))

    @property
    def leaving(self) -> Wei:
        """What the queue holds."""
        return Wei(sum(entry.amount for entry in self.unstaking))


class LinkRole(Enum):
    """What an account is in a staking link: the wire words of `stakingLink` (info 7.3)."""

    REQUESTED = "requested"
    """It asked a staking user who has not answered yet."""
    TRADING_USER = "tradingUser"
    STAKING_USER = "stakingUser"


@dataclass(frozen=True, slots=True)
class StakingLink:
    """One side's view of a staking link; `other` is whom it is with."""

    role: LinkRole
    other: Address


@dataclass(slots=True)
class Stakes:
    """Staking of the whole exchange."""

    validators: dict[Address, Validator] = field(default_factory=dict)
    delegators: dict[Address, None] = field(default_factory=dict)
    """Accounts on whose delegations rewards are due, oldest first."""
    rewards_due_ms: int = 0
    """When rewards are paid next; in the past while nobody delegates."""
