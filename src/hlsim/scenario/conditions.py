"""What can be asked of one moment of a run: for `when` in the timeline and for what is expected.

`@condition("position")` makes a function the condition of that name; its struct says what it takes.
A condition looks at the moment, and at what the bot had asked and what had happened until then, at
nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec

from hlsim.matching.dataclass import dataclass
from hlsim.scenario.course import Course, Moment, Told
from hlsim.scenarios.story import Named
from hlsim.server.control.records import RequestTold
from hlsim.server.control.registry import Asked
from hlsim.server.explorer import TYPES as EXPLORER
from hlsim.server.info import INFO
from hlsim.server.requests import ACTIONS
from hlsim.server.slips import nearest
from hlsim.sim.actions import ACTIONS as NAMES
from hlsim.sim.events import AccountLiquidated, Direction, Fill, FundingPaid

Number = Annotated[int | float | str, msgspec.Meta(description="a number, or its decimal text")]


class Bounds(Asked):
    """Which values are meant."""

    exactly: Annotated[Number | None, msgspec.Meta(description="this value")] = msgspec.field(
        default=None, name="is"
    )
    at_least: Annotated[Number | None, msgspec.Meta(description="this or more")] = None
    at_most: Annotated[Number | None, msgspec.Meta(description="this or less")] = None

    def __post_init__(self) -> None:
        for bound in self._given():
            number(bound)
        if not self._given():
            raise ValueError("one of is, at_least and at_most is missing")
        lows = [number(one) for one in (self.exactly, self.at_least) if one is not None]
        highs = [number(one) for one in (self.exactly, self.at_most) if one is not None]
        if lows and highs and max(lows) > min(highs):
            raise ValueError(f"nothing is {max(lows)} or more and {min(highs)} or less")

    def _given(self) -> list[int | float | str]:
        return [one for one in (self.exactly, self.at_least, self.at_most) if one is not None]

    def hold(self, value: Decimal | int | None) -> bool:
        """True for a value that is meant; None, what there is not, is none."""
        return value is not None and (
            (self.exactly is None or value == number(self.exactly))
            and (self.at_least is None or value >= number(self.at_least))
            and (self.at_most is None or value <= number(self.at_most))
        )


def number(value: float | str) -> Decimal:
    """A number as it was written. Raises ValueError."""
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"{value!r} is no number") from None
    if not found.is_finite():
        raise ValueError(f"{value!r} is no number")
    return found


@dataclass(frozen=True, slots=True)
class ConditionSpec:
    """One row of the table. `measures`: what the moment has, for a verdict."""

    name: str
    asked: type[Asked]
    text: str
    """What its docstring says."""
    holds: Callable[[Any, Moment, Course], bool]
    measures: Callable[[Any, Moment, Course], Measured]


CONDITIONS: dict[str, ConditionSpec] = {}
"""By name, in the order of definition."""

A = TypeVar("A", bound=Bounds)
Measured = Decimal | int | None
"""None: there is no such thing, and no bound holds."""


def condition(
    name: str,
) -> Callable[[Callable[[A, Moment, Course], Measured]], Callable[..., Measured]]:
    """Registers a function that measures something as the condition that bounds it."""

    def register(measure: Callable[[A, Moment, Course], Measured]) -> Any:
        if name in CONDITIONS:
            raise ValueError(f"condition {name} is defined twice")
        asked = get_type_hints(measure)["asked"]
        CONDITIONS[name] = ConditionSpec(
            name,
            asked,
            inspect.getdoc(measure) or "",
            lambda given, moment, course: given.hold(measure(given, moment, course)),
            measure,
        )
        return measure

    return register


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition with what it was given."""

    spec: ConditionSpec
    asked: Asked
    text: str
    """As it was written, in one line."""

    def holds(self, moment: Moment, course: Course) -> bool:
        return self.spec.holds(self.asked, moment, course)

    def measures(self, moment: Moment, course: Course) -> Measured:
        """What there is."""
        return self.spec.measures(self.asked, moment, course)

    def shows(self, moment: Moment, course: Course) -> str:
        """The same in words."""
        return f"{self.spec.name} {self.measures(moment, course)}"


def condition_of(named: Named) -> Condition:
    """The condition of a name and its keys. Raises ValueError that says what is known."""
    spec = CONDITIONS.get(named.name)
    if spec is None:
        raise ValueError(f"no condition {named.name!r}; known: {', '.join(CONDITIONS)}")
    return Condition(spec, take(spec.asked, named.keys), f"{named.name} {_words(named.keys)}")


def take(kind: type[Asked], given: Mapping[str, Any]) -> Asked:
    """The struct that `given` makes. Raises ValueError that names the known keys."""
    known = kind.__struct_encode_fields__
    listed = f"known: {', '.join(known) or 'none'}"
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; {listed}")
    try:
        return msgspec.convert(dict(given), kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{error}; {listed}") from None


def _words(keys: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in keys.items())


# -- the conditions --------------------------------------------------------------------------------


Place = Annotated[
    int,
    msgspec.Meta(ge=0, description="of this one of its sub-accounts, 0 the oldest; else its own"),
]


class OfAccount(Bounds, kw_only=True):
    """Which of the bot's accounts."""

    sub_account: Place | None = None


Of = Annotated[str, msgspec.Meta(description="an actor's name; left out: the bot")]


class OfPosition(OfAccount, kw_only=True):
    """Whose position in which market."""

    coin: str
    of: Of = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.of and self.sub_account is not None:
            raise ValueError("an actor has no sub_account")


@condition("position")
def position(asked: OfPosition, moment: Moment, course: Course) -> Decimal:
    """The signed size of the bot's position in a coin, 0 without one; or of an actor's."""
    if asked.of:
        return moment.others.get(asked.of, {}).get(asked.coin, Decimal(0))
    return moment.of(asked.sub_account).positions.get(asked.coin, Decimal(0))


class OfToken(OfAccount, kw_only=True):
    """A spot token of the bot."""

    token: str


@condition("balance")
def balance(asked: OfToken, moment: Moment, course: Course) -> Decimal:
    """How much of a spot token the bot has, what open orders hold included."""
    return moment.of(asked.sub_account).balances.get(asked.token, Decimal(0))


@condition("equity")
def equity(asked: OfAccount, moment: Moment, course: Course) -> Decimal:
    """The account value of the bot's perps, USD."""
    return moment.of(asked.sub_account).equity


class OfOrders(OfAccount):
    """Which open orders."""

    coin: str | None = None


@condition("open_orders")
def open_orders(asked: OfOrders, moment: Moment, course: Course) -> int:
    """How many orders of the bot are open, of one coin or of all."""
    orders = moment.of(asked.sub_account).orders
    return sum(asked.coin in (None, order.coin) for order in orders)


class OfRequests(Bounds):
    """Which requests; what is left out filters nothing."""

    action: Annotated[str | None, msgspec.Meta(description="of /exchange: order, cancel …")] = None
    type: Annotated[str | None, msgspec.Meta(description="of /info: l2Book …")] = None
    status: (
        Annotated[
            int,
            msgspec.Meta(ge=100, le=599, description="HTTP status that the exchange answered with"),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action is not None and self.type is not None:
            raise ValueError("action is of /exchange and type is of /info: no request has both")
        # What is never sent would never be too much.
        for given, known in ((self.action, NAMES), (self.type, (*INFO, *EXPLORER))):
            if given is not None and given not in known:
                raise ValueError(f"unknown request {given!r}; nearest: {nearest(given, known)}")


@condition("requests")
def requests(asked: OfRequests, moment: Moment, course: Course) -> int:
    """How many requests the bot has sent that reached the exchange. `status` is that of HTTP, 200
    for what was refused in words, too."""

    def is_meant(row: RequestTold) -> bool:
        acts = row.path in ACTIONS
        return (
            row.counts
            and asked.action in (None, row.name if acts else "")
            and asked.type in (None, "" if acts else row.name)
            and asked.status in (None, row.status)
        )

    return course.count(asked, is_meant, moment)


class OfRefusals(Bounds):
    """Which refusals."""

    text: Annotated[str, msgspec.Meta(description="what the refusal says, or a part of it")] = ""


@condition("refusals")
def refusals(asked: OfRefusals, moment: Moment, course: Course) -> int:
    """How often the bot was refused with a text, in whole or in part of a batch."""

    def times(row: RequestTold) -> int:
        return sum(asked.text in said for said in row.refusals)

    return course.count(asked, times, moment)


# -- of the market ---------------------------------------------------------------------------------


class OfPrice(Bounds, kw_only=True):
    """Which market."""

    coin: str


@condition("mark")
def mark(asked: OfPrice, moment: Moment, course: Course) -> Decimal | None:
    """The mark price of a coin. No bound holds for a coin that is not listed."""
    price = moment.prices.get(asked.coin)
    return None if price is None else price.mark


@condition("mid")
def mid(asked: OfPrice, moment: Moment, course: Course) -> Decimal | None:
    """The middle between the best bid and ask of a coin. No bound holds without either."""
    price = moment.prices.get(asked.coin)
    return None if price is None else price.mid


@condition("oracle")
def oracle(asked: OfPrice, moment: Moment, course: Course) -> Decimal | None:
    """The oracle price of a perp."""
    price = moment.prices.get(asked.coin)
    return None if price is None else price.oracle


class OfEvents(Bounds):
    """Whose, in which market."""

    coin: str | None = None
    of: Of = ""

    def is_meant(self, told: Told) -> bool:
        """Whether something that happened is meant, whatever it is."""
        return told.who == self.of and self.coin in (None, getattr(told.event, "coin", None))


@condition("fills")
def fills(asked: OfEvents, moment: Moment, course: Course) -> Decimal:
    """How often an order of the bot or of an actor was filled, in whole or in part."""

    def one(told: Told) -> int:
        return isinstance(told.event, Fill) and told.event.is_trade and asked.is_meant(told)

    return course.total(asked, one, moment)


@condition("deleveraged")
def deleveraged(asked: OfEvents, moment: Moment, course: Course) -> Decimal:
    """How often a position was auto-deleveraged."""

    def one(told: Told) -> int:
        event = told.event
        is_so = isinstance(event, Fill) and event.dir is Direction.AUTO_DELEVERAGING
        return is_so and asked.is_meant(told)

    return course.total(asked, one, moment)


@condition("funding")
def funding(asked: OfEvents, moment: Moment, course: Course) -> Decimal:
    """The funding received since the beginning, USD: below 0 when it was paid."""

    def usd(told: Told) -> Decimal | int:
        if isinstance(told.event, FundingPaid) and asked.is_meant(told):
            return Decimal(told.event.usd).scaleb(-6)
        return 0

    return course.total(asked, usd, moment)


class OfActor(Bounds):
    """Whose."""

    of: Of = ""


@condition("liquidations")
def liquidations(asked: OfActor, moment: Moment, course: Course) -> Decimal:
    """How often a liquidation closed something of the bot or of an actor."""

    def one(told: Told) -> int:
        return isinstance(told.event, AccountLiquidated) and told.who == asked.of

    return course.total(asked, one, moment)
