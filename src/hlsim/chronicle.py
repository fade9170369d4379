"""What happened on an exchange beside what clients asked, written down as it happens, in words.

Everything here runs in the server's thread and costs next to nothing for what the actors of a
market do. Requests are not kept here a second time: a row knows how many there had been before it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from hlsim.matching.dataclass import dataclass
from hlsim.scenarios.actors import is_actor
from hlsim.scenarios.cast import ActorLeaves, ActorOrder, OpenActor
from hlsim.scenarios.director import MovePrice, SetBook
from hlsim.scenarios.faults import EFFECTS, Phase
from hlsim.server.blocks import Block, ClockHanded, Deed, Kept, Loaded, WasReset, WentBack
from hlsim.server.pacer import Clock
from hlsim.server.shapes.text import decimal_text, px_text, usd_text
from hlsim.sim import operations
from hlsim.sim.events import AccountLiquidated, Event, Fill, FundingPaid, OrderUpdate
from hlsim.sim.exchange import Applied, Input, Operated
from hlsim.sim.fixed import Address
from hlsim.sim.orders import OrderStatus
from hlsim.telling import coins_of, words_of

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
        self.began_ms = self._time_ms = server.node.pacer.now_ms()
        server.node.subscribe(self._on_block)
        server.console.faults.heard.append(self._on_strike)

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
            text = self._deed(deed)
            if text:
                self._add(False, time_ms, OPERATOR, text)
        for event in block.events:
            if type(event) in _TOLD:
                self._note_event(event, is_answer, time_ms)

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
        self._add(False, since_ms, CLOCK, f"moves on by {_span(time_ms - since_ms)}")

    def _note_input(self, item: Input) -> None:
        if type(item) is Operated:
            self._add(False, item.time_ms, OPERATOR, self._operation(item.operation))

    def _note_event(self, event: Event, is_answer: bool, time_ms: int) -> None:
        user, text = _event(event)
        account = self._server.node.exchange.state.accounts.get(user)
        if text and account is not None and not is_actor(account):
            self._add(is_answer, getattr(event, "time_ms", time_ms), user, text)

    def _on_strike(self, entry: Entry, request: Any) -> None:
        fault = entry.fault
        what = EFFECTS[fault.kind][fault.effect].partition(":")[0]
        done = ", after it was done" if fault.phase is Phase.AFTER else ""
        asked = "" if request is None else f" ({words_of(request, self.coin)})"
        self.note(FAULT, f"{fault.text()} strikes{asked}: {what}{done}")

    # -- words -------------------------------------------------------------------------------------

    def _deed(self, deed: Deed) -> str:
        match deed:
            case MovePrice():
                slowly = f" within {_span(deed.over_ms)}" if deed.over_ms else ""
                return f"moves {self.coin(deed.asset_id)} to {_px(deed.px)}{slowly}"
            case SetBook():
                return f"sets the book of {self.coin(deed.asset_id)}"
            case OpenActor():
                return f"gives actor {deed.name} {usd_text(deed.usd)} USDC"
            case ActorOrder():
                side = "buys" if deed.is_buy else "sells"
                where = "" if deed.px is None else f" at {_px(deed.px)}"
                return f"actor {deed.name} {side} {_px(deed.sz)} {self.coin(deed.asset_id)}{where}"
            case ActorLeaves():
                where = "" if deed.asset_id is None else f" in {self.coin(deed.asset_id)}"
                return f"actor {deed.name} cancels its orders{where}"
            case ClockHanded():
                return f"hands the clock over: {deed.clock.value}, speed {deed.speed:g}"
            case Kept():
                return f"keeps snapshot {deed.id}"
            case WentBack():
                return f"goes back to snapshot {deed.id}"
            case Loaded():
                return "goes on from what was saved"
            case _:
                return ""

    def _operation(self, operation: object) -> str:
        match operation:
            case operations.DepositUsd():
                return f"deposits {usd_text(operation.usd)} USDC for {operation.user}"
            case operations.MintToken():
                token = self._server.node.exchange.state.universe.tokens[operation.token]
                amount = decimal_text(operation.amount, token.wei_decimals)
                return f"mints {amount} {token.name} for {operation.user}"
            case operations.SetOracle() | operations.SetMark():
                what = type(operation).__name__.removeprefix("Set").lower()
                moved = [f"{self.coin(one)} to {_px(px)}" for one, px in operation.pxs[:5]]
                return f"sets the {what} of {', '.join(moved)}"
            case operations.SetHalt():
                verb = "halts" if operation.halted else "resumes"
                return f"{verb} {self.coin(operation.asset_id)}"
            case _:
                return f"{operation}"


def _event(event: Event) -> tuple[Address, str]:
    """Whom an event is about, and what it says; "" where an answer says it."""
    match event:
        case Fill():
            fee = f"{decimal_text(event.fee, event.fee_decimals)} {event.fee_token}"
            closed = f", closed {decimal_text(event.closed_pnl, 8)}" if event.closed_pnl else ""
            text = f"{event.dir.value} {_px(event.sz)} {event.coin} at {_px(event.px)}, fee {fee}"
            return event.user, f"fill: {text}{closed}, oid {event.oid}"
        case FundingPaid():
            verb = "gets" if event.usd >= 0 else "pays"
            usd = usd_text(abs(event.usd))
            return event.user, f"funding: {verb} {usd} USDC for {_px(event.szi)} {event.coin}"
        case AccountLiquidated():
            ntl, left = usd_text(event.ntl), usd_text(event.account_value)
            return event.user, f"liquidated: {ntl} USD closed, account value was {left}"
        case OrderUpdate():
            owner = Address(event.order.owner)
            if event.status in _SAID_BY_THE_ANSWER or event.status.endswith("Rejected"):
                return owner, ""
            return owner, f"order {event.order.oid} in {event.order.coin}: {event.status}"
        case _:
            raise TypeError(f"nobody tells of {type(event).__name__}")


def _px(value: int) -> str:
    return px_text(value).removesuffix(".0")


def _span(ms: int) -> str:
    """So much time in words: 1 h 30 min, 0.5 s."""
    parts = []
    for unit_ms, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min")):
        count, ms = divmod(ms, unit_ms)
        parts += [f"{count} {unit}"] if count else []
    return " ".join([*parts, f"{ms / 1000:g} s"] if ms or not parts else parts)
