"""Every byte of state, as plain data: no callables, no sockets, nothing that cannot be pickled."""

from __future__ import annotations

from collections import deque
from dataclasses import field

from ..matching.book import OrderBook
from ..matching.dataclass import dataclass
from ..matching.triggers import Triggers
from .assets import Asset, Perp, Universe
from .averages import Averages
from .calm import Calm
from .candles import CandleSeries
from .events import Fill, FundingPaid, FundingRate, LedgerRow, Trade
from .fee_tiers import Standing
from .fixed import Address, Cloid, Px, Rate, Szi, Usd, Wei
from .history import OrderHistory
from .lending_state import InterestPaid, Lent, Reserve
from .nonces import NonceSet
from .orders import Order
from .outcome_state import Outcome, Question
from .rules import Rules
from .shares import Vault
from .spot_deploy_state import Hyperliquidity, TokenDeploy
from .stakes import Stake, Stakes, StakingLink
from .timers import Timers
from .treasury import Treasury
from .twap_state import Twap, TwapUpdate, empty_history
from .volume import DayVolume
from .watch import Watch

FILLS_KEPT = 10_000
"""Documented: only the 10000 most recent fills are reachable (info 2.6)."""
FUNDINGS_KEPT = 10_000
LEDGER_KEPT = 10_000
INTEREST_KEPT = 10_000
FUNDING_RATES_KEPT = 10_000
ORACLE_MINUTES_KEPT = 60
TRADES_KEPT = 100
"""Rows of `recentTrades` and of the replay to a new `trades` subscriber (10 and 30 are shown)."""


@dataclass(frozen=True, slots=True)
class Leverage:
    """A user's leverage setting of one perp; survives a flat position."""

    value: int
    is_cross: bool


@dataclass(slots=True)
class Position:
    """An open perps position. `szi` is never 0 here.

    `entry_ntl` is signed like `szi`: what the position cost at entry. `raw_usd` is the isolated
    margin ledger (margin - szi * entry), 0 for cross, whose ledger is `Clearing.raw_usd`. The
    leverage that counts is `Clearing.leverages[asset]`.
    """

    szi: Szi
    entry_ntl: Usd
    is_cross: bool
    raw_usd: Usd = Usd(0)
    funding_since_open: Usd = Usd(0)
    funding_since_change: Usd = Usd(0)
    """Positive is paid by the user (info 5.1)."""


@dataclass(slots=True)
class SpotBalance:
    """One token of one account, in wei. `total` includes `hold`."""

    total: Wei = Wei(0)
    hold: Wei = Wei(0)
    entry_ntl: int = 0
    """Cost basis, 1e-8 USD."""


@dataclass(slots=True)
class Agent:
    """An API wallet. `name` is "" for the unnamed one."""

    address: Address
    master: Address
    name: str
    valid_until_ms: int
    stamped_until_ms: int
    """The same moment by the clock of the client that approved it, which is what clients see."""


@dataclass(slots=True)
class Rewards:
    """What an account earned of other users' fees in one token, in wei."""

    unclaimed: Wei = Wei(0)
    claimed: Wei = Wei(0)
    builder: Wei = Wei(0)
    """Builder fees ever earned, claimed or not."""


@dataclass(slots=True)
class Referral:
    """What a referred user brought its referrer, in wei by token index."""

    joined_ms: int
    fees: dict[int, Wei] = field(default_factory=dict)
    """Fees of which the referrer got a part."""
    parts: dict[int, Wei] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignerSet:
    """Who may act for a multi-sig user, and how many of them it takes."""

    users: tuple[Address, ...]
    threshold: int


@dataclass(slots=True, kw_only=True)
class Clearing:
    """What an account has where perps are cleared together: one ledger of collateral, and the
    positions that it stands for. All by asset id.
    """

    raw_usd: Usd = Usd(0)
    """Cross ledger: deposits - sum(szi * px) of cross trades - fees; negative when levered long.
    In µUSD, or millionths of another collateral token.
    """
    positions: dict[int, Position] = field(default_factory=dict)
    leverages: dict[int, Leverage] = field(default_factory=dict)
    funding_all_time: dict[int, Usd] = field(default_factory=dict)
    order_loads: dict[int, tuple[int, int]] = field(default_factory=dict)
    """What resting bids and asks add up to, reduce-only ones left out: sums of px * sz, unrounded
    (1e-16 USD).
    """
    liquidated_partly_ms: int | None = None
    """When a part of a large position was liquidated last."""
    credit: Usd = Usd(0)
    """What portfolio margin adds: idle money that is lent out, and what may be borrowed."""


UNIFIED, PORTFOLIO_MARGIN = "unifiedAccount", "portfolioMargin"
POOLED = frozenset({UNIFIED, PORTFOLIO_MARGIN})
"""Modes of accounts that have one balance for all dexes of a collateral (mechanics 6.5)."""


@dataclass(slots=True)
class Account(Clearing):
    """One trading address and everything it owns. Itself it is its clearing with the first dex."""

    address: Address
    dexes: dict[int, Clearing] = field(default_factory=dict)
    """Those with other dexes, from their first use on; see `key_of`."""
    spot: dict[int, SpotBalance] = field(default_factory=dict)
    """By token index."""
    orders: dict[int, Order] = field(default_factory=dict)
    """Open orders by oid, oldest first."""
    orders_by_asset: dict[int, dict[int, Order]] = field(
        default_factory=dict, metadata={"index_of": "orders"}
    )
    """The same by asset, then oid. No asset without an order."""
    reduce_only: dict[int, dict[int, Order]] = field(default_factory=dict)
    """Resting reduce-only orders by asset, then oid, oldest first."""
    reduce_only_szs: dict[int, int] = field(default_factory=dict)
    """What remains of them in all, by asset: never more than the position."""
    open_cloids: dict[Cloid, int] = field(default_factory=dict)
    """cloid to the newest open oid that carries it (contested 42)."""
    exits: dict[int, dict[int, Order]] = field(default_factory=dict)
    """Armed reduce-only trigger orders by asset, then oid: all of them reduce the position."""
    brackets: dict[int, list[int]] = field(default_factory=dict)
    """Open TP/SL orders that belong together, by `Order.group`."""
    history: OrderHistory = field(default_factory=OrderHistory)
    fills: deque[Fill] = field(default_factory=lambda: deque(maxlen=FILLS_KEPT))
    fundings: deque[FundingPaid] = field(default_factory=lambda: deque(maxlen=FUNDINGS_KEPT))
    ledger: deque[LedgerRow] = field(default_factory=lambda: deque(maxlen=LEDGER_KEPT))
    volume: DayVolume = field(default_factory=DayVolume)
    requests_used: int = 0
    """Every request that was admitted, bought ones too."""
    last_request_ms: int | None = None
    """When one was admitted last."""
    day_actions: int = 0
    action_day: int = 0
    """UTC day number that `day_actions` counts."""
    agents: dict[str, Agent] = field(default_factory=dict)
    """By name; "" is the unnamed one."""
    agent_removed_ms: int | None = None
    """When an agent was last revoked (pending removal for some seconds)."""
    builder_limits: dict[Address, int] = field(default_factory=dict)
    """Approved builders and the most they may take, tenths of a basis point."""
    rewards: dict[int, Rewards] = field(default_factory=dict)
    """Of referrals and as a builder, by token index; perps USDC is spot USDC there."""
    referred_by: Address | None = None
    referral: Referral | None = None
    """Set with `referred_by`."""
    referrals: dict[Address, None] = field(default_factory=dict)
    """Whom this account referred, oldest first."""
    referral_code: str | None = None
    standing: Standing | None = field(default=None, compare=False, metadata={"transient": True})
    """Fee rates of the day, once they were asked for; None after a change of the stake."""
    stake: Stake | None = None
    """None while nothing was ever staked."""
    staking_link: StakingLink | None = None
    is_disabled: bool = False
    """By its staking user, for good: nobody acts for it any more."""
    net_deposits: Usd = Usd(0)
    schedule_cancel_ms: int | None = None
    schedule_triggers: int = 0
    schedule_day: int = 0
    """UTC day number that `schedule_triggers` counts."""
    abstraction: str = "default"
    twaps: dict[int, Twap] = field(default_factory=dict)
    """TWAPs that run or wait, by id, oldest first."""
    twap_history: deque[TwapUpdate] = field(default_factory=empty_history)
    master: Address | None = None
    """Whose sub-account it is. A sub-account has no key: only its master and the master's agents
    act for it.
    """
    sub_accounts: dict[Address, str] = field(default_factory=dict)
    """Its own, with their names, oldest first."""
    vaults_led: dict[Address, None] = field(default_factory=dict)
    vaults_joined: dict[Address, None] = field(default_factory=dict)
    """Vaults in which it has shares, led ones too."""
    dex_abstraction: bool | None = None
    """None: never set."""
    multi_sig: SignerSet | None = None
    """Set: the account's own key does nothing alone."""
    display_name: str = ""
    requests_reserved: int = 0
    """Requests that were paid for (reserveRequestWeight)."""
    is_dusting_off: bool = False
    """Opted out of the spot dust conversion."""
    lent: dict[int, Lent] = field(default_factory=dict)
    """What it supplied and borrowed, by token index."""
    interest: deque[InterestPaid] = field(default_factory=lambda: deque(maxlen=INTEREST_KEPT))

    def key_of(self, perp: Perp) -> int:
        """Which clearing `perp` belongs to: that of its dex, or of all with its collateral."""
        return perp.pool if self.abstraction in POOLED else perp.dex

    def of(self, perp: Perp) -> Clearing:
        """Where `perp` is cleared, to be read: an empty one before its first use."""
        return self if perp.dex == 0 else self.at(self.key_of(perp))

    def enter(self, perp: Perp) -> Clearing:
        """The same, to be changed."""
        return self if perp.dex == 0 else self.open(self.key_of(perp))

    def at(self, key: int) -> Clearing:
        """The clearing of a key, to be read: an empty one before its first use."""
        return self if key == 0 else self.dexes.get(key) or Clearing()

    def open(self, key: int) -> Clearing:
        """The same, to be changed."""
        return self if key == 0 else self.dexes.setdefault(key, Clearing())

    def clearings(self) -> list[Clearing]:
        """All there are, the first dex first."""
        return [self, *self.dexes.values()]


@dataclass(slots=True)
class Market:
    """One asset while it trades."""

    asset: Asset
    book: OrderBook
    oracle_px: Px
    """Perps only; of a spot pair it is the world's starting price."""
    mark_px: Px
    mark_px_before: Px = Px(0)
    """The mark before it last moved."""
    last_px: Px | None = None
    """Price of the last trade."""
    averages: Averages = field(default_factory=Averages)
    open_interest: int = 0
    """Sum of long sizes, 1e-8."""
    open_interest_cap: Usd | None = None
    open_interest_base: int = 0
    """What it was at the last full minute."""
    is_at_cap: bool = False
    volume: DayVolume = field(default_factory=DayVolume)
    prev_day: deque[tuple[int, Px]] = field(default_factory=lambda: deque(maxlen=1441))
    """(time, mark) once a minute for a day: the first row is `prevDayPx`."""
    oracle_minutes: deque[Px] = field(default_factory=lambda: deque(maxlen=ORACLE_MINUTES_KEPT))
    """The oracle once a minute for an hour: what a delisting settles at."""
    trades: deque[Trade] = field(default_factory=lambda: deque(maxlen=TRADES_KEPT))
    candles: CandleSeries = field(default_factory=CandleSeries)
    premium: Rate | None = None
    """Latest sample; None when the book is too thin for impact prices."""
    premium_sum: int = 0
    premium_samples: int = 0
    """Of the running hour."""
    funding_rates: deque[FundingRate] = field(
        default_factory=lambda: deque(maxlen=FUNDING_RATES_KEPT)
    )
    halted: bool = False
    updated_ms: int = 0
    """Of a deployed perp: when its mark was set or renewed last."""
    day_pxs: tuple[int, Px, Px] = (-1, Px(0), Px(0))
    """Of a deployed perp: a UTC day, and the oracle and mark with which it began."""
    supply: Wei = Wei(0)
    """Of an outcome's side: its tokens in being."""
    triggers: Triggers[int] = field(default_factory=Triggers[int])
    """oids of the armed trigger orders."""
    sleeping: dict[int, Order] = field(default_factory=dict)
    """The same by oid."""
    twap_waits: Triggers[int] = field(default_factory=Triggers[int])
    """TWAPs that the mark starts or stops, by id."""


@dataclass(slots=True)
class State:
    """The exchange. Same state, same inputs in the same order: the same state, byte for byte."""

    universe: Universe
    rules: Rules
    is_mainnet: bool
    seed: int
    time_ms: int
    markets: dict[int, Market] = field(default_factory=dict)
    accounts: dict[Address, Account] = field(default_factory=dict)
    agents: dict[Address, Agent] = field(default_factory=dict)
    """Live agents by address."""
    retired_agents: dict[Address, Address] = field(default_factory=dict)
    """Agents replaced or revoked some seconds ago and their master, whom their refusal names."""
    unified: dict[Address, None] = field(default_factory=dict)
    """Accounts with one balance for spot and perps, oldest first."""
    portfolio: dict[Address, None] = field(default_factory=dict)
    """Those of them with portfolio margin."""
    reserves: dict[int, Reserve] = field(default_factory=dict)
    """What can be supplied or borrowed, by token index."""
    borrowers: dict[Address, None] = field(default_factory=dict)
    """Who owes something to a reserve."""
    used_agents: dict[Address, None] = field(default_factory=dict)
    """Every address that was approved as an agent, oldest first: none is approved twice."""
    nonces: dict[Address, NonceSet] = field(default_factory=dict)
    referral_codes: dict[str, Address] = field(default_factory=dict)
    vaults: dict[Address, Vault] = field(default_factory=dict)
    """Oldest first, closed ones too. What a vault trades with is the account of its address."""
    timers: Timers = field(default_factory=Timers)
    treasury: Treasury = field(default_factory=Treasury)
    stakes: Stakes = field(default_factory=Stakes)
    maker_base: tuple[int, int] = field(
        default=(-1, 0), compare=False, metadata={"transient": True}
    )
    """(UTC day, weighted volume of the exchange in the tier days before it), once asked for."""
    height: int = 1
    action_index: int = 0
    """Actions applied in the block `height`."""
    next_oid: int = 1
    deploys: dict[int, TokenDeploy] = field(default_factory=dict)
    """Tokens registered while the exchange ran, by index."""
    lent_to_liquidators: dict[tuple[int, Address], Usd] = field(default_factory=dict)
    """What a user put into the liquidator of a deployed dex, by index of the dex and address."""
    oracles_set_ms: dict[int, int] = field(default_factory=dict)
    """When the deployer of a dex set its oracle last, by index."""
    hyperliquidity: dict[int, Hyperliquidity] = field(default_factory=dict)
    """By index of the pair."""
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    questions: dict[int, Question] = field(default_factory=dict)
    post_only_until_ms: int = 0
    """The end of the window after the last network upgrade."""
    next_lid: int = 1
    """Of liquidations."""
    watch: Watch = field(default_factory=Watch)
    calm: Calm = field(default_factory=Calm, compare=False, metadata={"transient": True})
    twaps: dict[int, Twap] = field(default_factory=dict)
    """Every TWAP that runs or waits, by id."""
    next_twap_id: int = 1
