"""An exchange inside this process: `with hlsim.start(seed=7) as exchange: …`.

The server runs in a thread of its own, with its own event loop; everything here may be called from
any other thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from inspect import signature
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from hlsim.chronicle import FAULT, Chronicle
from hlsim.config import Refused, Settings, settings
from hlsim.handles import ExchangeClock, ExchangeMarket, FaultPlanned, Number
from hlsim.opening import FundedAccount, begin_scenario, open_server
from hlsim.server.app import Server, listen, new_loop
from hlsim.server.slips import nearest

if TYPE_CHECKING:
    from hlsim.asserting import FoundRequests
    from hlsim.scenario.verdict import Verdict
    from hlsim.server.control.money import AccountTold
    from hlsim.server.control.records import DiagnosisTold
    from hlsim.sim.exchange import Exchange
    from hlsim.sim.operations import Operation
    from hlsim.timeline import Timeline

__tracebackhide__ = True
"""pytest leaves out what is here: of interest is the line of the test that asked."""

T = TypeVar("T")
Whose = str | FundedAccount
"""An account: one of the test accounts, or the address of any."""

LINES, FIRST_LINES = 100, 10
"""Of a timeline, unless others are asked for: in all, and of its beginning when it is longer."""

PATIENCE_S = 60.0
"""How long `stop` waits for the server's thread before it gives up on a bug."""


def _address(whose: Whose) -> str:
    if not isinstance(whose, str | FundedAccount):
        raise TypeError(f"an account or its address is wanted, not {whose!r:.80}")
    return whose if isinstance(whose, str) else whose.address


def _user(whose: Whose | None) -> str | None:
    return None if whose is None else _address(whose)


def _now_ms(server: Server) -> int:
    return server.node.pacer.now_ms()


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
        self._give_back: Callable[[], None] | None = opened.give_back
        self._chronicle = Chronicle(opened.server)
        self.accounts: Sequence[FundedAccount] = opened.accounts
        self.clock = ExchangeClock(self, lambda: self._call(_now_ms))
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
        self._is_lent = False
        """Whether somebody may have changed what no snapshot holds, or still looks at the state."""
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
        """What `function` returns when it runs between two requests, in the server's thread.

        It may do anything there, so no later exchange gets this one's state.
        """
        self._is_lent = True
        return self._call(function)

    def _call(self, function: Callable[[Server], T]) -> T:
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
        """What `function` reads from the exchange while nothing changes it.

        What it returns is to be numbers or text: parts of the exchange do not outlive it.
        """
        return self._call(lambda server: function(server.node.exchange))

    @property
    def exchange(self) -> Exchange:
        """The exchange itself, for tests. Read it while no request is under way, or use `read`."""
        self._is_lent = True
        return self._server.node.exchange

    def operate(self, operation: Operation) -> None:
        """Carries out a deposit, an oracle price, a halt. Raises ValueError if it cannot be."""
        self._call(lambda server: server.node.operate(operation))

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

            if path not in CONTROL:
                raise ValueError(f"no endpoint {path!r:.80}; nearest: {nearest(path, CONTROL)}")
            spec = CONTROL[path]
            return spec.answer(server.console, spec.take(given))

        try:
            return self._call(answer)
        except ValueError as error:
            # Without the server's thread, where it was found out.
            raise error.with_traceback(None) from None

    def advance(
        self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: float = 0, ms: int = 0
    ) -> int:
        """As `clock.advance`: moves exchange time, and does all that falls due on the way."""
        return self.clock.advance(days=days, hours=hours, minutes=minutes, seconds=seconds, ms=ms)

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
        address: Whose,
        usdc: Number | None = None,
        *,
        token: str | None = None,
        amount: Number | None = None,
    ) -> AccountTold:
        """Gives an account USDC on perps, or `amount` of a spot token. Returns what it has then."""
        asked = {"address": _address(address), "usdc": usdc, "token": token, "amount": amount}
        found: AccountTold = self.control("fund", **asked)
        return found

    def requests(
        self,
        *,
        user: Whose | None = None,
        action: str | None = None,
        type: str | None = None,
        status: str | int | None = None,
        since: int = 0,
        limit: int = 100,
    ) -> FoundRequests:
        """What clients sent and got: `count` of them, the newest `limit` in `requests`.

        `status`: what the client got, `ok`, `refused` or an HTTP status; or `struck`, by a fault.
        """
        from hlsim.asserting import FoundRequests

        how = None if status is None else str(status)
        asked = {"user": _user(user), "action": action, "type": type, "status": how, "since": since}
        told = self.control("requests", limit=limit, **asked)
        coins = self.read(
            lambda one: {asset_id: held.asset.coin for asset_id, held in one.state.markets.items()}
        )
        return FoundRequests(told.count, told.forgotten, told.requests, coins)

    def timeline(
        self, *, user: Whose | None = None, most: int = LINES, head: int = FIRST_LINES
    ) -> str:
        """What happened so far, of one account or all, in lines for people.

        Requests with their answers and why they were refused, fills, funding, liquidations, what
        the engine did to orders, what the operator did, faults that struck, and moves of the clock.
        Of more than `most` lines the first `head` and the last are shown.
        """
        whose = _user(user)
        return self._call(lambda server: self._timeline(server).text(whose, most, head))

    def report(self) -> str:
        """What the pytest plugin shows of a failed test: what this is, `timeline()`, and where the
        journal is.
        """
        return self._call(lambda server: self._timeline(server).report(LINES, FIRST_LINES))

    def _timeline(self, server: Server) -> Timeline:
        from hlsim.timeline import Timeline

        return Timeline(server, self._chronicle, self.accounts)

    def assert_flat(self, account: Whose) -> None:
        """Raises AssertionError when an account has a position or an open order, and says which,
        and what happened to it last.
        """
        from hlsim.asserting import assert_flat

        assert_flat(self, _address(account))

    def diagnoses(self, user: Whose | None = None) -> list[DiagnosisTold]:
        """Why requests were refused and what to do about it, oldest first."""
        found: list[DiagnosisTold] = self.control("diagnoses", user=_user(user))
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
        return self._call(lambda server: server.node.save())

    def load(self, saved: bytes) -> None:
        """Goes on from what `save` gave. Raises ValueError for anything else."""
        self._call(lambda server: server.console.load(saved))

    def fault(self, plan: str | Mapping[str, object]) -> FaultPlanned:
        """Something that goes wrong as long as the `with` lasts.

        `plan` is what `--fault` takes, `order:1:after:drop`, or the same as an object: `{"on":
        "order", "phase": "after", "effect": "drop"}`. `with` raises ValueError for what can never
        strike, and a call without `with` warns: nothing was in force.
        """
        return FaultPlanned(self, plan, self._note_fault)

    def _note_fault(self, text: str) -> None:
        self._call(lambda server: self._chronicle.note(FAULT, text))

    @property
    def is_running(self) -> bool:
        """False once it was stopped, or stopped by itself for a journal that cannot be written."""
        return not self._stopped

    def forget_journal(self) -> None:
        """Lets the journal be removed when the exchange stops, if there is one."""

        def forget(server: Server) -> None:
            if server.console.recorder is not None:
                server.console.recorder.is_wanted = False

        self._call(forget)

    def stop(self) -> None:
        """Closes all connections and waits for the thread, some milliseconds. Twice is fine."""
        with self._gate:
            if not self._stopped:
                self._stopped = True
                self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(PATIENCE_S)
        with self._gate:
            give_back, self._give_back = self._give_back, None
            if give_back is not None and not self._is_lent and not self._thread.is_alive():
                give_back()

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
