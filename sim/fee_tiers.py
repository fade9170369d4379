"""The fee schedule: tiers, discounts, and the documented formula that makes rates of them.

Numbers and pure functions only; who is in which tier is `fees.py`'s business.
"""

from __future__ import annotations

from ..matching.dataclass import dataclass
from .fixed import RATE_SCALE, Rate, div_down, div_trunc

USD = 10**8
"""One dollar of traded volume."""


def _rate(millionths: int) -> Rate:
    return Rate(millionths * div_down(RATE_SCALE, 10**6))


@dataclass(frozen=True, slots=True)
class VipTier:
    """Rates above `volume_usd` of weighted volume in fourteen days."""

    volume_usd: int
    """Whole dollars; more than that is needed."""
    taker: Rate
    maker: Rate
    spot_taker: Rate
    spot_maker: Rate


VIP_TIERS = tuple(
    VipTier(volume_usd, *map(_rate, millionths))
    for volume_usd, *millionths in (
        (5_000_000, 400, 120, 600, 300),
        (25_000_000, 350, 80, 500, 200),
        (100_000_000, 300, 40, 400, 100),
        (500_000_000, 280, 0, 350, 0),
        (2_000_000_000, 260, 0, 300, 0),
        (7_000_000_000, 240, 0, 250, 0),
    )
)
"""Documented: mechanics 11.1, 11.2. Tier 0 is `Rules`."""


@dataclass(frozen=True, slots=True)
class MakerTier:
    """What a maker pays, below zero, with more than `share` of all maker volume."""

    share: Rate
    maker: Rate


MAKER_TIERS = (
    MakerTier(_rate(5_000), _rate(-10)),
    MakerTier(_rate(15_000), _rate(-20)),
    MakerTier(_rate(30_000), _rate(-30)),
)
"""Documented: mechanics 11.3, perps and spot alike."""


@dataclass(frozen=True, slots=True)
class StakingTier:
    """The discount of who stakes more than `tokens` whole HYPE."""

    tokens: int
    discount: Rate


STAKING_TIERS = (
    StakingTier(0, _rate(0)),
    StakingTier(10, _rate(50_000)),
    StakingTier(100, _rate(100_000)),
    StakingTier(1_000, _rate(150_000)),
    StakingTier(10_000, _rate(200_000)),
    StakingTier(100_000, _rate(300_000)),
    StakingTier(500_000, _rate(400_000)),
)
"""Documented: none, wood, bronze, silver, gold, platinum, diamond (mechanics 11.3)."""

REFERRAL_DISCOUNT = _rate(40_000)
REFERRAL_DISCOUNT_USD = 25_000_000
"""Documented: 4 % off for the first $25M that a referred user trades (mechanics 11.3)."""

REFERRER_PART = 10
REFERRER_USD = 1_000_000_000
"""Documented: a tenth of the fee goes to the referrer, until $1B (mechanics 11.3)."""

STABLE_SCALE = _rate(200_000)
"""Documented: a fifth between two quote assets: taker, maker, rebate and volume (mechanics 11.2)"""

GROWTH_PART = 10
"""Documented: a tenth while a builder-deployed market is in growth mode (mechanics 11.3)."""
_ALIGNED_TAKER = _rate(800_000)
_ALIGNED_REBATE = _rate(1_500_000)
"""Documented: on the protocol's share where the quote is aligned (mechanics 11.3)."""


def fee_rates(
    taker: Rate,
    maker: Rate,
    *,
    is_referred: bool = False,
    is_stable: bool = False,
    deployer_scale: Rate | None = None,
    is_growth: bool = False,
    is_aligned: bool = False,
) -> tuple[Rate, Rate]:
    """(taker, maker) as a fill pays them; exact until one truncation toward zero at the end.

    `taker` and `maker` are a user's own rates, staking included. `deployer_scale` None is a market
    without a deployer. Documented: the `feeRates` formula (mechanics 11.3). Of a deployer's scale
    s the protocol takes 1 below s = 1 and s above, the deployer takes s: that is where `1 + s`,
    `2s` and the deployer's shares `s / (1 + s)` and one half come from. A rebate knows neither
    scale nor referral.
    """
    one = RATE_SCALE
    deployer = 0 if deployer_scale is None else deployer_scale
    protocol = max(one, deployer)
    scale = STABLE_SCALE if is_stable else one
    growth = GROWTH_PART if is_growth else 1
    kept = one - REFERRAL_DISCOUNT if is_referred else one
    taken = protocol * (_ALIGNED_TAKER if is_aligned else one) + deployer * one
    whole = one**4 * growth
    charged = Rate(div_trunc(taker * scale * taken * kept, whole))
    if maker > 0:
        paid = maker * scale * (protocol + deployer) * one * kept
        return charged, Rate(div_trunc(paid, whole))
    given = protocol * (_ALIGNED_REBATE if is_aligned else one) + deployer * one
    rebate = maker * scale * given
    return charged, Rate(div_trunc(rebate, one**2 * (protocol + deployer) * growth))


@dataclass(frozen=True, slots=True)
class Rates:
    """What the fills of one account cost: of perps, of spot, of pairs of two quote assets."""

    taker: Rate
    maker: Rate
    spot_taker: Rate
    spot_maker: Rate
    stable_taker: Rate
    stable_maker: Rate

    def referred(self) -> Rates:
        """The same with the referral discount; rebates stay."""
        perps = fee_rates(self.taker, self.maker, is_referred=True)
        spot = fee_rates(self.spot_taker, self.spot_maker, is_referred=True)
        stable = fee_rates(self.stable_taker, self.stable_maker, is_referred=True)
        return Rates(*perps, *spot, *stable)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands on one UTC day, worked out once: `plain` without, `referred` with
    the referral discount."""

    day: int
    """UTC day number on which it holds."""
    staking_discount: Rate
    plain: Rates
    referred: Rates
