"""Who says whether a bot did well: `@judge("finally")` makes a function the judge of that name.

A judge looks at the whole course and returns None, or in one line what is wrong with it. What it
takes is either a condition (`finally: {position: …}`), with keys of its own beside it, or keys
alone.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec

from hlsim.matching.dataclass import dataclass
from hlsim.scenario.conditions import CONDITIONS, Condition, condition_of, take
from hlsim.scenario.course import Course, Moment
from hlsim.scenario.durations import Duration, duration_ms
from hlsim.scenarios.faults import Effect, Fault
from hlsim.scenarios.story import Named
from hlsim.server.control.registry import Asked, Nothing
from hlsim.server.requests import QUERIES, Fate


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """One row of the table."""

    name: str
    asked: type[Asked]
    wants_condition: bool
    call: Callable[..., str | None]
    """Takes the course, then the condition if it wants one, then the keys if there are any."""

    @property
    def text(self) -> str:
        """What its docstring says."""
        return inspect.getdoc(self.call) or ""


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge with what he was given. Ask him once the run is over."""

    spec: JudgeSpec
    asked: Asked
    condition: Condition | None

    @property
    def text(self) -> str:
        """Name and condition, in one line."""
        return self.spec.name + ("" if self.condition is None else f" {self.condition.text}")

    def says(self, course: Course) -> str | None:
        """What is wrong; None: nothing."""
        parts: list[Any] = [course]
        if self.condition is not None:
            parts.append(self.condition)
        if self.spec.asked is not Nothing:
            parts.append(self.asked)
        return self.spec.call(*parts)


JUDGES: dict[str, JudgeSpec] = {}
"""By name, in the order of definition."""

F = TypeVar("F", bound=Callable[..., str | None])


def judge(name: str) -> Callable[[F], F]:
    """Registers a function as the judge of that name."""

    def register(call: F) -> F:
        if name in JUDGES:
            raise ValueError(f"judge {name} is defined twice")
        hints = get_type_hints(call)
        JUDGES[name] = JudgeSpec(name, hints.get("asked", Nothing), "condition" in hints, call)
        return call

    return register


def judge_of(named: Named) -> Judge:
    """The judge of a name and its keys. Raises ValueError that says what is known."""
    spec = JUDGES.get(named.name)
    if spec is None:
        raise ValueError(f"no judge {named.name!r}; known: {', '.join(JUDGES)}")
    keys = dict(named.keys)
    found = None
    if spec.wants_condition:
        conditions = [key for key in keys if key not in spec.asked.__struct_encode_fields__]
        if len(conditions) != 1:
            raise ValueError(f"{named.name} wants one condition; known: {', '.join(CONDITIONS)}")
        (name,) = conditions
        given = keys.pop(name)
        if not isinstance(given, dict):
            raise ValueError(f"{name}: an object is wanted")
        found = condition_of(Named(name, given))
    return Judge(spec, take(spec.asked, keys), found)


# -- of a condition --------------------------------------------------------------------------------


def _at(ms: int) -> str:
    return f"at +{ms / 1000:.3f} s"


@judge("finally")
def finally_(course: Course, condition: Condition) -> str | None:
    """The condition holds at the end."""
    last = course.moments[-1]
    return None if condition.holds(last, course) else condition.shows(last, course)


@judge("always")
def always(course: Course, condition: Condition) -> str | None:
    """The condition holds after every block."""
    for moment in course.moments:
        if not condition.holds(moment, course):
            return f"{condition.shows(moment, course)} {_at(moment.ms)}"
    return None


@judge("never")
def never(course: Course, condition: Condition) -> str | None:
    """The condition holds after no block."""
    for moment in course.moments:
        if condition.holds(moment, course):
            return f"{condition.shows(moment, course)} {_at(moment.ms)}"
    return None


@judge("eventually")
def eventually(course: Course, condition: Condition) -> str | None:
    """The condition holds after one block at least."""
    if any(condition.holds(moment, course) for moment in course.moments):
        return None
    measured = [condition.measures(moment, course) for moment in course.moments]
    found = [value for value in measured if value is not None]
    if not found:
        return "never so: there was no such thing"
    return f"never so: {min(found)} at least, {max(found)} at most, {measured[-1]} at the end"


class Recovers(Asked):
    """How soon."""

    within: Duration


@judge("recovers")
def recovers(course: Course, condition: Condition, asked: Recovers) -> str | None:
    """The condition holds `within` so much time of the last fault that struck, and to the end.

    Without a fault that struck it was no test, and the bot did not recover.
    """
    if not course.strikes:
        return "no fault struck"
    limit_ms = course.strikes[-1].ms + duration_ms(asked.within)
    if limit_ms > course.ended_ms:
        return "the last fault struck too close to the end to tell"
    for moment in _standing_from(course, limit_ms):
        if not condition.holds(moment, course):
            return f"{condition.shows(moment, course)} {_at(max(moment.ms, limit_ms))}"
    return None


def _standing_from(course: Course, ms: int) -> Iterator[Moment]:
    """The moment that lasts at a time, and those after it."""
    before = [moment for moment in course.moments if moment.ms <= ms]
    yield from before[-1:]
    yield from course.moments[len(before) :]


# -- of orders -------------------------------------------------------------------------------------


class Orphans(Asked):
    """How many may stay."""

    allowed: Annotated[int, msgspec.Meta(ge=0)] = 0


@judge("no_orphan_orders")
def no_orphan_orders(course: Course, asked: Orphans) -> str | None:
    """When the bot has gone no more than `allowed` orders are left on the exchange, TWAPs that go
    on trading and those of its sub-accounts included.
    """
    last = course.moments[-1]
    everywhere = (last.own, *last.sub_accounts)
    left = [f"order {order.oid} {order.coin}" for one in everywhere for order in one.orders]
    left += [f"TWAP {twap.id} {twap.coin}" for one in everywhere for twap in one.twaps]
    return None if len(left) <= asked.allowed else f"left behind: {', '.join(left)}"


@judge("no_duplicate_cloid")
def no_duplicate_cloid(course: Course) -> str | None:
    """No two orders that the bot sent have the same cloid."""
    cloids = Counter(
        order["c"] for _, action in course.actions() for order in _orders(action) if order.get("c")
    )
    twice = [cloid for cloid, count in cloids.items() if count > 1]
    return None if not twice else f"cloid {twice[0]} was sent {cloids[twice[0]]} times"


def _orders(action: dict[str, Any]) -> list[dict[str, Any]]:
    return _dicts(action.get("orders")) if action.get("type") == "order" else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


_ASKING_ALL = frozenset(
    ("userFills", "userFillsByTime", "clearinghouseState", "spotClearinghouseState", "webData2")
)
ASKING = _ASKING_ALL | {"orderStatus", "openOrders", "frontendOpenOrders", "historicalOrders"}
"""Queries that tell what became of an order."""
ASKING_TWAP = _ASKING_ALL | {"twapHistory", "userTwapSliceFills", "userTwapSliceFillsByTime"}
"""Queries that tell what became of a TWAP, which is no open order."""


@judge("no_blind_retry")
def no_blind_retry(course: Course) -> str | None:
    """No order is sent again after a lost reply before the bot has asked what became of it.

    Again: another order or TWAP of the same market, side and size, with a cloid or without; after a
    modification also another one of the same order to the same size.
    """
    for strike in course.strikes:
        lost = _sent(strike.request)
        if not _is_uncertain(strike.fault):
            continue
        for row in course.requests:
            if row.id <= strike.asked:
                continue
            # A delayed or doubled request may come to the exchange later: it has the same nonce.
            if _nonce(row.request) == _nonce(strike.request):
                if row.struck is not None and row.struck.fate is Fate.GIVEN:
                    break  # the answer was late, and its client waited for it
                continue
            if row.name in lost.asking and row.path in QUERIES:
                break
            if _sent(row.request).repeats(lost):
                again = _at(row.time - course.began_ms)
                return f"the {row.name} {again} sends again what was lost {_at(strike.ms)}"
    return None


def _is_uncertain(fault: Fault) -> bool:
    """True for what leaves a client without knowing whether his order is there.

    429 and a refusal tell that it is not.
    """
    if fault.kind != "request" or fault.effect in (Effect.DUPLICATE, Effect.REFUSE, Effect.LAG):
        return False
    return fault.code != 429


Terms = tuple[Any, Any, Any]
"""Market, side and size."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """What an envelope brings to the exchange: new orders and TWAPs, and orders in the place of
    others, each with the oid or cloid of the one before.
    """

    new: Sequence[Terms] = ()
    instead: Sequence[tuple[Any, Terms]] = ()
    asking: frozenset[str] = ASKING
    """Queries that tell what became of it."""

    def repeats(self, lost: _Sent) -> bool:
        """Whether it has something in it that the lost one had.

        An order does that, too, whose terms are those of a lost modification, for then there are
        two of them. A modification of another order does not.
        """
        replaced = [terms for _, terms in lost.instead]
        return any(one in lost.new or one in replaced for one in self.new) or any(
            one in lost.instead for one in self.instead
        )


def _sent(request: Any) -> _Sent:
    action = request.get("action") if isinstance(request, dict) else None
    if not isinstance(action, dict):
        return _Sent()
    match action:
        case {"type": "order"}:
            return _Sent([_terms(one) for one in _orders(action)])
        case {"type": "twapOrder", "twap": dict(twap)}:
            return _Sent([_terms(twap)], asking=ASKING_TWAP)
        case {"type": "modify"}:
            return _Sent(instead=_modified([action]))
        case {"type": "batchModify", "modifies": modifies}:
            return _Sent(instead=_modified(_dicts(modifies)))
        case _:
            return _Sent()


def _modified(entries: list[dict[str, Any]]) -> list[tuple[Any, Terms]]:
    orders = [(one.get("oid"), one.get("order")) for one in entries]
    return [(oid, _terms(order)) for oid, order in orders if isinstance(order, dict)]


def _terms(order: dict[str, Any]) -> Terms:
    return order.get("a"), order.get("b"), order.get("s")


def _nonce(request: Any) -> Any:
    return request.get("nonce") if isinstance(request, dict) else None


# -- of the bot ------------------------------------------------------------------------------------


class Exit(Asked):
    """Which exit code."""

    code: int = 0


@judge("exit")
def exit_(course: Course, asked: Exit) -> str | None:
    """The bot ended with an exit code, or was still there at the end."""
    if course.exit in (None, asked.code):
        return None
    return f"the bot ended with {course.exit}"
