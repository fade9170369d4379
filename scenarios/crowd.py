"""The living market: outside prices that move, makers around them, takers that trade.

Everything goes through the front of the exchange: oracle prices as operations, orders as actions of
real accounts. A turn is one entry of a small timetable, so that the work is spread over time.
"""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from heapq import heapify, heappush, heapreplace
from typing import Any

from ..sim.assets import Asset, Perp, Universe
from ..sim.exchange import Exchange
from ..sim.fixed import Px
from ..sim.operations import SetOracle
from .actors import Pen
from .makers import Maker, Makers
from .newcomers import MOST_NEWCOMERS, asset_of, listed_later, row_of
from .paths import STEP_MS, PricePaths
from .profiles import live_assets, loner_profile, profile_of
from .takers import Habit, Takers


class Turn(IntEnum):
    """Kinds of turns, in the order in which those of one moment are taken."""

    ORACLE = 0
    QUOTE = 1
    TRADE = 2


class LivingMarket:
    """The script behind `--market live`. The same universe and seed make the same market."""

    def __init__(self, universe: Universe, seed: int = 0) -> None:
        self._universe = universe
        self._seed = seed
        self._pen = Pen()
        self._assemble()
        self._seen: Universe | None = None
        """The exchange's universe when it was last looked at; it may list more by now."""
        self._published: dict[int, Px] = {}
        """Oracle prices as they were last set, by asset id."""
        self._oracle_ms = 0
        """When the running step of the paths began."""
        self._turns: list[tuple[int, int, int]] = []
        """A heap of (due_ms, kind, key). The key of QUOTE is a maker, of TRADE an asset id."""

    def _assemble(self) -> None:
        """Makes the parts anew, for what was listed first."""
        universe = self._universe
        self._perps = [asset for asset in live_assets(universe) if isinstance(asset, Perp)]
        self._joined: list[list[Any]] = []
        """Rows of what was listed later and is quoted."""
        self._left: list[int] = []
        """Asset ids of what is not traded any more, by word of the operator."""
        self.paths = PricePaths(universe, self._seed)
        self.makers = Makers(universe, self._seed, self._pen)
        self.takers = Takers(universe, self._seed, self._pen)

    def open(self, ex: Exchange) -> None:
        """Funds the actors, fills every book and sets up the timetable."""
        now_ms = self._oracle_ms = ex.state.time_ms
        self._published = {perp.id: perp.start_px for perp in self._perps}
        self.takers.open(ex)
        self.makers.open(ex, self.paths.px)
        turns = [(now_ms + STEP_MS, int(Turn.ORACLE), 0)]
        for place, maker in enumerate(self.makers.makers):
            # Makers look at their markets one after the other, not all at once.
            first_ms = maker.every_ms * (place + 1) // len(self.makers.makers)
            turns.append((now_ms + first_ms, int(Turn.QUOTE), place))
        for asset_id in self.takers.habits:
            first_ms = self.takers.first_pause_ms(asset_id)
            turns.append((now_ms + first_ms, int(Turn.TRADE), asset_id))
        heapify(turns)
        self._turns = turns

    def next_due_ms(self) -> int | None:
        """When the next turn is due; None before `open`."""
        return self._turns[0][0] if self._turns else None

    def run(self, ex: Exchange, time_ms: int) -> None:
        """Takes every turn due by `time_ms`; one that comes late is taken once."""
        turns = self._turns
        while turns and turns[0][0] <= time_ms:
            due_ms, kind, key = turns[0]
            if kind == Turn.ORACLE:
                missed = (time_ms - due_ms) // STEP_MS
                self._oracle_ms = due_ms + missed * STEP_MS
                self._move_oracle(ex, 1 + missed)
                again_ms = self._oracle_ms + STEP_MS
            elif kind == Turn.QUOTE:
                maker = self.makers.makers[key]
                part = min(1_000, 1_000 * (time_ms - self._oracle_ms) // STEP_MS)
                self.makers.requote(ex, maker, partial(self.paths.px, part=part))
                again_ms = time_ms + maker.every_ms
            else:
                if key not in self._left:
                    self.takers.trade(ex, key)
                again_ms = time_ms + self.takers.pause_ms(key)
            heapreplace(turns, (again_ms, kind, key))

    def _look_around(self, ex: Exchange) -> None:
        """Takes up what was listed, and lets go of what was delisted."""
        universe = self._seen = ex.state.universe
        dexes = len(self._universe.dexes)
        live = [perp for perp in universe.all_perps if not perp.is_delisted]
        # Dexes that users deploy are priced and quoted by them.
        self._perps = [perp for perp in live if perp.dex <= dexes]
        for asset in listed_later(universe):
            if asset.id not in self.takers.habits and len(self._joined) < MOST_NEWCOMERS:
                self._open_one(ex, row_of(asset))

    def _open_one(self, ex: Exchange, row: list[Any]) -> None:
        """Lets a market be quoted and taken from now on."""
        maker, habit = self._join(row)
        asset, now_ms = habit.asset, ex.state.time_ms
        if isinstance(asset, Perp):
            self._published[asset.id] = asset.start_px
        self.takers.open_one(ex, habit)
        self.makers.open_one(ex, maker, self.paths.px)
        place = len(self.makers.makers) - 1
        heappush(self._turns, (now_ms + maker.every_ms, int(Turn.QUOTE), place))
        first_ms = now_ms + self.takers.first_pause_ms(asset.id)
        heappush(self._turns, (first_ms, int(Turn.TRADE), asset.id))

    def _join(self, row: list[Any]) -> tuple[Maker, Habit]:
        """Gives a market a price path, a maker and a taker."""
        self._joined.append(row)
        asset = asset_of(self._universe, row)
        if isinstance(asset, Perp):
            kind = profile_of(self._universe, asset)
        else:
            kind = loner_profile(asset)
        self.paths.add(asset, kind)
        return self.makers.add(asset, kind), self.takers.add(asset, kind)

    def _move_oracle(self, ex: Exchange, steps: int) -> None:
        """Publishes the outside prices of a new step, those that changed."""
        if ex.state.universe is not self._seen:
            self._look_around(ex)
        self.paths.step(steps)
        changed = []
        for perp in self._perps:
            px = self.paths.oracle_px(perp)
            if px != self._published[perp.id]:
                self._published[perp.id] = px
                changed.append((perp.id, px))
        if changed:
            ex.operate(SetOracle(tuple(changed)))

    # -- for the operator --------------------------------------------------------------------------

    def quotes(self, asset_id: int) -> bool:
        """True while a maker is there."""
        return self.makers.of(asset_id) is not None

    def withdraw(self, ex: Exchange, asset_id: int) -> None:
        """Takes the maker's orders off one market."""
        maker = self.makers.of(asset_id)
        if maker is not None:
            self._pen.withdraw(ex, maker.address, asset_id)

    def aim(self, ex: Exchange, asset: Asset, px: Px) -> None:
        """Lets the outside price of an asset walk on from `px`, and its maker quote around it."""
        self.paths.put(asset.id, px)
        if asset.id in self._published:
            self._published[asset.id] = px
        maker = self.makers.of(asset.id)
        if maker is not None:
            self.makers.requote(ex, maker, self.paths.px)

    def leave(self, ex: Exchange, asset_id: int) -> None:
        """Neither quotes nor takes on one market from now on."""
        self.withdraw(ex, asset_id)
        self.makers.leave(asset_id)
        if asset_id not in self._left:
            self._left.append(asset_id)

    # -- snapshots ---------------------------------------------------------------------------------

    def state(self) -> Any:
        """All that lasts, as plain data for `restore`."""
        return {
            "nonce": self._pen.last_nonce,
            "oracle_ms": self._oracle_ms,
            "published": list(self._published.items()),
            "turns": list(self._turns),
            "joined": list(self._joined),
            "left": list(self._left),
            "paths": self.paths.state(),
            "makers": self.makers.state(),
            "takers": self.takers.state(),
        }

    def restore(self, state: Any) -> None:
        """Goes on where the market of `state` stood; universe and seed must be the same."""
        self._seen = None
        if (self._joined, self._left) != (state["joined"], state["left"]):
            self._assemble()
            for row in state["joined"]:
                self._join(row)
            for asset_id in state["left"]:
                self.makers.leave(asset_id)
            self._left = list(state["left"])
        self._pen.last_nonce = state["nonce"]
        self._oracle_ms = state["oracle_ms"]
        self._published = dict(state["published"])
        self._turns = list(state["turns"])
        self.paths.restore(state["paths"])
        self.makers.restore(state["makers"])
        self.takers.restore(state["takers"])
