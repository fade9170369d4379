"""Builders with every default sane: a small exchange, its accounts, and one-line orders.

m = market()                       # BTC 50000, ETH 2000, SOL 100, MEME 0.5, PURR/USDC, @107
alice = m.account("alice", usd="1000")
alice.buys("0.01 BTC @ 50000")     # rests or fills like any client's order
assert alice.szi("BTC") == sz("0.01")
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import count
from typing import Any

from hlsim.matching.types import Tif
from hlsim.sim.actions.cancels import Cancel, CancelByCloid, CancelCloid, CancelOid
from hlsim.sim.actions.leverage import UpdateLeverage
from hlsim.sim.actions.orders import (
    BuilderTerms,
    LimitTerms,
    Modify,
    NewOrder,
    OrderTerms,
    PlaceOrders,
    Priority,
    TriggerTerms,
)
from hlsim.sim.assets import MarginMode, MarginTable, MarginTier, Perp, SpotPair, Token, Universe
from hlsim.sim.call import Call
from hlsim.sim.errors import Reject
from hlsim.sim.events import BlockEnded, Event, OrderUpdate, Transaction
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Address, Px, Rate, Sz, Usd, Wei, parse_decimal
from hlsim.sim.margin import position_of
from hlsim.sim.operations import DepositUsd, MintToken, SetOracle
from hlsim.sim.replies import OrderReplies, Response
from hlsim.sim.rules import Rules
from hlsim.sim.state import Account, Market, Position
from hlsim.sim.view import View

START_MS = 1_767_225_600_000
"""2026-01-01 00:00 UTC: a full hour and a new day."""


def px(text: str) -> Px:
    return Px(parse_decimal(text, 8))


def sz(text: str) -> Sz:
    return Sz(parse_decimal(text, 8))


def usd(text: str) -> Usd:
    return Usd(parse_decimal(text, 6))


def rate(text: str) -> Rate:
    return Rate(parse_decimal(text, 10))


def address(name: str) -> Address:
    """A stable address for a name."""
    return Address("0x" + blake2b(name.encode(), digest_size=20).hexdigest())


def universe() -> Universe:
    """Six perps and two pairs with the real decimals and tables of such markets."""
    tiered = MarginTable(
        56, "tiered 40x", (MarginTier(usd("0"), 40), MarginTier(usd("150000000"), 20))
    )
    eth = MarginTable(
        55, "tiered 25x", (MarginTier(usd("0"), 25), MarginTier(usd("100000000"), 15))
    )
    perps = [
        Perp(0, "BTC", 5, 40, tiered, impact_ntl=usd("20000"), start_px=px("50000")),
        Perp(1, "ETH", 4, 25, eth, impact_ntl=usd("20000"), start_px=px("2000")),
        Perp(2, "SOL", 2, 20, MarginTable.implicit(20), start_px=px("100")),
        Perp(3, "MEME", 0, 10, MarginTable.implicit(10), start_px=px("0.5")),
        Perp(
            4,
            "ISO",
            1,
            5,
            MarginTable.implicit(5),
            margin_mode=MarginMode.STRICT_ISOLATED,
            start_px=px("10"),
        ),
        Perp(5, "GONE", 1, 3, MarginTable.implicit(3), is_delisted=True, start_px=px("1")),
    ]
    usdc = Token(0, "USDC", 8, 8, "0x6d1e7cde53ba9467b783cb7c530ce054", True)
    purr = Token(1, "PURR", 0, 5, "0xc1fb593aeffbeb02f85e0308e9956a90", True)
    hype = Token(2, "HYPE", 2, 8, "0x0d01dc56dcaaca66ad901c959b4011ec")
    pairs = [
        SpotPair(0, "PURR/USDC", purr, usdc, True, start_px=px("0.2")),
        SpotPair(107, "@107", hype, usdc, start_px=px("40")),
    ]
    return Universe(perps, pairs, [usdc, purr, hype], {55: eth, 56: tiered}, "stories")


def parse_terms(text: str) -> tuple[Sz, str, Px]:
    """`0.01 BTC @ 50000` as (sz, coin, px)."""
    size, coin, _, price = text.split()
    return sz(size), coin, px(price)


@dataclass
class Trader:
    """One account and its pen."""

    market: Story
    address: Address

    @property
    def account(self) -> Account:
        found = self.market.ex.account(self.address)
        assert found is not None
        return found

    def position(self, coin: str) -> Position | None:
        return position_of(self.market.ex.state, self.account, self.market.asset_id(coin))

    def szi(self, coin: str) -> int:
        position = self.position(coin)
        return 0 if position is None else position.szi

    def spot(self, token: str) -> Wei:
        found = self.account.spot.get(self.market.ex.state.universe.token_by_name[token].index)
        return Wei(0) if found is None else found.total

    def act(self, action: Any, **call: Any) -> Response:
        """Applies `action` with a fresh nonce."""
        return self.market.act(self.address, action, **call)

    def new_order(
        self,
        terms: str,
        *,
        is_buy: bool,
        tif: Tif = Tif.GTC,
        reduce_only: bool = False,
        cloid: str | None = None,
    ) -> NewOrder:
        size, coin, price = parse_terms(terms)
        return NewOrder(
            asset=self.market.asset_id(coin),  # type: ignore[arg-type]
            is_buy=is_buy,
            px=price,
            sz=size,
            reduce_only=reduce_only,
            terms=OrderTerms(LimitTerms(tif)),
            cloid=cloid,  # type: ignore[arg-type]
        )

    def trigger(
        self,
        terms: str,
        *,
        at: str,
        tpsl: str = "sl",
        is_buy: bool = False,
        is_market: bool = True,
        reduce_only: bool = True,
        cloid: str | None = None,
    ) -> NewOrder:
        """A trigger order, by default a stop that closes a long at the market."""
        plain = self.new_order(terms, is_buy=is_buy, reduce_only=reduce_only, cloid=cloid)
        return replace(plain, terms=OrderTerms(trigger=TriggerTerms(is_market, px(at), tpsl)))

    def place(
        self,
        *orders: NewOrder,
        builder: BuilderTerms | None = None,
        grouping: str | Priority = "na",
    ) -> Any:
        """The statuses of one order action; a single order gives its single status."""
        response = self.act(PlaceOrders(orders, grouping, builder))
        if not isinstance(response, OrderReplies):
            return response
        return response.statuses[0] if len(orders) == 1 else response.statuses

    def buys(self, terms: str, **options: Any) -> Any:
        return self.place(self.new_order(terms, is_buy=True, **options))

    def sells(self, terms: str, **options: Any) -> Any:
        return self.place(self.new_order(terms, is_buy=False, **options))

    def modify(self, oid: Any, new: NewOrder, *, always_place: bool = False) -> Response:
        return self.act(Modify(oid, new, always_place))

    def cancel(self, coin: str, oid: int) -> Reject | None:
        response = self.act(Cancel((CancelOid(self.market.asset_id(coin), oid),)))  # type: ignore[arg-type]
        return response.statuses[0]  # type: ignore[union-attr]

    def cancel_cloid(self, coin: str, cloid: str) -> Reject | None:
        entry = CancelCloid(self.market.asset_id(coin), cloid)  # type: ignore[arg-type]
        return self.act(CancelByCloid((entry,))).statuses[0]  # type: ignore[union-attr]

    def leverage(self, coin: str, value: int, *, cross: bool = True) -> Response:
        return self.act(UpdateLeverage(self.market.asset_id(coin), cross, value))  # type: ignore[arg-type]

    def statuses(self) -> list[tuple[int, str, int]]:
        """(oid, status, sz) of every row of the order history, oldest first."""
        return [(row.order.oid, row.status, row.sz) for row in self.account.history.rows]


class Story:
    """A small exchange under test."""

    def __init__(self, ex: Exchange) -> None:
        self.ex = ex
        self.nonces = count(START_MS)

    @property
    def view(self) -> View:
        return View(self.ex.state)

    def asset_id(self, coin: str) -> int:
        return self.ex.state.universe.by_coin[coin].id

    def market(self, coin: str) -> Market:
        self.ex.state.calm.settle(self.ex.state)
        return self.ex.state.markets[self.asset_id(coin)]

    def account(
        self, name: str, *, usd: str = "100000", spot_usdc: str = "", **tokens: str
    ) -> Trader:
        """A funded account; `PURR="10"` mints tokens."""
        user = address(name)
        self.ex.operate(DepositUsd(user, Usd(parse_decimal(usd, 6))))
        if spot_usdc:
            tokens["USDC"] = spot_usdc
        for token_name, amount in tokens.items():
            token = self.ex.state.universe.token_by_name[token_name]
            wei = Wei(parse_decimal(amount, token.wei_decimals))
            self.ex.operate(MintToken(user, token.index, wei))
        return Trader(self, user)

    def act(self, signer: Address, action: Any, **call: Any) -> Response:
        nonce = call.pop("nonce", None) or next(self.nonces)
        clock = call.pop("nonce_clock_ms", self.ex.state.time_ms)
        return self.ex.apply(action, Call(signer, nonce, clock, **call))

    def oracle(self, coin: str, price: str) -> None:
        self.ex.operate(SetOracle(((self.asset_id(coin), px(price)),)))

    def advance(self, *, ms: int = 0, seconds: int = 0, hours: int = 0) -> None:
        self.ex.advance(self.ex.state.time_ms + ms + seconds * 1000 + hours * 3_600_000)

    def events(self) -> list[Event]:
        """What came of all that was done since the last call: the events but for the actions
        themselves.
        """
        happened = self.ex.drain()
        return [event for event in happened if not isinstance(event, Transaction | BlockEnded)]

    def updates(self) -> list[tuple[int, str]]:
        """(oid, status) of the order updates since the last drain."""
        return [(e.order.oid, e.status) for e in self.ex.drain() if isinstance(e, OrderUpdate)]


def market(rules: Rules | None = None, *, journal: Any = None, seed: int = 0) -> Story:
    """An empty exchange at START_MS."""
    ex = Exchange.create(universe(), time_ms=START_MS, seed=seed, rules=rules, journal=journal)
    return Story(ex)
