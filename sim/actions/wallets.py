"""Small things that an account does with itself, and what this world can only refuse.

setDisplayName, agentSendAsset, reserveRequestWeight, spotUser; then actions for an EVM, auctions
and deployers, none of which exist here: their only stated answer is a refusal.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import transfers, wallets
from ..errors import ActionError, ActionReject
from ..fixed import Address
from ..replies import Done, Response
from .orders import U32, U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action("setDisplayName")
@dataclass(frozen=True, slots=True)
class SetDisplayName:
    """An empty name takes the name away."""

    display_name: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        wallets.set_display_name(ex, acting.user, self.display_name)
        return Done()


@action("agentSendAsset")
@dataclass(frozen=True, slots=True)
class AgentSendAsset:
    destination: Address
    source_dex: str
    destination_dex: str
    token: str
    amount: str
    from_sub_account: str
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        subs = ex.state.accounts[acting.user].sub_accounts
        if self.destination != acting.user and self.destination not in subs:
            raise ActionError(ActionReject.AGENT_SEND)
        transfers.send_asset(
            ex,
            acting,
            destination=self.destination,
            source_dex=self.source_dex,
            destination_dex=self.destination_dex,
            token=self.token,
            amount=self.amount,
            from_sub_account=self.from_sub_account,
        )
        return Done()


@action("reserveRequestWeight")
@dataclass(frozen=True, slots=True)
class ReserveRequestWeight:
    """`destination` None: for oneself."""

    weight: U64
    destination: Address | None = field(default=None, metadata={"omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        wallets.reserve_weight(ex, acting, self.weight, self.destination or acting.user)
        return Done()


@dataclass(frozen=True, slots=True)
class SpotDusting:
    opt_out: bool


@action("spotUser")
@dataclass(frozen=True, slots=True)
class SpotUser:
    """Without the old `classTransfer`, which usdClassTransfer replaced."""

    toggle_spot_dusting: SpotDusting

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        wallets.toggle_dusting(ex, acting.user, opt_out=self.toggle_spot_dusting.opt_out)
        return Done()


# -- refused ---------------------------------------------------------------------------------------


@action("evmUserModify")
@dataclass(frozen=True, slots=True)
class EvmUserModify:
    using_big_blocks: bool

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        raise ActionError(ActionReject.CHAIN_DISABLED)


@action("gossipPriorityBid", vault=True)
@dataclass(frozen=True, slots=True)
class GossipPriorityBid:
    slot_id: U32
    ip: str
    max_gas: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        raise ActionError(ActionReject.GOSSIP_GAS)


@action("authorizeAqav2Role")
@dataclass(frozen=True, slots=True)
class AuthorizeAqav2Role:
    token: U32
    role: str = field(metadata={"choices": ("technical", "treasury")})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        raise ActionError(ActionReject.STAKE_SHORT)


@dataclass(frozen=True, slots=True)
class CreateNonce:
    nonce: U64


@dataclass(frozen=True, slots=True)
class DeployedBy:
    """`{"create": …}`: the contract was deployed by a key, with this nonce."""

    create: CreateNonce


@action("finalizeEvmContract")
@dataclass(frozen=True, slots=True)
class FinalizeEvmContract:
    """Nobody can have asked for a link before: see `SpotDeploy`."""

    token: U32
    input: str | DeployedBy = field(metadata={"choices": ("firstStorageSlot", "customStorageSlot")})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        raise ActionError(ActionReject.DEPLOY_EVM)
