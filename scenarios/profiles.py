"""What kind of market each asset is: how deep, how busy, how wild. Figures are Assumed.

They follow the one fact that a universe holds about a perp's rank, its maximum leverage; spot pairs
follow the perp of the same coin where there is one.
"""

from __future__ import annotations

from ..matching.dataclass import dataclass
from ..sim.assets import Asset, OutcomeSide, Perp, SpotPair, Universe

_TWINS = {
    "UBTC": "BTC",
    "UETH": "ETH",
    "USOL": "SOL",
    "UPUMP": "PUMP",
    "UFART": "FARTCOIN",
    "UBONK": "kBONK",
    "UUUSPX": "SPX",
    "HPENGU": "PENGU",
    "XAUT0": "PAXG",
}
"""Spot tokens and the perp on the same thing, where the names differ."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of market.

    spacing: distance of two levels, in millionths of the price.
    level_usd: worth of one level near the mid, whole USD.
    trade_usd: worth of a typical trade, whole USD.
    trade_every_ms: mean time between two trades.
    beta: hundredths of the common move that the price takes part in.
    sigma: standard deviation of its own move in one oracle step, in 1e-9.
    pull: how fast it goes home to its starting price: part of the way in one step, in 1e-9.
    """

    spacing: int
    level_usd: int
    trade_usd: int
    trade_every_ms: int
    beta: int
    sigma: int
    pull: int = 3_400
    """Half of the way in a week: prices stay near the world's for ever."""

    @property
    def is_major(self) -> bool:
        """Quoted several times a second."""
        return self.spacing <= 60


_PERPS = (
    (40, Profile(15, 60_000, 6_000, 1_000, 100, 40_000)),
    (25, Profile(50, 40_000, 4_000, 1_500, 125, 80_000)),
    (20, Profile(60, 25_000, 2_000, 2_500, 130, 110_000)),
    (10, Profile(250, 8_000, 700, 8_000, 125, 160_000)),
    (5, Profile(350, 3_000, 300, 20_000, 120, 190_000)),
    (0, Profile(450, 1_500, 150, 30_000, 115, 210_000)),
)
"""By least maximum leverage."""
_FOLLOWER = Profile(250, 4_000, 400, 8_000, 0, 0)
_STABLE = Profile(100, 5_000, 300, 20_000, 0, 20_000, 3_500_000)
_SMALL = Profile(800, 300, 60, 40_000, 80, 250_000)
_OUTCOME = Profile(10_000, 300, 60, 40_000, 0, 1_000_000)


def twin_of(universe: Universe, pair: SpotPair) -> Perp | None:
    """The live perp on the same thing as the base of `pair`, if there is one."""
    coin = _TWINS.get(pair.base.name, pair.base.name)
    perp = universe.by_coin.get(coin)
    return perp if isinstance(perp, Perp) and not perp.is_delisted else None


def profile_of(universe: Universe, asset: Asset) -> Profile:
    """The kind of market that `asset` is."""
    if isinstance(asset, Perp):
        return next(kind for least, kind in _PERPS if asset.max_leverage >= least)
    if twin_of(universe, asset) is not None:
        return _FOLLOWER
    return loner_profile(asset)


def loner_profile(pair: SpotPair) -> Profile:
    """The kind of a pair, or of a side of an outcome, that follows nothing else."""
    if isinstance(pair, OutcomeSide):
        return _OUTCOME
    name = pair.base.name
    return _STABLE if "USD" in name or "BILL" in name else _SMALL


def live_assets(universe: Universe) -> list[Asset]:
    """Everything that trades, perps first, in the order of the ids."""
    return [asset for asset in universe.by_id.values() if not asset.is_delisted]
