"""Traders with little money and much leverage, in markets that jump: somebody is always ruined."""

from __future__ import annotations

from dataclasses import replace

from deeds import Crowd
from stories import Story, Trader, market, usd

from hlsim.sim.actions.leverage import UpdateLeverage
from hlsim.sim.actions.orders import NewOrder, PlaceOrders
from hlsim.sim.assets import lot, round_px
from hlsim.sim.operations import SetOracle
from hlsim.sim.rules import Rules

COINS = ("BTC", "ETH", "SOL", "MEME", "ISO")
RULES = Rules(partial_liquidation_ntl=usd("2000"))


class Gamblers(Crowd):
    """A crowd for which liquidation is an everyday matter."""

    def __init__(self, seed: int, *, traders: int = 7, story: Story | None = None) -> None:
        super().__init__(seed, traders=traders, story=story or market(RULES))
        self.coins = self.rng.sample(COINS, 2)
        for trader in self.traders:
            for coin in COINS:
                perp = self.market.market(coin).asset
                cross = self.rng.random() < 0.6
                most = perp.max_leverage  # type: ignore[union-attr]
                trader.act(UpdateLeverage(perp.id, cross, most))  # type: ignore[arg-type]

    def deed(self) -> None:
        """Orders most of the time; small steps of time, so that marks are computed in between."""
        kind = self.rng.randrange(100)
        trader = self.rng.choice(self.traders)
        if kind < 50:
            self.place(trader)
        elif kind < 60:
            self.move_oracle()
        elif kind < 75:
            self.market.advance(ms=self.rng.randrange(1, 9_000))
        elif kind < 76:
            self.market.advance(ms=self.rng.randrange(1, 4_000_000))
        elif kind < 84:
            self.market.account(f"trader {self.rng.randrange(len(self.traders))}", usd="300")
        else:
            super().deed()

    def order(self, trader: Trader) -> NewOrder:
        """As large as the trader's money allows, on perps, seldom far from the mark."""
        rng = self.rng
        state = self.market.market(rng.choice(self.coins))
        asset = state.asset
        spread = rng.choice((30, 100, 300, 3_000))
        raw = state.mark_px * (10_000 + rng.randrange(-spread, spread)) // 10_000
        price = round_px(asset, raw, up=rng.random() < 0.5)
        worth = max(trader.account.raw_usd, usd("50")) * rng.randrange(1, 9)
        size = worth * 10**10 // price
        made = super().order(trader)
        return replace(
            made,
            asset=asset.id,  # type: ignore[arg-type]
            px=price,
            sz=size - size % lot(asset),  # type: ignore[arg-type]
            reduce_only=rng.random() < 0.1,
        )

    def place(self, trader: Trader) -> None:
        trader.act(PlaceOrders((self.order(trader),)))

    def move_oracle(self) -> None:
        """A few coins at once, by up to a fifth."""
        rng, pxs = self.rng, []
        for coin in rng.sample(self.coins, rng.randrange(1, 3)):
            state = self.market.market(coin)
            start, least = state.asset.start_px, rng.choice((9_800, 9_300, 8_000))
            raw = state.oracle_px * rng.randrange(least, 20_001 - least) // 10_000
            raw = raw if start < 4 * raw < 16 * start else start
            pxs.append((state.asset.id, round_px(state.asset, raw, up=False)))
        self.market.ex.operate(SetOracle(tuple(pxs)))
