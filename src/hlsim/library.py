"""An exchange inside this process: `with hlsim.start(seed=7) as exchange: …`.

The server runs in a thread of its own, with its own event loop; everything here may be called from
any other thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from hlsim.config import Refused, Settings, settings
from hlsim.opening import FundedAccount, open_server
from hlsim.server.app import Server, listen, new_loop

if TYPE_CHECKING:
    from hlsim.sim.exchange import Exchange
    from hlsim.sim.operations import Operation

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long `stop` waits for the server's thread before it gives up on a bug."""


class ExchangeClock:
    """The exchange's time. Under a manual clock nothing else moves it."""

    def __init__(self, running: RunningExchange) -> None:
        self._running = running

    @property
    def now_ms(self) -> int:
        """Exchange time now."""
        return self._running.call(lambda server: server.node.pacer.now_ms())

    def advance(
        self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: float = 0, ms: int = 0
    ) -> int:
        """Moves time forward and does all that falls due on the way. Returns the new time in ms."""
        minutes += 60 * (24 * days + hours)
        total = 60_000 * minutes + round(1000 * seconds) + ms
        return self._running.call(lambda server: server.node.advance(total))


class FaultInForce:
    """A fault of `RunningExchange.fault`."""

    def __init__(self, running: RunningExchange, number: int) -> None:
        self._running = running
        self._number = number

    @property
    def struck(self) -> int:
        """How often it struck so far."""
        return self._running.call(lambda server: server.faults.find(self._number).struck)


class RunningExchange:
    """A server that is up. Stop it, or use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError for settings that cannot work, OSError for an address that is taken."""
        listening = listen(settings.host, settings.port)
        try:
            server, accounts = open_server(settings, keep=True)
        except BaseException:
            listening.close()
            raise
        self._server = server
        self.accounts: Sequence[FundedAccount] = accounts
        self.clock = ExchangeClock(self)
        host, port = listening.getsockname()[:2]
        self.host: str = host
        self.port: int = port
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{port}"
        """Base URL, as the official clients take it."""
        self.ws_url = f"ws://{name}:{port}/ws"
        self._loop = new_loop()
        self._thread = threading.Thread(
            target=self._run, args=(listening,), name="hlsim", daemon=True
        )
        self._stopped = False
        self._gate = threading.Lock()
        """Held to leave work for the thread, and by the thread when it takes no more."""
        self._thread.start()
        # The socket listens already: whoever connects before the loop runs just waits a moment.

    def _run(self, listening: Any) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server.live(listening))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            with self._gate:
                self._stopped = True
            # Whatever was left before that is done now.
            self._loop.run_until_complete(asyncio.sleep(0))
            asyncio.set_event_loop(None)
            self._loop.close()

    def call(self, function: Callable[[Server], T]) -> T:
        """What `function` returns when it runs between two requests, in the server's thread."""
        if threading.current_thread() is self._thread:
            return function(self._server)
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function(self._server))
            except BaseException as error:
                result.set_exception(error)

        with self._gate:
            if self._stopped:
                raise RuntimeError("this exchange was stopped")
            self._loop.call_soon_threadsafe(run)
        return result.result()

    def read(self, function: Callable[[Exchange], T]) -> T:
        """What `function` reads from the exchange while nothing changes it."""
        return self.call(lambda server: function(server.node.exchange))

    @property
    def exchange(self) -> Exchange:
        """The exchange itself, for tests. Read it while no request is under way, or use `read`."""
        return self._server.node.exchange

    def operate(self, operation: Operation) -> None:
        """Carries out a deposit, an oracle price, a halt. Raises ValueError if it cannot be."""
        self.call(lambda server: server.node.operate(operation))

    def state_hash(self) -> str:
        """64 hex digits: equal states, equal hashes."""
        return self.read(lambda exchange: exchange.state_hash())

    def snapshot(self) -> bytes:
        """Everything, for `restore`. Of use to the same version only."""
        return self.call(lambda server: server.node.save())

    def restore(self, snapshot: bytes) -> None:
        """Goes back to a snapshot. Raises ValueError for anything else."""
        self.call(lambda server: server.node.load(snapshot))

    @contextmanager
    def fault(self, plan: str | Mapping[str, object]) -> Iterator[FaultInForce]:
        """Something that goes wrong as long as the `with` lasts.

        `plan` is what `--fault` takes, `order:1:after:drop`, or the same as an object: `{"on":
        "order", "phase": "after", "effect": "drop"}`. Raises ValueError for what can never strike.
        """
        from hlsim.scenarios.faults import fault_of, parse_fault

        planned = parse_fault(plan) if isinstance(plan, str) else fault_of(plan)
        number = self.call(lambda server: server.faults.add(planned))
        try:
            yield FaultInForce(self, number)
        finally:
            self.call(lambda server: server.faults.remove(number))

    def stop(self) -> None:
        """Closes all connections and waits for the thread, some milliseconds. Twice is fine."""
        with self._gate:
            if not self._stopped:
                self._stopped = True
                self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(PATIENCE_S)

    def __enter__(self) -> RunningExchange:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def start(words: Mapping[str, object]) -> RunningExchange:
    """A running exchange from the words of `hlsim.start`, which mean what the flags mean."""
    texts = {name: _text(value) for name, value in words.items() if value is not None}
    try:
        return RunningExchange(settings(texts, environ={}))
    except Refused as error:
        raise ValueError(str(error).removeprefix("--")) from None


def _text(value: object) -> str | list[str]:
    if isinstance(value, list):
        return value
    return getattr(value, "value", None) or str(value)
