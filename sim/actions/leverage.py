"""updateLeverage, updateIsolatedMargin, topUpIsolatedOnlyMargin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

from ...matching.dataclass import dataclass
from .. import margin_actions
from ..replies import Done, Response
from .orders import U32
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange

I64 = NewType("I64", int)


@action("updateLeverage", vault=True)
@dataclass(frozen=True, slots=True)
class UpdateLeverage:
    asset: U32
    is_cross: bool
    leverage: U32

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        margin_actions.set_leverage(
            ex, acting.user, self.asset, self.leverage, is_cross=self.is_cross
        )
        return Done()


@action("updateIsolatedMargin", vault=True)
@dataclass(frozen=True, slots=True)
class UpdateIsolatedMargin:
    """`is_buy` is ignored; `ntli` is µUSD to add, negative to remove."""

    asset: U32
    is_buy: bool
    ntli: I64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        margin_actions.move_isolated_margin(ex, acting.user, self.asset, self.ntli)
        return Done()


@action("topUpIsolatedOnlyMargin", vault=True)
@dataclass(frozen=True, slots=True)
class TopUpIsolatedOnlyMargin:
    """`leverage` is a decimal, signed as it is written."""

    asset: U32
    leverage: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        margin_actions.top_up(ex, acting.user, self.asset, self.leverage)
        return Done()
