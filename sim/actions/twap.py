"""twapOrder, twapCancel."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from ...matching.types import Side
from .. import twap
from ..fixed import Px, Sz
from ..replies import Response, TwapCanceled, TwapPlaced
from ..twap_state import PxWait
from .orders import U32, U64
from .registry import BlockClass, action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@dataclass(frozen=True, slots=True)
class TwapAsked:
    """`twap` of twapOrder. The fields stand in the order of the signed form."""

    asset: U32 = field(metadata={"wire": "a"})
    is_buy: bool = field(metadata={"wire": "b"})
    sz: Sz = field(metadata={"wire": "s"})
    reduce_only: bool = field(metadata={"wire": "r"})
    minutes: U32 = field(metadata={"wire": "m"})
    randomize: bool = field(metadata={"wire": "t"})


@dataclass(frozen=True, slots=True)
class TwapTrigger:
    """The mark at which a TWAP begins: at or above `px`, or at or below it."""

    px: Px = field(metadata={"wire": "p"})
    is_above: bool = field(metadata={"wire": "a"})


@dataclass(frozen=True, slots=True)
class TwapDetails:
    """Both are signed as nil when there is none (exchange 2.2)."""

    trigger: TwapTrigger | None = field(default=None, metadata={"wire": "t"})
    stop_px: Px | None = field(default=None, metadata={"wire": "s"})


# Assumed: it is sorted into the block as what it sends: an immediate order.
@action("twapOrder", vault=True, block_class=lambda action: BlockClass.TAKER)
@dataclass(frozen=True, slots=True)
class TwapOrder:
    twap: TwapAsked
    details: TwapDetails | None = field(default=None, metadata={"omit": True})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        asked, details = self.twap, self.details or TwapDetails()
        market = ex.desk.listed(asked.asset)
        trigger = details.trigger
        return TwapPlaced(
            twap.place(
                ex,
                ex.state.accounts[acting.user],
                market,
                side=Side.BID if asked.is_buy else Side.ASK,
                sz=asked.sz,
                reduce_only=asked.reduce_only,
                minutes=asked.minutes,
                randomize=asked.randomize,
                trigger=None if trigger is None else PxWait(trigger.px, trigger.is_above),
                stop_px=details.stop_px,
            )
        )


@action("twapCancel", vault=True, block_class=lambda action: BlockClass.CANCEL)
@dataclass(frozen=True, slots=True)
class TwapCancel:
    asset: U32 = field(metadata={"wire": "a"})
    twap_id: U64 = field(metadata={"wire": "t"})

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        account = ex.state.accounts[acting.user]
        return TwapCanceled(twap.cancel(ex, account, self.asset, self.twap_id))
