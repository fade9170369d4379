"""How all markets stand at once: the contexts of every perp and pair."""

from __future__ import annotations

from ...matching.dataclass import dataclass
from ...sim.view import View
from ..info.registry import Json
from ..shapes import cached
from .holdings import FIRST_DEX, unless_dex
from .registry import Refusal, Topic, topic

ALL_CONTEXTS_MS = 13_600
"""Observed: about 13.6 s for `allDexsAssetCtxs` (ws 3.8). Assumed: the same for the contexts of one
dex and of spot, whose cadence was never recorded (ws 3)."""


@topic("allDexsAssetCtxs", source="ws 3.8")
@dataclass(frozen=True, slots=True)
class AllDexsAssetCtxs(Topic):
    """`[dex, contexts]` of every dex, on the clock: no coins, the place is that of `meta`."""

    def period_ms(self, view: View) -> int:
        return ALL_CONTEXTS_MS

    def first(self, view: View) -> Json:
        names = [FIRST_DEX, *(dex.name for dex in view.universe.dexes)]
        rows = [[name, cached.perp_ctxs_json(view, index)] for index, name in enumerate(names)]
        return {"ctxs": rows}


@topic("assetCtxs", source="ws 3.8")
@dataclass(frozen=True, slots=True)
class AssetCtxs(Topic):
    """The contexts of the perps of one dex, on the clock."""

    dex: str = FIRST_DEX

    def refusal(self, view: View) -> Refusal | None:
        return unless_dex(view, self.dex)

    def period_ms(self, view: View) -> int:
        return ALL_CONTEXTS_MS

    def first(self, view: View) -> Json:
        return {"dex": self.dex, "ctxs": cached.perp_ctxs_json(view, view.dex(self.dex) or 0)}


@topic("spotAssetCtxs", source="ws 3.8")
@dataclass(frozen=True, slots=True)
class SpotAssetCtxs(Topic):
    """A bare list of the contexts of all spot indices and outcomes, on the clock."""

    def period_ms(self, view: View) -> int:
        return ALL_CONTEXTS_MS

    def first(self, view: View) -> Json:
        """Inferred: the second half of the answer of `spotMetaAndAssetCtxs`."""
        return cached.spot_ctxs_json(view)
