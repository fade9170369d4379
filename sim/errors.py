"""Every refusal and its exact text; those of whole actions stand in `action_errors.py`.

Three enums by level, members in the order in which their checks run. A member is `(code, text)`;
the text may hold `{fields}` that `Reject.params` or `ActionError.params` fill. Wire suffixes such
as ` asset=N` are the server's business (`server/encode.py`), by `OrderReject.suffixed`.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import Any

from ..matching.dataclass import dataclass
from .action_errors import ActionReject as ActionReject


class OrderReject(Enum):
    """Why one order was refused.

    STATIC members judge the payload alone: one of them answers for the whole batch, and nothing
    is placed, recorded or numbered (exchange 5.1). The others stand in an order's own status, end
    in ` asset=N` on the wire, take an oid and leave the history status `code + "Rejected"`.
    """

    # static: one error for the batch, no suffix
    EMPTY = "empty", "Orders are empty."
    ZERO_SZ = "zeroSz", "Order has zero size."
    INVALID_SZ = "invalidSz", "Order has invalid size."
    ZERO_PX = "zeroPx", "Order has zero price."
    INVALID_PX = "invalidPx", "Order has invalid price."
    SPOT_REDUCE_ONLY = "spotReduceOnly", "Reduce-only is invalid for spot trading."
    SPOT_SUPPLY = "spotSupply", "Order size cannot be larger than half of total supply."
    MAIN_TRIGGER = "mainTrigger", "Main order cannot be trigger order."
    # Assumed: also the text for a TP/SL that is not reduce-only or on the wrong side.
    TRIGGER_COUNT = "triggerCount", "Unexpected number of trigger orders"
    # per order, at execution
    HALTED = "halted", "Trading is halted."
    BUILDER_FEE = "builderFee", "Builder fee has not been approved."
    POST_ONLY_WINDOW = (
        "postOnlyWindow",
        "Only post-only orders allowed immediately after network upgrade",
    )
    SPOT_TRIGGER = "spotTrigger", "Placing trigger orders is not enabled on spot trading yet."
    # Assumed: no recording exists, so no more than a text of its own (contested 42).
    DUPLICATE_CLOID = "duplicateCloid", "Duplicate cloid."
    TICK = "tick", "Price must be divisible by tick size."
    PRICE_BAND = (
        "priceBand",
        "Order price cannot be more than {percent}% away from the reference price",
    )
    # Assumed: the status is known, its text was never recorded.
    TOO_MANY_OPEN = "tooManyOpenOrders", "Too many open orders."
    VALUE_TOO_LARGE = "orderValue", "Order value too large. Max is ${max_ntl}."
    IOC_CANCEL = "iocCancel", "Order could not immediately match against any resting orders."
    NO_LIQUIDITY = "marketOrderNoLiquidity", "No liquidity available for market order."
    MIN_TRADE_NTL = "minTradeNtl", "Order must have minimum value of $10."
    MIN_TRADE_SPOT_NTL = "minTradeNtl", "Order must have minimum value of 10 {quote}."
    REDUCE_ONLY = "reduceOnly", "Reduce only order would increase position."
    CAP_INCREASE = (
        "positionIncreaseAtOpenInterestCap",
        "Cannot increase position when open interest is at cap.",
    )
    CAP_INCREASE_DOCS = (
        "positionIncreaseAtOpenInterestCap",
        "Order would increase open interest while open interest is capped",
    )
    CAP_FLIP = (
        "positionFlipAtOpenInterestCap",
        "Order would increase open interest while open interest is capped",
    )
    CAP_AGGRESSIVE = (
        "tooAggressiveAtOpenInterestCap",
        "Order rejected due to price more aggressive than oracle while at open interest cap",
    )
    INTEREST_TOO_QUICK = "openInterestIncrease", "Order would increase open interest too quickly"
    BAD_ALO_PX = "badAloPx", "Post only order would have immediately matched, bbo was {bbo}."
    SPOT_BALANCE = "insufficientSpotBalance", "Insufficient spot balance"
    MAX_POSITION = (
        "perpMaxPosition",
        "Order would cause position to exceed margin tier limit at current leverage",
    )
    MARGIN = "perpMargin", "Insufficient margin to place order."
    BAD_TRIGGER_PX = "badTriggerPx", "Invalid TP/SL price."

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text

    def __new__(cls, *args: str) -> OrderReject:
        # Some members share a code, as minTradeNtl; the serial number keeps them apart.
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        return member

    __hash__ = object.__hash__

    @property
    def is_static(self) -> bool:
        """True when it judges the payload alone and answers for the whole batch."""
        return self in _STATIC

    @property
    def recorded(self) -> bool:
        """True when the refused order takes an oid and a row in the history."""
        return not self.is_static and self not in _UNRECORDED

    @property
    def suffixed(self) -> bool:
        """True when the wire text ends in ` asset=N`."""
        return self.recorded

    @property
    def status(self) -> str:
        """The status that the history shows. Documented: error type + "Rejected" (info 6.3)."""
        return f"{self.code}Rejected"


_STATIC = frozenset(
    {
        OrderReject.EMPTY,
        OrderReject.ZERO_SZ,
        OrderReject.INVALID_SZ,
        OrderReject.ZERO_PX,
        OrderReject.INVALID_PX,
        OrderReject.SPOT_REDUCE_ONLY,
        OrderReject.SPOT_SUPPLY,
        OrderReject.MAIN_TRIGGER,
        OrderReject.TRIGGER_COUNT,
        OrderReject.PRICE_BAND,
        OrderReject.VALUE_TOO_LARGE,
    }
)
_UNRECORDED = frozenset(
    {
        OrderReject.HALTED,
        OrderReject.BUILDER_FEE,
        OrderReject.POST_ONLY_WINDOW,
        OrderReject.SPOT_TRIGGER,
        OrderReject.DUPLICATE_CLOID,
    }
)


class CancelReject(Enum):
    """Why one cancel or modify of a batch failed."""

    NOT_OPEN = "Order was never placed, already canceled, or filled."


class TwapReject(Enum):
    """Why a TWAP was not placed or not cancelled; never with a suffix (exchange 7.3)."""

    DURATION = "Invalid TWAP duration: {minutes} min(s)"
    VALUE = "TWAP order value too small. Min is ${least}."
    VALUE_PER_MINUTE = "TWAP order value too small. Min is ${least}, which is $10 per minute."
    REDUCE_ONLY = "Reduce-only TWAP order would increase position."
    # Assumed: whether the exchange limits TWAPs is unknown, so is its text.
    TOO_MANY = "Too many open TWAP orders."
    NOT_RUNNING = "TWAP was never placed, already canceled, or filled."


@dataclass(frozen=True, slots=True)
class Reject:
    """One order's or cancel's refusal: which, on what asset, with what numbers.

    An entry of a batchModify may be refused with an `ActionReject`, whose text takes no suffix.
    """

    why: OrderReject | CancelReject | ActionReject | TwapReject
    asset_id: int = -1
    params: dict[str, Any] = field(default_factory=dict)


class ActionError(Exception):
    """A whole action is refused. Raised in `sim`, caught in `Exchange.apply` only.

    `params` fill the text; `reason` is a `Reject` that the server puts into words first. A modify
    whose new order is statically wrong is refused with that `OrderReject`.
    """

    def __init__(self, why: ActionReject | OrderReject, **params: Any) -> None:
        super().__init__(why.name)
        self.why = why
        self.params = params
