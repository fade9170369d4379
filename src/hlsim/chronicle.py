"""What happened on an exchange beside what clients asked, written down as it happens, in words.

Everything here runs in the server's thread and costs next to nothing for what the actors of a
market do. Requests are not kept here a second time: a row knows how many there had been before it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from hlsim.matching.dataclass import dataclass
from hlsim.operator_words import deed_told, operation_told
from hlsim.scenarios.actors import is_maker
from hlsim.scenarios.cast import OpenActor, address_of
from hlsim.server.blocks import Block, WasReset
from hlsim.server.pacer import Clock
from hlsim.server.shapes.text import decimal_text
from hlsim.sim.events import AccountLiquidated, Event, Fill, FundingPaid, OrderUpdate
from hlsim.sim.exchange import Applied, Input, Operated
from hlsim.sim.fixed import Address
from hlsim.sim.orders import OrderStatus
from hlsim.telling import (
    coins_of,
    fill_told,
    funding_told,
    liquidation_told,
    span_told,
    strike_told,
)

if TYPE_CHECKING:
    from hlsim.server.app import Server
    from hlsim.server.faults import Entry

ROWS_KEPT = 5_000

CLOCK, OPERATOR, FAULT = "clock", "operator", "fault"
"""Who did it, where it was no account."""

_TOLD = frozenset({Fill, FundingPaid, AccountLiquidated, OrderUpdate})
_SAID_BY_THE_ANSWER = frozenset({OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELED})
"""What becomes of an order that its owner hears of in some answer, or by its fills."""


@dataclass(slots=True)
class Row:
    """One thing that happened.

    seen: how many requests had been answered before.
    is_answer: it came of the request that was being answered.
    who: an address, or a word for who is none.
    """

    seen: int
    is_answer: bool
    time_ms: int
    who: str
    text: str


class Chronicle:
    """The newest of what happened on one exchange."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.coin = coins_of(server.node.exchange)
        self.rows: deque[Row] = deque(maxlen=ROWS_KEPT)
        self.forgotten = 0
        """How many older rows are not kept any more."""
        self.actors: dict[str, str] = {}
        """By address, the names of those who were opened here."""
        self.began_ms = self._time_ms = server.node.pacer.now_ms()
        server.node.subscribe(self._on_block)
        server.console.faults.on_strike.append(self._on_strike)

    def note(self, who: str, text: str) -> None:
        """Enters that something happened just now."""
        self._add(False, self._server.node.pacer.now_ms(), who, text)

    def _add(self, is_answer: bool, time_ms: int, who: str, text: str) -> None:
        rows = self.rows
        self.forgotten += len(rows) == ROWS_KEPT
        rows.append(Row(self._server.console.requests.seen, is_answer, time_ms, who, text))

    # -- blocks ------------------------------------------------------------------------------------

    def _on_block(self, block: Block) -> None:
        if block.restored is not None:
            self._time_ms = block.time_ms
            return
        deed, time_ms = block.deed, block.time_ms
        if type(deed) is WasReset:
            self.rows.clear()
            self.forgotten = 0
            self.began_ms = time_ms
            return
        if time_ms > self._time_ms:
            self._note_time(time_ms)
        is_answer = False
        for item in block.inputs if deed is None else block.inputs[: block.began]:
            is_answer = is_answer or type(item) is Applied
            self._note_input(item)
        if deed is not None:
            if type(deed) is OpenActor:
                self.actors[address_of(deed.name)] = deed.name
            text = deed_told(deed, self.coin)
            if text:
                refused = f" -> refused: {block.refusal}" if block.refusal else ""
                self._add(False, time_ms, OPERATOR, text + refused)
        for event in block.events:
            if type(event) in _TOLD:
                self._note_event(event, is_answer)

    def _note_time(self, time_ms: int) -> None:
        """Time that somebody moved. A wall clock moves by itself, all the time."""
        since_ms, self._time_ms = self._time_ms, time_ms
        if self._server.node.pacer.clock is Clock.WALL:
            return
        last = self.rows[-1] if self.rows else None
        seen = self._server.console.requests.seen
        if last is not None and last.who == CLOCK and last.seen == seen:
            since_ms = last.time_ms
            self.rows.pop()
        self._add(False, since_ms, CLOCK, f"moves on by {span_told(time_ms - since_ms)}")

    def _note_input(self, item: Input) -> None:
        if type(item) is Operated:
            text = operation_told(item.operation, self._server.node.exchange)
            self._add(False, item.time_ms, OPERATOR, text)

    def _note_event(self, event: Event, is_answer: bool) -> None:
        time_ms, user, text = _event(event)
        account = self._server.node.exchange.state.accounts.get(user)
        if text and account is not None and not is_maker(account):
            self._add(is_answer, time_ms, user, text)

    def _on_strike(self, entry: Entry, request: Any) -> None:
        self.note(FAULT, strike_told(entry.fault, request, self.coin))


def _event(event: Event) -> tuple[int, Address, str]:
    """When something happened, to whom, and what it says; "" where an answer says it."""
    match event:
        case Fill():
            fee = f"{decimal_text(event.fee, event.fee_decimals)} {event.fee_token}"
            closed = f", closed {decimal_text(event.closed_pnl, 8)}" if event.closed_pnl else ""
            said = f"fill: {fill_told([event])}, fee {fee}{closed}, oid {event.oid}"
            return event.time_ms, event.user, said
        case FundingPaid():
            return event.time_ms, event.user, f"funding: {funding_told(event)}"
        case AccountLiquidated():
            return event.time_ms, event.user, f"liquidated: {liquidation_told(event)}"
        case OrderUpdate():
            owner = Address(event.order.owner)
            if event.status in _SAID_BY_THE_ANSWER or event.status.endswith("Rejected"):
                return event.time_ms, owner, ""
            said = f"order {event.order.oid} in {event.order.coin}: {event.status}"
            return event.time_ms, owner, said
        case _:
            raise TypeError(f"nobody tells of {type(event).__name__}")
