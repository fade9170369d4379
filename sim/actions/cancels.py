"""cancel, cancelByCloid, scheduleCancel."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import dead_man
from ..fixed import Cloid
from ..replies import CancelReplies, Response
from .orders import U32, U64
from .registry import BlockClass, action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@dataclass(frozen=True, slots=True)
class CancelOid:
    asset: U32 = field(metadata={"wire": "a"})
    oid: U64 = field(metadata={"wire": "o"})


@action(
    "cancel",
    vault=True,
    block_class=lambda action: BlockClass.CANCEL,
    weight=lambda action: len(action.cancels),
)
@dataclass(frozen=True, slots=True)
class Cancel:
    """`fast` has no effect on the order of execution; trigger orders refuse it (contested 30)."""

    cancels: tuple[CancelOid, ...]
    fast: bool = field(default=False, metadata={"wire": "f", "omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        return CancelReplies(
            tuple(
                ex.desk.cancel(acting, entry.asset, entry.oid, fast=self.fast)
                for entry in self.cancels
            )
        )


@dataclass(frozen=True, slots=True)
class CancelCloid:
    asset: U32
    cloid: Cloid


@action(
    "cancelByCloid",
    vault=True,
    block_class=lambda action: BlockClass.CANCEL,
    weight=lambda action: len(action.cancels),
)
@dataclass(frozen=True, slots=True)
class CancelByCloid:
    cancels: tuple[CancelCloid, ...]
    fast: bool = field(default=False, metadata={"wire": "f", "omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        return CancelReplies(
            tuple(
                ex.desk.cancel(acting, entry.asset, entry.cloid, fast=self.fast)
                for entry in self.cancels
            )
        )


@action("scheduleCancel", vault=True)
@dataclass(frozen=True, slots=True)
class ScheduleCancel:
    """`time` None clears the switch."""

    time: U64 | None = field(default=None, metadata={"omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        return dead_man.schedule(ex, acting, self.time)
