"""What is listed: perps, spot pairs, tokens, margin tables, and the ticks and lots they imply."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import field, replace
from enum import Enum
from itertools import pairwise

from ..matching.dataclass import dataclass
from .fixed import RATE_SCALE, TEN, Address, Px, Rate, Sz, Usd, div_down

FIRST_SPOT_ID = 10_000
"""Asset id of spot pair index 0. Documented: spot is 10000 + index (mechanics 14)."""

FIRST_BUILDER_ID = 100_000
"""No spot pair has an id from here on."""
IDS_PER_DEX = 10_000
"""Documented: 100000 + 10000 * dex + place (mechanics 14), so the first one is 110000."""
FIRST_OUTCOME_ID = 100_000_000
"""Asset id of side 0 of outcome 0. Documented: 100000000 + 10 * outcome + side (mechanics 14)."""


MAX_PX = 10**12 * 10**8
"""A trillion dollars: what is computed from prices stays within the powers of ten there are."""


DEFAULT_LEVERAGE = 20
"""Observed: a coin never touched reports cross 20, capped by its maximum (mechanics 6.2, 6.4)."""


class MarginMode(Enum):
    """Which margin an asset allows. Values are the wire words; NORMAL has none."""

    NORMAL = ""
    NO_CROSS = "noCross"
    STRICT_ISOLATED = "strictIsolated"


@dataclass(frozen=True, slots=True)
class MarginTier:
    """From `lower_bound` of notional upward, `max_leverage` is the most."""

    lower_bound: Usd
    max_leverage: int


@dataclass(frozen=True, slots=True)
class MarginTable:
    """Tiers by position notional. Ids below 50 mean one tier with that maximum leverage (info
    4.2).
    """

    id: int
    description: str
    tiers: tuple[MarginTier, ...]
    deductions: tuple[Usd, ...] = field(init=False, compare=False, metadata={"transient": True})
    """Of each tier, what keeps maintenance continuous across them, rounded down.

    Documented: ded_n = ded_(n-1) + lower_n * (mmr_n - mmr_(n-1)), mmr = 1/(2*maxLeverage)
    (mechanics 6.3): BTC above $150M deducts 1.875M.
    """
    _borders: tuple[Usd, ...] = field(init=False, compare=False, metadata={"transient": True})

    def __post_init__(self) -> None:
        object.__setattr__(self, "deductions", _deductions(self.tiers))
        borders = tuple(tier.lower_bound for tier in self.tiers[1:])
        object.__setattr__(self, "_borders", borders)

    @staticmethod
    def implicit(max_leverage: int) -> MarginTable:
        """The unlisted one-tier table of an id below 50."""
        return MarginTable(max_leverage, "", (MarginTier(Usd(0), max_leverage),))

    def tier(self, notional: int) -> MarginTier:
        """The tier that `notional` (µUSD, >= 0) falls in."""
        return self.tiers[bisect_left(self._borders, notional)]

    def maintenance(self, notional: int) -> Usd:
        """Maintenance margin of a position of `notional` µUSD, truncated to µUSD.

        Observed: each position's margin is truncated, then summed (mechanics 6.1).
        """
        place = bisect_left(self._borders, notional)
        own = div_down(notional, 2 * self.tiers[place].max_leverage)
        return Usd(own - self.deductions[place])


def _deductions(tiers: tuple[MarginTier, ...]) -> tuple[Usd, ...]:
    total = 0
    found = [Usd(0)]
    for lower, upper in pairwise(tiers):
        gap = lower.max_leverage - upper.max_leverage
        total += div_down(upper.lower_bound * gap, 2 * lower.max_leverage * upper.max_leverage)
        found.append(Usd(total))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Token:
    """A spot token. Amounts are integers of 10**-wei_decimals."""

    index: int
    name: str
    sz_decimals: int
    wei_decimals: int
    token_id: str
    is_canonical: bool = False
    full_name: str | None = None
    total_supply: int = 0
    circulating_supply: int = 0
    """Supplies in wei; 0 means unknown."""
    deployer: Address | None = None
    """Who registered it while the exchange ran; None for what a world lists."""
    fee_share: Rate = Rate(0)
    """The deployer's part of the trading fees that are paid in this token."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What its deployer sets of a perp."""

    multiplier: Rate = Rate(RATE_SCALE)
    """Of the funding rate. Documented: 0 to 10 (mechanics 10)."""
    interest: Rate | None = None
    """Of funding in 8 hours; None: that of all perps."""
    is_scaled: bool = False
    """True once a multiplier was set."""
    is_growth: bool = False
    """Growth mode: a tenth of the fees."""
    growth_ms: int = 0
    """When that was changed last; 0: never."""


@dataclass(frozen=True, slots=True)
class Perp:
    """A perpetual. `id` is its place in the universe of the first dex; in the dex `dex` it is
    100000 + 10000 * dex + place (mechanics 14).
    """

    id: int
    coin: str
    sz_decimals: int
    max_leverage: int
    margin_table: MarginTable
    margin_mode: MarginMode = MarginMode.NORMAL
    is_delisted: bool = False
    impact_ntl: Usd = Usd(6_000_000_000)
    """Documented: 20000 USDC for BTC and ETH, 6000 for the others (mechanics 9)."""
    start_px: Px = Px(0)
    """Oracle price of the world file, where a market starts."""
    dex: int = 0
    """0: the first one, which validators run. Else that of a deployer."""
    pool: int = 0
    """The first dex with the same collateral: positions of one pool share the balance of an
    account that has one for all of them.
    """
    collateral: int = 0
    """Index of the token that margin, pnl and fees are in."""
    fee_token: str = "USDC"
    """Its name."""
    deployed: Deployed | None = None
    """None on the first dex."""
    max_decimals: int = field(init=False, default=6)
    is_spot: bool = field(init=False, default=False)
    default_leverage: int = field(init=False, compare=False, metadata={"transient": True})
    """Of whoever never set one."""

    def __post_init__(self) -> None:
        leverage = min(DEFAULT_LEVERAGE, self.max_leverage)
        object.__setattr__(self, "default_leverage", leverage)

    @property
    def only_isolated(self) -> bool:
        return self.margin_mode is not MarginMode.NORMAL


@dataclass(frozen=True, slots=True)
class SpotPair:
    """A spot pair. `index` is the wire index, `id` the asset id 10000 + index."""

    index: int
    coin: str
    base: Token
    quote: Token
    is_canonical: bool = False
    is_delisted: bool = False
    start_px: Px = Px(0)
    max_decimals: int = field(init=False, default=8)
    is_spot: bool = field(init=False, default=True)

    @property
    def id(self) -> int:
        return FIRST_SPOT_ID + self.index

    @property
    def sz_decimals(self) -> int:
        return self.base.sz_decimals


@dataclass(frozen=True, slots=True)
class OutcomeSide(SpotPair):
    """One side of an outcome, which trades like a spot pair between 0 and 1. `index` is what its
    names are made of: 10 * outcome + side. The id is also the index of its token.
    """

    @property
    def id(self) -> int:
        return FIRST_OUTCOME_ID + self.index

    @property
    def outcome(self) -> int:
        return div_down(self.index, 10)

    @property
    def dual_id(self) -> int:
        """The id of the other side."""
        return self.id ^ 1


Asset = Perp | SpotPair


def dex_of(asset_id: int) -> int:
    """The dex with which an asset is shown. Documented: spot stands with the first (info 2.2)."""
    if FIRST_BUILDER_ID <= asset_id < FIRST_OUTCOME_ID:
        return div_down(asset_id - FIRST_BUILDER_ID, IDS_PER_DEX)
    return 0


@dataclass(frozen=True, slots=True)
class Annotation:
    """How a deployer describes a perp to people."""

    category: str
    description: str
    display_name: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dex:
    """A perps exchange within the exchange that somebody deployed (HIP-3)."""

    index: int
    """From 1 on."""
    name: str
    full_name: str
    deployer: Address
    collateral: int
    """Index of the token that all of it is cleared in."""
    oracle_updater: Address | None = None
    fee_recipient: Address | None = None
    """Both None: the deployer."""
    fee_scale: Rate = Rate(RATE_SCALE)
    fee_scale_ms: int = 0
    """When it was set last; 0: never."""
    margin_tables: dict[int, MarginTable] = field(default_factory=dict)
    """Its own, ids >= 50."""
    sub_deployers: tuple[tuple[str, tuple[Address, ...]], ...] = ()
    """Who else may do what: variants of `perpDeploy`."""
    annotations: dict[str, Annotation] = field(default_factory=dict)
    """By coin."""
    perps: tuple[Perp, ...] = ()
    is_disabled: bool = False

    @property
    def first_id(self) -> int:
        return FIRST_BUILDER_ID + IDS_PER_DEX * self.index


def px_decimals(asset: Asset) -> int:
    """Most decimals a price may have: 6 - szDecimals perps, 8 - szDecimals spot (mechanics 1.1)."""
    return asset.max_decimals - asset.sz_decimals


def has_legal_decimals(asset: Asset, px: Px) -> bool:
    """False means `Order has invalid price.`; integers are always legal."""
    return px % TEN[8 - px_decimals(asset)] == 0


def on_tick(px: Px) -> bool:
    """At most five significant figures, or an integer of any length.

    Documented: "integers are always allowed" (mechanics 1.1, contested 51).
    """
    if px % 10**8 == 0:
        return True
    return px % TEN[max(len(str(px)) - 5, 0)] == 0


def on_lot(asset: Asset, sz: Sz) -> bool:
    """False means `Order has invalid size.`"""
    return sz % TEN[8 - asset.sz_decimals] == 0


def round_px(asset: Asset, px: int, *, up: bool) -> Px:
    """The nearest legal price at or beyond `px` in the given direction."""
    figures = TEN[max(len(str(px)) - 5, 0)] if px > 0 else 1
    step = max(figures if figures < 10**8 else 10**8, TEN[8 - px_decimals(asset)])
    floor = px - px % step
    return Px(floor + step if up and floor != px else floor)


def lot(asset: Asset) -> Sz:
    """The smallest size step."""
    return Sz(TEN[8 - asset.sz_decimals])


@dataclass(slots=True)
class Universe:
    """Everything listed, by every name it goes by. `tokens[i].index == i`."""

    perps: list[Perp]
    """Of the first dex."""
    pairs: list[SpotPair]
    tokens: list[Token]
    margin_tables: dict[int, MarginTable]
    """Only the listed ones, ids >= 50."""
    name: str = ""
    first: Universe | None = None
    """What the exchange opened with, once anything was listed or delisted since."""
    outcomes: list[OutcomeSide] = field(default_factory=list)
    """Both sides of every outcome, settled ones too."""
    dexes: list[Dex] = field(default_factory=list)
    """Those that were deployed: `dexes[i].index == i + 1`."""
    all_perps: list[Perp] = field(init=False)
    """Of all dexes, in the order of their ids."""
    by_id: dict[int, Asset] = field(init=False)
    by_coin: dict[str, Asset] = field(init=False)
    token_by_name: dict[str, Token] = field(init=False)
    quotes: dict[int, Token] = field(init=False)
    """Tokens that some pair is quoted in, by index."""

    def __post_init__(self) -> None:
        self.all_perps = [*self.perps, *(perp for dex in self.dexes for perp in dex.perps)]
        assets: list[Asset] = [*self.all_perps, *self.pairs, *self.outcomes]
        self.by_id = {asset.id: asset for asset in assets}
        self.by_coin = {asset.coin: asset for asset in assets}
        self.quotes = {pair.quote.index: pair.quote for pair in self.pairs}
        self.token_by_name = {}
        for token in self.tokens:
            # Names repeat on the exchange; the canonical or older token keeps the short name.
            self.token_by_name.setdefault(token.name, token)

    @property
    def origin(self) -> Universe:
        """What the exchange opened with."""
        return self if self.first is None else self.first

    def with_perps(self, perps: list[Perp]) -> Universe:
        """The same universe with other perps. A universe itself never changes."""
        return replace(self, perps=perps, first=self.origin)

    def with_dex(self, dex: Dex) -> Universe:
        """The same universe with one dex more, or another one in the place of the same index."""
        dexes = [*self.dexes[: dex.index - 1], dex, *self.dexes[dex.index :]]
        return replace(self, dexes=dexes, first=self.origin)

    def dex(self, name: str) -> Dex | None:
        """The deployed dex of a name."""
        return next((dex for dex in self.dexes if dex.name == name), None)

    def perps_of(self, dex: int) -> Sequence[Perp]:
        """The perps of one dex, 0 being the first."""
        return self.perps if dex == 0 else self.dexes[dex - 1].perps

    def tables_of(self, dex: int) -> dict[int, MarginTable]:
        """The margin tables that are listed with one dex."""
        return self.margin_tables if dex == 0 else self.dexes[dex - 1].margin_tables

    def with_tokens(self, tokens: list[Token]) -> Universe:
        """The same universe with other tokens, in its pairs too."""
        pairs = [
            replace(pair, base=tokens[pair.base.index], quote=tokens[pair.quote.index])
            for pair in self.pairs
        ]
        return replace(self, tokens=tokens, pairs=pairs, first=self.origin)

    def with_outcomes(self, outcomes: list[OutcomeSide]) -> Universe:
        """The same universe with other outcomes."""
        return replace(self, outcomes=outcomes, first=self.origin)

    def token(self, index: int) -> Token:
        """The token of an index, that of an outcome's side too."""
        if index < FIRST_OUTCOME_ID:
            return self.tokens[index]
        side = self.by_id[index]
        assert isinstance(side, OutcomeSide)
        return side.base

    def with_pair(self, pair: SpotPair) -> Universe:
        """The same universe with one pair more."""
        return replace(self, pairs=[*self.pairs, pair], first=self.origin)
