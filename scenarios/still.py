"""The still market: a book at known prices on every market, and nobody who moves it.

For tests that want to know what they will hit. On every live market, at the price P of the world
file (which is also oracle, mark and mid):

    20 bids at P - step, P - 2 step, … and 20 asks at P + step, P + 2 step, …
    step  the multiple of the tick nearest to 5 basis points of P, one tick at least
    size  the whole lots in 50,000 USD (perps) or 2,000 USD (spot) at P, the same at every level

What is taken is not replaced, and the makers never take.
"""

from __future__ import annotations

from typing import Any

from ..matching.types import Tif
from ..sim.actions.orders import NewOrder
from ..sim.assets import Asset, Universe
from ..sim.exchange import Exchange
from ..sim.fixed import Px
from .actors import Pen, actor_address, deposit, equip, new_order
from .ladder import size_for, step_for
from .profiles import live_assets

LEVELS = 20
SPACING = 500
"""Millionths of the price between two levels: 5 basis points."""
PERP_LEVEL_USD = 50_000
SPOT_LEVEL_USD = 2_000
MARKETS_EACH = 24
"""Markets of one maker: 24 * 40 orders are fewer than the 1000 that may be open (mechanics 2.7)."""


class StillMarket:
    """The script behind `--market static`."""

    def __init__(self, universe: Universe, seed: int = 0) -> None:
        self._assets = live_assets(universe)
        self._makers = {
            asset.id: actor_address(f"still/{place // MARKETS_EACH}")
            for place, asset in enumerate(self._assets)
        }
        self._pen = Pen()
        self._left: list[int] = []
        """Markets that it quotes no more."""

    def open(self, ex: Exchange) -> None:
        """Fills every book."""
        pen = self._pen
        for place, asset in enumerate(self._assets):
            maker = self._makers[asset.id]
            if place % MARKETS_EACH == 0:
                deposit(ex, maker)
            # A level more than the ladder holds, so that no rounding leaves it short.
            equip(ex, maker, asset, pen, spot_usd=SPOT_LEVEL_USD * (LEVELS + 1))
            pen.place(ex, maker, still_orders(asset, asset.start_px))

    def next_due_ms(self) -> int | None:
        """None: nothing ever happens."""
        return None

    def run(self, ex: Exchange, time_ms: int) -> None:
        """Does nothing."""

    def quotes(self, asset_id: int) -> bool:
        """True for what was listed when it opened, until it left."""
        return asset_id in self._makers and asset_id not in self._left

    def withdraw(self, ex: Exchange, asset_id: int) -> None:
        """Empties its book of one market."""
        if asset_id in self._makers:
            self._pen.withdraw(ex, self._makers[asset_id], asset_id)

    def aim(self, ex: Exchange, asset: Asset, px: Px) -> None:
        """Stands around `px` from now on, with full levels."""
        if self.quotes(asset.id):
            self.withdraw(ex, asset.id)
            self._pen.place(ex, self._makers[asset.id], still_orders(asset, px))

    def leave(self, ex: Exchange, asset_id: int) -> None:
        """Empties its book of one market for good."""
        self.withdraw(ex, asset_id)
        if asset_id not in self._left:
            self._left.append(asset_id)

    def state(self) -> Any:
        """What does not stand in the books."""
        return self._pen.last_nonce, list(self._left)

    def restore(self, state: Any) -> None:
        """Goes on where the market of `state` stood."""
        self._pen.last_nonce = state[0]
        self._left = list(state[1])


def still_orders(asset: Asset, px: Px) -> list[NewOrder]:
    """The book of one market around `px`, best prices first, bids and asks in turn."""
    step = step_for(asset, px, SPACING)
    sz = size_for(asset, px, SPOT_LEVEL_USD if asset.is_spot else PERP_LEVEL_USD)
    return [
        new_order(asset, is_buy=is_buy, px=Px(level), sz=sz, tif=Tif.ALO)
        for place in range(1, LEVELS + 1)
        for is_buy, level in ((True, px - place * step), (False, px + place * step))
        if level > 0
    ]
