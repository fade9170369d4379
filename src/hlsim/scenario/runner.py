"""Plays a scenario once: the exchange, the bot beside it, time, and what is done when.

The exchange has a manual clock, which is moved here in steps of `step_ms`, one for each that passes
in real time, and only while the bot is quiet: a request that just came holds time for a moment. So
whatever the machine is busy with, a bot that answers promptly is served at the same exchange time.
Time begins with the bot's first request, however long its start takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import hlsim
from hlsim.matching.dataclass import dataclass
from hlsim.scenario.acts import act_of, add_fault, lift_fault
from hlsim.scenario.bots import BotProcess, environment
from hlsim.scenario.conditions import Condition, condition_of
from hlsim.scenario.course import Course, Happening, Standing, Strike, look
from hlsim.scenario.telling import request_told, words_of
from hlsim.scenarios.story import Scenario, Step
from hlsim.server.control import CONTROL
from hlsim.server.diagnosis import diagnose
from hlsim.server.pacer import real_s
from hlsim.sim.fixed import Address

if TYPE_CHECKING:
    from hlsim.library import RunningExchange
    from hlsim.server.app import Server
    from hlsim.server.blocks import Block
    from hlsim.server.control.records import RequestTold
    from hlsim.server.faults import Entry

QUIET_S = 0.015
"""So long after a request time stands still, of real time."""
PATIENCE_S = 0.25
"""So long at most for each step: a bot that never is quiet does not stop time."""
START_S = 30.0
"""How long a bot may take to its first request, of real time."""
TICK_S = 0.005

MOST_ROWS = 10_000


class Unplayable(ValueError):
    """A scenario that cannot be played, say because its exchange knows no such coin."""


@dataclass(slots=True)
class _Due:
    """A step of the timeline that is still to come."""

    step: Step
    ms: int
    """Of `at` and `every`."""
    left: int
    condition: Condition | None


class Recorder:
    """Writes down what happens, in the server's thread."""

    def __init__(self, running: RunningExchange, account: str) -> None:
        self.course = Course(account, running.clock.now_ms)
        self._account = Address(account)
        self._explained: set[str] = set()
        """Rules by which refusals were explained already."""
        running.call(self._attach)

    def _attach(self, server: Server) -> None:
        self._server = server
        server.node.subscribe(self._on_block)
        server.console.faults.heard = self._on_strike
        self.look()

    @property
    def asked(self) -> int:
        """How many requests there were, those that were struck before the exchange included."""
        return self._server.console.requests.seen + len(self.course.strikes)

    def ms(self) -> int:
        """Exchange time since the beginning."""
        return self._server.node.pacer.now_ms() - self.course.began_ms

    def look(self) -> None:
        """Enters how the account stands, unless nothing changed."""
        server, course = self._server, self.course
        seen = server.console.requests.seen
        found = look(server.node.exchange, self._account, self.ms(), seen)
        if course.moments and found.is_like(course.moments[-1]):
            return
        last = course.moments[-1] if course.moments else found
        course.moments.append(found)
        self._tell_changes("", last.own, found.own)
        for place, standing in enumerate(found.sub_accounts):
            self._tell_changes(f"sub-account {place}: ", last.of(place), standing)

    def _tell_changes(self, whose: str, last: Standing, found: Standing) -> None:
        kinds = (
            ("position", last.positions, found.positions),
            ("balance", last.balances, found.balances),
        )
        for kind, before, after in kinds:
            for name in dict.fromkeys([*before, *after]):
                if after.get(name) != before.get(name):
                    self.say(kind, f"{whose}{name} {after.get(name, 0)}")
        if found.orders != last.orders:
            self.say("orders", f"{whose}{len(found.orders)} open")

    def say(self, who: str, text: str) -> None:
        """Enters a line of the timeline, behind the requests until now."""
        self.fetch()
        self.course.happenings.append(Happening(self.ms(), who, text))

    def _on_block(self, block: Block) -> None:
        self.look()

    def _on_strike(self, entry: Entry, request: Any) -> None:
        seen = self._server.console.requests.seen
        self.course.strikes.append(Strike(self.ms(), entry.fault, seen, request))
        struck = "" if request is None else f" strikes {words_of(request)}"
        self.say("fault", entry.fault.text() + struck)

    def fetch(self) -> None:
        """Brings the requests of the course up to date."""
        course = self.course
        last = course.requests[-1].id if course.requests else 0
        if self._server.console.requests.seen == last:
            return
        since = course.requests[-1].time if course.requests else 0
        spec = CONTROL["requests"]
        wanted = spec.take({"since": since, "limit": MOST_ROWS})
        told = spec.answer(self._server.console, wanted)
        for row in told.requests:
            if row.id > last:
                course.enter_request(row, request_told(row))
                ms = row.time - course.began_ms
                course.happenings += [Happening(ms, "why", why) for why in self._reasons(row)]

    def _reasons(self, row: RequestTold) -> Iterator[str]:
        """Why a request was refused, for each rule the first time only."""
        rules = {diagnose(row.status, text).rule for text in row.refusals}
        if rules <= self._explained:
            return
        spec = CONTROL["diagnoses"]
        wanted = spec.take({"since": row.time, "limit": MOST_ROWS})
        for told in spec.answer(self._server.console, wanted):
            if told.request == row.id and told.rule not in self._explained:
                self._explained.add(told.rule)
                if told.remedy:
                    yield f"{told.why} {told.remedy}"


class Run:
    """One run of a scenario."""

    def __init__(
        self, scenario: Scenario, bot: Sequence[str] | None, seed: int, tell: Callable[[str], None]
    ) -> None:
        self._scenario = scenario
        self._command = bot
        self._seed = seed
        self._tell = tell
        self._lift: list[tuple[int, int]] = []
        """Faults to lift: when, and their numbers."""
        self._timeline = [self._due(step) for step in scenario.timeline]
        self._bot: BotProcess | None = None
        self._heard, self._heard_s = 0, 0.0

    def _due(self, step: Step) -> _Due:
        first = step.at_ms if step.at_ms is not None else step.every_ms or 0
        times = step.times or (1 if step.every_ms is None else MOST_ROWS)
        wanted = None if step.when is None else condition_of(step.when)
        return _Due(step, first, times, wanted)

    def play(self) -> Course:
        """Plays it to its end. Raises Unplayable, and ValueError for a bot that cannot start."""
        scenario = self._scenario
        with hlsim.start(seed=self._seed, clock="manual", **scenario.exchange) as running:
            self._running = running
            if scenario.account >= len(running.accounts):
                raise Unplayable(f"account {scenario.account} is not among the funded ones")
            account = running.accounts[scenario.account]
            self._recorder = recorder = Recorder(running, account.address)
            for fault in scenario.faults:
                add_fault(running, fault)
            self._do_due(0)
            told = environment(running, account)
            try:
                if self._command is None:
                    for name, value in told.items():
                        self._tell(f"export {name}={value}")
                else:
                    self._bot = BotProcess(self._command, told, self._hear)
                self._await_first()
                self._pass_time()
                self._note_exit()
            finally:
                if self._bot is not None:
                    self._bot.stop()
            running.call(lambda _: self._end(recorder))
        return recorder.course

    def _end(self, recorder: Recorder) -> None:
        recorder.fetch()
        recorder.look()
        recorder.course.ended_ms = recorder.ms()

    def _hear(self, line: str) -> None:
        # What a child of the bot says after the end is not heard.
        with suppress(RuntimeError):
            self._running.call(lambda _: self._recorder.say("bot", line))

    # -- time --------------------------------------------------------------------------------------

    @property
    def _is_bot_there(self) -> bool:
        return self._command is None or (self._bot is not None and self._bot.code is None)

    def _await_first(self) -> None:
        """Until the first request; without a command for ever."""
        until_s = real_s() + START_S
        while self._is_bot_there and not self._count():
            if self._command is not None and real_s() > until_s:
                return
            time.sleep(TICK_S)

    def _count(self) -> int:
        return self._running.call(lambda _: self._recorder.asked)

    def _pass_time(self) -> None:
        scenario = self._scenario
        now_ms = self._now_ms()
        begun_s = real_s()
        while now_ms < scenario.lasts_ms:
            next_ms = min(now_ms + scenario.step_ms, scenario.lasts_ms, *self._dues(now_ms))
            due_s = begun_s + (next_ms - now_ms) / 1000 / scenario.speed
            self._wait(due_s)
            # What was lost to a busy machine is not made up for: time would run.
            begun_s = max(due_s, real_s() - TICK_S)
            self._running.clock.advance(ms=next_ms - now_ms)
            self._do_due(next_ms)
            # Later than that where a step of the timeline moved the clock, too.
            now_ms = self._now_ms()
            self._note_exit()

    def _now_ms(self) -> int:
        return self._running.call(lambda _: self._recorder.ms())

    def _dues(self, now_ms: int) -> list[int]:
        found = [due.ms for due in self._timeline if due.left and due.condition is None]
        found += [ms for ms, _ in self._lift]
        return [ms for ms in found if ms > now_ms]

    def _wait(self, due_s: float) -> None:
        """Until it is time for the next step and the bot is quiet."""
        while self._is_bot_there:
            now_s, count = real_s(), self._count()
            if count != self._heard:
                self._heard, self._heard_s = count, now_s
            is_quiet = now_s - self._heard_s >= QUIET_S or now_s >= due_s + PATIENCE_S
            if now_s >= due_s and is_quiet:
                return
            time.sleep(TICK_S)

    def _note_exit(self) -> None:
        """Once, when the bot is gone by itself."""
        course = self._recorder.course
        if self._bot is None or course.exit is not None or self._bot.code is None:
            return
        course.exit = self._bot.code
        self._bot.hear_out()
        self._running.call(lambda _: self._recorder.say("bot", f"ended with {course.exit}"))

    # -- the timeline ------------------------------------------------------------------------------

    def _do_due(self, now_ms: int) -> None:
        for number in [number for ms, number in self._lift if ms <= now_ms]:
            lift_fault(self._running, number)
            self._lift = [one for one in self._lift if one[1] != number]
        self._running.call(lambda _: self._recorder.fetch())
        for due in self._timeline:
            if not due.left or not self._is_due(due, now_ms):
                continue
            due.left -= 1
            self._do(due.step, now_ms)
            if due.step.every_ms is not None:
                due.ms += due.step.every_ms
        self._running.call(lambda _: self._recorder.look())

    def _is_due(self, due: _Due, now_ms: int) -> bool:
        if due.condition is None:
            return due.ms <= now_ms
        course = self._recorder.course
        return due.condition.holds(course.moments[-1], course)

    def _do(self, step: Step, now_ms: int) -> None:
        act, running = step.act, self._running
        said = " ".join(f"{key}={value}" for key, value in act.keys.items())
        running.call(lambda _: self._recorder.say("scenario", f"{act.name} {said}"))
        try:
            number = act_of(act)(running)
        except ValueError as error:
            raise Unplayable(f"{act.name}: {error}") from None
        if step.for_ms is not None and number is not None:
            self._lift.append((now_ms + step.for_ms, number))
