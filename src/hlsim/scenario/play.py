"""One scenario on one exchange: what is done when, in exchange time, whoever moves that.

Everything here runs in the server's event loop. Steps at a time are alarms of the node; conditions
are looked at after each block and each request. Who moves time, where the bot is and how the judges
are asked is the business of others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from hlsim.matching.dataclass import dataclass
from hlsim.scenario.acts import act_of, opening_of
from hlsim.scenario.conditions import Condition, condition_of
from hlsim.scenario.course import Course
from hlsim.scenario.names import check_coins, check_names, check_ways, coins_of
from hlsim.scenario.recorder import Recorder
from hlsim.scenarios.faults import Fault
from hlsim.scenarios.story import Scenario, Senseless, Step, path_of

if TYPE_CHECKING:
    from hlsim.server.console import Console

logger = logging.getLogger("hlsim.scenario")

MOST_TURNS = 10_000
"""How often a step is done at most when it says nothing itself."""
MOST_KEPT = 200_000
"""Requests, moments, events and lines of the timeline in all, which stay in memory for the judges:
a day of a poll every five seconds."""


class Unplayable(ValueError):
    """A scenario that cannot be played, say because its exchange knows no such coin."""


@dataclass(slots=True, eq=False)
class _Due:
    """A step of the timeline that is still to come."""

    step: Step
    path: str
    """Where it stands in the scenario."""
    left: int
    condition: Condition | None
    held: bool = False
    """Whether the condition did so when it was looked at last."""


class Play:
    """A scenario that runs. Raises Unplayable when it cannot begin."""

    def __init__(
        self,
        console: Console,
        scenario: Scenario,
        account: str,
        *,
        is_alone: bool,
        on_over: Callable[[], None] = lambda: None,
    ) -> None:
        """Faults are in force and what is due at once is done when this returns.

        `is_alone`: nobody but the bot asks this exchange for anything. `on_over` is called when
        the time of the scenario is over, or when it broke.
        """
        self.scenario = scenario
        self._console = console
        self._node = console.node
        self._on_over = on_over
        self._seen = console.requests.seen
        self.broke: str | None = None
        """Why it cannot go on."""
        self.is_over = False
        self._has_news = True
        self._is_elsewhere = False
        """Whether the exchange went back in time, to where no course of ours is."""
        self._faults: list[tuple[int, Fault]] = []
        """Those in force for it. After a restore a number may be that of another plan."""
        if account not in self._node.exchange.state.accounts:
            raise Unplayable(f"no account {account}")
        try:
            check_names(scenario)
            check_coins(scenario, self._node.exchange.state.universe)
            check_ways(scenario, self._node.pacer.now_ms())
        except Senseless as error:
            raise Unplayable(scenario.told(error.path, str(error))) from None
        self.recorder = Recorder(
            console,
            account,
            is_alone=is_alone,
            coins=coins_of(scenario),
            actors=[actor.name for actor in scenario.actors],
            on_news=self._nudge,
            on_restored=self._on_restored,
        )
        dues = [_due(place, step) for place, step in enumerate(scenario.timeline)]
        self._whens = [due for due in dues if due.condition is not None]
        try:
            self._faults += [(console.faults.add(fault), fault) for fault in scenario.faults]
            for actor in scenario.actors:
                opening_of(actor)(console)
        except ValueError as error:
            self.close()
            raise Unplayable(str(error)) from None
        for due in dues:
            if due.condition is None:
                at_ms = due.step.at_ms
                self._set(due, at_ms if at_ms is not None else due.step.every_ms or 0)
        self._node.at(self.course.began_ms + scenario.lasts_ms, self._end)
        self._stop_by()
        self._node.pacer.ring()
        self._look()
        if self.broke is not None:
            self.close()
            raise Unplayable(self.broke)

    @property
    def course(self) -> Course:
        """What has happened so far."""
        return self.recorder.course

    @property
    def asked(self) -> int:
        """How many requests there were, those that a fault kept from the exchange included."""
        return self._console.requests.seen - self._seen

    @property
    def left_ms(self) -> int:
        """How much of its time is left."""
        return max(0, self.scenario.lasts_ms - self.recorder.ms())

    def say(self, who: str, text: str) -> None:
        """Enters a line of the timeline."""
        self.recorder.say(who, text)

    def close(self) -> Course:
        """Ends it, if it has not ended, and lifts its faults. Returns all that has happened."""
        self.is_over = True
        if not self._is_elsewhere:
            self.bring_up()
        self.recorder.detach()
        for number, fault in self._faults:
            self._lift(number, fault)
        self._faults.clear()
        return self.course

    def bring_up(self) -> None:
        """Brings the course up to now, as if it ended here."""
        self.recorder.fetch()
        self.recorder.look()
        self.course.ended_ms = self.recorder.ms()

    # -- when --------------------------------------------------------------------------------------

    def _set(self, due: _Due, ms: int) -> None:
        """Does it at that time of the scenario."""

        def do() -> None:
            due.left -= 1
            self._do_yet(due)
            if due.left and not self.is_over and due.step.every_ms is not None:
                self._set(due, ms + due.step.every_ms)

        self._node.at(self.course.began_ms + ms, do)

    def _stop_by(self) -> None:
        """Has time stop wherever the exchange does something by itself, however far it is moved at
        once: what comes of that is seen when it happens, by judges and by conditions.
        """
        due_ms = self._node.exchange.state.timers.next_due_ms()
        if due_ms is not None and not self.is_over:
            self._node.at(max(due_ms, self._node.pacer.now_ms() + 1), self._stop_by)

    def _nudge(self) -> None:
        """Something happened. The conditions are looked at once it is done with."""
        if not self._has_news and not self.is_over:
            self._node.soon(self._look)
        self._has_news = True

    def _look(self) -> None:
        """Looks at the conditions until none of them has anything done."""
        while self._has_news and not self.is_over:
            self._has_news = False
            self._look_once()

    def _look_once(self) -> None:
        self.recorder.fetch()
        self.recorder.look(whole=False)
        if self.course.size > MOST_KEPT:
            self._break(f"more than {MOST_KEPT:,} things happened; let it last shorter")
            return
        for due in self._whens:
            assert due.condition is not None
            holds = due.condition.holds(self.course.moments[-1], self.course)
            begins, due.held = holds and not due.held, holds
            if begins and due.left and not self.is_over:
                due.left -= 1
                self._begin(due)

    def _begin(self, due: _Due) -> None:
        """What a condition asks for, now or a while after it came to hold."""
        after_ms = due.step.after_ms
        if after_ms is None:
            self._do(due)
        else:
            self._node.at(self._node.pacer.now_ms() + after_ms, lambda: self._do_yet(due))

    def _do_yet(self, due: _Due) -> None:
        if not self.is_over:
            self._do(due)

    def _end(self) -> None:
        self._look()
        if not self.is_over:
            self.is_over = True
            self._on_over()

    def _break(self, why: str) -> None:
        self.broke = why
        self.is_over = True
        self._on_over()

    def _on_restored(self) -> None:
        self._is_elsewhere = True
        self._break("the exchange went back in time")

    # -- what --------------------------------------------------------------------------------------

    def _do(self, due: _Due) -> None:
        step, act = due.step, due.step.act
        said = " ".join(f"{key}={value}" for key, value in act.keys.items())
        self.say("scenario", f"{act.name} {said}")
        try:
            number = act_of(act)(self._console)
        except ValueError as error:
            self._break(self.scenario.told(due.path, str(error)))
            return
        except Exception:
            logger.exception("%s of scenario %s failed", act.name, self.scenario.name)
            self._break(self.scenario.told(due.path, "this is a bug of hlsim"))
            return
        if number is not None:
            fault = self._console.faults.find(number).fault
            self._faults.append((number, fault))
            if step.for_ms is not None:
                ends_ms = self._node.pacer.now_ms() + step.for_ms
                self._node.at(ends_ms, lambda: self._lift(number, fault))

    def _lift(self, number: int, fault: Fault) -> None:
        """Ends a fault, unless somebody has."""
        entries = self._console.faults.entries()
        if any((entry.id, entry.fault) == (number, fault) for entry in entries):
            self._console.faults.remove(number)


def _due(place: int, step: Step) -> _Due:
    times = step.times or (1 if step.every_ms is None else MOST_TURNS)
    condition = None if step.when is None else condition_of(step.when)
    return _Due(step, path_of("timeline", place, step.act.name), times, condition)
