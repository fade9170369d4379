"""What goes wrong, put in force and lifted."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ...scenarios.faults import fault_of, parse_fault
from ..console import Console
from ..faults import Entry
from ..slips import check_coin
from .registry import Asked, Json, control


class FaultAsked(Asked):
    """A plan."""

    plan: Annotated[
        str | dict[str, Json],
        msgspec.Meta(description="a line as of --fault, order:0.05:after:drop, or an object"),
    ]


class FaultTold(msgspec.Struct):
    """One fault in force."""

    id: int
    plan: str
    met: int
    """How often all but chance was given."""
    struck: int


def _told(entry: Entry) -> FaultTold:
    return FaultTold(entry.id, entry.fault.text(), entry.met, entry.struck)


@control("POST", "fault/add")
def add(console: Console, asked: FaultAsked) -> FaultTold:
    """Puts one more fault in force, until it is cleared or the exchange reset."""
    plan = asked.plan
    fault = parse_fault(plan) if isinstance(plan, str) else fault_of(plan)
    check_coin(fault.coin, console.node.exchange.state.universe)
    return _told(console.faults.find(console.faults.add(fault)))


@control("GET", "fault/list")
def list_faults(console: Console) -> list[FaultTold]:
    """Every fault in force, oldest first."""
    return [_told(entry) for entry in console.faults.entries()]


class FaultCleared(Asked):
    """Which one."""

    id: Annotated[int | None, msgspec.Meta(description="left out: all of them")] = None


@control("POST", "fault/clear")
def clear(console: Console, asked: FaultCleared) -> list[FaultTold]:
    """Lifts a fault, or all of them. Answers those that were in force."""
    found = console.faults.entries()
    if asked.id is None:
        console.faults.clear()
    else:
        found = [console.faults.find(asked.id)]
        console.faults.remove(asked.id)
    return [_told(entry) for entry in found]
