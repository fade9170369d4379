"""What happened in one run of a scenario, as plain data: all that conditions and judges look at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hlsim.matching.dataclass import dataclass
from hlsim.scenarios.faults import Fault
from hlsim.server.requests import ACTIONS
from hlsim.sim.events import AccountLiquidated, Fill, FundingPaid
from hlsim.sim.prices import mid_px
from hlsim.sim.view import View

if TYPE_CHECKING:
    from hlsim.server.control.records import RequestTold
    from hlsim.sim.exchange import Exchange
    from hlsim.sim.fixed import Address
    from hlsim.sim.state import Account, State


CHANGES = ("fill", "position", "balance", "orders")
"""Lines of the timeline that tell how an account changed."""


@dataclass(frozen=True, slots=True)
class RestingOrder:
    """An open order of the bot."""

    oid: int
    coin: str
    cloid: str | None


@dataclass(frozen=True, slots=True)
class RunningTwap:
    """A TWAP of the bot that has not ended."""

    id: int
    coin: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one account stands.

    equity: account value of the perps, USD.
    positions: signed sizes by coin.
    balances: totals of spot tokens by name.
    """

    equity: Decimal = Decimal(0)
    positions: Mapping[str, Decimal] = field(default_factory=dict)
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    orders: tuple[RestingOrder, ...] = ()
    twaps: tuple[RunningTwap, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """Where a market stands. None: nowhere, say with a book of one side."""

    mark: Decimal
    mid: Decimal | None
    oracle: Decimal | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the bot's accounts stood after one block or request.

    ms: since the scenario began.
    asked: how many requests there had been.
    sub_accounts: those of the bot's account, oldest first.
    happened: how much had happened to the bot and to actors, `Course.events` until then.
    prices: of the coins that somebody asks for.
    others: positions of actors, by their names.
    """

    ms: int
    asked: int
    own: Standing
    sub_accounts: tuple[Standing, ...] = ()
    happened: int = 0
    prices: Mapping[str, Price] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def of(self, sub_account: int | None) -> Standing:
        """The account itself, or one of its sub-accounts, which has nothing before it is there."""
        if sub_account is None:
            return self.own
        found = self.sub_accounts[sub_account : sub_account + 1]
        return found[0] if found else Standing()

    def is_like(self, other: Moment) -> bool:
        """True when nothing but time differs."""
        return replace(self, ms=other.ms) == other


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the exchange told of the bot, or of an actor: its name, "" is the bot."""

    who: str
    event: Fill | FundingPaid | AccountLiquidated


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that struck.

    asked: how many requests there had been.
    request: what it struck, None for a frame or a socket.
    """

    ms: int
    fault: Fault
    asked: int
    request: Any = None


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the timeline. `who`: bot, scenario, fault, request, why (it was refused), fill,
    funding, liquidated, position, balance, orders."""

    ms: int
    who: str
    text: str

    def is_effect_at(self, ms: int) -> bool:
        """True for what became of the bot's accounts at that time."""
        return self.ms == ms and self.who in CHANGES


@dataclass(slots=True)
class _Count:
    """Which requests were counted, by their ids, and how many were looked at."""

    seen: int = 0
    ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Course:
    """One run. Moments follow each other where anything changed, the last one is the end."""

    account: str
    began_ms: int
    """Exchange time, since 1970."""
    moments: list[Moment] = field(default_factory=list)
    requests: list[RequestTold] = field(default_factory=list)
    """Those of the bot, oldest first."""
    strikes: list[Strike] = field(default_factory=list)
    events: list[Told] = field(default_factory=list)
    """Fills, funding and liquidations, oldest first."""
    happenings: list[Happening] = field(default_factory=list)
    exit: int | None = None
    """The bot's exit code; None: it was there until the end and was told to stop, or there was
    none."""
    ended_ms: int = 0
    """Since it began."""

    _settled: int = 0
    """How many lines of the timeline are older than the last request."""
    _counted: dict[str, _Count] = field(default_factory=dict)
    _sums: dict[str, list[Decimal]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How much it holds."""
        rows = len(self.requests) + len(self.moments) + len(self.events)
        return rows + len(self.strikes) + len(self.happenings)

    def count(self, asked: object, times: Callable[[RequestTold], int], moment: Moment) -> int:
        """How often something was so until a moment, `times` for each request.

        Each request is looked at once, however many moments ask. `times` is to follow from the
        `repr` of `asked` and from where it is defined.
        """
        counted = self._counted.setdefault(_key(asked, times), _Count())
        for row in self.requests[counted.seen :]:
            counted.ids += [row.id] * times(row)
        counted.seen = len(self.requests)
        return bisect_right(counted.ids, moment.asked)

    def total(
        self, asked: object, measure: Callable[[Told], Decimal | int], moment: Moment
    ) -> Decimal:
        """The sum of what `measure` says of everything that had happened until a moment; `measure`
        and `asked` as in `count`.
        """
        sums = self._sums.setdefault(_key(asked, measure), [Decimal(0)])
        for told in self.events[len(sums) - 1 :]:
            sums.append(sums[-1] + measure(told))
        return sums[moment.happened]

    def enter_request(self, row: RequestTold, text: str) -> Happening:
        """Enters a request, before what its action did: that is known before it is answered.
        Returns its line.
        """
        ms = row.time - self.began_ms
        place = len(self.happenings)
        if row.path in ACTIONS:
            while place > self._settled and self.happenings[place - 1].is_effect_at(ms):
                place -= 1
        line = Happening(ms, "request", text)
        self.requests.append(row)
        self.happenings.insert(place, line)
        self._settled = len(self.happenings)
        return line

    def amend_request(self, row: RequestTold, line: Happening, text: str) -> None:
        """Enters what became of a request whose answer was on its way when it was entered."""
        place = bisect_left(self.requests, row.id, key=lambda one: one.id)
        self.requests[place] = row
        place = next(place for place, one in enumerate(self.happenings) if one is line)
        self.happenings[place] = replace(line, text=text)
        self._counted.clear()  # it may count otherwise now

    def actions(self) -> Iterator[tuple[RequestTold, dict[str, Any]]]:
        """Every signed action that came to the exchange, with the request that brought it."""
        for row in self.requests:
            if not row.counts:
                continue
            action = row.request.get("action") if isinstance(row.request, dict) else None
            if isinstance(action, dict):
                yield row, action


def _key(asked: object, function: Callable[..., object]) -> str:
    return f"{function.__module__}.{function.__qualname__} {asked!r}"


def look(exchange: Exchange, address: Address, ms: int, asked: int) -> Moment:
    """How an account and its sub-accounts stand now. To be called where nothing changes them
    meanwhile.
    """
    state = exchange.state
    account = state.accounts[address]
    subs = tuple(_standing(state, state.accounts[sub]) for sub in account.sub_accounts)
    return Moment(ms, asked, _standing(state, account), subs)


def _standing(state: State, account: Account) -> Standing:
    from hlsim.server.shapes.accounts import clearinghouse_state
    from hlsim.server.shapes.text import decimal_text

    markets, tokens = state.markets, state.universe.tokens
    value = clearinghouse_state(View(state), account.address)["marginSummary"]["accountValue"]
    balances = {
        tokens[index].name: Decimal(decimal_text(held.total, tokens[index].wei_decimals))
        for index, held in account.spot.items()
        if index < len(tokens) and held.total
    }
    orders = tuple(
        RestingOrder(order.oid, markets[order.asset_id].asset.coin, order.cloid)
        for order in account.orders.values()
    )
    twaps = tuple(RunningTwap(id_, twap.terms.coin) for id_, twap in account.twaps.items())
    return Standing(Decimal(value), positions_of(account, state), balances, orders, twaps)


def positions_of(account: Account | None, state: State) -> dict[str, Decimal]:
    """The signed sizes that an account has, by coin; None has nothing."""
    from hlsim.server.shapes.text import px_text

    return {
        state.markets[asset_id].asset.coin: Decimal(px_text(position.szi))
        for part in (account.clearings() if account is not None else ())
        for asset_id, position in part.positions.items()
    }


def price_of(exchange: Exchange, coin: str) -> Price | None:
    """Where a market stands; None: there is none."""
    from hlsim.server.shapes.text import px_text

    asset = exchange.state.universe.by_coin.get(coin)
    if asset is None:
        return None
    market = exchange.state.markets[asset.id]
    mid = mid_px(market)
    return Price(
        Decimal(px_text(market.mark_px)),
        None if mid is None else Decimal(px_text(mid)),
        None if asset.is_spot else Decimal(px_text(market.oracle_px)),
    )
