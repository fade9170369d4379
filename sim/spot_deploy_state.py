"""What is known of a spot token that was registered while the exchange ran. Plain data."""

from __future__ import annotations

from dataclasses import field

from ..matching.dataclass import dataclass
from .fixed import Address, Px, Sz, Wei


@dataclass(slots=True)
class TokenDeploy:
    """One token from its registration on. Balances in wei."""

    token: int
    deployer: Address
    gas: Wei
    time_ms: int
    max_supply: Wei | None = None
    """None before the genesis."""
    users: dict[Address, Wei] = field(default_factory=dict)
    """What the genesis gives to whom."""
    holders: dict[int, Wei] = field(default_factory=dict)
    """What it gives to all holders of another token, by that token's index."""
    blacklist: dict[Address, None] = field(default_factory=dict)
    """Who gets nothing for holding another token."""
    no_hyperliquidity: bool = False
    is_quote: bool = False
    is_done: bool = False
    """True after the last step."""

    @property
    def total(self) -> Wei:
        """What the genesis gives away in all."""
        return Wei(sum(self.users.values()) + sum(self.holders.values()))


@dataclass(slots=True)
class Hyperliquidity:
    """The range of prices at which a pair has liquidity without anybody's doing (HIP-2)."""

    pxs: list[Px]
    """Ascending."""
    order_sz: Sz
    seeded: Wei
    """Quote that the deployer put in."""
    seen: tuple[int, ...] = ()
    """The book's version and the pool's balances after its orders were renewed."""
