"""Exchange time: forward by so much, forward to a moment, and who moves it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..console import Console
from ..node import LocalNode
from ..pacer import Clock
from ..values import parse_time
from .registry import Asked, Steps, control

UNITS_MS = {"days": 86_400_000, "hours": 3_600_000, "minutes": 60_000, "seconds": 1_000, "ms": 1}


class Advance(Asked):
    """How far; several units are added up."""

    wants_some = True
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0
    ms: int = 0

    @property
    def way_ms(self) -> int:
        """All of it together."""
        return sum(UNITS_MS[unit] * getattr(self, unit) for unit in UNITS_MS)


class Time(msgspec.Struct):
    """Exchange time now, ms since 1970."""

    time: int


def _travel(node: LocalNode, milliseconds: int) -> Steps[int]:
    """An hour at a time. Returns where it led to."""
    node.pacer.time_after(milliseconds)
    while milliseconds > UNITS_MS["hours"]:
        node.advance(UNITS_MS["hours"])
        milliseconds -= UNITS_MS["hours"]
        yield
    return node.advance(milliseconds)


@control("POST", "clock/advance")
def advance(console: Console, asked: Advance) -> Steps[Time]:
    """Moves exchange time forward and does all that falls due on the way, whatever clock runs.

    Other requests are answered after each hour of it.
    """
    return Time((yield from _travel(console.node, asked.way_ms)))


class SetTime(Asked):
    """Which moment it is to be."""

    time: Annotated[
        int | str, msgspec.Meta(description="ms since 1970, an ISO 8601 time, or now: real time")
    ]


@control("POST", "clock/set")
def set_time(console: Console, asked: SetTime) -> Steps[Time]:
    """Moves exchange time forward to a moment and does all that falls due on the way.

    Other requests are answered after each hour of it.
    Time does not go back; `restore` and `reset` do, with everything else.
    """
    node = console.node
    way = parse_time(str(asked.time)) - node.pacer.now_ms()
    return Time((yield from _travel(node, way)))


Speed = Annotated[
    float,
    msgspec.Meta(gt=0, le=10_000, description="exchange seconds in a real second of a wall clock"),
]

Wait = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=3_600_000,
        description="how long nobody asks before an auto clock jumps, ms of real time",
    ),
]


class Mode(Asked):
    """Who moves the clock."""

    wants_some = True
    clock: Annotated[
        str | None,
        msgspec.Meta(
            description="wall: real time; manual: nobody but the control plane; auto: to the next "
            "thing that is due whenever nobody asks anything. Left out: as it is"
        ),
    ] = None
    speed: Speed | None = None
    auto_wait: Wait | None = None


class ModeTold(msgspec.Struct):
    """How exchange time moves from now on."""

    clock: str
    speed: float
    auto_wait: int
    time: int


@control("POST", "clock/mode")
def mode(console: Console, asked: Mode) -> ModeTold:
    """Hands the clock to real time, to the control plane alone, or to what is due next.

    Exchange time goes on from where it is.
    """
    node = console.node
    try:
        clock = node.pacer.clock if asked.clock is None else Clock(asked.clock)
    except ValueError:
        known = ", ".join(clock.value for clock in Clock)
        raise ValueError(f"no clock {asked.clock!r:.80}; known: {known}") from None
    if asked.auto_wait is not None:
        console.set_auto_wait(asked.auto_wait)
    if asked.clock is not None or asked.speed is not None:
        console.hand_clock(clock, node.pacer.speed if asked.speed is None else asked.speed)
    pacer = node.pacer
    return ModeTold(clock.value, pacer.speed, pacer.auto_wait_ms, pacer.now_ms())


MOST_SKEW_MS = 30 * 86_400_000


class Skew(Asked):
    """By how much."""

    ms: Annotated[
        int,
        msgspec.Meta(
            ge=-MOST_SKEW_MS,
            le=MOST_SKEW_MS,
            description="the exchange's clock less that of its clients, as they take it to be",
        ),
    ]


@control("POST", "clock/skew")
def skew(console: Console, asked: Skew) -> Skew:
    """Sets the exchange's clock and its clients' apart: nonces, `expiresAfter` and what else
    clients stamp with their own clock are judged by one that is so many ms ahead of real time.

    Exchange time, that of blocks and fills, is what it was.
    """
    console.skew_clock(asked.ms)
    return asked
