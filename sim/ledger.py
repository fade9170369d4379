"""What a line of an account's ledger says: one class for each `delta` of
`userNonFundingLedgerUpdates` (info 7.2).
"""

from __future__ import annotations

from typing import ClassVar

from ..matching.dataclass import dataclass
from .fixed import Address, Szi, Usd, Wei


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """Base of a `delta` of `userNonFundingLedgerUpdates`. `kind` is the wire's `type`."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Deposit(LedgerChange):
    kind: ClassVar[str] = "deposit"
    usd: Usd


@dataclass(frozen=True, slots=True)
class Withdraw(LedgerChange):
    kind: ClassVar[str] = "withdraw"
    usd: Usd
    nonce: int
    fee: Usd


@dataclass(frozen=True, slots=True)
class AccountClassTransfer(LedgerChange):
    kind: ClassVar[str] = "accountClassTransfer"
    usd: Usd
    to_perp: bool


@dataclass(frozen=True, slots=True)
class InternalTransfer(LedgerChange):
    kind: ClassVar[str] = "internalTransfer"
    usd: Usd
    user: Address
    destination: Address
    fee: Usd


@dataclass(frozen=True, slots=True)
class SpotTransfer(LedgerChange):
    kind: ClassVar[str] = "spotTransfer"
    token: str
    amount: Wei
    decimals: int
    usd_value: Usd
    user: Address
    destination: Address
    fee: Wei
    """Activation fee, in wei of `fee_token`."""
    fee_decimals: int
    fee_token: str
    nonce: int


@dataclass(frozen=True, slots=True)
class Send(LedgerChange):
    kind: ClassVar[str] = "send"
    user: Address
    destination: Address
    source_dex: str
    destination_dex: str
    token: str
    amount: Wei
    decimals: int
    usd_value: Usd
    fee: Wei
    fee_decimals: int
    fee_token: str
    nonce: int


@dataclass(frozen=True, slots=True)
class Liquidated(LedgerChange):
    kind: ClassVar[str] = "liquidation"
    ntl: Usd
    """What was closed, at mark."""
    account_value: Usd
    """Before it was closed; of an isolated position its margin."""
    is_cross: bool
    positions: tuple[tuple[str, Szi], ...]
    """Coins and the signed sizes that were closed."""


@dataclass(frozen=True, slots=True)
class SpotGenesis(LedgerChange):
    """Tokens that an operator or a genesis put on an account."""

    kind: ClassVar[str] = "spotGenesis"
    token: str
    amount: Wei
    decimals: int


@dataclass(frozen=True, slots=True)
class RewardsClaim(LedgerChange):
    """Rewards of referrals and as a builder, in one token."""

    kind: ClassVar[str] = "rewardsClaim"
    token: str
    amount: Wei
    decimals: int


@dataclass(frozen=True, slots=True)
class StakingTransfer(LedgerChange):
    """HYPE between spot and staking."""

    kind: ClassVar[str] = "cStakingTransfer"
    token: str
    amount: Wei
    decimals: int
    is_deposit: bool


@dataclass(frozen=True, slots=True)
class SubAccountTransfer(LedgerChange):
    """USDC between a master and one of its sub-accounts."""

    kind: ClassVar[str] = "subAccountTransfer"
    usd: Usd
    user: Address
    destination: Address


@dataclass(frozen=True, slots=True)
class VaultCreate(LedgerChange):
    kind: ClassVar[str] = "vaultCreate"
    vault: Address
    usd: Usd
    fee: Usd


@dataclass(frozen=True, slots=True)
class VaultDeposit(LedgerChange):
    kind: ClassVar[str] = "vaultDeposit"
    vault: Address
    usd: Usd


@dataclass(frozen=True, slots=True)
class VaultWithdraw(LedgerChange):
    """`net` is what arrived: the request less closing cost and commission."""

    kind: ClassVar[str] = "vaultWithdraw"
    vault: Address
    user: Address
    requested: Usd
    commission: Usd
    closing_cost: Usd
    basis: Usd
    """What the withdrawn part had cost."""
    net: Usd


@dataclass(frozen=True, slots=True)
class VaultDistribution(LedgerChange):
    kind: ClassVar[str] = "vaultDistribution"
    vault: Address
    usd: Usd


@dataclass(frozen=True, slots=True)
class VaultLeaderCommission(LedgerChange):
    """`user` is the leader, who received it."""

    kind: ClassVar[str] = "vaultLeaderCommission"
    user: Address
    usd: Usd


@dataclass(frozen=True, slots=True)
class BorrowLent(LedgerChange):
    """What an account moved to or from a reserve by hand."""

    kind: ClassVar[str] = "borrowLend"
    token: str
    operation: str
    amount: Wei
    interest: Wei
    """What of `amount` is interest."""
    decimals: int


@dataclass(frozen=True, slots=True)
class DeployGasAuction(LedgerChange):
    """What a deployer paid for a token's place in the list."""

    kind: ClassVar[str] = "deployGasAuction"
    token: str
    amount: Wei
    decimals: int
