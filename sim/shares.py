"""The register of a vault: who has how many shares, and what rounding makes of them.

Plain data and exact integers. A share is worth the vault's account value over all shares; every
rounding favours those who stay, so that nobody gains by coming, going or doing so often.
"""

from __future__ import annotations

from dataclasses import field

from ..matching.dataclass import dataclass
from .fixed import Address, Rate, Usd, div_down, mul_down

FIRST_SHARES = 10**6
"""Shares for each µUSD of a first deposit: fine enough that a share never costs a whole µUSD
unless the vault grew a millionfold."""
COMMISSION = Rate(10**9)
"""Documented: the leader's part of the profit of the others is 10 % (mechanics 13)."""
LEADER_PARTS = 20
"""Documented: the leader has at least one part in so many, 5 % (mechanics 13)."""


@dataclass(slots=True)
class Stake:
    """What one depositor has in a vault."""

    shares: int
    basis: Usd
    """What the shares had cost, so far as they are still there."""
    entry_ms: int
    locked_until_ms: int
    realized: Usd = Usd(0)
    """What came back so far, less what it had cost."""


@dataclass(slots=True)
class Vault:
    """A vault's terms and its register of shares."""

    address: Address
    leader: Address
    name: str
    description: str
    created_ms: int
    shares: int = 0
    """Sum of all stakes."""
    stakes: dict[Address, Stake] = field(default_factory=dict)
    allow_deposits: bool = True
    always_close: bool = False
    """Every withdrawal closes its part of all positions."""
    is_closed: bool = False


def worth(vault: Vault, shares: int, value: int) -> Usd:
    """What `shares` are worth when the whole vault is worth `value`, rounded down."""
    if value <= 0 or vault.shares == 0:
        return Usd(0)
    return Usd(div_down(shares * value, vault.shares))


def minted(vault: Vault, usd: int, value: int) -> int:
    """Shares that `usd` buys, rounded down; `value` > 0 once there are shares."""
    if vault.shares == 0:
        return usd * FIRST_SHARES
    return div_down(usd * vault.shares, value)


def burned(vault: Vault, stake: Stake, usd: int, value: int) -> int:
    """Shares that `usd` costs to take out, rounded up; all of them when it is all they are worth.

    `usd` is at most what the stake is worth, so there are always enough.
    """
    if usd == worth(vault, stake.shares, value):
        return stake.shares
    return -div_down(-usd * vault.shares, value)


def basis_of(stake: Stake, part: int, whole: int) -> Usd:
    """The basis of `part` in `whole` of a stake, rounded up."""
    return Usd(-div_down(-stake.basis * part, whole))


def commission(gross: int, basis: int) -> Usd:
    """The leader's part of a payout: of what it exceeds its basis by, rounded down."""
    return Usd(mul_down(max(0, gross - basis), COMMISSION))


def leader_keeps(vault: Vault, leader_shares: int, shares: int) -> bool:
    """True when `leader_shares` are enough of `shares`."""
    return leader_shares * LEADER_PARTS >= shares


def add(vault: Vault, user: Address, stake: Stake) -> None:
    """Adds a deposit to the register; the lock-up of the whole stake starts anew."""
    vault.shares += stake.shares
    old = vault.stakes.get(user)
    if old is None:
        vault.stakes[user] = stake
        return
    old.shares += stake.shares
    old.basis = Usd(old.basis + stake.basis)
    old.locked_until_ms = stake.locked_until_ms


def take(vault: Vault, user: Address, *, shares: int, basis: int, net: int) -> bool:
    """Takes `shares` and their `basis` off a stake that paid `net`; True when nothing is left."""
    stake = vault.stakes[user]
    vault.shares -= shares
    stake.shares -= shares
    stake.basis = Usd(stake.basis - basis)
    stake.realized = Usd(stake.realized + net - basis)
    if stake.shares:
        return False
    del vault.stakes[user]
    return True
