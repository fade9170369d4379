"""What happened, as frozen rows. The same objects are the outbox, the histories and the streams.

A row knows its `topics()`: the keys `(subscription, coin or user)` that it makes dirty. Nothing
here formats; nothing here is ever changed after it was made.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Literal

from ..matching.dataclass import dataclass
from .fixed import Address, Cloid, Px, Rate, Sz, Szi, Usd

if TYPE_CHECKING:
    from ..matching.types import Side
    from .actions.registry import Action
    from .errors import Reject
    from .ledger import LedgerChange
    from .orders import Order

Topic = tuple[str, str]
"""A subscription's wire type and its key: a coin, a user, or ""."""


class Event:
    """Base of everything in the outbox."""

    __slots__ = ()

    def topics(self) -> tuple[Topic, ...]:
        return ()


class Direction(Enum):
    """What a fill did to its owner's position. Values are the wire's `dir` (mechanics 7.2)."""

    OPEN_LONG = "Open Long"
    OPEN_SHORT = "Open Short"
    CLOSE_LONG = "Close Long"
    CLOSE_SHORT = "Close Short"
    LONG_TO_SHORT = "Long > Short"
    SHORT_TO_LONG = "Short > Long"
    BUY = "Buy"
    SELL = "Sell"
    SETTLEMENT = "Settlement"
    LIQUIDATED_CROSS_LONG = "Liquidated Cross Long"
    LIQUIDATED_CROSS_SHORT = "Liquidated Cross Short"
    LIQUIDATED_ISOLATED_LONG = "Liquidated Isolated Long"
    LIQUIDATED_ISOLATED_SHORT = "Liquidated Isolated Short"
    AUTO_DELEVERAGING = "Auto-Deleveraging"
    BACKSTOP_BORROW = "Backstop Borrow Liquidation"
    SPOT_DUST = "Spot Dust Conversion"
    SPLIT_OUTCOME = "Split Outcome"
    MERGE_OUTCOME = "Merge Outcome"
    MERGE_QUESTION = "Merge Question"
    NEGATE_OUTCOME = "Negate Outcome"


TRADED = frozenset(
    {
        Direction.OPEN_LONG,
        Direction.OPEN_SHORT,
        Direction.CLOSE_LONG,
        Direction.CLOSE_SHORT,
        Direction.LONG_TO_SHORT,
        Direction.SHORT_TO_LONG,
        Direction.BUY,
        Direction.SELL,
    }
)
"""What orders that meet in a book do; all else the engine does."""


@dataclass(frozen=True, slots=True)
class OrderUpdate(Event):
    """A status change of one order: a row of `historicalOrders` and an item of `orderUpdates`.

    `sz` is what remained at that moment; partial fills make no row (contested 35).
    """

    order: Order
    sz: Sz
    status: str
    time_ms: int

    def topics(self) -> tuple[Topic, ...]:
        user = self.order.owner
        return (("orderUpdates", user), ("openOrders", user))


@dataclass(frozen=True, slots=True)
class OrderShrunk(Event):
    """A resting order filled in part, where the rules have it told (contested 35).

    An item of `orderUpdates` only: Observed, `orderStatus` stays as it was until the status
    changes.
    """

    order: Order
    sz: Sz
    time_ms: int
    status: ClassVar[str] = "open"

    def topics(self) -> tuple[Topic, ...]:
        return (("orderUpdates", self.order.owner),)


@dataclass(frozen=True, slots=True)
class Liquidation:
    """What both fills of a match carry that a liquidation caused (info 6.5)."""

    user: Address
    """Who was liquidated."""
    mark_px: Px
    method: str
    """"market" or "backstop"."""


@dataclass(frozen=True, slots=True)
class AccountLiquidated(Event):
    """A liquidation closed something of `user` (ws 3.13)."""

    lid: int
    liquidator: Address
    user: Address
    ntl: Usd
    """What was closed, at mark."""
    account_value: Usd
    """Before it was closed."""
    time_ms: int

    def topics(self) -> tuple[Topic, ...]:
        return (("userEvents", self.user),)


@dataclass(frozen=True, slots=True)
class Fill(Event):
    """One side of one match: a row of `userFills`."""

    user: Address
    coin: str
    asset_id: int
    px: Px
    sz: Sz
    side: Side
    time_ms: int
    start_position: Szi
    """Signed position (perps) or base balance as a size (spot) before this fill."""
    dir: Direction
    closed_pnl: int
    """Scaled by 1e8 USD; without the fee, from the truncated entry price (mechanics 7.1)."""
    hash: str
    oid: int
    crossed: bool
    fee: int
    """In units of 10**-fee_decimals of the fee token, builder fee included; negative is a
    rebate.
    """
    fee_decimals: int
    fee_token: str
    builder_fee: int
    """The builder's part of `fee`, same unit; 0 when there is no builder."""
    tid: int
    cloid: Cloid | None
    twap_id: int | None = None
    liquidation: Liquidation | None = None

    @property
    def is_trade(self) -> bool:
        """False for what no order did: settlements, conversions, what the engine hands over."""
        told = self.liquidation
        return self.dir in TRADED and (told is None or told.method == "market")

    def topics(self) -> tuple[Topic, ...]:
        user = self.user
        if self.twap_id is not None:
            return (("userTwapSliceFills", user), ("userEvents", user), ("twapStates", user))
        return (("userFills", user), ("userEvents", user), ("notification", user))


@dataclass(frozen=True, slots=True)
class Trade(Event):
    """One match, as the public sees it: a row of `recentTrades`. `side` is the aggressor's."""

    coin: str
    side: Side
    px: Px
    sz: Sz
    time_ms: int
    hash: str
    tid: int
    buyer: Address
    seller: Address

    def topics(self) -> tuple[Topic, ...]:
        return (("trades", self.coin), ("candle", self.coin))


@dataclass(frozen=True, slots=True)
class BookChanged(Event):
    """At least one level of the book of `coin` changed. One per action and coin."""

    coin: str

    def topics(self) -> tuple[Topic, ...]:
        return (("l2Book", self.coin), ("bbo", self.coin))


@dataclass(frozen=True, slots=True)
class PricesChanged(Event):
    """Oracle, mark or funding of some perps or marks of some pairs were computed anew."""

    coins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FundingPaid(Event):
    """One hourly funding payment of one position: a row of `userFunding`.

    `usd` is what the user received: negative when paid.
    """

    user: Address
    coin: str
    usd: Usd
    szi: Szi
    rate: Rate
    time_ms: int

    def topics(self) -> tuple[Topic, ...]:
        user = self.user
        return (("userFundings", user), ("userEvents", user))


@dataclass(frozen=True, slots=True)
class FundingRate(Event):
    """The hourly rate of one perp as it was applied: a row of `fundingHistory`."""

    coin: str
    rate: Rate
    premium: Rate
    """Mean premium of the hour."""
    time_ms: int


@dataclass(frozen=True, slots=True)
class NonUserCancel(Event):
    """The engine cancelled an order of `user` (contested 2 says for which reasons)."""

    user: Address
    coin: str
    oid: int

    def topics(self) -> tuple[Topic, ...]:
        return (("userEvents", self.user),)


@dataclass(frozen=True, slots=True)
class Transaction(Event):
    """One signed action in its block, done or refused. What is refused before its nonce is used
    never comes into a block.
    """

    action: Action
    user: Address
    """For whom it acts: an agent's master, the vault, the multi-sig user."""
    hash: str
    height: int
    time_ms: int
    refusal: Reject | None
    """Why the whole action was refused; what became of its single orders is not told here."""

    def topics(self) -> tuple[Topic, ...]:
        return (("explorerTxs", ""), ("explorerBlock", ""))


@dataclass(frozen=True, slots=True)
class BlockEnded(Event):
    """A block is complete: the next action gets the next height."""

    height: int
    time_ms: int

    def topics(self) -> tuple[Topic, ...]:
        return (("explorerBlock", ""),)


@dataclass(frozen=True, slots=True)
class NetworkUpgraded(Event):
    """The network was upgraded: API servers started anew, and lost every connection."""


@dataclass(frozen=True, slots=True)
class AccountChanged(Event):
    """Balances, positions, leverage or open orders of `user` changed. One per action and user."""

    user: Address

    def topics(self) -> tuple[Topic, ...]:
        user = self.user
        return (("clearinghouseState", user), ("activeAssetData", user))


@dataclass(frozen=True, slots=True)
class RequestTolerated(Event):
    """A request that strict limits of addresses would have refused. No client hears of it.

    used: what the refusal would have said it would be, `most` what it may be.
    """

    user: Address
    used: int
    most: int
    limit: Literal["requests", "cancels", "daily"]


@dataclass(frozen=True, slots=True)
class LedgerRow(Event):
    """One line of an account's ledger. The same transfer makes one row for each party."""

    user: Address
    time_ms: int
    hash: str
    delta: LedgerChange

    def topics(self) -> tuple[Topic, ...]:
        return (("userNonFundingLedgerUpdates", self.user),)


class OutcomeEvent(Event):
    """Base of what happens to outcomes and questions, by their numbers (ws 3.10)."""

    __slots__ = ()

    def topics(self) -> tuple[Topic, ...]:
        return (("outcomeMetaUpdates", ""),)


@dataclass(frozen=True, slots=True)
class OutcomeCreated(OutcomeEvent):
    outcome: int


@dataclass(frozen=True, slots=True)
class OutcomeSettled(OutcomeEvent):
    outcome: int


@dataclass(frozen=True, slots=True)
class QuestionUpdated(OutcomeEvent):
    question: int


@dataclass(frozen=True, slots=True)
class QuestionSettled(OutcomeEvent):
    question: int
