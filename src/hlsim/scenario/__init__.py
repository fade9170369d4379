"""Scenarios: a bot meets what goes wrong on the exchange, and gets a verdict.

`run(load("lost-reply"), bot="python my_bot.py")` is one run. The same model can be built by hand:
`Scenario`, `Step` and `Named` of `hlsim.scenarios.story`.
"""

from __future__ import annotations

from hlsim.scenario.course import Course
from hlsim.scenario.reading import Mistake, read
from hlsim.scenario.shelf import load, shipped
from hlsim.scenario.verdict import Finding, Verdict, run
from hlsim.scenarios.story import Named, Scenario, Step

__all__ = [
    "Course",
    "Finding",
    "Mistake",
    "Named",
    "Scenario",
    "Step",
    "Verdict",
    "load",
    "read",
    "run",
    "shipped",
]
