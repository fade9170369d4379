"""Blocks out of inputs, turns of scripts and directions, one after the other. Knows no clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from ..scenarios.director import Direction, Director
from ..scenarios.script import Script
from ..sim.actions import Action
from ..sim.call import Call
from ..sim.exchange import Applied, Exchange, Input
from ..sim.replies import Response
from .blocks import Block, Consumer, Deed, Turn
from .pacer import END_MS

logger = logging.getLogger("hlsim.node")


class BlockMaker:
    """An exchange, the scripts that act on it, and those who are told of its blocks."""

    def __init__(self, exchange: Exchange, scripts: Iterable[Script] = ()) -> None:
        self.exchange = exchange
        self._all_scripts = tuple(scripts)
        self._scripts = list(self._all_scripts)
        """Those that have not failed."""
        self._consumers: tuple[Consumer, ...] = ()
        self._inputs: list[Input] = []
        self._replies: list[Response | None] = []
        exchange.journal = self._inputs.append

    def subscribe(self, consumer: Consumer, *, is_first: bool = False) -> Callable[[], None]:
        """Calls `consumer` with every block from now on, in order; the result ends that.

        `is_first`: before all others, who hear of no block that it raises something at.
        """
        others = self._consumers
        self._consumers = (consumer, *others) if is_first else (*others, consumer)

        def unsubscribe() -> None:
            self._consumers = tuple(one for one in self._consumers if one is not consumer)

        return unsubscribe

    def snapshot(self) -> bytes:
        """The state of the exchange after the last block."""
        return self.exchange.snapshot()

    @property
    def scripts(self) -> tuple[Script, ...]:
        """All that were given, those that failed too."""
        return self._all_scripts

    def note(self, deed: Deed) -> None:
        """Publishes what was done to the node as a whole: a block without inputs."""
        self._commit()
        self._commit(deed)

    def repeat(self, inputs: Iterable[Input], deed: Deed | None) -> None:
        """Does again what one block did: its inputs, then its turn or direction. No clock moves."""
        for item in inputs:
            if type(item) is not Applied:
                self.exchange.feed(item)
                continue
            self.exchange.advance(item.time_ms)
            try:
                self._apply(item.action, item.call)
            except Exception:
                logger.exception("an action at %d failed", item.time_ms)
        if isinstance(deed, Turn):
            script = self._first_due(END_MS)
            if script is not None:
                self._take_turn(script)
        elif isinstance(deed, Direction):
            with suppress(ValueError):  # told to the operator, then
                self._follow(deed)
        self._commit()

    # -- what a block is made of -------------------------------------------------------------------

    def _apply(self, action: Action, call: Call) -> Response:
        known = len(self._inputs)
        response: Response | None = None
        try:
            response = self.exchange.apply(action, call)
            return response
        finally:
            # What is refused before its nonce is used is no input.
            if len(self._inputs) > known:
                self._replies.append(response)

    def _follow(self, direction: Direction) -> None:
        began, refusal = len(self._inputs), ""
        try:
            for script in self._all_scripts:
                if isinstance(script, Director):
                    script.follow(self.exchange, direction)
        except ValueError as error:
            refusal = str(error)
            raise
        finally:
            self._commit(direction, began, refusal)

    def _next_due_ms(self) -> int | None:
        dues = [self.exchange.state.timers.next_due_ms()]
        dues += [script.next_due_ms() for script in self._scripts]
        return min((due for due in dues if due is not None), default=None)

    def _run_to(self, time_ms: int) -> None:
        """Time passes: every turn that is due by then, and whatever else."""
        self._take_turns(time_ms)
        self.exchange.advance(time_ms)

    def _take_turns(self, time_ms: int) -> None:
        """Runs every script that is due by `time_ms`, each at its own time and in its own block."""
        while (script := self._first_due(time_ms)) is not None:
            self._take_turn(script)

    def _take_turn(self, script: Script) -> None:
        exchange = self.exchange
        due_ms = script.next_due_ms() or 0
        exchange.advance(due_ms)
        began = len(self._inputs)
        try:
            script.run(exchange, exchange.state.time_ms)
            again_ms = script.next_due_ms()
            if again_ms is not None and again_ms <= due_ms:
                raise RuntimeError(f"a script is due again at once, at {again_ms}")
        except Exception:
            # A script that fails once would fail for ever: the exchange goes on without it.
            self._scripts.remove(script)
            logger.exception("a script failed at %d and was stopped", due_ms)
        self._commit(Turn(), began)

    def _first_due(self, time_ms: int) -> Script | None:
        first: Script | None = None
        first_ms = time_ms
        for script in self._scripts:
            due_ms = script.next_due_ms()
            if due_ms is not None and (due_ms < first_ms or (first is None and due_ms == first_ms)):
                first, first_ms = script, due_ms
        return first

    def _commit(self, deed: Deed | None = None, began: int = 0, refusal: str = "") -> None:
        """Ends the block and publishes it, unless nothing happened."""
        exchange = self.exchange
        height = exchange.state.height
        exchange.seal()
        events = exchange.drain()
        if self._inputs or events or deed is not None:
            inputs, replies = tuple(self._inputs), tuple(self._replies)
            self._inputs.clear()
            self._replies.clear()
            time_ms = exchange.state.time_ms
            block = Block(height, time_ms, inputs, events, None, replies, deed, began, refusal)
            self._publish(block)

    def _publish(self, block: Block) -> None:
        for consumer in self._consumers:
            consumer(block)

    def _run_again(self, states: Sequence[Any]) -> None:
        """Lets every script go on from its state, those that failed meanwhile too."""
        for script, state in zip(self._all_scripts, states, strict=True):
            script.restore(state)
        self._scripts = list(self._all_scripts)
