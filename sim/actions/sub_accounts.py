"""createSubAccount, subAccountModify, subAccountTransfer, subAccountSpotTransfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import sub_accounts, sub_transfers
from ..fixed import Address
from ..replies import Created, Done, Response
from .orders import U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action("createSubAccount")
@dataclass(frozen=True, slots=True)
class CreateSubAccount:
    name: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        return Created("createSubAccount", sub_accounts.create(ex, acting.user, self.name))


@action("subAccountModify")
@dataclass(frozen=True, slots=True)
class SubAccountModify:
    sub_account_user: Address
    name: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        sub_accounts.rename(ex, acting.user, self.sub_account_user, self.name)
        return Done()


@action("subAccountTransfer")
@dataclass(frozen=True, slots=True)
class SubAccountTransfer:
    """`usd` is µUSD."""

    sub_account_user: Address
    is_deposit: bool
    usd: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        sub_transfers.transfer_usd(
            ex, acting, self.sub_account_user, self.usd, is_deposit=self.is_deposit
        )
        return Done()


@action("subAccountSpotTransfer")
@dataclass(frozen=True, slots=True)
class SubAccountSpotTransfer:
    sub_account_user: Address
    is_deposit: bool
    token: str
    amount: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        sub_transfers.transfer_token(
            ex,
            acting,
            self.sub_account_user,
            self.token,
            self.amount,
            is_deposit=self.is_deposit,
        )
        return Done()
