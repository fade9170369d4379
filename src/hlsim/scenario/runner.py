"""Plays a scenario once: an exchange of its own, and the bot beside it.

The exchange has a manual clock. A bot that lives in exchange time moves it by waiting, see
`hlsim.own_time`. For any other one it is moved here, in steps of `step_ms`, one for each that
passes in real time, and only while the bot is quiet: a request that just came holds time for a
moment. So whatever the machine is busy with, a bot that answers promptly is served at the same
exchange time; and time begins with its first request, however long its start takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

import hlsim
from hlsim.own_time.environment import child_environment
from hlsim.own_time.run import conducted
from hlsim.scenario.bots import FAREWELL_S, BotProcess, inherited
from hlsim.scenario.course import Course
from hlsim.scenario.play import Play, Unplayable
from hlsim.scenarios.story import Scenario
from hlsim.server.pacer import real_s

if TYPE_CHECKING:
    from hlsim.own_time.conductor import Conductor

QUIET_S = 0.015
"""So long after a request time stands still, of real time."""
PATIENCE_S = 0.25
"""So long at most for each step: a bot that never is quiet does not stop time."""
START_S = 30.0
"""How long a bot may take to its first request, of real time."""
TICK_S = 0.005
STUCK_S = 60.0
STUCK = (
    f"the bot did not wait for {STUCK_S:g} s in a way that the exchange sees, so its time stood "
    "still; give it real time with --no-own-time"
)
FAREWELL_MS = 5_000
"""Exchange time that a bot which lives in it has when it was told to stop."""


class Run:
    """One run of a scenario."""

    def __init__(
        self,
        scenario: Scenario,
        bot: Sequence[str] | None,
        seed: int,
        tell: Callable[[str], None],
        *,
        own_time: bool,
        journal: str | None = None,
    ) -> None:
        self._scenario = scenario
        self._command = bot
        self._seed = seed
        self._tell = tell
        self._own_time = own_time
        self._journal = journal
        self._bot: BotProcess | None = None
        self._conductor: Conductor | None = None
        self._answered, self._answered_s = 0, 0.0
        self.state_hash = self.url = ""
        """Of the exchange, at the end."""

    def play(self) -> Course:
        """Plays it to its end. Raises Unplayable, and ValueError for a bot that cannot start or an
        account that is not funded.
        """
        scenario = self._scenario
        words = dict(scenario.exchange)
        if self._journal is not None:
            words["journal"] = self._journal
        with hlsim.start(
            seed=self._seed, clock="manual", own_time=self._own_time, **words
        ) as running:
            self._running = running
            place = scenario.account_among(len(running.accounts))
            address = running.accounts[place].address
            self._play = running.call(
                lambda server: Play(
                    server.console, scenario, address, is_alone=True, on_over=self._on_over
                )
            )
            try:
                if self._own_time:
                    with conducted(running) as self._conductor:
                        self._live()
                else:
                    self._live()
            finally:
                if self._bot is not None:
                    self._bot.kill()
            if self._play.broke is not None:
                raise Unplayable(self._play.broke)
            course = running.call(lambda _: self._play.close())
            self.state_hash, self.url = running.state_hash(), running.url
        return course

    def _live(self) -> None:
        """From the start of the bot to its end."""
        conductor = self._conductor
        place = None if conductor is None else conductor.place
        account = self._running.accounts[self._scenario.account]
        told = child_environment(
            self._running.url,
            account,
            own_time=place,
            seed=self._seed,
            environ={} if self._command is None else inherited(),
        )
        if self._command is None:
            for name, value in told.items():
                self._tell(f"export {name}={value}")
            self._tell("# waits for a bot: start one with these in its environment")
        else:
            is_held = conductor is not None
            self._bot = BotProcess(self._command, told, self._hear, is_held=is_held)
            if conductor is not None:
                conductor.begin(self._bot.pid)
        if conductor is None:
            self._await_first()
            self._pass_time()
            self._stop()
        else:
            self._follow(conductor)

    def _hear(self, line: str) -> None:
        # What a child of the bot says after the end is not heard.
        with suppress(RuntimeError):
            self._running.call(lambda _: self._play.say("bot", line))

    @property
    def _is_bot_there(self) -> bool:
        return self._command is None or (self._bot is not None and self._bot.code is None)

    # -- a bot that lives in exchange time ---------------------------------------------------------

    def _follow(self, conductor: Conductor) -> None:
        """Waits while the bot moves time, and moves what is left when it has gone."""
        bot = self._bot
        assert bot is not None
        conductor.before_time = bot.tell
        questions, heard_s = 0, real_s()
        while bot.code is None and not self._play.is_over:
            if conductor.questions != questions or conductor.is_idle:
                questions, heard_s = conductor.questions, real_s()
            if real_s() - heard_s > STUCK_S:
                raise Unplayable(STUCK)
            time.sleep(TICK_S)
        if self._play.is_over:
            self._part(conductor, bot)
            return
        # What it has begun ends with it; the exchange has still to hear of the end of connections.
        bot.kill()
        self._until(lambda: not conductor.living)
        self._running.call(lambda _: bot.tell())
        self._note_exit()
        self._running.clock.advance(ms=self._play.left_ms)

    def _part(self, conductor: Conductor, bot: BotProcess) -> None:
        """Tells the bot to stop while time stands still. Saying goodbye takes time, to a limit."""
        self._until(lambda: conductor.is_idle or bot.code is not None)
        is_late = Event()

        def hold() -> None:
            conductor.is_held = True
            is_late.set()

        def let() -> None:
            node.at(node.pacer.now_ms() + FAREWELL_MS, hold)
            conductor.on_call = lambda: None
            conductor.release()

        node = self._running.call(lambda server: server.node)
        conductor.on_call = let
        bot.terminate()
        self._until(lambda: bot.code is not None or is_late.is_set())
        bot.kill()
        self._until(lambda: not conductor.living)
        self._running.call(lambda _: bot.tell())

    def _until(self, is_so: Callable[[], bool]) -> None:
        """Until something is so, for some seconds of real time at most."""
        until_s = real_s() + FAREWELL_S
        while not is_so() and real_s() < until_s:
            time.sleep(TICK_S)

    def _on_over(self) -> None:
        if self._conductor is not None:
            self._conductor.is_held = True

    # -- any other bot -----------------------------------------------------------------------------

    def _await_first(self) -> None:
        """Until the first request; without a command for ever."""
        until_s = real_s() + START_S
        while self._is_bot_there and not self._count():
            if self._command is not None and real_s() > until_s:
                return
            time.sleep(TICK_S)

    def _count(self) -> int:
        return self._running.call(lambda _: self._play.asked)

    def _pass_time(self) -> None:
        begun_s = real_s()
        while not self._play.is_over:
            step_ms = min(self._scenario.step_ms, self._play.left_ms)
            due_s = begun_s + step_ms / 1000 / self._scenario.speed
            self._wait(due_s)
            # What was lost to a busy machine is not made up for: time would run.
            begun_s = max(due_s, real_s() - TICK_S)
            self._running.clock.advance(ms=step_ms)
            self._note_exit()

    def _wait(self, due_s: float) -> None:
        """Until it is time for the next step and the bot is quiet."""
        while self._is_bot_there:
            now_s, count = real_s(), self._count()
            if count != self._answered:
                self._answered, self._answered_s = count, now_s
            is_quiet = now_s - self._answered_s >= QUIET_S or now_s >= due_s + PATIENCE_S
            if now_s >= due_s and is_quiet:
                return
            time.sleep(TICK_S)

    def _stop(self) -> None:
        if self._bot is not None:
            self._bot.terminate()
            self._bot.wait(FAREWELL_S)

    def _note_exit(self) -> None:
        """Once, when the bot is gone by itself."""
        course = self._play.course
        if self._bot is None or course.exit is not None or self._bot.code is None:
            return
        course.exit = self._bot.code
        self._bot.hear_out()
        self._running.call(lambda _: self._play.say("bot", f"ended with {course.exit}"))
