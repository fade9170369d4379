"""Fees of fills: recorded numbers, truncated part by part."""

from __future__ import annotations

import pytest
from stories import px, rate, sz, usd

from hlsim.sim import fees
from hlsim.sim.fixed import Wei, ntl, parse_decimal


@pytest.mark.parametrize(
    ("price", "size", "fee_rate", "fee"),
    [
        ("66653.0", "0.001", "0.00015", "0.009997"),
        ("4307.4", "0.0025", "0.00045", "0.004845"),
        ("106890", "0.03046", "0.00026", "0.846526"),
        ("72.153", "0.58", "-0.00003", "-0.001255"),
        ("116.86", "2.47", "0.00003", "0.008659"),
        ("100.06152", "1", "-0.00001", "-0.001"),
        ("5.5302", "1", "0.00015", "0.000829"),
        ("67.172375", "1", "0.0004", "0.026868"),
        ("7429.1", "1.149", "0.00002592", "0.221254"),
    ],
)
def test_a_perp_fee_is_truncated_at_six_decimals(
    price: str, size: str, fee_rate: str, fee: str
) -> None:
    """Observed: recorded fills (mechanics 8.4, 11.4), among them -0.0010006152, 0.00082953 and
    0.02686895; the last is the protocol's part of a fill with a builder, whose own is 4.268017."""
    assert fees.perp_fee(ntl(px(price), sz(size)), rate(fee_rate)) == usd(fee)


def test_a_builder_fee_is_truncated_on_its_own() -> None:
    """Observed: xyz:SP500 7429.1 * 1.149 at 0.05 % is 4.268017 (mechanics 11.4)."""
    assert fees.builder_fee(ntl(px("7429.1"), sz("1.149")), 50) == usd("4.268017")


@pytest.mark.parametrize(
    ("price", "size", "fee_rate", "fee"),
    [
        ("160.32", "1.267", "0.0007", "0.00088689"),
        ("41.353", "0.27", "0.0007", "0.00018899"),
        ("4.6252", "4", "0.0007", "0.0028"),
    ],
)
def test_a_spot_buy_pays_its_fee_in_base_floored_in_quote_first(
    price: str, size: str, fee_rate: str, fee: str
) -> None:
    """Observed: three of seventeen recorded fills (mechanics 11.4, contested 25)."""
    gross = Wei(px(price) * sz(size) // 10**8)

    paid = fees.spot_buy_fee(gross, px(price), rate(fee_rate), 8, 8)

    assert paid == parse_decimal(fee, 8)


@pytest.mark.parametrize(
    ("price", "size", "fee_rate", "fee"),
    [
        ("4.5795", "3", "0.0007", "0.00961695"),
        ("7.666", "1.31", "0.0007", "0.00702972"),
        ("0.31975", "83843", "0.000672", "18.01551309"),
    ],
)
def test_a_spot_sell_pays_its_fee_in_quote(price: str, size: str, fee_rate: str, fee: str) -> None:
    """Observed: recorded sells (mechanics 11.4)."""
    gross = Wei(px(price) * sz(size) // 10**8)

    assert fees.spot_sell_fee(gross, rate(fee_rate)) == parse_decimal(fee, 8)


def test_a_rebate_of_a_spot_buy_is_truncated_toward_zero() -> None:
    """Observed: rebates are truncated like fees (mechanics 11.4)."""
    price = px("160.32")
    gross = Wei(price * sz("1.267") // 10**8)

    paid = fees.spot_buy_fee(gross, price, rate("-0.00003"), 8, 8)

    assert paid == parse_decimal("-0.000038", 8)
