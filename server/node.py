"""The node: the one writer of the exchange. Actions become blocks here, blocks are published.

Everything else in `server` is an API server and knows the node by what `blocks.py` says only.
What runs here runs in one event loop; nothing waits between reading the state and changing it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from ..scenarios.director import Direction
from ..scenarios.script import Script
from ..sim.actions import Action, BlockClass, spec_of
from ..sim.call import Call
from ..sim.exchange import Exchange
from ..sim.operations import Operation
from ..sim.replies import Response
from .blocks import Block, Closed, Restored, Signed
from .maker import BlockMaker
from .marks import NodeMark
from .pacer import Clock, Pacer
from .saved import adopt, pack, unpack

logger = logging.getLogger("hlsim.node")

HEARTBEAT_MS = 100
"""A wall clock makes a block at least this often, so that reads do not show an old time. The
exchange's own blocks are 70 ms apart (ws 9)."""

STEP_MS = 1000
CATCH_UP_MS = 10
"""A wall clock is followed in steps of so much exchange time, and for so much real time at a go:
clients get their answers between two goes, however fast the clock."""
JUMPS = 100
"""An auto clock that nobody watches jumps so often at a go, within the same real time, each time as
far as the last turn of a step."""


class LocalNode(BlockMaker):
    """A node in this process.

    `block_time_ms` 0 makes every action a block of its own, at once. Else actions wait up to that
    long (of exchange time under a wall clock, of real time otherwise) and are sorted by class,
    first come first served within a class. Documented: hypercore/order-book (exchange 1.4,
    contested 9).
    """

    def __init__(
        self,
        exchange: Exchange,
        pacer: Pacer,
        *,
        scripts: Iterable[Script] = (),
        block_time_ms: int = 0,
    ) -> None:
        super().__init__(exchange, scripts)
        self.pacer = pacer
        self.block_time_ms = block_time_ms
        self._queue: list[tuple[Signed, asyncio.Future[Response]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wakeup: asyncio.TimerHandle | None = None
        self._soon: list[Callable[[], object]] = []
        self._is_closed = False

    # -- the protocol ------------------------------------------------------------------------------

    async def submit(self, signed: Signed) -> Response:
        """Answers when the block that holds the action is committed. Raises Closed."""
        if self._is_closed:
            raise Closed
        if self.block_time_ms:
            self.pacer.attend()
            future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
            self._queue.append((signed, future))
            if len(self._queue) == 1:
                self._schedule()
            return await future
        try:
            self._bring_up_to(self.pacer.now_ms())
            return self._apply(signed.action, self._call(signed))
        finally:
            self._commit()
            if self.pacer.clock is Clock.AUTO:
                self.pacer.attend()
                self._schedule()

    def attend(self) -> None:
        """Says that somebody asks or listens, for whom an auto clock waits between two jumps."""
        self.pacer.attend()

    @property
    def waiting(self) -> int:
        """How many actions wait for the next block."""
        return len(self._queue)

    # -- for the operator --------------------------------------------------------------------------

    def operate(self, operation: Operation) -> None:
        """Carries out one operation in a block of its own. Raises ValueError if it cannot be."""
        try:
            self._bring_up_to(self.pacer.now_ms())
            self.exchange.operate(operation)
        finally:
            self._commit()
            self._schedule()

    def direct(self, direction: Direction) -> None:
        """Lets the market do what the operator says, now and in a block of its own.

        Raises ValueError for what cannot be done, and where nobody directs.
        """
        try:
            self._bring_up_to(self.pacer.now_ms())
            self._follow(direction)
        finally:
            self._schedule()

    def advance(self, milliseconds: int) -> int:
        """Moves exchange time, whatever clock runs, and does what falls due. Returns where to.

        Raises ValueError for a way back, and beyond the end of time; Closed.
        """
        if self._is_closed:
            raise Closed
        time_ms = self.pacer.time_after(milliseconds)
        self._run_soon()
        self._go_to(time_ms)
        while self.pacer.now_ms() < time_ms:
            self._go_to(time_ms)
        self._schedule()
        return self.exchange.state.time_ms

    def _go_to(self, time_ms: int) -> None:
        """To a later time, or only as far as somebody has something to do before, who may move time
        himself.
        """
        pacer, state = self.pacer, self.exchange.state
        alarm_ms = pacer.next_alarm_ms
        if alarm_ms is not None:
            time_ms = min(time_ms, max(alarm_ms, pacer.now_ms()))
        while not self._soon and (script := self._first_due(time_ms)) is not None:
            if self._is_closed:
                raise Closed
            self._take_turn(script)
        if self._soon:
            time_ms = max(state.time_ms, pacer.now_ms())
        self.exchange.advance(time_ms)
        pacer.move_to(time_ms)
        self._make_block(time_ms)
        pacer.ring()
        self._run_soon()

    def at(self, time_ms: int, call: Callable[[], object]) -> None:
        """Calls at an exchange time, between two blocks."""
        self.pacer.at(time_ms, call)
        self._schedule()

    def soon(self, call: Callable[[], object]) -> None:
        """Calls once what happens now is done: between two blocks, before time goes on."""
        self._soon.append(call)
        asyncio.get_running_loop().call_soon(self._run_soon)

    def _run_soon(self) -> None:
        while self._soon:
            self._soon.pop(0)()

    def switch(self, clock: Clock, speed: float) -> None:
        """Lets `clock` move exchange time from now on, from where it is."""
        self.pacer.switch(clock, speed)
        self._schedule()

    def set_auto_wait(self, milliseconds: int) -> None:
        """Lets an auto clock wait so long for another request, of real time."""
        self.pacer.auto_wait_ms = milliseconds
        self._schedule()

    def skip_to(self, time_ms: int) -> None:
        """Lets time pass in which nobody was here: what fell due does so at once, then the scripts
        go on from there.
        """
        self.exchange.advance(time_ms)
        self._commit()
        self.pacer.move_to(time_ms)

    def _finish(self) -> None:
        """Makes a block of the actions that wait for one, before what is to come.

        They were sent in this time: none is lost for a moment that is kept now, or done in another
        time than its client sent it.
        """
        if self._queue:
            self._make_block(self.pacer.now_ms())
        else:
            self._commit()

    def save(self) -> bytes:
        """Everything that `load` needs: exchange, scripts, clock."""
        self._finish()
        states = [script.state() for script in self._all_scripts]
        return pack(self.snapshot(), states, self.pacer.now_ms())

    def load(self, data: bytes) -> None:
        """Goes back to what `save` gave. Raises ValueError for anything else.

        The scripts must be the same ones: only their state is in `data`.
        """
        snapshot, states, time_ms = unpack(data)
        if len(states) != len(self._all_scripts):
            raise ValueError("the snapshot was taken with other scripts")
        restored = Exchange.restore(snapshot).state
        state = self.exchange.state
        worlds = [(one.universe.origin, one.is_mainnet) for one in (restored, state)]
        if worlds[0] != worlds[1]:
            raise ValueError("the snapshot was taken of another world")
        self._finish()
        self._run_again(states)
        adopt(state, restored)
        self.pacer.go_back_to(time_ms)
        self._tell_restored(lambda: snapshot)

    def mark(self) -> NodeMark:
        """Everything that `rewind` needs, the scripts and the clock included."""
        from ..sim.rewind import Mark  # whoever never goes back starts sooner

        self._finish()
        scripts = [script.state() for script in self._all_scripts]
        return NodeMark(Mark(self.exchange.state), scripts, self.pacer.mark())

    def rewind(self, mark: NodeMark) -> None:
        """Goes back to what `mark` gave, any number of times, in a fraction of the time of `load`.

        The clock is again who it was.
        """
        self._finish()
        mark.state.rewind()
        self._run_again(mark.scripts)
        self.pacer.rewind(mark.clock)
        self._tell_restored(self.exchange.snapshot)

    def _tell_restored(self, take: Callable[[], bytes]) -> None:
        state = self.exchange.state
        self._publish(Block(state.height, state.time_ms, (), (), Restored(take)))
        self._schedule()

    # -- life --------------------------------------------------------------------------------------

    def run(self) -> None:
        """From now on the node wakes by itself, in the running loop, when something is due."""
        self._loop = asyncio.get_running_loop()
        self._schedule()

    def leave(self) -> None:
        """Ends a way through time before its next turn. Also for handlers of signals."""
        self._is_closed = True

    def close(self) -> None:
        """Stops waking, refuses what still waits for a block and whatever comes yet."""
        self._is_closed = True
        if self._wakeup is not None:
            self._wakeup.cancel()
        self._wakeup = self._loop = None
        for _, future in self._queue:
            if not future.done():
                future.set_exception(Closed())
        self._queue.clear()

    def _schedule(self) -> None:
        """Sets the alarm for the next thing to do, if there is one."""
        if self._loop is None:
            return
        if self._wakeup is not None:
            self._wakeup.cancel()
        seconds = self._seconds_to_wait()
        self._wakeup = None if seconds is None else self._loop.call_later(seconds, self._on_wakeup)

    def _seconds_to_wait(self) -> float | None:
        pacer = self.pacer
        due_ms = self.next_due_ms
        if pacer.clock is Clock.WALL:
            # However fast the clock, no more heartbeats a real second than at its normal speed.
            beat_ms = self.block_time_ms or round(HEARTBEAT_MS * max(pacer.speed, 1.0))
            beat_ms += self.exchange.state.time_ms
            due_ms = beat_ms if due_ms is None or self.block_time_ms else min(due_ms, beat_ms)
        elif self._queue:
            # Whoever moves the time for clients makes the blocks, too.
            return None if pacer.is_conducted else self.block_time_ms / 1000
        return pacer.seconds_until(due_ms)

    @property
    def next_due_ms(self) -> int | None:
        """Exchange time at which something is due, None when nothing ever is."""
        dues = (self._next_due_ms(), self.pacer.next_alarm_ms)
        return min((due for due in dues if due is not None), default=None)

    def _on_wakeup(self) -> None:
        pacer = self.pacer
        try:
            if pacer.clock is Clock.AUTO and not self._queue:
                # Somebody may have asked since the alarm was set.
                if not pacer.seconds_until(self.next_due_ms):
                    self._jump()
            else:
                self._make_block(pacer.now_ms())
                pacer.ring()
        except Exception:
            # A bug of ours. Whatever it was, the clients' exchange goes on.
            logger.exception("the block at %d failed", pacer.now_ms())
        finally:
            self._schedule()

    def _jump(self) -> None:
        """To the next thing that is due; while nobody watches on to those after it, too."""
        pacer = self.pacer
        began_ms = pacer.real_ms()
        for _ in range(JUMPS):
            due_ms = self.next_due_ms
            if due_ms is None:
                return
            # At least a step: what is due at this very moment runs when the time passes it.
            time_ms = max(due_ms, pacer.now_ms() + 1)
            if not pacer.is_watched and pacer.next_alarm_ms is None:
                self._take_turns(due_ms + STEP_MS)
                time_ms = max(time_ms, self.exchange.state.time_ms)
            pacer.move_to(time_ms)
            self._make_block(time_ms)
            pacer.ring()
            if pacer.clock is not Clock.AUTO:
                return
            if pacer.is_watched or pacer.real_ms() - began_ms >= CATCH_UP_MS:
                return

    # -- blocks ------------------------------------------------------------------------------------

    def _make_block(self, time_ms: int) -> None:
        """One block at `time_ms`: time, then the waiting actions, sorted."""
        answers: list[tuple[asyncio.Future[Response], Response | Exception]] = []
        try:
            try:
                self._bring_up_to(time_ms)
                waiting, self._queue = self._queue, []
                waiting.sort(key=lambda entry: _block_place(entry[0].action))
                for signed, future in waiting:
                    try:
                        answers.append((future, self._apply(signed.action, self._call(signed))))
                    except Exception as error:
                        answers.append((future, error))
            finally:
                self._commit()
        except Exception as error:
            answers = [(future, error) for future, _ in answers]
            raise
        finally:
            # Not before the block is committed, for it may be that it cannot be.
            for future, answer in answers:
                _settle(future, answer)

    def _call(self, signed: Signed) -> Call:
        return Call(
            signed.signer,
            signed.nonce,
            self.pacer.nonce_clock_ms(),
            signed.vault,
            signed.expires_after,
            signed.multi_sig,
        )

    def _bring_up_to(self, time_ms: int) -> None:
        """Does what falls due by `time_ms`, or under a wall clock as much of it as is quick."""
        if self.pacer.clock is Clock.WALL:
            state = self.exchange.state
            began_ms = self.pacer.real_ms()
            while time_ms - state.time_ms > STEP_MS:
                self._run_to(state.time_ms + STEP_MS)
                if self.pacer.real_ms() - began_ms >= CATCH_UP_MS:
                    self.pacer.fall_behind(state.time_ms)
                    return
        self._run_to(time_ms)


def _settle(future: asyncio.Future[Response], answer: Response | Exception) -> None:
    if future.done():
        return  # the client has gone meanwhile; its action counts all the same
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _block_place(action: Action) -> tuple[int, int]:
    """Where in a block an action runs: by its class, and among takers what pays more goes first.

    Documented: priority of immediate orders is a matter of arrival, and of the fee among those that
    arrive together (mechanics 2.1). Assumed: all of a block do.
    """
    spec = spec_of(action)
    place = spec.block_class(action)
    return place, -spec.priority(action) if place is BlockClass.TAKER else 0
