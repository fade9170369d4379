"""The table of subscriptions: a topic is a class, its fields are the parameters of a
subscription.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any, ClassVar, Literal, Protocol, TypeVar, get_type_hints

from ...matching.dataclass import dataclass
from ...sim.events import Event
from ...sim.fixed import Address
from ...sim.view import View
from ..info.registry import Json
from ..info.registry import Status as Answered
from ..info.request import Field

Source = tuple[str, str]
"""What happened, and to whom: an event's topic, or ("prices", coin)."""


Status = Answered | Literal["refused"]
"""`refused`: as on the exchange, unless a profile has it served."""


class Refusal(Enum):
    """What becomes of a subscription that reads well and names nothing that exists (ws 2.3)."""

    UNREADABLE = "told to be no request, as if its type were unknown"
    INVALID = "told on the error channel"
    HANG_UP = "the socket is closed without a word"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One row of the table."""

    name: str
    cls: type[Topic]
    fields: tuple[Field, ...]
    attributes: tuple[str, ...]
    """The names of the fields in Python."""
    status: Status
    source: str
    rank: int
    """Frames of one block go out by rank: the place in the table."""


class Feed(Protocol):
    """What makes the frames of a topic while somebody listens; its methods are those of `Topic`."""

    def first(self, view: View) -> Json | None: ...

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]: ...

    def tick(self, view: View) -> Json | None: ...

    def news(self, data: Json) -> object | None: ...


class Topic:
    """One subscription with its parameters as the exchange normalises them.

    Equal ones share their frames, whoever asked. `data` below is what stands in a frame beside its
    `channel`. Everything is read at the end of a block, when `view` is as new as the block.
    """

    __slots__ = ()

    spec: ClassVar[TopicSpec]
    echoes_null: ClassVar[bool] = True
    """False leaves parameters that are null out of acks."""
    is_bare: ClassVar[bool] = False
    """True for frames that are the data alone, without `channel` and `data`."""
    gap_ms: ClassVar[int] = 0
    """Least exchange time between two updates. The next one is told of the first and the last event
    of those that came meanwhile."""

    def echo(self) -> dict[str, Any]:
        """The `subscription` of acks and errors (ws 2.1)."""
        spec = self.spec
        echo: dict[str, Any] = {"type": spec.name}
        for field, attribute in zip(spec.fields, spec.attributes, strict=True):
            value = getattr(self, attribute)
            if value is not None or self.echoes_null:
                echo[field.wire] = value
        return echo

    def refusal(self, view: View) -> Refusal | None:
        """None when the subscription is accepted."""
        return None

    def channel(self, view: View) -> str:
        """The `channel` of the frames."""
        return self.spec.name

    def sources(self) -> tuple[Source, ...]:
        """Whose events make an update."""
        return ()

    def period_ms(self, view: View) -> int:
        """How often `tick` is sent, on the one clock that all share; 0 is never."""
        return 0

    def feed(self) -> Feed:
        """Makes the frames from the first subscriber to the last: the topic itself, or something
        new that remembers what was told.
        """
        return self

    def first(self, view: View) -> Json | None:
        """The data of the frame after the ack, None for no such frame. It is sent again when the
        state was replaced.
        """
        return None

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        """The data of the frames about what happened in a block, in order."""
        return ()

    def tick(self, view: View) -> Json | None:
        """The data of a frame of the clock."""
        return self.first(view)

    def news(self, data: Json) -> object | None:
        """The part of `data` without which an update is not sent again, None: always send it."""
        return None


def later(view: View, user: Address, rows: dict[str, Json]) -> Json:
    """The data of a frame behind a snapshot. Observed: without `isSnapshot`, where the docs have
    false (contested 34).
    """
    mark = {} if view.state.rules.is_snapshot == "omit" else {"isSnapshot": False}
    return {**mark, "user": user, **rows}


TOPICS: dict[str, TopicSpec] = {}
"""By wire name, in the order of definition."""

C = TypeVar("C", bound=type[Topic])


def topic(name: str, *, source: str, status: Status = "modelled") -> Callable[[C], C]:
    """Registers a frozen dataclass as the subscription `name`. `source` says where it is known
    from.
    """

    def register(cls: C) -> C:
        if name in TOPICS:
            raise ValueError(f"subscription {name} is defined twice")
        hints = get_type_hints(cls)
        members = fields(cls)  # type: ignore[arg-type]  # of a dataclass, which `Topic` is not
        parameters = tuple(
            Field(
                member.name,
                hints[member.name],
                default=None if member.default is MISSING else member.default,
                is_required=member.default is MISSING,
            )
            for member in members
        )
        names = tuple(member.name for member in members)
        cls.spec = TopicSpec(name, cls, parameters, names, status, source, len(TOPICS))
        TOPICS[name] = cls.spec
        return cls

    return register
