"""Values as people write them: in flags, in the environment, and to the control plane."""

from __future__ import annotations

from decimal import Decimal

from ..sim.fixed import parse_decimal
from .pacer import END_MS, wall_ms

MOST_AMOUNT = 10**30
"""Of the smallest units there are: more than is in any world."""


def parse_usd(text: str) -> int:
    """µUSD of a plain decimal number of dollars. Raises ValueError when it is none."""
    if text.startswith("-") or len(text) > 20:
        raise ValueError(f"{text!r} is no amount of dollars")
    try:
        return parse_decimal(text, 6)
    except ValueError as error:
        raise ValueError(f"{text!r} is no amount of dollars: {error}") from None


def parse_amount(
    given: int | float | str, decimals: int, noun: str, *, or_none: bool = False
) -> int:
    """A number above 0, with `or_none` 0 as well, as an integer of 10 ** -decimals.

    Raises ValueError.
    """
    text = given if isinstance(given, str) else format(Decimal(repr(given)), "f")
    try:
        found = parse_decimal(text, decimals) if len(text) <= 40 else MOST_AMOUNT
    except ValueError as error:
        raise ValueError(f"{given!r:.80} is no {noun}: {error}") from None
    if found == 0 and or_none:
        return 0
    if not 0 < found < MOST_AMOUNT:
        raise ValueError(f"{given!r:.80} is no {noun}: above 0 and not beyond all measure")
    return found


def parse_address(text: str) -> str:
    """An address in lower case. Raises ValueError when `text` is none."""
    digits = text[2:].lower()
    if text[:2] != "0x" or len(digits) != 40 or digits.strip("0123456789abcdef"):
        raise ValueError(f"{text!r} is no address: 0x and 40 hex digits")
    return "0x" + digits


def parse_time(text: str) -> int:
    """Milliseconds since 1970 of `now`, an integer of ms, or an ISO 8601 time (UTC unless it says
    so).

    Raises ValueError when it is none of them.
    """
    from datetime import UTC, datetime

    if text == "now":
        return wall_ms()
    if text.isascii() and text.isdigit() and len(text) <= 20:
        time_ms = int(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no time: now, milliseconds or ISO 8601") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        time_ms = round(moment.timestamp() * 1000)
    if not 0 <= time_ms <= END_MS:
        raise ValueError(f"{text!r} is no time: it lies outside the years 1970 to 9999")
    return time_ms
