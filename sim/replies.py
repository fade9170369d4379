"""What an action answers, before it is put into wire words (`server/encode.py`)."""

from __future__ import annotations

from enum import Enum

from ..matching.dataclass import dataclass
from .errors import ActionError, Reject
from .fixed import Address, Cloid, Px, Sz


@dataclass(frozen=True, slots=True)
class Done:
    """Success without data: `{"type":"default"}`."""


@dataclass(frozen=True, slots=True)
class Resting:
    oid: int
    cloid: Cloid | None


@dataclass(frozen=True, slots=True)
class Filled:
    """`avg_px` is the VWAP, truncated to the decimals that a price of the asset may have."""

    oid: int
    total_sz: Sz
    avg_px: Px
    cloid: Cloid | None


class Waiting(Enum):
    """A TP/SL order was placed that its reply does not name. Observed: bare strings (mechanics
    3.4).
    """

    FOR_FILL = "waitingForFill"
    """Of the parent."""
    FOR_TRIGGER = "waitingForTrigger"


OrderReply = Resting | Filled | Waiting | Reject


@dataclass(frozen=True, slots=True)
class OrderReplies:
    """Answer of order and batchModify: one status each, or one Reject for a static refusal."""

    statuses: tuple[OrderReply, ...]


@dataclass(frozen=True, slots=True)
class CancelReplies:
    """Answer of cancel and cancelByCloid: None is success."""

    statuses: tuple[Reject | None, ...]


@dataclass(frozen=True, slots=True)
class TwapPlaced:
    """Answer of twapOrder: the id of the new TWAP, or why there is none."""

    status: int | Reject


@dataclass(frozen=True, slots=True)
class TwapCanceled:
    """Answer of twapCancel: None is success."""

    status: Reject | None


@dataclass(frozen=True, slots=True)
class Created:
    """Answer of createSubAccount and createVault: the address that there is now."""

    kind: str
    address: Address


@dataclass(frozen=True, slots=True)
class Refused:
    """The whole action was refused."""

    error: ActionError


Response = Done | OrderReplies | CancelReplies | TwapPlaced | TwapCanceled | Created | Refused
