"""What stands for a part of a running exchange: its clock, its market, a fault in force."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsim.library import RunningExchange
    from hlsim.server.control.market import MarketTold

__tracebackhide__ = True
"""pytest leaves out what is here: of interest is the line of the test that asked."""

Number = int | float | str


class ExchangeClock:
    """The exchange's time. Under a manual clock nothing else moves it."""

    def __init__(self, running: RunningExchange, read_ms: Callable[[], int]) -> None:
        self._running = running
        self._read_ms = read_ms

    @property
    def now_ms(self) -> int:
        """Exchange time now."""
        return self._read_ms()

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

    def mode(
        self,
        clock: str | None = None,
        *,
        speed: float | None = None,
        auto_wait: int | None = None,
    ) -> None:
        """Lets `wall`, `manual` or `auto` move exchange time from now on.

        `auto_wait`: ms of real time in which nobody asks before an auto clock jumps.
        """
        self._running.control("clock/mode", clock=clock, speed=speed, auto_wait=auto_wait)

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


class FaultPlanned(AbstractContextManager["FaultInForce"]):
    """What `RunningExchange.fault` gives: in force as long as the `with` lasts."""

    def __init__(
        self,
        running: RunningExchange,
        plan: str | Mapping[str, object],
        note: Callable[[str], None],
    ) -> None:
        self._running = running
        self._plan = plan
        self._note = note
        self._fault: FaultInForce | None = None
        self._is_asked_for = False

    def __enter__(self) -> FaultInForce:
        self._is_asked_for = True
        told = self._running.control("fault/add", plan=self._plan)
        self._plan = told.plan
        self._fault = FaultInForce(self._running, told.id)
        self._note(f"{told.plan} is in force")
        return self._fault

    def __exit__(self, *error: object) -> None:
        assert self._fault is not None
        struck = self._fault.struck
        self._fault.lift()
        self._note(f"{self._plan} is lifted; strikes: {struck}")

    def __del__(self) -> None:
        # A test that forgets the `with` would pass because nothing went wrong.
        if not self._is_asked_for:
            said = f"the fault {self._plan!r:.80} was never in force: with exchange.fault(…): …"
            warnings.warn(said, RuntimeWarning, stacklevel=2)


class FaultInForce:
    """A fault of `RunningExchange.fault`."""

    def __init__(self, running: RunningExchange, number: int) -> None:
        self._running = running
        self._number = number
        self._last = 0

    @property
    def struck(self) -> int:
        """How often it struck so far, or until it was lifted. What somebody else lifted, say by a
        reset, struck as often as when this was asked last.
        """
        if self._running.is_running:
            self._find()
        return self._last

    def lift(self) -> None:
        """Ends it, unless it has ended already."""
        if self._find():
            self._running.control("fault/clear", id=self._number)

    def _find(self) -> bool:
        """Whether it is in force. Notes how often it struck if it is."""
        for row in self._running.control("fault/list"):
            if row.id == self._number:
                self._last = row.struck
                return True
        return False
