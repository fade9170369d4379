"""Price paths: where the outside world moves the prices to. Integers and seeded streams only.

Every coin has a stream of its own, so that a coin more or less in the world shifts no other.
"""

from __future__ import annotations

from math import isqrt
from random import Random
from struct import pack, unpack
from typing import Any

from ..matching.dataclass import dataclass
from ..sim.assets import MAX_PX, Asset, OutcomeSide, Perp, SpotPair, Universe, round_px
from ..sim.fixed import Px
from .profiles import Profile, live_assets, profile_of, twin_of

STEP_MS = 3_000
"""Documented: oracle prices change about every 3 s (mechanics 9)."""

_FINE = 10**6
"""Prices are kept this much finer than 1e-8, so that small moves of small prices add up."""
_PARTS = 10**9
_WORST = 300_000_000
"""No price falls or rises by more than 30 % at once."""
_MOST = MAX_PX * _FINE
_OUTCOME_MOST = 95 * 10**6 * _FINE
"""A side of an outcome is worth less than 1, and asks stand above its price."""
_COMMON_SIGMA = 140_000
"""What all coins move together in one step: 1.4 bp, some 45 % a year (Assumed)."""


def stream(seed: int, name: str) -> Random:
    """The random stream `name`: adding another never shifts this one."""
    return Random(f"{seed}/{name}")


def stream_state(rng: Random) -> tuple[int, bytes]:
    """Where a stream stands, as plain data for `resume_stream`."""
    version, numbers, _ = rng.getstate()
    return version, pack(f"<{len(numbers)}I", *numbers)


def resume_stream(rng: Random, state: tuple[int, bytes]) -> None:
    """Puts a stream where another stood."""
    version, packed = state
    rng.setstate((version, unpack(f"<{len(packed) >> 2}I", packed), None))


def bell(rng: Random) -> int:
    """A draw with mean 0 and standard deviation 4, about normal; one in 1,024 is six times that.

    The number of ones among 64 random bits is binomial, which is a bell, and costs no float.
    """
    bits = rng.getrandbits(74)
    draw = (bits & 0xFFFF_FFFF_FFFF_FFFF).bit_count() - 32
    return draw * 6 if bits >> 64 == 0 else draw


@dataclass(slots=True)
class _Walk:
    """One coin: `px` is where its price is, `next_px` where it will be a step later."""

    rng: Random
    profile: Profile
    start_px: int
    home: int
    """Where it is drawn back to."""
    px: int
    next_px: int
    most: int
    """It goes no higher."""


class PricePaths:
    """The outside prices of every live asset, a step every STEP_MS.

    A spot pair moves as the perp of the same coin does, in proportion to its own starting price.
    """

    def __init__(self, universe: Universe, seed: int) -> None:
        self._seed = seed
        self._common = stream(seed, "oracle")
        self._walks: dict[int, _Walk] = {}
        self._followers: dict[int, tuple[int, int]] = {}
        """asset id of a pair: (asset id of the perp, the pair's own starting price)"""
        for asset in live_assets(universe):
            if isinstance(asset, SpotPair) and (twin := twin_of(universe, asset)) is not None:
                self._followers[asset.id] = (twin.id, asset.start_px)
                continue
            self.add(asset, profile_of(universe, asset))
        self._draw(1)

    def add(self, asset: Asset, kind: Profile) -> None:
        """Lets the price of one more asset walk, from where its market starts."""
        start = asset.start_px * _FINE
        rng = stream(self._seed, f"oracle/{asset.coin}")
        most = max(start, _OUTCOME_MOST) if isinstance(asset, OutcomeSide) else _MOST
        self._walks[asset.id] = _Walk(rng, kind, start, start, start, start, most)

    def step(self, count: int = 1) -> None:
        """Goes `count` steps on; those missed in one move as wide as that many small ones."""
        if count > 1:
            self._draw(count - 1)
        for walk in self._walks.values():
            walk.px = walk.next_px
        self._draw(1)

    def _draw(self, count: int) -> None:
        """Moves every `next_px` by `count` steps."""
        width = isqrt(count * 10_000)
        common = bell(self._common) * _COMMON_SIGMA >> 2
        for walk in self._walks.values():
            kind, px = walk.profile, walk.next_px
            own = bell(walk.rng) * kind.sigma >> 2
            home = (walk.home - px) * min(kind.pull * count, _PARTS) // walk.home
            move = (common * kind.beta // 100 + own) * width // 100 + home
            px += px * max(-_WORST, min(_WORST, move)) // _PARTS
            walk.next_px = px if px < walk.most else walk.most

    def px(self, asset_id: int, part: int = 0) -> int:
        """The price now, scaled by 1e8 but on no tick.

        `part` is how much of the running step is over, in thousandths.
        """
        found = self._walks.get(asset_id)
        if found is None:
            twin_id, start_px = self._followers[asset_id]
            found = self._walks[twin_id]
            now = found.px + (found.next_px - found.px) * part // 1_000
            return start_px * now // found.start_px
        return (found.px + (found.next_px - found.px) * part // 1_000) // _FINE

    def put(self, asset_id: int, px: Px) -> None:
        """Moves the price of an asset to `px`, from where it walks on, and which is its home now.

        A pair that follows a perp keeps the distance that it has to it then.
        """
        walk = self._walks.get(asset_id)
        if walk is not None:
            walk.px = walk.next_px = walk.home = px * _FINE
            walk.most = max(walk.most, walk.px)
        elif asset_id in self._followers:
            twin_id, _ = self._followers[asset_id]
            twin = self._walks[twin_id]
            # `px` of it is its starting price in proportion to the perp's.
            self._followers[asset_id] = (twin_id, max(1, px * twin.start_px // twin.px))

    def oracle_px(self, perp: Perp) -> Px:
        """The price as an oracle publishes it: on the market's own tick."""
        return nearest_px(perp, self.px(perp.id))

    def state(self) -> Any:
        """Plain data for `restore`."""
        walks = [
            [key, walk.px, walk.next_px, walk.home, walk.most, stream_state(walk.rng)]
            for key, walk in self._walks.items()
        ]
        followers = [[key, *row] for key, row in self._followers.items()]
        return [stream_state(self._common), walks, followers]

    def restore(self, state: Any) -> None:
        """Goes on where the paths of `state` stood; the universe must be the same."""
        resume_stream(self._common, state[0])
        for key, px, next_px, home, most, rng in state[1]:
            walk = self._walks[key]
            walk.px, walk.next_px, walk.home, walk.most = px, next_px, home, most
            resume_stream(walk.rng, rng)
        self._followers = {key: (twin_id, start_px) for key, twin_id, start_px in state[2]}


def nearest_px(asset: Asset, px: int) -> Px:
    """The legal price nearest to `px`; never 0."""
    low, high = round_px(asset, px, up=False), round_px(asset, px, up=True)
    return low if px - low < high - px and low > 0 else high
