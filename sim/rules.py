"""Numbers of the rulebook that an operator may want to change. Frozen: part of the start state."""

from __future__ import annotations

from dataclasses import dataclass

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

    vault_creation_fee: Usd = Usd(100_000_000)
    """Documented: creating a vault costs 100 USDC, kept like trading fees (exchange 5.2); one page
    says 10 000 (mechanics 13).
    """
    max_vault_depositors: int = 10_000
    """Assumed: how many may have money in one vault."""
