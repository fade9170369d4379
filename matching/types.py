"""The words of the book: integers and enums only. No money, coin names, wire words or time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, fields
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NewType, Protocol

from .dataclass import dataclass

if TYPE_CHECKING:
    from .level import Level

Px = NewType("Px", int)
"""A price, scaled by 1e8."""

Sz = NewType("Sz", int)
"""A size, scaled by 1e8; never negative on an order."""


class Side(Enum):
    """The side of an order: a bid buys, an ask sells."""

    BID = "bid"
    ASK = "ask"

    # Members are singletons; identity is the cheapest hash there is.
    __hash__ = object.__hash__

    sign: int
    """+1 for a bid, -1 for an ask."""

    @property
    def opposite(self) -> Side:
        return Side.ASK if self is Side.BID else Side.BID


class Tif(Enum):
    """How long an order lives. Values are the wire words."""

    ALO = "Alo"
    IOC = "Ioc"
    GTC = "Gtc"
    FRONTEND_MARKET = "FrontendMarket"
    LIQUIDATION_MARKET = "LiquidationMarket"

    __hash__ = object.__hash__

    rests: bool
    """True when a remainder stays on the book."""


# Not properties: they are asked for many times an order.
Side.BID.sign, Side.ASK.sign = 1, -1
for _tif in Tif:
    _tif.rests = _tif is Tif.GTC or _tif is Tif.ALO


@dataclass(slots=True, eq=False)
class Order:
    """One order as the book sees it. `owner` is opaque: equal owners never trade.

    `sz` is what remains. The links belong to the level that the order rests in. From when it first
    rests nothing else of an order ever changes.
    """

    oid: int
    owner: str
    side: Side
    px: Px
    sz: Sz
    level: Level | None = field(init=False, default=None, repr=False)
    before: Order | None = field(init=False, default=None, repr=False)
    behind: Order | None = field(init=False, default=None, repr=False)

    def __getstate__(self) -> tuple[Any, ...]:
        """Every field but the links, those of subclasses too: a long level must not recurse."""
        return _kept(type(self))[1](self)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.level = self.before = self.behind = None
        for name, value in zip(_kept(type(self))[0], state, strict=True):
            setattr(self, name, value)


Kept = tuple[tuple[str, ...], Callable[[Order], tuple[Any, ...]]]
"""The names of what an order keeps in a pickle, and a getter of all of it."""

_found: dict[type[Order], Kept] = {}


def _kept(cls: type[Order]) -> Kept:
    """Looked up once a class: a snapshot holds tens of thousands of orders."""
    kept = _found.get(cls)
    if kept is None:
        names = tuple(each.name for each in fields(cls) if each.init)
        kept = _found[cls] = names, attrgetter(*names)
    return kept


class Gate(Protocol):
    """What the book asks and tells while a taker crosses. The owner of the rules implements it.

    Every call may change the book (shrink or cancel resting orders); the book looks anew each time.
    """

    def admit(self, maker: Order, sz: Sz) -> object | None:
        """None lets `maker` trade `sz`; anything else is the reason for which it is removed."""
        ...

    def settle(self, maker: Order, px: Px, sz: Sz) -> None:
        """`sz` traded at the maker's `px`; `maker.sz` is already the remainder."""
        ...

    def removed(self, maker: Order, reason: object) -> None:
        """`maker` left the book untraded, for `reason` (`SELF_TRADE` or what `admit` said)."""
        ...


class SelfTrade(Enum):
    """The one reason that the book itself knows."""

    SELF_TRADE = "self trade"


SELF_TRADE = SelfTrade.SELF_TRADE
