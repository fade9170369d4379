"""Numbers of the rulebook that an operator may want to change. Frozen: part of the start state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .fixed import Rate, Usd


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and rates of one exchange. Defaults are mainnet's, late 2026."""

    price_band: Rate = Rate(9_500_000_000)
    """Band d: a price is legal when (1-d)*mark < px <= mark/(1-d). Observed on testnet spot with
    0.80; 0.95 in mainnet logs (contested 6)."""

    min_order_usd: Usd = Usd(10_000_000)
    """Documented: the $10 rule (mechanics 2.5)."""

    max_batch: int = 200
    """Observed: 201 cancels in one action are refused (mechanics 2.7)."""

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

    new_account_mode: Literal["default", "unifiedAccount"] = "default"
    """Observed: never-seen users answer "default" (contested 64)."""

    agent_reserve_weight: Literal["refused", "allowed"] = "refused"
    """Observed: agents were refused, ten times of ten (contested 44)."""

    dust_schedule: Literal["midnight", "minute"] = "midnight"
    """Documented: once a day at midnight UTC and at most $1; Observed on testnet: every minute and
    above $1, too (contested 59)."""
