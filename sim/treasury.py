"""Where money came from and went: what makes every unit of it accountable."""

from __future__ import annotations

from dataclasses import field

from ..matching.dataclass import dataclass
from .fixed import Usd, Wei


@dataclass(slots=True)
class PerpsFlow:
    """Where money of the perps ledgers of one collateral went, in its millionths."""

    fees: Usd = Usd(0)
    """Protocol fees less rebates, withdrawal and activation fees."""
    funding: Usd = Usd(0)
    """What truncation of funding payments left over (may be negative)."""
    to_spot: Usd = Usd(0)
    """Moved to spot, net: links the two ledgers of the token."""
    to_rewards: Usd = Usd(0)
    """Fees that became rewards of referrers and builders, which are spot money."""


@dataclass(slots=True)
class Treasury:
    """Where money came from and went, so that every unit can be accounted for at any time."""

    usd_deposited: Usd = Usd(0)
    usd_withdrawn: Usd = Usd(0)
    flows: dict[int, PerpsFlow] = field(default_factory=lambda: {0: PerpsFlow()})
    """By token index of the collateral; 0 is USDC."""
    dex_deposits: dict[int, Usd] = field(default_factory=dict)
    """What was moved to each deployed dex, net, in millionths of its collateral."""
    token_minted: dict[int, Wei] = field(default_factory=dict)
    token_fees: dict[int, Wei] = field(default_factory=dict)
    token_burned: dict[int, Wei] = field(default_factory=dict)
    """Spot dust that was worth no order, and what priority orders paid."""

    def flow(self, token: int) -> PerpsFlow:
        """The flow of a collateral, made when there is none."""
        return self.flows.setdefault(token, PerpsFlow())

    @property
    def usd(self) -> PerpsFlow:
        """That of USDC."""
        return self.flows[0]
