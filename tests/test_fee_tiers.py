"""The fee schedule and its formula: every number that the documentation works out."""

from __future__ import annotations

from typing import Any

import pytest
from stories import rate

from hlsim.sim.fee_tiers import MAKER_TIERS, STAKING_TIERS, VIP_TIERS, Rates, fee_rates

PERPS = (rate("0.00045"), rate("0.00015"))
SPOT = (rate("0.0007"), rate("0.0004"))


@pytest.mark.parametrize(
    ("terms", "maker", "taker"),
    [
        ({}, "0.00015", "0.00045"),
        ({"is_referred": True}, "0.000144", "0.000432"),
        ({"deployer_scale": rate("0")}, "0.00015", "0.00045"),
        ({"deployer_scale": rate("1")}, "0.0003", "0.0009"),
        ({"deployer_scale": rate("1"), "is_growth": True}, "0.00003", "0.00009"),
        ({"deployer_scale": rate("0.5")}, "0.000225", "0.000675"),
        ({"deployer_scale": rate("3")}, "0.0009", "0.0027"),
        ({"deployer_scale": rate("3"), "is_referred": True}, "0.000864", "0.002592"),
    ],
)
def test_perp_rates_follow_the_documented_formula(
    terms: dict[str, Any], maker: str, taker: str
) -> None:
    """Documented: the computed checks of mechanics 11.3; the last one is computed likewise."""
    assert fee_rates(*PERPS, **terms) == (rate(taker), rate(maker))


@pytest.mark.parametrize(
    ("terms", "maker", "taker"),
    [
        ({}, "0.0004", "0.0007"),
        ({"is_stable": True}, "0.00008", "0.00014"),
        ({"is_stable": True, "is_referred": True}, "0.0000768", "0.0001344"),
    ],
)
def test_spot_rates_follow_the_documented_formula(
    terms: dict[str, Any], maker: str, taker: str
) -> None:
    """Documented: 0.008 % and 0.014 % between two quote assets (mechanics 11.3)."""
    assert fee_rates(*SPOT, **terms) == (rate(taker), rate(maker))


@pytest.mark.parametrize(
    ("scale", "taker", "rebate"),
    [
        (None, "0.00036", "-0.000015"),
        ("0.5", "0.000585", "-0.0000133333"),
        ("1", "0.00081", "-0.0000125"),
        ("3", "0.00243", "-0.0000125"),
    ],
)
def test_an_aligned_quote_scales_the_share_of_the_protocol_only(
    scale: str | None, taker: str, rebate: str
) -> None:
    """Documented: taker times 0.8 and rebate times 1.5 on the protocol's share, of which a deployer
    has s / (1 + s) or a half (mechanics 11.3)."""
    deployer = None if scale is None else rate(scale)

    found = fee_rates(rate("0.00045"), rate("-0.00001"), deployer_scale=deployer, is_aligned=True)

    assert found == (rate(taker), rate(rebate))


def test_an_aligned_quote_leaves_a_maker_fee_as_it_is() -> None:
    """Documented: a maker fee above zero is "likewise without aligned" (mechanics 11.3)."""
    assert fee_rates(*PERPS, is_aligned=True) == (rate("0.00036"), rate("0.00015"))


def test_a_rebate_knows_neither_deployer_nor_referral() -> None:
    """Documented: maker < 0 is stable, growth and aligned only (mechanics 11.3)."""
    taker, rebate = fee_rates(
        rate("0.00024"), rate("-0.00003"), deployer_scale=rate("2"), is_referred=True
    )

    assert (taker, rebate) == (rate("0.0009216"), rate("-0.00003"))
    grown = {"deployer_scale": rate("2"), "is_growth": True}
    assert fee_rates(rate("0.00024"), rate("-0.00003"), **grown)[1] == rate("-0.000003")
    assert fee_rates(*SPOT[:1], rate("-0.00003"), is_stable=True)[1] == rate("-0.000006")


def test_the_schedule_is_the_documented_one() -> None:
    """Documented: the tables of mechanics 11.1, 11.2 and 11.3."""
    vip = [
        (tier.volume_usd, tier.taker, tier.maker, tier.spot_taker, tier.spot_maker)
        for tier in VIP_TIERS
    ]
    makers = [(tier.share, tier.maker) for tier in MAKER_TIERS]
    stakers = [(tier.tokens, tier.discount) for tier in STAKING_TIERS]

    assert vip == [
        (volume, *map(rate, rates.split()))
        for volume, rates in (
            (5_000_000, "0.0004 0.00012 0.0006 0.0003"),
            (25_000_000, "0.00035 0.00008 0.0005 0.0002"),
            (100_000_000, "0.0003 0.00004 0.0004 0.0001"),
            (500_000_000, "0.00028 0 0.00035 0"),
            (2_000_000_000, "0.00026 0 0.0003 0"),
            (7_000_000_000, "0.00024 0 0.00025 0"),
        )
    ]
    assert makers == [
        (rate("0.005"), rate("-0.00001")),
        (rate("0.015"), rate("-0.00002")),
        (rate("0.03"), rate("-0.00003")),
    ]
    assert stakers == [
        (0, rate("0")),
        (10, rate("0.05")),
        (100, rate("0.1")),
        (1_000, rate("0.15")),
        (10_000, rate("0.2")),
        (100_000, rate("0.3")),
        (500_000, rate("0.4")),
    ]


def test_a_referral_discounts_fees_and_leaves_rebates() -> None:
    """Documented: 4 % off; rebates are not scaled (mechanics 11.3)."""
    plain = Rates(*PERPS, *SPOT, rate("0.00014"), rate("-0.000002"))

    assert plain.referred() == Rates(
        rate("0.000432"),
        rate("0.000144"),
        rate("0.000672"),
        rate("0.000384"),
        rate("0.0001344"),
        rate("-0.000002"),
    )
