"""cDeposit, cWithdraw, tokenDelegate: HYPE between spot, the staking account and validators; then
linkStakingUser and stakingLinkDisableTradingUser: whose fees it lowers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import staking, staking_links
from ..fixed import Address
from ..replies import Done, Response
from .orders import U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action(
    "tokenDelegate",
    signs=("address validator", "uint64 wei", "bool isUndelegate", "uint64 nonce"),
    primary_type="TokenDelegate",
)
@dataclass(frozen=True, slots=True)
class TokenDelegate:
    validator: Address
    wei: U64
    is_undelegate: bool
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        act = staking.undelegate if self.is_undelegate else staking.delegate
        act(ex, acting, self.validator, self.wei)
        return Done()


@action("cDeposit", signs=("uint64 wei", "uint64 nonce"), primary_type="CDeposit")
@dataclass(frozen=True, slots=True)
class StakingDeposit:
    wei: U64
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        staking.deposit(ex, acting, self.wei)
        return Done()


@action("cWithdraw", signs=("uint64 wei", "uint64 nonce"), primary_type="CWithdraw")
@dataclass(frozen=True, slots=True)
class StakingWithdraw:
    wei: U64
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        staking.withdraw(ex, acting, self.wei)
        return Done()


@action(
    "linkStakingUser",
    signs=("address user", "bool isFinalize", "uint64 nonce"),
    primary_type="LinkStakingUser",
)
@dataclass(frozen=True, slots=True)
class LinkStakingUser:
    """`user` is the other one: the staking user in a request, the trading user when finalized."""

    user: Address
    is_finalize: bool
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        act = staking_links.finalize if self.is_finalize else staking_links.request
        act(ex, acting, self.user)
        return Done()


@action(
    "stakingLinkDisableTradingUser",
    signs=("address tradingUser", "uint64 nonce"),
    primary_type="StakingLinkDisableTradingUser",
)
@dataclass(frozen=True, slots=True)
class StakingLinkDisableTradingUser:
    trading_user: Address
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        staking_links.disable(ex, acting, self.trading_user)
        return Done()
