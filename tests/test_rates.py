"""Who pays which rates: tiers, shares, stakes and referrals, from the next day on or at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from stakers import DAY_MS, ask, delegates, deposits, referred, stakes, undelegates
from stories import START_MS, Story, Trader, market, px, rate, universe, usd

from hlsim.server.encode import error_text
from hlsim.sim import fees, staking
from hlsim.sim.actions.agents import ApproveBuilderFee
from hlsim.sim.actions.orders import BuilderTerms
from hlsim.sim.assets import SpotPair, Token, Universe
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import mul_trunc, parse_decimal
from hlsim.sim.replies import Done, Resting
from hlsim.sim.rules import Rules

PERP_RATES = ("userCrossRate", "userAddRate")
SPOT_RATES = ("userSpotCrossRate", "userSpotAddRate")
TODAY = START_MS // DAY_MS


def with_stable_pair() -> Universe:
    """STABLE is a quote asset of its own, and traded against USDC."""
    usual = universe()
    usdc, hype = usual.tokens[0], usual.tokens[2]
    stable = Token(3, "STABLE", 2, 8, "0x" + "5" * 32)
    pairs = [
        *usual.pairs,
        SpotPair(8, "@8", hype, stable, start_px=px("40")),
        SpotPair(9, "@9", stable, usdc, start_px=px("1")),
    ]
    return Universe(usual.perps, pairs, [*usual.tokens, stable], usual.margin_tables)


def traded(story: Story, trader: Trader, day: int, *, taker: str = "0", maker: str = "0") -> None:
    """Volume of `trader` and of the exchange on a UTC day, counted from today."""
    for amount, is_taker in ((taker, True), (maker, False)):
        usd_ = parse_decimal(amount, 8)
        at = (TODAY + day) * DAY_MS
        trader.account.volume.add(at, usd_, 0, is_taker=is_taker)
        story.market("BTC").volume.add(at, usd_, 0)
    trader.account.standing = None


def shown(story: Story, trader: Trader) -> dict[str, Any]:
    """What `userFees` answers."""
    found: dict[str, Any] = ask(story, "userFees", user=trader.address)
    return found


def rates(story: Story, trader: Trader, names: tuple[str, ...] = PERP_RATES) -> list[str]:
    return [shown(story, trader)[name] for name in names]


def last_fee(trader: Trader) -> int:
    return trader.account.fills[-1].fee


def test_a_day_of_volume_lowers_the_fees_of_the_next_day() -> None:
    """Documented: the tier is assessed at the end of a UTC day (mechanics 11.1). The maker has all
    of the maker volume, so a rebate comes with it."""
    m = market()
    alice, bob = m.account("alice", usd="10000000"), m.account("bob", usd="10000000")
    bob.sells("200 BTC @ 50000")

    alice.buys("110 BTC @ 50000")
    assert last_fee(alice) == usd("2475")
    m.advance(ms=DAY_MS - 1)
    alice.buys("1 BTC @ 50000")
    assert last_fee(alice) == usd("22.5")
    m.advance(ms=1)
    alice.buys("1 BTC @ 50000")

    assert (last_fee(alice), last_fee(bob)) == (usd("20"), usd("-1.5"))
    assert rates(m, alice) == ["0.0004", "0.00012"]
    assert rates(m, bob) == ["0.0004", "-0.00003"]


@pytest.mark.parametrize(
    ("volume", "perps", "spot"),
    [
        ("5000000", ["0.00045", "0.00015"], ["0.0007", "0.0004"]),
        ("5000000.00000001", ["0.0004", "0.00012"], ["0.0006", "0.0003"]),
        ("25000001", ["0.00035", "0.00008"], ["0.0005", "0.0002"]),
        ("100000001", ["0.0003", "0.00004"], ["0.0004", "0.0001"]),
        ("500000001", ["0.00028", "0.0"], ["0.00035", "0.0"]),
        ("2000000001", ["0.00026", "0.0"], ["0.0003", "0.0"]),
        ("7000000001", ["0.00024", "0.0"], ["0.00025", "0.0"]),
    ],
)
def test_more_than_the_cutoff_is_needed(volume: str, perps: list[str], spot: list[str]) -> None:
    """Documented: "vol >" (mechanics 11.1, 11.2)."""
    m = market()
    alice = m.account("alice")
    traded(m, alice, -1, taker=volume)

    assert rates(m, alice) == perps
    assert rates(m, alice, SPOT_RATES) == spot


@pytest.mark.parametrize(("day", "tier_1"), [(-15, False), (-14, True), (-1, True), (0, False)])
def test_the_fourteen_full_days_before_today_count(day: int, tier_1: bool) -> None:
    """Documented: 14-day volume, assessed at the end of the day (mechanics 11.1)."""
    m = market()
    alice = m.account("alice")
    traded(m, alice, day, taker="4000000", maker="2000000")

    assert shown(m, alice)["userCrossRate"] == ("0.0004" if tier_1 else "0.00045")


@pytest.mark.parametrize(
    ("maker", "add"),
    [
        ("4999.99", "0.00015"),
        ("5000", "0.00015"),
        ("5000.01", "-0.00001"),
        ("15000.01", "-0.00002"),
        ("30000.01", "-0.00003"),
    ],
)
def test_a_large_share_of_maker_volume_turns_the_fee_into_a_rebate(maker: str, add: str) -> None:
    """Documented: above 0.5, 1.5 and 3 % of it (mechanics 11.3); here of a million dollars."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    traded(m, alice, -3, maker=maker)
    traded(m, bob, -5, taker=str(1_000_000 - Decimal(maker)))

    assert rates(m, alice) == ["0.00045", add]
    assert rates(m, alice, SPOT_RATES)[1] == ("0.0004" if add == "0.00015" else add)


def test_a_rebate_is_paid_with_each_fill_and_scaled_by_nothing() -> None:
    """Documented: mechanics 11.3."""
    m = market()
    alice, bob = m.account("alice", HYPE="1001"), m.account("bob")
    traded(m, alice, -1, maker="1000000")
    stakes(alice, "1001")
    referrer = referred(m, alice)
    bob.buys("0.1 BTC @ 50000")
    alice.sells("0.2 BTC @ 50001")

    bob.buys("0.1 BTC @ 50001")

    assert last_fee(alice) == usd("-0.150003")
    assert referrer.account.rewards == {}
    assert rates(m, alice) == ["0.0003825", "-0.00003"]


def test_spot_counts_twice_and_between_quote_assets_a_fifth_of_that() -> None:
    """Observed: 2 * trunc2(gross * weight) of each spot fill (mechanics 12); Documented: a fifth
    of the volume where both are quote assets (mechanics 11.2)."""
    m = Story(Exchange.create(with_stable_pair(), time_ms=START_MS))
    alice = m.account("alice", spot_usdc="10000", STABLE="1000")
    bob = m.account("bob", spot_usdc="10000", HYPE="100", STABLE="1000")
    bob.sells("0.27 @107 @ 41.353")
    alice.buys("0.27 @107 @ 41.353")
    bob.sells("77.7 @9 @ 1.001")
    alice.buys("77.7 @9 @ 1.001")

    today = shown(m, alice)["dailyUserVlm"][-1]

    assert today == {
        "date": "2026-01-01",
        "userCross": "53.42",
        "userAdd": "0.0",
        "exchange": "53.42",
    }
    assert shown(m, bob)["dailyUserVlm"][-1]["userAdd"] == "53.42"
    assert ask(m, "userRateLimit", user=alice.address)["cumVlm"] == "88.94301"


def test_a_pair_of_two_quote_assets_costs_a_fifth() -> None:
    """Documented: 0.014 % and 0.008 % (mechanics 11.3)."""
    m = Story(Exchange.create(with_stable_pair(), time_ms=START_MS))
    alice = m.account("alice", spot_usdc="10000", STABLE="1000")
    bob = m.account("bob", spot_usdc="10000", STABLE="1000")
    bob.buys("100 @9 @ 1")

    alice.sells("100 @9 @ 1")

    assert (last_fee(alice), last_fee(bob)) == (
        parse_decimal("0.014", 8),
        parse_decimal("0.008", 8),
    )


@pytest.mark.parametrize(
    ("amount", "cross", "bps", "discount"),
    [
        ("10", "0.00045", "0.0001", "0.0"),
        ("10.00000001", "0.0004275", "0.0001", "0.05"),
        ("101", "0.000405", "0.00101", "0.1"),
        ("1001", "0.0003825", "0.01001", "0.15"),
        ("10001", "0.00036", "0.10001", "0.2"),
        ("475779.98927", "0.000315", "4.7577998927", "0.3"),
        ("500001", "0.00027", "5.00001", "0.4"),
    ],
)
def test_staked_hype_discounts_at_once(amount: str, cross: str, bps: str, discount: str) -> None:
    """Documented: more than 10, 100, 1k, 10k, 100k, 500k HYPE (mechanics 11.3), and the sample with
    0.000315 (mechanics 11.5)."""
    m = market()
    alice, bob = m.account("alice", HYPE=amount), m.account("bob")
    bob.sells("0.2 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")
    assert last_fee(alice) == usd("2.25")

    stakes(alice, amount)
    alice.buys("0.1 BTC @ 50000")

    fees_ = shown(m, alice)
    assert fees_["userCrossRate"] == cross
    assert fees_["activeStakingDiscount"] == {"bpsOfMaxSupply": bps, "discount": discount}
    assert last_fee(alice) == mul_trunc(usd("5000"), rate(cross))


def test_the_documented_sample_of_a_platinum_staker() -> None:
    """Documented: 0.000315, 0.000105, 0.00049 and 0.00028 with 30 % off (mechanics 11.5)."""
    m = market()
    alice = m.account("alice", HYPE="475779.98927")
    stakes(alice, "475779.98927")

    assert rates(m, alice, PERP_RATES + SPOT_RATES) == [
        "0.000315",
        "0.000105",
        "0.00049",
        "0.00028",
    ]


def test_only_what_is_delegated_is_staked_and_its_end_ends_the_discount() -> None:
    """Assumed: hype on its way or idle discounts nothing."""
    m = market()
    alice, bob = m.account("alice", HYPE="200"), m.account("bob")
    bob.sells("1 BTC @ 50000")
    assert deposits(alice, "200") == Done()
    assert rates(m, alice) == ["0.00045", "0.00015"]
    assert delegates(alice, "200") == Done()
    alice.buys("0.1 BTC @ 50000")
    assert last_fee(alice) == usd("2.025")

    m.advance(hours=24)
    assert undelegates(alice, "150") == Done()
    alice.buys("0.1 BTC @ 50000")

    assert last_fee(alice) == usd("2.1375")


def test_rewards_may_lift_a_stake_into_a_tier() -> None:
    """The hour of payment is not the only one that fills: one before it, on the same day, must not
    keep the old rate."""
    m = market()
    alice, bob = m.account("alice", HYPE="10"), m.account("bob")
    bob.sells("1 BTC @ 50000")
    stakes(alice, "10")
    m.advance(hours=12)
    alice.buys("0.1 BTC @ 50000")

    staking.on_rewards(m.ex)
    alice.buys("0.1 BTC @ 50000")

    assert [fill.fee for fill in alice.account.fills] == [usd("2.25"), usd("2.1375")]


def test_a_referral_takes_four_per_cent_off_until_25_million() -> None:
    """Documented: for the first $25M (mechanics 11.3); reported beside the rates (info 13, 17)."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    bob.sells("1 BTC @ 50000")
    referred(m, alice)
    alice.account.volume.total_usd = parse_decimal("24990000", 8)
    assert shown(m, alice)["activeReferralDiscount"] == "0.04"
    assert rates(m, alice) == ["0.00045", "0.00015"]

    paid = []
    for _ in range(3):
        alice.buys("0.1 BTC @ 50000")
        paid.append(last_fee(alice))

    assert paid == [usd("2.16"), usd("2.16"), usd("2.25")]
    assert shown(m, alice)["activeReferralDiscount"] == "0.0"


def test_rates_are_worked_out_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fill must not add up fourteen days, and a question must not change what is kept."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    bob.sells("1 BTC @ 50000")
    asked: list[str] = []
    real = fees.assess
    monkeypatch.setattr(
        fees, "assess", lambda state, one: asked.append(one.address) or real(state, one)
    )

    for _ in range(5):
        alice.buys("0.01 BTC @ 50000")
    assert asked == [alice.address, bob.address]
    m.advance(hours=24)
    for _ in range(5):
        alice.buys("0.01 BTC @ 50000")

    assert asked == [alice.address, bob.address] * 2
    before = (alice.account.standing, m.ex.state.maker_base)
    m.advance(hours=24)
    shown(m, bob)
    assert (alice.account.standing, m.ex.state.maker_base) == before


# -- builders --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["order", "action"])
def test_an_unapproved_builder_fee_refuses_its_order_or_the_whole_action(level: Any) -> None:
    """Evidence: contested 14, both ways."""
    m = market(Rules(builder_fee_level=level))
    alice, builder = m.account("alice"), m.account("builder")
    terms = BuilderTerms(builder.address, 101)  # type: ignore[arg-type]
    alice.act(ApproveBuilderFee("1%", builder.address, START_MS))  # type: ignore[arg-type]
    orders = [
        alice.new_order("1 PURR/USDC @ 0.2", is_buy=True),
        alice.new_order("0.1 BTC @ 49000", is_buy=True),
    ]

    reply = alice.place(*orders, builder=terms)

    if level == "order":
        assert reply[1] == Reject(OrderReject.BUILDER_FEE, 0)
    else:
        assert error_text(reply.error) == "Builder fee has not been approved."
        assert alice.account.orders == {}
        assert m.ex.state.next_oid == 1
    fair = BuilderTerms(builder.address, 100)  # type: ignore[arg-type]
    assert isinstance(alice.place(orders[1], builder=fair), Resting)


@pytest.mark.parametrize(("side", "earned"), [("buy", "0"), ("sell", "0.39999")])
def test_on_spot_a_builder_takes_up_to_one_per_cent_of_sells(side: str, earned: str) -> None:
    """Documented: 1 % on spot, only where the fee is collected in the quote (mechanics 11.3)."""
    m = market()
    alice = m.account("alice", spot_usdc="1000", HYPE="10")
    bob, builder = m.account("bob", spot_usdc="1000", HYPE="10"), m.account("builder")
    alice.act(ApproveBuilderFee("1%", builder.address, START_MS))  # type: ignore[arg-type]
    bob.sells("1 @107 @ 40")
    bob.buys("1 @107 @ 39.999")
    order = alice.new_order(f"1 @107 @ {'40' if side == 'buy' else '39'}", is_buy=side == "buy")
    terms = BuilderTerms(builder.address, 1000)  # type: ignore[arg-type]

    alice.place(order, builder=terms)

    wei = sum(rewards.unclaimed for rewards in builder.account.rewards.values())
    assert wei == alice.account.fills[-1].builder_fee == parse_decimal(earned, 8)
