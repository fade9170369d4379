"""Random but legal-looking deeds of a few traders, for properties that must hold after any list."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from stories import START_MS, Story, Trader, address, market, px, sz

from hlsim.matching.types import Tif
from hlsim.sim.actions.agents import ApproveBuilderFee
from hlsim.sim.actions.cancels import Cancel, CancelByCloid, CancelCloid, CancelOid
from hlsim.sim.actions.leverage import UpdateIsolatedMargin, UpdateLeverage
from hlsim.sim.actions.orders import (
    BatchModify,
    BuilderTerms,
    LimitTerms,
    Modification,
    Modify,
    NewOrder,
    OrderTerms,
    PlaceOrders,
)
from hlsim.sim.actions.transfers import (
    SendAsset,
    SpotSend,
    UsdClassTransfer,
    UsdSend,
    Withdraw3,
)
from hlsim.sim.assets import lot, round_px
from hlsim.sim.errors import ActionReject
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import SetOracle
from hlsim.sim.replies import Refused
from hlsim.sim.rewind import Mark
from hlsim.sim.state import State

COINS = ("BTC", "ETH", "MEME", "ISO", "PURR/USDC", "@107")
TIFS = (Tif.GTC, Tif.GTC, Tif.GTC, Tif.ALO, Tif.IOC, Tif.FRONTEND_MARKET)


class Crowd:
    """Traders that do random things to one exchange, all from one seed."""

    def __init__(self, seed: int, *, traders: int = 5, story: Story | None = None) -> None:
        self.rng = Random(seed)
        self.market = story or market()
        names = [f"trader {number}" for number in range(traders)]
        self.traders = [
            self.market.account(
                name,
                usd=str(self.rng.choice((300, 20_000, 500_000))),
                spot_usdc="5000",
                HYPE="100",
                PURR="20000",
            )
            for name in names
        ]
        for trader in self.traders:
            trader.act(ApproveBuilderFee("0.1%", self.traders[0].address, START_MS))  # type: ignore[arg-type]

    def run(self, deeds: int) -> None:
        for _ in range(deeds):
            self.deed()

    def deed(self) -> None:
        """One random deed."""
        rng = self.rng
        trader = rng.choice(self.traders)
        kind = rng.randrange(100)
        if kind < 55:
            self.place(trader)
        elif kind < 68:
            self.cancel(trader)
        elif kind < 75:
            self.modify(trader)
        elif kind < 80:
            self.leverage(trader)
        elif kind < 88:
            self.transfer(trader)
        elif kind < 94:
            self.move_oracle()
        else:
            self.market.advance(ms=rng.randrange(1, 2_000_000))

    def order(self, trader: Trader) -> NewOrder:
        rng = self.rng
        coin = rng.choice(COINS)
        state = self.market.market(coin)
        asset = state.asset
        raw = state.mark_px * rng.randrange(9_700, 10_300) // 10_000
        price = round_px(asset, raw, up=rng.random() < 0.5)
        size = px("1") * sz("1") * rng.randrange(5, 3_000) // price
        size -= size % lot(asset)
        return NewOrder(
            asset=asset.id,  # type: ignore[arg-type]
            is_buy=rng.random() < 0.5,
            px=price,
            sz=size,  # type: ignore[arg-type]
            reduce_only=rng.random() < 0.2 and not asset.is_spot,
            terms=OrderTerms(LimitTerms(rng.choice(TIFS))),
            cloid=f"0x{rng.getrandbits(128):032x}" if rng.random() < 0.2 else None,  # type: ignore[arg-type]
        )

    def place(self, trader: Trader) -> None:
        orders = tuple(self.order(trader) for _ in range(self.rng.randrange(1, 4)))
        builder = None
        if self.rng.random() < 0.2:
            builder = BuilderTerms(self.traders[0].address, self.rng.randrange(1, 100))  # type: ignore[arg-type]
        trader.act(PlaceOrders(orders, builder=builder))

    def cancel(self, trader: Trader) -> None:
        orders = list(trader.account.orders.values())
        if orders:
            order = self.rng.choice(orders)
            trader.act(Cancel((CancelOid(order.asset_id, order.oid),)))  # type: ignore[arg-type]

    def modify(self, trader: Trader) -> None:
        orders = list(trader.account.orders.values())
        oid = self.rng.choice(orders).oid if orders else 1
        entry = Modification(oid, self.order(trader))  # type: ignore[arg-type]
        trader.act(BatchModify((entry,), self.rng.random() < 0.6))

    def leverage(self, trader: Trader) -> None:
        asset = self.rng.randrange(5)
        if self.rng.random() < 0.6:
            cross = self.rng.random() < 0.5
            trader.act(UpdateLeverage(asset, cross, self.rng.randrange(1, 42)))  # type: ignore[arg-type]
        else:
            usd = self.rng.randrange(-50_000_000, 50_000_000)
            trader.act(UpdateIsolatedMargin(asset, True, usd))  # type: ignore[arg-type]

    def transfer(self, trader: Trader) -> None:
        rng = self.rng
        to = rng.choice([*(t.address for t in self.traders), address(f"new {rng.randrange(9)}")])
        amount = f"{rng.randrange(1, 5_000)}.{rng.randrange(100):02d}"
        nonce = self.market.ex.state.time_ms
        purr = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
        usdc = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
        dexes = rng.choice((("", "spot"), ("spot", ""), ("", ""), ("spot", "spot")))
        trader.act(
            rng.choice(
                (
                    UsdSend(to, amount, nonce),  # type: ignore[arg-type]
                    SpotSend(to, purr, amount, nonce),  # type: ignore[arg-type]
                    SpotSend(to, usdc, amount, nonce),  # type: ignore[arg-type]
                    UsdClassTransfer(amount, rng.random() < 0.5, nonce),  # type: ignore[arg-type]
                    Withdraw3(to, amount, nonce),  # type: ignore[arg-type]
                    SendAsset(to, *dexes, usdc, amount, "", nonce),  # type: ignore[arg-type]
                )
            )
        )

    def move_oracle(self) -> None:
        coin = self.rng.choice(("BTC", "ETH", "MEME", "ISO"))
        state = self.market.market(coin)
        raw = state.oracle_px * self.rng.randrange(9_900, 10_101) // 10_000
        price = round_px(state.asset, raw, up=False)
        self.market.ex.operate(SetOracle(((state.asset.id, price),)))


C = TypeVar("C", bound=Crowd)


def restored(
    make: Callable[[int], C], seed: int, check: Callable[[State], None], *, before: int, after: int
) -> C:
    """One of two equal crowds, whose exchange was restored from the other's snapshot in between.

    Both do `before` deeds, then `after` more; the restored exchange is equal, sound by `check`, and
    goes on equally. So does the other one, once it was taken back to that moment in place.
    """
    crowd, twin = make(seed), make(seed)
    for each in (crowd, twin):
        each.run(before)
    saved, mark = crowd.market.ex.snapshot(), Mark(crowd.market.ex.state)
    twin.market.ex = Exchange.restore(saved)
    assert twin.market.ex.state_hash() == crowd.market.ex.state_hash()
    check(twin.market.ex.state)

    for each in (crowd, twin):
        each.run(after)

    assert twin.market.ex.state_hash() == crowd.market.ex.state_hash()
    check(twin.market.ex.state)
    for _ in range(2):
        rewound(crowd.market.ex, mark, Exchange.restore(saved))
    return twin


def rewound(ex: Exchange, mark: Mark, other: Exchange) -> None:
    """Takes `ex` back to `mark`, when it was what `other` is now: both go on alike."""
    mark.rewind()
    assert ex.state_hash() == other.state_hash()
    for one in ex.state.markets.values():
        one.book.check()
    for account in ex.state.accounts.values():
        # No hash reads it.
        by_asset = [here for part in account.orders_by_asset.values() for here in part.values()]
        assert set(map(id, by_asset)) == set(map(id, account.orders.values()))
    ex.drain()
    for each in (ex, other):
        each.advance(each.state.time_ms + 1_800_000)
    assert ex.state_hash() == other.state_hash()
    assert [repr(event) for event in ex.drain()] == [repr(event) for event in other.drain()]


class Vandals(Crowd):
    """Traders who try to break something: two coins only, so that everybody meets everybody, odd
    sizes and prices, orders around the position, reused cloids, refused entries, wild oracles.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed, traders=3 + seed % 3)
        self.coins = self.rng.sample(COINS, 2)

    def order(self, trader: Trader) -> NewOrder:
        rng = self.rng
        state = self.market.market(rng.choice(self.coins))
        asset, szi = state.asset, 0
        if asset.id in trader.account.positions:
            szi = trader.account.positions[asset.id].szi
        price = state.mark_px * rng.randrange(97, 104) // 100
        if rng.random() < 0.2:
            price = state.mark_px * rng.randrange(600, 200_000) // 10_000
        if rng.random() < 0.05:
            price = rng.choice((1, 10**8, 2**63, 12_345_678_901))
        price = round_px(asset, price, up=rng.random() < 0.5) or px("1")
        size = 10**16 * rng.choice((9, 10, 11, 50, 500, 3_000, 100_000)) // price
        if szi and rng.random() < 0.3:
            size = abs(szi) * rng.choice((1, 2, 3)) // rng.choice((1, 2))
        if rng.random() < 0.05:
            size = rng.choice((0, 1, lot(asset), 2**63))
        return NewOrder(
            asset=asset.id if rng.random() > 0.01 else rng.choice((5, 99, 10_999)),  # type: ignore[arg-type]
            is_buy=rng.random() < 0.5,
            px=price,
            sz=size - size % lot(asset),  # type: ignore[arg-type]
            reduce_only=rng.random() < 0.35 and not asset.is_spot,
            terms=OrderTerms(LimitTerms(rng.choice((*TIFS, Tif.LIQUIDATION_MARKET)))),
            cloid=self.cloid() if rng.random() < 0.4 else None,  # type: ignore[arg-type]
        )

    def cloid(self) -> str:
        return f"0x{self.rng.randrange(12):032x}"

    def place(self, trader: Trader) -> None:
        rng = self.rng
        count = 200 if rng.random() < 0.01 else rng.choice((1, 1, 1, 2, 5))
        builder = None
        if rng.random() < 0.3:
            who = rng.choice((self.traders[0].address, address("nobody")))
            builder = BuilderTerms(who, rng.choice((0, 1, 100, 101)))  # type: ignore[arg-type]
        orders = tuple(self.order(trader) for _ in range(count))
        self.attempt(trader, PlaceOrders(orders, builder=builder))

    def cancel(self, trader: Trader) -> None:
        if self.rng.random() < 0.5:
            super().cancel(trader)
            return
        entries = tuple(CancelCloid(self.rng.randrange(4), self.cloid()) for _ in range(3))  # type: ignore[arg-type]
        self.attempt(trader, CancelByCloid(entries))

    def modify(self, trader: Trader) -> None:
        rng = self.rng
        always_place = rng.random() < 0.5
        entries = tuple(
            Modification(self.name(trader), self.order(trader)) for _ in range(rng.randrange(1, 5))
        )
        if rng.random() < 0.4:
            self.attempt(trader, Modify(entries[0].oid, entries[0].order, always_place))
        else:
            self.attempt(trader, BatchModify(entries, always_place))

    def name(self, trader: Trader) -> Any:
        """An open order by oid or cloid, or nobody's."""
        orders = list(trader.account.orders.values())
        if not orders or self.rng.random() < 0.2:
            return self.rng.choice((1, self.cloid()))
        order = self.rng.choice(orders)
        return order.cloid if order.cloid and self.rng.random() < 0.5 else order.oid

    def attempt(self, trader: Trader, action: Any) -> None:
        """Acts, and proves that a refusal of all leaves no trace and that orders make no
        accounts.
        """
        before, accounts = self.traces(), len(self.market.ex.state.accounts)
        response = trader.act(action)
        assert len(self.market.ex.state.accounts) == accounts
        # A modify whose new order fails has cancelled the old one (mechanics 5).
        if isinstance(response, Refused) and response.error.why is not ActionReject.MODIFY_PLACING:
            assert self.traces() == before, (action, response.error.why)

    def traces(self) -> list[int]:
        """What grows with anything that an order action does."""
        state = self.market.ex.state
        return [state.next_oid, *(len(a.history.rows) for a in state.accounts.values())]

    def move_oracle(self) -> None:
        state = self.market.market(self.rng.choice(("BTC", "ETH", "MEME", "ISO")))
        start = state.asset.start_px
        raw = state.oracle_px * self.rng.choice((50, 90, 99, 101, 110, 200)) // 100
        price = round_px(state.asset, raw if start < 8 * raw < 64 * start else start, up=False)
        self.market.ex.operate(SetOracle(((state.asset.id, price),)))
