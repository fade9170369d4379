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
from inspect import signature
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from hlsim.config import Refused, Settings, settings
from hlsim.opening import FundedAccount, begin_scenario, open_server
from hlsim.server.app import Server, listen, new_loop

if TYPE_CHECKING:
    from hlsim.scenario.verdict import Verdict
    from hlsim.server.control.market import MarketTold
    from hlsim.server.control.money import AccountTold
    from hlsim.server.control.records import DiagnosisTold, RequestsTold
    from hlsim.sim.exchange import Exchange
    from hlsim.sim.operations import Operation

T = TypeVar("T")
Number = int | float | str

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
        total = round(1000 * seconds) + ms
        keys = {"days": days, "hours": hours, "minutes": minutes, "ms": total}
        return int(self._running.control("clock/advance", **keys).time)

    def set(self, time: int | str) -> int:
        """Moves time forward to ms since 1970, an ISO 8601 time or `now`. Returns it in ms."""
        return int(self._running.control("clock/set", time=time).time)

    def mode(self, clock: str | None = None, *, speed: float | None = None) -> None:
        """Lets `wall`, `manual` or `auto` move exchange time from now on."""
        self._running.control("clock/mode", clock=clock, speed=speed)

    def skew(self, ms: int) -> None:
        """Puts the clock that nonces and `expiresAfter` are judged by so far ahead of real time."""
        self._running.control("clock/skew", ms=ms)


class ExchangeMarket:
    """The market by hand. Prices, sizes and USD are numbers or decimal texts.

    Each answers where the market stands then: `mid`, `mark`, `oracle`, `halted`.
    """

    def __init__(self, running: RunningExchange) -> None:
        self._running = running

    def move(self, coin: str, to: Number, *, over_ms: int = 0) -> MarketTold:
        """Brings books, oracle and mark to a price, at once or in so much exchange time."""
        return self._ask("move", coin=coin, to=to, over_ms=over_ms)

    def book(
        self,
        coin: str,
        levels: Sequence[Sequence[Sequence[Number]]] | None = None,
        *,
        mid: Number | None = None,
        depth: Number | None = None,
        spread_bps: Number | None = None,
    ) -> MarketTold:
        """Makes the book `[bids, asks]`, each `[[px, sz], …]` best first, or one around `mid`."""
        how = {"mid": mid, "depth": depth, "spread_bps": spread_bps}
        return self._ask("book", coin=coin, levels=levels, **how)

    def halt(self, coin: str) -> MarketTold:
        """Halts trading."""
        return self._ask("halt", coin=coin)

    def resume(self, coin: str) -> MarketTold:
        """Lets it go on."""
        return self._ask("resume", coin=coin)

    def list(
        self, coin: str, px: Number, *, sz_decimals: int = 2, max_leverage: int = 10
    ) -> MarketTold:
        """Lists one more perp."""
        return self._ask(
            "list", coin=coin, px=px, sz_decimals=sz_decimals, max_leverage=max_leverage
        )

    def delist(self, coin: str) -> MarketTold:
        """Ends a perp and settles its positions."""
        return self._ask("delist", coin=coin)

    def _ask(self, name: str, **keys: Any) -> MarketTold:
        found: MarketTold = self._running.control(f"market/{name}", **keys)
        return found


class FaultInForce:
    """A fault of `RunningExchange.fault`."""

    def __init__(self, running: RunningExchange, number: int) -> None:
        self._running = running
        self._number = number

    @property
    def struck(self) -> int:
        """How often it struck so far; 0 when it was lifted meanwhile, by a reset for example."""
        rows = self._running.control("fault/list")
        return next((row.struck for row in rows if row.id == self._number), 0)

    def lift(self) -> None:
        """Ends it, unless it has ended already."""
        if any(row.id == self._number for row in self._running.control("fault/list")):
            self._running.control("fault/clear", id=self._number)


class RunningExchange:
    """A server that is up. Stop it, or use it as a context manager."""

    def __init__(self, settings: Settings, *, own_time: bool = False) -> None:
        """`own_time`: clients live in exchange time, too.

        Raises ValueError for settings that cannot work, OSError for an address that is taken.
        """
        listening = listen(settings.host, settings.port)
        try:
            opened = open_server(settings, keep=True, own_time=own_time)
        except BaseException:
            listening.close()
            raise
        self._server = opened.server
        self.accounts: Sequence[FundedAccount] = opened.accounts
        self.clock = ExchangeClock(self)
        self.market = ExchangeMarket(self)
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
        if settings.scenario is not None:
            try:
                self.call(lambda _: begin_scenario(opened))
            except BaseException:
                self.stop()
                raise
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

    def control(self, path: str, **keys: Any) -> Any:
        """What an endpoint of the control plane answers, `None` among `keys` left out.

        Raises ValueError where it refuses. `clock`, `market` and what follows here are short for
        it.
        """
        given = {name: value for name, value in keys.items() if value is not None}

        def answer(server: Server) -> Any:
            from hlsim.server.control import CONTROL

            spec = CONTROL[path]
            return spec.answer(server.console, spec.take(given))

        return self.call(answer)

    def snapshot(self) -> int:
        """Keeps everything as it is now. Returns the id, for `restore`."""
        return int(self.control("snapshot").id)

    def restore(self, snapshot: int) -> None:
        """Goes back to a kept snapshot, any number of times. Raises ValueError for any other."""
        self.control("restore", id=snapshot)

    def reset(self) -> None:
        """Goes back to the start, and forgets the requests until now: for between two tests."""
        self.control("reset")

    def fund(
        self,
        address: str,
        usdc: Number | None = None,
        *,
        token: str | None = None,
        amount: Number | None = None,
    ) -> AccountTold:
        """Gives an account USDC on perps, or `amount` of a spot token. Returns what it has then."""
        asked = {"address": address, "usdc": usdc, "token": token, "amount": amount}
        found: AccountTold = self.control("fund", **asked)
        return found

    def requests(
        self,
        *,
        user: str | None = None,
        action: str | None = None,
        type: str | None = None,
        status: str | int | None = None,
        since: int = 0,
        limit: int = 100,
    ) -> RequestsTold:
        """What clients sent and got: `count` of them, the newest `limit` in `requests`.

        `status`: `ok`, `refused`, or an HTTP status.
        """
        how = None if status is None else str(status)
        asked = {"user": user, "action": action, "type": type, "status": how, "since": since}
        found: RequestsTold = self.control("requests", limit=limit, **asked)
        return found

    def diagnoses(self, user: str | None = None) -> list[DiagnosisTold]:
        """Why requests were refused and what to do about it, oldest first."""
        found: list[DiagnosisTold] = self.control("diagnoses", user=user)
        return found

    def verdict(self) -> Verdict:
        """What the judges of the scenario say so far. `assert exchange.verdict().passed`.

        Raises ValueError when no scenario was played, or when it broke.
        """
        found: Verdict = self.call(lambda server: server.console.stage.verdict())
        return found

    def save(self) -> bytes:
        """Everything as bytes, for `load` of an exchange that started alike, in any process.

        Of use to the same version only.
        """
        return self.call(lambda server: server.node.save())

    def load(self, saved: bytes) -> None:
        """Goes on from what `save` gave. Raises ValueError for anything else."""
        self.call(lambda server: server.console.load(saved))

    @contextmanager
    def fault(self, plan: str | Mapping[str, object]) -> Iterator[FaultInForce]:
        """Something that goes wrong as long as the `with` lasts.

        `plan` is what `--fault` takes, `order:1:after:drop`, or the same as an object: `{"on":
        "order", "phase": "after", "effect": "drop"}`. Raises ValueError for what can never strike.
        """
        fault = FaultInForce(self, self.control("fault/add", plan=plan).id)
        try:
            yield fault
        finally:
            fault.lift()

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


def start(words: Mapping[str, Any]) -> RunningExchange:
    """A running exchange from all the words of `hlsim.start`, which mean what the flags mean."""
    given = dict(words)
    own_time = bool(given.pop("own_time"))
    try:
        if given["scenario"] is not None:
            given = _with_scenario(given)
        texts = {name.replace("_", "-"): _texts(name, value) for name, value in given.items()}
        # Numbers of limits change the set `address`, unless they name another.
        texts["limit-set"] = ["address", *(texts["limit-set"] or ())]
        return RunningExchange(settings(texts, environ={}), own_time=own_time)
    except Refused as error:
        raise ValueError(str(error).removeprefix("--")) from None


def _with_scenario(words: dict[str, Any]) -> dict[str, Any]:
    """What a scenario says of its exchange in place of words that have their defaults."""
    import hlsim
    from hlsim.scenario.shelf import load

    defaults = {name: one.default for name, one in signature(hlsim.start).parameters.items()}
    said = load(words["scenario"]).exchange
    return words | {key: value for key, value in said.items() if words[key] == defaults[key]}


def _texts(name: str, value: Any) -> list[str] | None:
    """As flags are given; None: not at all."""
    if value is None:
        return None
    if name == "fund":
        return [f"{address}:{usdc}" for address, usdc in value.items()]
    parts = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return [str(getattr(part, "value", None) or part) for part in parts]
