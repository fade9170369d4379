"""What the timeline of a scenario can do: control requests by their own names, and faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hlsim.scenarios.faults import Fault, fault_of, parse_fault
from hlsim.scenarios.story import Named
from hlsim.server.control import CONTROL, ControlSpec
from hlsim.server.faults import check_name

if TYPE_CHECKING:
    from hlsim.server.console import Console

FAULT = "fault"

NOT_IN_SCENARIOS = {
    "clock/mode": "the scenario moves the clock",
    "snapshot": "a scenario goes forward only",
    "restore": "a scenario goes forward only",
    "reset": "a scenario goes forward only",
    "fault/add": "the key fault is for that",
    "scenario/run": "one scenario at a time",
    "scenario/stop": "its time ends it",
}

REQUESTS: dict[str, ControlSpec] = {
    path: spec
    for path, spec in CONTROL.items()
    if spec.method == "POST" and path not in NOT_IN_SCENARIOS
}

Act = Callable[["Console"], int | None]
"""Does it, in the server's event loop. Returns the number of the fault that is in force now, if it
is one. Raises ValueError where the exchange refuses."""


def act_of(named: Named) -> Act:
    """What a step does. Raises ValueError that says what is known."""
    if named.name == FAULT:
        return _fault(plan_of(named.keys["plan"]))
    if named.name in NOT_IN_SCENARIOS:
        raise ValueError(f"not {named.name} here: {NOT_IN_SCENARIOS[named.name]}")
    if named.name not in REQUESTS:
        raise ValueError(f"unknown key {named.name!r}; known: {', '.join([*REQUESTS, FAULT])}")
    spec = REQUESTS[named.name]
    asked = spec.take(dict(named.keys))

    def ask(console: Console) -> None:
        spec.answer(console, asked)

    return ask


def opening_of(actor: Named) -> Act:
    """What makes an actor of the file. Raises ValueError for keys that make none."""
    known = [key for key in REQUESTS["actor/open"].keys if key != "actor"]  # its name is the key
    for key in actor.keys:
        if key not in known:
            raise ValueError(f"unknown key {key!r}; known: {', '.join(known)}")
    return act_of(Named("actor/open", {**actor.keys, "actor": actor.name}))


def plan_of(plan: Any) -> Fault:
    """A fault as `--fault` takes it, or as an object. Raises ValueError."""
    if not isinstance(plan, str | Mapping):
        raise ValueError("a fault is a line such as order:#1:after:drop, or an object")
    fault = parse_fault(plan) if isinstance(plan, str) else fault_of(plan)
    check_name(fault)
    return fault


def _fault(fault: Fault) -> Act:
    return lambda console: console.faults.add(fault)
