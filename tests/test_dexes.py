"""Deployed perps dexes: their markets, their margin, what deployers earn and set (HIP-3)."""

from __future__ import annotations

import pytest
from dexing import (
    GOLD,
    IRON,
    USDH,
    asset,
    dexed,
    dora_of,
    funded,
    market,
    met,
    priced,
    raw_usd,
    sends,
    sound,
    step,
)
from stories import address, px, rate, sz, usd

from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.perp_deploys import (
    Schema,
    SetFeeRecipient,
    SetFeeScale,
)
from hlsim.sim.assets import MarginMode
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.margin import withdrawable
from hlsim.sim.prices import premium_of
from hlsim.sim.replies import Resting

# -- listing ---------------------------------------------------------------------------------------


def test_ids_of_deployed_perps_follow_their_dex_and_their_place() -> None:
    """Documented: 100000 + 10000 * dex + place, `test:ABC` on dex 1 is 110000 (mechanics 14)."""
    m = dexed()
    dora = dora_of(m)
    schema = Schema("Other", 0, None)  # type: ignore[arg-type]
    assert step(dora, register_asset2=asset("oth:GOLD", "4000", schema=schema)) is None

    universe = m.ex.state.universe
    assert [(perp.id, perp.coin) for perp in universe.all_perps[6:]] == [
        (110_000, GOLD),
        (110_001, IRON),
        (120_000, "oth:GOLD"),
    ]
    assert [len(universe.perps_of(dex)) for dex in range(3)] == [6, 2, 1]
    assert universe.by_coin[IRON].margin_mode is MarginMode.STRICT_ISOLATED  # type: ignore[union-attr]
    assert m.market(GOLD).mark_px == px("4000")


def test_a_registration_costs_gas_and_is_refused_above_the_limit_given() -> None:
    """Documented: maxGas in wei of HYPE; null takes the current price (exchange 5.2)."""
    m = market()
    dora = m.account("dora", HYPE="500")
    schema = Schema("The test dex", 0, None)  # type: ignore[arg-type]
    gas = m.ex.state.rules.spot_deploy_gas

    refused = step(dora, register_asset2=asset(GOLD, "4000", schema=schema, max_gas=gas - 1))
    taken = step(dora, register_asset2=asset(GOLD, "4000", schema=schema, max_gas=gas))

    assert refused == "Deploy gas auction error: Insufficient gas at current auction price."
    assert taken is None
    assert dora.spot("HYPE") == 500 * 10**8 - gas
    sound(m)


# -- margin ----------------------------------------------------------------------------------------


def test_money_of_the_first_dex_is_no_margin_on_another() -> None:
    """Documented: a standard account keeps every dex apart (mechanics 6.5)."""
    m = dexed()
    alice = m.account("alice", usd="10000")

    poor = alice.buys("1 test:GOLD @ 3900")
    assert sends(alice, "1000", "", "test") is None
    rich = alice.buys("1 test:GOLD @ 3900")

    assert poor == Reject(OrderReject.MARGIN, 110_000)
    assert isinstance(rich, Resting)
    assert (alice.account.raw_usd, raw_usd(alice)) == (usd("9000"), usd("1000"))
    # 3900 / 20 is reserved there, and nothing on the first dex.
    assert withdrawable(m.ex.state, alice.account, alice.account.at(1)) == usd("805")
    assert withdrawable(m.ex.state, alice.account) == usd("9000")
    sound(m)


@pytest.mark.parametrize(
    ("source", "target", "token", "words"),
    [
        ("", "none", "", "Invalid perp DEX"),
        ("test", "test", "", "Invalid send"),
        ("spot", "test", USDH, "Invalid send"),
        ("test", "spot", "", "Insufficient balance for token transfer"),
    ],
)
def test_what_cannot_be_sent_to_a_dex(source: str, target: str, token: str, words: str) -> None:
    """Observed: the texts (exchange 7.5). Documented: its collateral only (exchange 5.3)."""
    m = dexed()
    alice = m.account("alice", USDH="50")

    refused = sends(alice, "10", source, target, **({"token": token} if token else {}))

    assert refused == words


def test_a_dex_is_cleared_in_its_own_token() -> None:
    """Documented: `meta.collateralToken`; fees are in it (info 4.2, 6.5)."""
    m = dexed(collateral=3)
    alice, bob = m.account("alice", USDH="5000"), m.account("bob", USDH="5000")
    for trader in (alice, bob):
        assert sends(trader, "2000", "spot", "test", token=USDH) is None

    met(m, alice, bob, "1 test:GOLD @ 4000")

    fill = alice.account.fills[-1]
    assert (fill.fee, fill.fee_token) == (3_600_000, "USDH")
    assert alice.spot("USDH") == 3000 * 10**8
    assert sends(alice, "1500", "test", "spot", token=USDH) is None
    assert alice.spot("USDH") == 4500 * 10**8
    assert m.ex.state.treasury.flow(3).to_spot == usd("-2500")
    sound(m)


def test_positions_of_all_dexes_of_a_token_share_the_balance_of_a_unified_account() -> None:
    """Documented: one balance a collateral token (mechanics 6.5)."""
    m = dexed()
    alice, bob = m.account("alice", usd="1000"), funded(m, "bob")
    alice.act(AgentSetAbstraction("unifiedAccount"))

    met(m, alice, bob, "1 test:GOLD @ 4000")
    alice.buys("0.02 BTC @ 50000")
    bob.sells("0.02 BTC @ 50000")

    assert alice.account.dexes == {}
    assert {*alice.account.positions} == {0, 110_000}
    # A tenth of 5000 stays, of 1000 less fees of 3.6 and of the maker's 0.15.
    assert withdrawable(m.ex.state, alice.account) == usd("496.25")
    sound(m)


def test_who_becomes_unified_clears_together_what_was_apart() -> None:
    m = dexed()
    alice, bob = funded(m, "alice"), funded(m, "bob")
    met(m, alice, bob, "1 test:GOLD @ 4000")
    assert isinstance(alice.buys("1 test:GOLD @ 3000"), Resting)

    alice.act(AgentSetAbstraction("unifiedAccount"))

    assert alice.account.dexes == {}
    assert alice.szi(GOLD) == sz("1")
    assert alice.account.raw_usd == usd("20000") - usd("4000") - usd("3.6")
    assert isinstance(alice.sells("1 test:GOLD @ 4100", reduce_only=True), Resting)
    sound(m)


# -- fees ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "growth", "taker", "maker", "deployers"),
    [
        (None, False, "3.6", "1.2", "2.4"),
        (None, True, "0.36", "0.12", "0.24"),
        ("0.5", False, "2.7", "0.9", "1.2"),
        ("3", False, "10.8", "3.6", "7.2"),
        ("0", False, "1.8", "0.6", "0"),
    ],
)
def test_fees_grow_with_the_deployers_scale_and_shrink_in_growth_mode(
    scale: str | None, growth: bool, taker: str, maker: str, deployers: str
) -> None:
    """Documented: 0.09/0.03 % at scale 1, of which half is the deployer's, a tenth in growth mode;
    0.0675/0.0225 % at 0.5, 0.27/0.09 % at 3 (mechanics 11.3)."""
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    if scale is not None:
        assert step(dora, set_fee_scale=SetFeeScale("test", scale)) is None
    if growth:
        assert step(dora, set_growth_modes=((GOLD, True),)) is None
    carl = address("carl")
    assert step(dora, set_fee_recipient=SetFeeRecipient("test", carl)) is None

    met(m, alice, bob, "1 test:GOLD @ 4000")

    assert alice.account.fills[-1].fee == usd(taker)
    assert bob.account.fills[-1].fee == usd(maker)
    earned = m.ex.state.accounts[carl].at(1).raw_usd if carl in m.ex.state.accounts else 0
    assert earned == usd(deployers)
    sound(m)


# -- prices ----------------------------------------------------------------------------------------


def test_the_mark_is_the_median_of_the_deployers_and_the_books_own_price() -> None:
    """Documented: up to two marks, and median(bid, ask, last) (mechanics 9)."""
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    bob.sells("1 test:GOLD @ 4020")
    alice.buys("1 test:GOLD @ 4000")  # the book's own price is 4010

    assert priced(dora, {"GOLD": "4030"}, {"GOLD": "3990"}, GOLD="4005") is None
    three = m.market(GOLD).mark_px
    m.advance(ms=2_500)
    assert priced(dora, {"GOLD": "4030"}, GOLD="4005") is None
    two = m.market(GOLD).mark_px
    m.advance(ms=2_500)
    assert priced(dora, GOLD="4005") is None
    own = m.market(GOLD).mark_px

    assert (three, two, own) == (px("4010"), px("4020"), px("4010"))
    assert m.market(GOLD).oracle_px == px("4005")


def test_an_update_moves_oracle_and_mark_by_a_hundredth_at_most() -> None:
    """Documented: clamped (mechanics 9)."""
    m = dexed()
    dora = dora_of(m)

    assert priced(dora, {"GOLD": "5000"}, GOLD="5000") is None
    up = (m.market(GOLD).oracle_px, m.market(GOLD).mark_px)
    m.advance(seconds=3)
    assert priced(dora, {"GOLD": "1"}, GOLD="1") is None

    assert up == (px("4040"), px("4040"))
    assert m.market(GOLD).oracle_px == px("3999.6")


def test_no_price_of_a_day_is_ten_times_what_it_began_with() -> None:
    """Documented: mechanics 9. 1.01 ** 232 is above 10."""
    m = dexed()
    dora = dora_of(m)
    for _ in range(240):
        assert priced(dora, {"IRON": "1000"}, IRON="1000") is None
        m.advance(ms=2_500)

    assert m.market(IRON).oracle_px == px("100")
    assert m.market(IRON).mark_px <= px("100")


def test_updates_are_two_and_a_half_seconds_apart() -> None:
    """Documented: mechanics 9."""
    m = dexed()
    dora = dora_of(m)
    assert priced(dora, GOLD="4001") is None

    m.advance(ms=2_499)
    early = priced(dora, IRON="10")
    m.advance(ms=1)

    assert early == "Error deploying perp: Oracle price update too soon"
    assert priced(dora, IRON="10") is None


def test_a_mark_that_nobody_renews_goes_to_the_books_own_price() -> None:
    """Documented: when it is older than 10 s (mechanics 9), however far away that is."""
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    assert priced(dora, {"GOLD": "4000"}, GOLD="4000") is None
    bob.sells("1 test:GOLD @ 3521")
    alice.buys("1 test:GOLD @ 3519")

    m.advance(seconds=9)
    fresh = m.market(GOLD).mark_px
    m.advance(seconds=3)

    assert fresh == px("4000")
    assert m.market(GOLD).mark_px == px("3520")


def test_the_oracle_updater_alone_sets_prices() -> None:
    """Observed: `Invalid oracle updater` (exchange 7.6)."""
    m = market()
    dora, olga = m.account("dora", HYPE="500"), m.account("olga")
    schema = Schema("The test dex", 0, olga.address)  # type: ignore[arg-type]
    assert step(dora, register_asset2=asset(GOLD, "4000", schema=schema)) is None

    assert priced(dora, GOLD="4001") == "Invalid oracle updater"
    assert priced(olga, GOLD="4001") is None
    assert priced(olga, NONE="4001") == "Unknown coin test:NONE"


# -- funding ---------------------------------------------------------------------------------------


def test_the_premium_has_the_recorded_number() -> None:
    """Observed: (28546.13 + 28549) / 2 / 28552 - 1 is -0.0001553306 (mechanics 9)."""
    m = dexed()
    gold = m.market(GOLD)
    gold.oracle_px = px("28552")
    gold.averages.impact = (gold.book.version, (px("28546.13"), px("28549")))

    assert premium_of(gold) == rate("-0.0001553306")


def test_the_premium_is_that_of_the_books_middle() -> None:
    m = market()
    dora = m.account("dora", HYPE="500")
    schema = Schema("The test dex", 0, None)  # type: ignore[arg-type]
    spec = asset("test:XYZ", "28552", decimals=4, schema=schema)
    assert step(dora, register_asset2=spec) is None
    alice, bob = funded(m, "alice", "50000"), funded(m, "bob", "50000")
    alice.buys("0.1827 test:XYZ @ 28547")
    alice.buys("1 test:XYZ @ 28520")
    bob.sells("1 test:XYZ @ 28549")

    m.advance(seconds=5)

    # 0.1827 of it at 28547, the rest of 6000 USDC at 28520: 28543.56 on average.
    impact = m.market("test:XYZ")
    assert impact.premium is not None
    bid = 6000 / (0.1827 + (6000 - 0.1827 * 28547) / 28520)
    expected = (bid + 28549) / 2 / 28552 - 1
    assert abs(impact.premium / 10**10 - expected) < 1e-8


def test_a_deployer_scales_the_rate_and_payments_follow_it() -> None:
    """Observed: half of 0.0000125 is 0.00000625; short 15 at an oracle of 25369 receives 2.378343
    (mechanics 10)."""
    m = market()
    dora = m.account("dora", HYPE="500")
    schema = Schema("The test dex", 0, None)  # type: ignore[arg-type]
    assert step(dora, register_asset2=asset("test:XYZ", "25369", decimals=4, schema=schema)) is None
    assert step(dora, set_funding_multipliers=(("test:XYZ", "0.5"),)) is None
    alice, bob = funded(m, "alice", "100000"), funded(m, "bob", "100000")
    met(m, alice, bob, "15 test:XYZ @ 25369")

    m.advance(hours=1)

    paid = bob.account.fundings[-1]
    assert (paid.rate, paid.usd) == (rate("0.00000625"), usd("2.378343"))
    assert alice.account.fundings[-1].usd == -usd("2.378343")
    assert m.market("test:XYZ").funding_rates[-1].rate == rate("0.00000625")
    sound(m)


def test_a_deployer_sets_the_interest() -> None:
    """Documented: up to 0.01 in 8 hours either way (mechanics 10)."""
    m = dexed()
    dora = dora_of(m)

    assert step(dora, set_funding_interest_rates=((GOLD, "-0.0004"),)) is None
    m.advance(hours=1)

    # Without a premium the interest is paid whole: -0.04 % / 8.
    assert m.market(GOLD).funding_rates[-1].rate == rate("-0.00005")
    assert m.market(IRON).funding_rates[-1].rate == rate("0.0000125")
