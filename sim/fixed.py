"""Money and every rounding of it: scaled integers, one scale per kind. No other file divides
money.
"""

from __future__ import annotations

from typing import NewType

from ..matching.types import Px, Sz

__all__ = [
    "PX_SCALE", "RATE_SCALE", "SZ_SCALE", "TEN", "USD_SCALE", "Address", "Cloid", "Px", "Rate",
    "Sz", "Szi", "Usd", "Wei", "bare_text", "div_down", "div_half_even", "div_trunc", "div_up",
    "floor_to", "mul_down", "mul_trunc", "mul_up", "ntl", "ntl_wei", "parse_decimal",
    "rescale_down", "sz_to_wei", "wei_to_sz",
]  # fmt: skip

Szi = NewType("Szi", int)
"""A signed size, scaled by 1e8: positive long, negative short."""

Usd = NewType("Usd", int)
"""US dollars of perps collateral, scaled by 1e6."""

Rate = NewType("Rate", int)
"""A dimensionless rate (fee, funding, premium), scaled by 1e10."""

Wei = NewType("Wei", int)
"""A token amount in the token's smallest unit (10 ** -weiDecimals)."""

Address = NewType("Address", str)
"""`0x` and 40 lower-case hex digits."""

Cloid = NewType("Cloid", str)
"""`0x` and 32 lower-case hex digits: a client's name for an order."""

PX_SCALE = 10**8
SZ_SCALE = 10**8
USD_SCALE = 10**6
RATE_SCALE = 10**10

TEN: tuple[int, ...] = tuple(10**power for power in range(64))
"""Powers of ten: an index is faster than `**`, and its type is known."""


def ntl(px: int, sz: int) -> Usd:
    """Notional of a perps trade in µUSD. Exact on the perp grid, else rounded down; sign of
    `sz`.
    """
    product = px * sz
    return Usd(product // 10**10 if product >= 0 else -(-product // 10**10))


def ntl_less_margin(px: int, sz: int, leverage: int) -> int:
    """`ntl` less the initial margin that so much takes, rounded down. One call for both: each order
    asks for it of every position.
    """
    product = px * sz
    if product >= 0:
        value = product // 10**10
        return value - value // leverage
    value = -product // 10**10
    return -value - value // leverage


def ntl_wei(px: int, sz: int, quote_decimals: int) -> Wei:
    """Notional of a spot trade in quote wei. Exact on the spot grid for 8 decimals, else
    truncated.
    """
    return Wei(px * sz // TEN[16 - quote_decimals])


def sz_to_wei(sz: int, wei_decimals: int) -> Wei:
    """A size (1e-8) as token wei. Exact on the lot grid, since szDecimals + 5 <= weiDecimals."""
    if wei_decimals >= 8:
        return Wei(sz * TEN[wei_decimals - 8])
    return Wei(sz // TEN[8 - wei_decimals])


def wei_to_sz(wei: int, wei_decimals: int) -> Sz:
    """Token wei as a size (1e-8), rounded down."""
    if wei_decimals >= 8:
        return Sz(wei // TEN[wei_decimals - 8])
    return Sz(wei * TEN[8 - wei_decimals])


def rescale_down(value: int, decimals: int, to_decimals: int) -> int:
    """`value` with `decimals` places as an integer with `to_decimals` places, truncated toward
    zero.
    """
    if to_decimals >= decimals:
        return value * TEN[to_decimals - decimals]
    return div_trunc(value, TEN[decimals - to_decimals])


def mul_down(value: int, rate: int) -> int:
    """`value * rate` with `rate` in 1e-10, rounded toward minus infinity."""
    return value * rate // RATE_SCALE


def mul_up(value: int, rate: int) -> int:
    """`value * rate` with `rate` in 1e-10, rounded toward plus infinity."""
    return -(-value * rate // RATE_SCALE)


def mul_trunc(value: int, rate: int) -> int:
    """`value * rate` with `rate` in 1e-10, truncated toward zero.

    Observed: fees and rebates of recorded fills, -0.0010006152 -> -0.001 (mechanics 11.4).
    """
    product = value * rate
    return product // RATE_SCALE if product >= 0 else -(-product // RATE_SCALE)


def div_down(value: int, divisor: int) -> int:
    """`value / divisor` rounded toward minus infinity."""
    return value // divisor


def div_up(value: int, divisor: int) -> int:
    """`value / divisor` rounded toward plus infinity."""
    return -(-value // divisor)


def div_trunc(value: int, divisor: int) -> int:
    """`value / divisor` truncated toward zero; `divisor` > 0."""
    return value // divisor if value >= 0 else -(-value // divisor)


def div_half_even(value: int, divisor: int) -> int:
    """`value / divisor` rounded to nearest, ties to even; `divisor` > 0."""
    quotient, rest = divmod(value, divisor)
    twice = 2 * rest
    if twice > divisor or (twice == divisor and quotient & 1):
        quotient += 1
    return quotient


def floor_to(value: int, step: int) -> int:
    """`value` rounded down to a multiple of `step`."""
    return value - value % step


def parse_decimal(text: str, decimals: int) -> int:
    """The integer `text * 10**decimals` of a plain decimal literal (world files, flags, tests).

    Raises ValueError when the text is no plain decimal or has a non-zero digit past `decimals`.
    """
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, fraction = digits.partition(".")
    if not (whole + fraction).isascii() or not (whole + fraction).isdigit():
        raise ValueError(f"not a decimal number: {text!r}")
    if fraction[decimals:].strip("0"):
        raise ValueError(f"more than {decimals} decimals: {text!r}")
    return sign * (
        int(whole or "0") * TEN[decimals] + int(fraction[:decimals].ljust(decimals, "0") or "0")
    )


def bare_text(value: int, decimals: int) -> str:
    """`value / 10**decimals` in the fewest digits, exact: what `parse_decimal` reads."""
    if value < 0:
        return "-" + bare_text(-value, decimals)
    whole, fraction = divmod(value, TEN[decimals])
    return f"{whole}.{fraction:0{decimals}d}".rstrip("0") if fraction else f"{whole}"
