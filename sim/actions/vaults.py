"""createVault, vaultTransfer, vaultModify, vaultDistribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import vaults
from ..fixed import Address, Usd
from ..replies import Created, Done, Response
from .orders import U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action("createVault")
@dataclass(frozen=True, slots=True)
class CreateVault:
    """`initial_usd` is µUSD; `nonce` is the envelope's again."""

    name: str
    description: str
    initial_usd: U64
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        address = vaults.create(
            ex,
            acting,
            name=self.name,
            description=self.description,
            usd=Usd(self.initial_usd),
            nonce=self.nonce,
        )
        return Created("createVault", address)


@action("vaultTransfer")
@dataclass(frozen=True, slots=True)
class VaultTransfer:
    """`usd` is µUSD."""

    vault_address: Address
    is_deposit: bool
    usd: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        move = vaults.deposit if self.is_deposit else vaults.withdraw
        move(ex, acting, self.vault_address, Usd(self.usd))
        return Done()


@action("vaultModify")
@dataclass(frozen=True, slots=True)
class VaultModify:
    """None leaves a setting as it is, and is signed as nil (exchange 2.2)."""

    vault_address: Address
    allow_deposits: bool | None = None
    always_close_on_withdraw: bool | None = None

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        vaults.modify(
            ex,
            acting.user,
            self.vault_address,
            allow_deposits=self.allow_deposits,
            always_close=self.always_close_on_withdraw,
        )
        return Done()


@action("vaultDistribute")
@dataclass(frozen=True, slots=True)
class VaultDistribute:
    """`usd` is µUSD; 0 closes the vault."""

    vault_address: Address
    usd: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        if self.usd == 0:
            vaults.close(ex, acting, self.vault_address)
        else:
            vaults.distribute(ex, acting, self.vault_address, Usd(self.usd))
        return Done()
