"""Writes the course of a scenario while it happens. Lives in the server's event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hlsim.scenario.course import ACTIONS, Course, Happening, Standing, Strike, look
from hlsim.server.control.records import RequestTold, explain, tell
from hlsim.server.diagnosis import diagnose
from hlsim.sim.events import Fill
from hlsim.sim.fixed import Address
from hlsim.telling import coins_of, fills_told, request_told, words_of

if TYPE_CHECKING:
    from hlsim.server.blocks import Block
    from hlsim.server.console import Console
    from hlsim.server.faults import Entry
    from hlsim.server.requests import Request


class Recorder:
    """What happens to one account from now on, until `detach`."""

    def __init__(
        self,
        console: Console,
        account: str,
        *,
        is_alone: bool,
        on_news: Callable[[], None],
        on_restored: Callable[[], None],
    ) -> None:
        """`is_alone`: whatever is asked here, the bot asked it. Else signed actions are the bot's
        when they are its account's, and queries are anybody's.

        `on_news` is called after each block and request, `on_restored` when time went back.
        """
        self._console = console
        self._account = Address(account)
        self._is_alone = is_alone
        self._on_news = on_news
        self._on_restored = on_restored
        self._coin = coins_of(console.node.exchange)
        self._last = console.requests.seen
        self._explained: set[str] = set()
        """Rules by which refusals were explained already."""
        self.course = Course(account, console.node.pacer.now_ms())
        self._unsubscribe = console.node.subscribe(self._on_block)
        console.faults.heard.append(self._on_strike)
        console.requests.heard = on_news
        self.look()

    def detach(self) -> None:
        """Nothing more is written down."""
        self._unsubscribe()
        self._console.faults.heard.remove(self._on_strike)
        self._console.requests.heard = None

    def ms(self) -> int:
        """Exchange time since the beginning."""
        return self._console.node.pacer.now_ms() - self.course.began_ms

    def look(self) -> None:
        """Enters how the account stands, unless nothing changed."""
        console, course = self._console, self.course
        found = look(console.node.exchange, self._account, self.ms(), console.requests.seen)
        if course.moments and found.is_like(course.moments[-1]):
            return
        last = course.moments[-1] if course.moments else found
        course.moments.append(found)
        self._tell_changes("", last.own, found.own)
        for place, standing in enumerate(found.sub_accounts):
            self._tell_changes(f"sub-account {place}: ", last.of(place), standing)

    def _tell_fills(self, fills: Sequence[Fill]) -> None:
        subs = self._console.node.exchange.state.accounts[self._account].sub_accounts
        names = {sub: f"sub-account {place}: " for place, sub in enumerate(subs)}
        for user, whose in {self._account: "", **names}.items():
            for text in fills_told(one for one in fills if one.user == user):
                self.say("fill", f"{whose}{text}")

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

    def fetch(self) -> None:
        """Brings the requests of the course up to date."""
        course, requests = self.course, self._console.requests
        for row in requests.newer(self._last):
            told = tell(self._console, row)
            if self._is_alone or self._concerns(told):
                course.enter_request(told, request_told(told, self._coin))
                ms = told.time - course.began_ms
                course.happenings += [Happening(ms, "why", why) for why in self._why(row, told)]
        self._last = requests.seen

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
        agent = self._console.node.exchange.state.agents.get(Address(told.signer))
        signer = told.signer if agent is None else agent.master
        return self._account in (told.user, signer)

    def _on_block(self, block: Block) -> None:
        if block.restored is not None:
            self._on_restored()
            return
        self._tell_fills([one for one in block.events if isinstance(one, Fill)])
        self.look()
        self._on_news()

    def _on_strike(self, entry: Entry, request: Any) -> None:
        seen = self._console.requests.seen
        self.course.strikes.append(Strike(self.ms(), entry.fault, seen, request))
        struck = "" if request is None else f" strikes {words_of(request, self._coin)}"
        self.say("fault", entry.fault.text() + struck)
        self._on_news()
