"""approveAgent, approveBuilderFee: what a user allows others to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import agents
from ..fixed import Address
from ..replies import Done, Response
from .orders import U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action(
    "approveAgent",
    signs=("address agentAddress", "string agentName", "uint64 nonce"),
    primary_type="ApproveAgent",
)
@dataclass(frozen=True, slots=True)
class ApproveAgent:
    """`agent_name` None and "" are the unnamed agent; both are signed as ""."""

    agent_address: Address
    nonce: U64
    agent_name: str | None = None

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        agents.approve(ex, acting, self.agent_address, self.agent_name or "")
        return Done()


@action(
    "approveBuilderFee",
    signs=("string maxFeeRate", "address builder", "uint64 nonce"),
    primary_type="ApproveBuilderFee",
)
@dataclass(frozen=True, slots=True)
class ApproveBuilderFee:
    """`max_fee_rate` is a percentage such as "0.001%"."""

    max_fee_rate: str
    builder: Address
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        agents.approve_builder(ex, acting.user, self.builder, self.max_fee_rate)
        return Done()
