"""CSignerAction, CValidatorAction, validatorL1Stream: what only those who run the chain may do.

This world has no validators whom a client could speak for, so what is stated of a stranger's
attempt is the whole answer.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, NewType

from ...matching.dataclass import dataclass
from ..errors import ActionError, ActionReject
from ..fixed import Address
from ..replies import Response
from .orders import U32, U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange

Given = NewType("Given", bool)
"""A key that stands there with null for its value, or does not."""


def _wire(name: str, **more: Any) -> dict[str, Any]:
    return {"wire": name, **more}


def _union(**more: Any) -> Any:
    return field(metadata={"variant": True, "omit": True}, **more)


@action("CSignerAction")
@dataclass(frozen=True, slots=True)
class CSignerAction:
    jail_self: Given = _union(default=False)
    unjail_self: Given = _union(default=False)

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        raise ActionError(ActionReject.SIGNER_INACTIVE)


@dataclass(frozen=True, slots=True)
class NodeIp:
    ip: str = field(metadata=_wire("Ip"))


@dataclass(frozen=True, slots=True)
class Profile:
    node_ip: NodeIp = field(metadata=_wire("node_ip"))
    name: str
    description: str
    delegations_disabled: bool = field(metadata=_wire("delegations_disabled"))
    commission_bps: U32 = field(metadata=_wire("commission_bps"))
    signer: Address


@dataclass(frozen=True, slots=True)
class Registration:
    profile: Profile
    unjailed: bool
    initial_wei: U64 = field(metadata=_wire("initial_wei"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """What is null stays as it is."""

    node_ip: NodeIp | None = field(default=None, metadata=_wire("node_ip"))
    name: str | None = None
    description: str | None = None
    unjailed: bool
    disable_delegations: bool | None = field(default=None, metadata=_wire("disable_delegations"))
    commission_bps: U32 | None = field(default=None, metadata=_wire("commission_bps"))
    signer: Address | None = None


@action("CValidatorAction")
@dataclass(frozen=True, slots=True)
class CValidatorAction:
    change_profile: ProfileChange | None = _union(default=None)
    register: Registration | None = _union(default=None)
    unregister: Given = _union(default=False)

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        raise ActionError(ActionReject.VALIDATOR_UNKNOWN)


@action("validatorL1Stream")
@dataclass(frozen=True, slots=True)
class ValidatorL1Stream:
    risk_free_rate: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        raise ActionError(ActionReject.VALIDATOR_UNKNOWN)
