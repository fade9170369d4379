"""usdSend, spotSend, usdClassTransfer, sendAsset, withdraw3, sendToEvmWithData: money on the move,
all user-signed.

Amounts are signed verbatim, so they stay text here; `sim/transfers.py` reads them.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NewType

from ...matching.dataclass import dataclass
from .. import abstraction, evm, transfers, vaults
from ..fixed import Address
from ..replies import Done, Response
from .orders import U32, U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange

AddressText = NewType("AddressText", str)
"""An address that is signed as a string: checked at the edge, kept as written."""


def _address(text: AddressText) -> Address:
    """Observed: the `0x` is optional and the case does not matter (exchange 2.2)."""
    return Address("0x" + text.lower().removeprefix("0x"))


@action(
    "usdSend",
    signs=("string destination", "string amount", "uint64 time"),
    primary_type="UsdSend",
)
@dataclass(frozen=True, slots=True)
class UsdSend:
    destination: AddressText
    amount: str
    time: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        abstraction.refuse_unified(ex.state.accounts[acting.user])
        transfers.usd_send(ex, acting, _address(self.destination), self.amount)
        return Done()


@action(
    "spotSend",
    signs=("string destination", "string token", "string amount", "uint64 time"),
    primary_type="SpotSend",
)
@dataclass(frozen=True, slots=True)
class SpotSend:
    destination: AddressText
    token: str
    amount: str
    time: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        abstraction.refuse_unified(ex.state.accounts[acting.user])
        vaults.refuse_tokens(ex.state, _address(self.destination))
        transfers.spot_send(ex, acting, _address(self.destination), self.token, self.amount)
        return Done()


@action(
    "withdraw3",
    signs=("string destination", "string amount", "uint64 time"),
    primary_type="Withdraw",
)
@dataclass(frozen=True, slots=True)
class Withdraw3:
    destination: AddressText
    amount: str
    time: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        transfers.withdraw(ex, acting, self.amount)
        return Done()


@action(
    "usdClassTransfer",
    signs=("string amount", "bool toPerp", "uint64 nonce"),
    primary_type="UsdClassTransfer",
)
@dataclass(frozen=True, slots=True)
class UsdClassTransfer:
    amount: str
    to_perp: bool
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        transfers.usd_class_transfer(ex, acting, self.amount, to_perp=self.to_perp)
        return Done()


@action(
    "sendAsset",
    signs=(
        "string destination",
        "string sourceDex",
        "string destinationDex",
        "string token",
        "string amount",
        "string fromSubAccount",
        "uint64 nonce",
    ),
    primary_type="SendAsset",
)
@dataclass(frozen=True, slots=True)
class SendAsset:
    destination: AddressText
    source_dex: str
    destination_dex: str
    token: str
    amount: str
    from_sub_account: str
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        if self.destination_dex != transfers.PERPS:
            vaults.refuse_tokens(ex.state, _address(self.destination))
        transfers.send_asset(
            ex,
            acting,
            destination=_address(self.destination),
            source_dex=self.source_dex,
            destination_dex=self.destination_dex,
            token=self.token,
            amount=self.amount,
            from_sub_account=self.from_sub_account,
        )
        return Done()


@action(
    "sendToEvmWithData",
    signs=(
        "string token",
        "string amount",
        "string sourceDex",
        "string destinationRecipient",
        "string addressEncoding",
        "uint32 destinationChainId",
        "uint64 gasLimit",
        "bytes data",
        "uint64 nonce",
    ),
    primary_type="SendToEvmWithData",
)
@dataclass(frozen=True, slots=True)
class SendToEvmWithData:
    token: str
    amount: str
    source_dex: str
    destination_recipient: str
    address_encoding: str = field(metadata={"choices": ("hex", "base58")})
    destination_chain_id: U32
    gas_limit: U64
    data: bytes
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        evm.send(ex, token=self.token, amount=self.amount, source_dex=self.source_dex)
