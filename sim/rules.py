"""Numbers of the rulebook that an operator may want to change. Frozen: part of the start state."""

from __future__ import annotations

from typing import Literal

from ..matching.dataclass import dataclass
from .fixed import Rate, Usd, Wei


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and rates of one exchange. Defaults are mainnet's, late 2026."""

    price_band: Rate = Rate(9_500_000_000)
    """Band d: a price is legal when (1-d)*mark < px <= mark/(1-d). Observed on testnet spot with
    0.80; 0.95 in mainnet logs (contested 6)."""

    min_order_usd: Usd = Usd(10_000_000)
    """Documented: the $10 rule (mechanics 2.5)."""

    dex_open_interest_cap: Usd = Usd(400_000_000 * 10**6)
    dex_transfer_cap: Usd = Usd(150_000_000 * 10**6)
    """Observed: what `perpDexLimits` shows of a deployed dex (info 4.16): notional of all its open
    interest, and what may be moved there, which is shown only."""

    max_batch: int = 200
    """Observed: 201 cancels in one action are refused (mechanics 2.7)."""

    address_limits: Literal["strict", "warn", "off"] = "strict"
    """What becomes of a request above its address's limits: it is refused, it is executed and told
    of as `RequestTolerated`, or it is like any other. They are counted in any case."""
    free_requests: int = 10_000
    cancel_requests: int = 100_000
    throttle_ms: int = 10_000
    """Documented: an address has 10000 requests and one more per USDC traded, for cancels 100000
    more or twice as many; without budget one in 10 s passes (exchange 9)."""
    daily_actions: int = 50_000
    """Documented: actions a day of an account with unified balances or portfolio margin."""
    refusal_burns_nonce: Literal["no", "yes"] = "no"
    """Whether an action that its address's limits or the cap of weight refuse uses its nonce
    (contested 40)."""

    taker_rate: Rate = Rate(4_500_000)
    maker_rate: Rate = Rate(1_500_000)
    spot_taker_rate: Rate = Rate(7_000_000)
    spot_maker_rate: Rate = Rate(4_000_000)
    """Documented: tier 0 fees, 0.045/0.015 % perps and 0.070/0.040 % spot (mechanics 11)."""

    withdraw_fee: Usd = Usd(1_000_000)
    activation_fee: Usd = Usd(1_000_000)
    """Documented: $1 to withdraw; the first inbound transfer of a new address costs 1 quote
    token.
    """

    usd_send_fee_floor: Usd = Usd(1_000)
    """Observed: usdSend of $0.0005 is refused as smaller than the fee; the floor itself is
    Assumed.
    """

    max_open_orders: int = 1000
    max_open_orders_cap: int = 5000
    """Documented: 1000 open orders plus one per $5M of volume, at most 5000 (mechanics 2.7)."""

    modify_rule: Literal["2026", "free"] = "2026"
    """What a modify without `always_place` may ask for: contested 13."""

    modify_updates: Literal["open_first", "cancel_first"] = "open_first"
    """Observed: `open` of the new order stands before `canceled` of the old (contested 23)."""

    trigger_market_rest: Literal["rest", "cancel"] = "rest"
    """What a triggered market order does with what crosses nothing: contested 29."""

    partial_fill_update: Literal["none", "open"] = "none"
    """What `orderUpdates` tells of a resting order that fills in part: nothing, or that it is open
    with the size that remains (contested 35)."""

    tpsl_children: Literal["both", "nested"] = "both"
    """Where `frontendOpenOrders` shows children that wait: in their parent and beside it, or in it
    only (contested 28)."""

    ioc_reject_updates: Literal["single", "open_first"] = "single"
    """What `orderUpdates` says of an immediate order without a match: contested 58."""

    order_margin: Literal["sum", "larger_side"] = "sum"
    """What resting orders on both sides of a flat coin reserve: all of it, or the larger side's
    (contested 47)."""

    min_notional_price: Literal["first_cross", "limit"] = "first_cross"
    """The price at which an order that crosses is tested for the minimum (contested 10)."""

    ioc_check_order: Literal["match_first", "minimum_first"] = "match_first"
    """What an immediate order is asked first: whether it meets anything, or whether it is worth
    the minimum (contested 11)."""

    partial_gtc_reply: Literal["filled", "resting"] = "filled"
    """What a Gtc that partly fills and rests is answered (contested 3)."""

    partial_ioc_status: Literal["filled", "canceled"] = "filled"
    """How an immediate order ends that filled in part (contested 26)."""

    duplicate_cloid: Literal["accept", "reject"] = "accept"
    """What becomes of an order whose cloid an open one carries (contested 42)."""

    oi_cap_text: Literal["live", "docs"] = "live"
    """The wording of an increase at the open-interest cap (contested 16)."""

    open_interest_growth: Rate | None = None
    """Part of its cap by which the open interest of a market may grow within a full minute, None:
    any. Documented is the refusal alone (mechanics 17); the rule is Assumed, so it is off."""

    candle_gaps: Literal["flat", "absent"] = "flat"
    """What `candleSnapshot` shows of an interval without trades (contested 63)."""

    upgrade_reject: Literal["order", "action"] = "order"
    """What an order that is not post-only gets after a network upgrade: a status of its own, or a
    refusal of the whole action (contested 12)."""
    partial_liquidation_ntl: Usd = Usd(100_000_000_000)
    """Documented: of a position that is worth more, a fifth is liquidated first; 10 000 USDC on
    testnet (mechanics 8.2).
    """

    adl_short_index: Literal["entry_over_mark", "literal"] = "entry_over_mark"
    """How shorts rank for auto-deleveraging. The documented formula, mark/entry, favours longs only
    (contested 53).
    """

    non_user_cancel: Literal["engine", "all", "none"] = "engine"
    """Of which cancels by the engine `userEvents` tells: those that a list names, all of them, or
    none (contested 2).
    """

    twap_max_minutes: int = 10_080
    """Documented: a TWAP takes 7 days at most, 1440 minutes until 2026 (contested 7)."""
    twap_minimum: Literal["flat", "per_minute"] = "flat"
    """Documented: $100 for any duration; an older text has $10 for each minute (contested 15)."""
    max_twaps: int = 100
    """Assumed: TWAPs that one user may have running or waiting; whether the exchange has such a
    limit is unknown (mechanics 4)."""

    builder_fee_level: Literal["order", "action"] = "order"
    """What a builder fee that was not approved refuses: its order, or the whole action (contested
    14)."""

    delegation_lock_ms: int = 86_400_000
    unstaking_ms: int = 7 * 86_400_000
    """Documented: a delegation is locked for a day, and unstaking takes seven (mechanics 13)."""

    staking_link_lock_ms: int = 365 * 86_400_000
    """Documented: the funds of a trading user whom its staking user disabled are locked for a year
    (mechanics 11.3)."""

    vault_creation_fee: Usd = Usd(100_000_000)
    """Documented: creating a vault costs 100 USDC, kept like trading fees (exchange 5.2); one page
    says 10 000 (mechanics 13).
    """
    max_vault_depositors: int = 10_000
    """Assumed: how many may have money in one vault."""

    agent_expiry: Literal["exact", "lazy"] = "exact"
    """Documented: an agent is dead at its `valid_until`; Observed: still alive 15 minutes later
    (contested 45)."""

    outcome_fees: Literal["zero", "schedule"] = "zero"
    """What trading and settling outcomes costs. Observed and Documented: nothing; Documented
    elsewhere: what closes and settles pays (contested 55)."""

    new_account_mode: Literal["default", "unifiedAccount"] = "default"
    """Observed: never-seen users answer "default" (contested 64)."""

    agent_reserve_weight: Literal["refused", "allowed"] = "refused"
    """Observed: agents were refused, ten times of ten (contested 44)."""

    dust_schedule: Literal["midnight", "minute"] = "midnight"
    """Documented: once a day at midnight UTC and at most $1; Observed on testnet: every minute and
    above $1, too (contested 59)."""

    user_borrow_cap: Usd = Usd(50_000_000 * 10**6)
    """Documented: what one user may owe. It was less while portfolio margin was new."""

    spot_deploy_gas: Wei = Wei(10_000_000_000)
    """What the place of a new spot token costs in HYPE, 1e-8; in a world without HYPE nothing.
    Assumed: 100, a price of old that does not move (info 4.19, 9)."""

    ws_unknown_coin: Literal["close", "error"] = "close"
    """What a subscription to books and trades of an unknown coin meets: the end of its socket, or
    an error (contested 20)."""

    web_data2_ws: Literal["refused", "served"] = "refused"
    """Observed: the subscription `webData2` is none any more; it was until mid-2026 (contested
    21)."""

    l2_cadence: Literal["5s", "2s", "500ms"] = "5s"
    """How often the default `l2Book` feed comes: late 2026, early 2026, before (contested 22)."""

    is_snapshot: Literal["omit", "false"] = "omit"
    """What `isSnapshot` is in frames that are none: absent, or false (contested 34)."""
