"""cDeposit, cWithdraw, tokenDelegate: HYPE between spot, the staking account and validators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import staking
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
