"""Random but legal-looking deeds of a few traders, for properties that must hold after any list."""

from __future__ import annotations

from random import Random

from stories import START_MS, Story, Trader, address, market, px, sz

from hlsim.matching.types import Tif
from hlsim.sim.actions.agents import ApproveBuilderFee
from hlsim.sim.actions.cancels import Cancel, CancelOid
from hlsim.sim.actions.leverage import UpdateIsolatedMargin, UpdateLeverage
from hlsim.sim.actions.orders import (
    BatchModify,
    BuilderTerms,
    LimitTerms,
    Modification,
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
from hlsim.sim.operations import SetOracle

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
