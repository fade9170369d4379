"""Writes the course of a scenario while it happens. Lives in the server's event loop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hlsim.scenario.course import (
    Course,
    Happening,
    Price,
    Standing,
    Strike,
    Told,
    look,
    positions_of,
    price_of,
)
from hlsim.scenarios.cast import address_of
from hlsim.server.control.records import RequestTold, account_of, explain, tell
from hlsim.server.diagnosis import diagnose
from hlsim.server.requests import ACTIONS, Fate
from hlsim.sim.events import (
    AccountLiquidated,
    BookChanged,
    Event,
    Fill,
    FundingPaid,
    PricesChanged,
)
from hlsim.sim.fixed import Address
from hlsim.telling import (
    coins_of,
    fills_told,
    funding_told,
    liquidation_told,
    request_told,
    strike_told,
)

if TYPE_CHECKING:
    from hlsim.server.blocks import Block
    from hlsim.server.console import Console
    from hlsim.server.faults import Entry
    from hlsim.server.requests import Request

EVENTS = (Fill, FundingPaid, AccountLiquidated)
Line = tuple[int, str, str]
"""Exchange time, who, and what."""


class Recorder:
    """What happens to one account from now on, until `detach`."""

    def __init__(
        self,
        console: Console,
        account: str,
        *,
        is_alone: bool,
        coins: Collection[str] = (),
        actors: Collection[str] = (),
        on_news: Callable[[], None],
        on_restored: Callable[[], None],
    ) -> None:
        """`is_alone`: whatever is asked here, the bot asked it. Else signed actions are the bot's
        when they are its account's, and queries are anybody's. `coins`: whose prices are wanted;
        `actors`: whose positions and fills are, too.

        `on_news` is called after each block and request, `on_restored` when time went back.
        """
        self._console = console
        self._account = Address(account)
        self._is_alone = is_alone
        self._coins = coins
        self._actors = {name: address_of(name) for name in actors}
        self._names = {address: name for name, address in self._actors.items()}
        self._names[self._account] = ""
        self._on_news = on_news
        self._on_restored = on_restored
        self._coin = coins_of(console.node.exchange)
        self._last = console.requests.seen
        self._pending: list[tuple[Request, Happening]] = []
        """Those whose clients wait for an answer that a fault holds back, and what was said."""
        self._explained: set[str] = set()
        """Rules by which refusals were explained already."""
        self._is_old = True
        """Whether a block may have changed where the account stands."""
        self.course = Course(account, console.node.pacer.now_ms())
        self._unsubscribe = console.node.subscribe(self._on_block)
        console.faults.on_strike.append(self._on_strike)
        console.requests.on_entered.append(on_news)
        self.look()

    def detach(self) -> None:
        """Nothing more is written down."""
        self._unsubscribe()
        self._console.faults.on_strike.remove(self._on_strike)
        self._console.requests.on_entered.remove(self._on_news)

    def ms(self) -> int:
        """Exchange time since the beginning."""
        node = self._console.node
        # On a way through time the clock is set at its end; the exchange is where things happen.
        now_ms = max(node.pacer.now_ms(), node.exchange.state.time_ms)
        return now_ms - self.course.began_ms

    def look(self, *, whole: bool = True) -> None:
        """Enters how the account stands, unless nothing changed.

        Not `whole`: only if a block or a request since may have changed it.
        """
        console, course = self._console, self.course
        is_old = self._is_old or console.requests.seen != course.moments[-1].asked
        if not is_old and not whole:
            return
        self._is_old = False
        state = console.node.exchange.state
        accounts = state.accounts
        found = replace(
            look(console.node.exchange, self._account, self.ms(), console.requests.seen),
            happened=len(course.events),
            prices=self._prices(),
            others={
                name: positions_of(accounts.get(one), state) for name, one in self._actors.items()
            },
        )
        held = [coin for one in (found.own, *found.sub_accounts) for coin in one.positions]
        self._marked = {*self._coins, *held}
        self._watched = {*self._names, *accounts[self._account].sub_accounts}
        if course.moments and found.is_like(course.moments[-1]):
            return
        last = course.moments[-1] if course.moments else found
        course.moments.append(found)
        self._tell_changes("", last.own, found.own)
        for place, standing in enumerate(found.sub_accounts):
            self._tell_changes(f"sub-account {place}: ", last.of(place), standing)

    def _fills_told(self, fills: Sequence[Fill]) -> Iterator[Line]:
        subs = self._console.node.exchange.state.accounts[self._account].sub_accounts
        names = {sub: f"sub-account {place}: " for place, sub in enumerate(subs)}
        for user, whose in {self._account: "", **names}.items():
            for time_ms, text in fills_told(one for one in fills if one.user == user):
                yield time_ms, "fill", f"{whose}{text}"

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

    def _prices(self) -> dict[str, Price]:
        found = {coin: price_of(self._console.node.exchange, coin) for coin in self._coins}
        return {coin: price for coin, price in found.items() if price is not None}

    def say(self, who: str, text: str, ms: int | None = None) -> None:
        """Enters a line of the timeline, behind the requests until now. `ms`: when it happened, if
        that was before.
        """
        self.fetch()
        self.course.happenings.append(Happening(self.ms() if ms is None else ms, who, text))

    def fetch(self) -> None:
        """Brings the requests of the course up to date."""
        course, requests = self.course, self._console.requests
        self._settle()
        for row in requests.newer(self._last):
            told = tell(self._console, row)
            if self._is_alone or self._concerns(told):
                line = course.enter_request(told, request_told(told, self._coin))
                if _is_pending(told):
                    self._pending.append((row, line))
                self._explain(line.ms, row, told)
        self._last = requests.seen

    def _settle(self) -> None:
        """Enters what became of answers that were on their way."""
        waiting, self._pending = self._pending, []
        for row, line in waiting:
            told = tell(self._console, row)
            if _is_pending(told):
                self._pending.append((row, line))
                continue
            self.course.amend_request(told, line, request_told(told, self._coin))
            self._explain(self.ms(), row, told)

    def _explain(self, ms: int, row: Request, told: RequestTold) -> None:
        self.course.happenings += [Happening(ms, "why", why) for why in self._why(row, told)]

    def _why(self, row: Request, told: RequestTold) -> Iterator[str]:
        """Why a request was refused, for each rule the first time only."""
        if {diagnose(told.status, text).rule for text in told.refusals} <= self._explained:
            return  # what is explained again and again costs the bot its time
        for found in explain(self._console, row, told):
            if found.rule not in self._explained:
                self._explained.add(found.rule)
                if found.remedy:
                    yield f"{found.why} {found.remedy}"

    def _concerns(self, told: RequestTold) -> bool:
        if told.path not in ACTIONS or told.signer is None:
            return True
        master = account_of(self._console.node.exchange.state, Address(told.signer))
        return self._account in (told.user, master)

    def _on_block(self, block: Block) -> None:
        if block.restored is not None:
            self._on_restored()
            return
        found = [one for one in block.events if isinstance(one, EVENTS)]
        told = [Told(self._names[one.user], one) for one in found if one.user in self._names]
        self.course.events += told
        fills = [one for one in found if isinstance(one, Fill)]
        # Time may have jumped over what happened: each has its own.
        lines = sorted([*_lines(told), *self._fills_told(fills)], key=lambda line: line[0])
        for time_ms, who, text in lines:
            self.say(who, text, time_ms - self.course.began_ms)
        # A living market makes thirty blocks a second, most of them about others.
        self._is_old = self._is_old or any(map(self._touches, block.events))
        self.look(whole=False)
        self._on_news()

    def _touches(self, event: Event) -> bool:
        if isinstance(event, PricesChanged):
            return not self._marked.isdisjoint(event.coins)
        if isinstance(event, BookChanged):
            return event.coin in self._coins
        return getattr(event, "user", None) in self._watched

    def _on_strike(self, entry: Entry, request: Any) -> None:
        seen = self._console.requests.seen
        self.course.strikes.append(Strike(self.ms(), entry.fault, seen, request))
        self.say("fault", strike_told(entry.fault, request, self._coin))
        self._on_news()


def _lines(events: Iterable[Told]) -> Iterator[Line]:
    """What is told of funding and liquidations."""
    for told in events:
        event, whose = told.event, told.who or "the bot"
        if isinstance(event, AccountLiquidated):
            yield event.time_ms, "liquidated", f"{whose}: {liquidation_told(event)}"
        elif isinstance(event, FundingPaid):
            yield event.time_ms, "funding", f"{whose} {funding_told(event)}"


def _is_pending(told: RequestTold) -> bool:
    return told.struck is not None and told.struck.fate is Fate.PENDING
