"""Marks, mids, impact prices and premiums."""

from __future__ import annotations

import pytest
from dexing import GOLD, dexed, funded
from stories import START_MS, Story, Trader, market, px, rate

from hlsim.sim.averages import BASIS_DECAY, LOCAL_DECAY, Ema, decay
from hlsim.sim.events import PricesChanged
from hlsim.sim.fixed import Px
from hlsim.sim.operations import SetMark, SetOracle
from hlsim.sim.prices import (
    impact_pxs,
    mid_or_last,
    mid_px,
    premium_of,
)
from hlsim.sim.rewind import Mark


def quoted(coin: str, bid: str, ask: str, size: str, oracle: str = "") -> tuple[Story, Trader]:
    """An exchange with one order on each side of `coin`."""
    m = market()
    if oracle:
        m.oracle(coin, oracle)
    maker = m.account("maker", usd="50000000", spot_usdc="10000000", HYPE="100000")
    maker.buys(f"{size} {coin} @ {bid}")
    maker.sells(f"{size} {coin} @ {ask}")
    m.events()
    return m, maker


def tick(m: Story, times: int = 1) -> None:
    m.advance(seconds=3 * times)


# -- averages --------------------------------------------------------------------------------------


def test_the_average_follows_the_worked_numbers() -> None:
    """Documented: the 150 s formula at 3 s: 10.0, 10.4883, 16.2246 (mechanics 9)."""
    ema, seen = Ema(), []
    for sample in ["10"] * 25 + ["20"] * 25:
        seen.append(ema.add(px(sample), BASIS_DECAY))

    shown = [f"{seen[place] / 10**8:.4f}" for place in (24, 25, 49)]
    assert shown == ["10.0000", "10.4883", "16.2246"]


def test_decay_is_the_exponential_to_twelve_places() -> None:
    assert (BASIS_DECAY, LOCAL_DECAY) == (980_198_673_306, 904_837_418_035)
    assert decay(0, 1) == 10**12


def test_an_average_has_no_value_before_its_first_sample() -> None:
    ema = Ema()
    assert ema.value() is None
    ema.add(-7, BASIS_DECAY)
    assert ema.value() == -7


@pytest.mark.parametrize("times", [1, 40, 1_500, 5_000])
def test_holding_an_average_is_adding_its_own_sample_again(times: int) -> None:
    slow, quick = Ema(), Ema()
    for ema in (slow, quick):
        ema.add(px("3"), BASIS_DECAY)
    for _ in range(times):
        slow.add(px("3"), BASIS_DECAY)
    quick.hold(px("3"), times, BASIS_DECAY)

    assert slow.add(px("5"), BASIS_DECAY) == pytest.approx(quick.add(px("5"), BASIS_DECAY), abs=1)


# -- mid, impact, premium --------------------------------------------------------------------------


def test_the_mid_may_have_one_digit_more_than_the_ticks() -> None:
    """Observed: "64759.5" (mechanics 9)."""
    m, _ = quoted("BTC", "64759", "64760", "1")
    assert mid_px(m.market("BTC")) == px("64759.5")


def test_without_a_side_the_mid_is_none_and_falls_back_to_the_last_trade() -> None:
    """Inferred: allMids shows the last trade then (mechanics 9)."""
    m = market()
    btc = m.market("BTC")
    assert (mid_px(btc), mid_or_last(btc)) == (None, None)
    m.account("a").buys("0.01 BTC @ 50010")
    m.account("b").sells("0.01 BTC @ 50000")
    assert (mid_px(btc), mid_or_last(btc)) == (None, px("50010"))
    m.account("a").buys("0.01 BTC @ 49000")
    m.account("b").sells("0.01 BTC @ 51000")
    assert mid_or_last(btc) == px("50000")


def test_impact_prices_are_averages_over_the_levels_that_the_notional_reaches() -> None:
    """Documented: average price for 6000 USDC, 20000 for BTC and ETH (mechanics 9)."""
    m = market()
    maker = m.account("maker", usd="1000000")
    sol = m.market("SOL")
    maker.buys("30 SOL @ 100")
    assert impact_pxs(sol) is None
    maker.buys("40 SOL @ 90")
    maker.sells("59 SOL @ 101")
    assert impact_pxs(sol) is None
    maker.sells("1 SOL @ 102")
    # 3000 at 100, then 3000 at 90: 30 + 33.33 for 6000. Asks: 5959 at 101, then 41 at 102.
    assert impact_pxs(sol) == (9_473_684_211, 10_100_676_679)


def test_spot_pairs_have_no_impact_prices() -> None:
    m, _ = quoted("@107", "40", "41", "1000")
    assert impact_pxs(m.market("@107")) is None


@pytest.mark.parametrize(
    ("bid", "ask", "oracle", "premium"),
    [
        ("64759", "64760", "64765.1", "-0.0000787461"),
        ("64706", "64707", "64716", "-0.0001390692"),
        ("64759", "64760", "64759.5", "0"),
        ("64759", "64760", "64700", "0.0009119011"),
    ],
)
def test_the_premium_is_how_far_impact_prices_leave_the_oracle(
    bid: str, ask: str, oracle: str, premium: str
) -> None:
    """Observed: asset contexts of 2026 (mechanics 9, info 4.3); the last one computed."""
    m, _ = quoted("BTC", bid, ask, "5", oracle)
    assert premium_of(m.market("BTC")) == rate(premium)


def test_a_thin_book_has_no_premium() -> None:
    m, _ = quoted("BTC", "49990", "50010", "0.1")
    assert premium_of(m.market("BTC")) is None


# -- marks -----------------------------------------------------------------------------------------


def test_the_mark_of_an_empty_book_is_the_oracle() -> None:
    """Assumed: nothing else exists (mechanics 9)."""
    m = market()
    m.oracle("BTC", "51234.56")
    assert m.market("BTC").mark_px == px("51234.6")
    tick(m)
    assert m.market("BTC").mark_px == px("51234.6")


def test_the_mark_is_the_median_of_basis_book_and_smoothed_book() -> None:
    """Documented: mechanics 9, worked by hand."""
    m, _ = quoted("SOL", "100", "102", "1", oracle="100")
    sol = m.market("SOL")
    tick(m)
    # All three inputs are the mid.
    assert sol.mark_px == px("101")
    m.account("b").buys("0.2 SOL @ 102")
    tick(m)
    # Book: median(100, 102, 102); its average (0.9048 * 101 + 102) / 1.9048; basis: 101.
    assert sol.mark_px == px("101.525")
    tick(m, 400)
    assert sol.mark_px == px("102")


def test_a_jump_of_the_oracle_moves_the_mark_only_as_far_as_the_book_follows() -> None:
    """Documented: the median holds against one outlier (mechanics 9)."""
    m, _ = quoted("SOL", "100", "102", "1", oracle="101")
    tick(m, 10)
    m.oracle("SOL", "150")
    assert m.market("SOL").mark_px == px("101")


def test_a_basis_fades_when_a_side_of_the_book_goes() -> None:
    """Assumed: it then counts as 0, so that the mark goes to the oracle."""
    m, maker = quoted("SOL", "100", "102", "1", oracle="100")
    tick(m, 50)
    for order in list(maker.account.orders.values()):
        maker.cancel("SOL", order.oid)
    tick(m)
    first = m.market("SOL").mark_px
    assert px("100") < first < px("101")
    tick(m, 2000)
    assert m.market("SOL").mark_px == px("100")


def test_marks_are_rounded_to_the_decimals_of_the_asset() -> None:
    """Assumed: half to even at 6 - szDecimals (mechanics 9 shows such marks)."""
    m, _ = quoted("BTC", "50000", "50000.1", "1", oracle="50000")
    tick(m)
    assert m.market("BTC").mark_px == px("50000")


def test_a_mark_is_never_zero() -> None:
    m, maker = quoted("SOL", "100", "102", "1")
    tick(m)
    for order in list(maker.account.orders.values()):
        maker.cancel("SOL", order.oid)
    m.oracle("SOL", "200")
    m.market("SOL").averages.basis = Ema(-px("300"), 1)
    m.oracle("SOL", "200")
    assert m.market("SOL").mark_px == px("0.0001")


def test_the_mark_of_a_pair_is_the_median_of_its_book_and_last_trade() -> None:
    """Assumed: as of a perp's own book; a pair keeps what it had without a book."""
    m = market()
    tick(m)
    pair = m.market("@107")
    assert pair.mark_px == px("40")
    maker = m.account("maker", spot_usdc="1000", HYPE="100")
    maker.buys("10 @107 @ 41")
    maker.sells("10 @107 @ 43")
    tick(m)
    assert pair.mark_px == px("42")
    m.account("b", spot_usdc="1000").buys("1 @107 @ 43")
    tick(m)
    assert pair.mark_px == px("43")
    for order in list(maker.account.orders.values()):
        maker.cancel("@107", order.oid)
    maker.sells("1 @107 @ 50")
    tick(m)
    assert pair.mark_px == px("43")


def test_a_still_market_that_moves_later_is_where_a_watched_one_is() -> None:
    """Updates that are skipped while nothing moves count as if they had been done."""
    marks = []
    for disturbed in (False, True):
        m, maker = quoted("SOL", "100", "102", "1", oracle="100")
        for _ in range(60):
            tick(m)
            if disturbed:
                maker.cancel("SOL", maker.buys("1 SOL @ 50").oid)
        maker.sells("1 SOL @ 101.5")
        row = []
        for _ in range(12):
            m.oracle("SOL", "100.7")
            tick(m)
            row.append(m.market("SOL").mark_px)
        marks.append(row)

    assert marks[0] == marks[1]
    assert len(set(marks[0])) > 1


def test_days_of_stillness_are_cheap_and_change_nothing() -> None:
    m, _ = quoted("SOL", "100", "102", "1", oracle="100")
    m.advance(hours=30)
    assert m.market("SOL").mark_px == px("101")
    assert m.market("SOL").averages.held > 30_000


def test_one_event_names_what_moved() -> None:
    m = market()
    tick(m)
    m.events()
    m.account("a").buys("1 SOL @ 99")
    m.account("b").sells("1 SOL @ 103")
    m.events()
    tick(m, 2)

    found = [event for event in m.events() if isinstance(event, PricesChanged)]

    assert found == [PricesChanged(("SOL",))]


def test_a_mark_is_kept_every_minute_for_a_day() -> None:
    """`prevDayPx` is the first row: the price that the world opened at, then that of a day ago."""
    m = market()
    m.advance(seconds=60)
    m.oracle("SOL", "110")
    m.advance(hours=23)
    m.advance(seconds=3540)
    rows = m.market("SOL").prev_day
    assert rows[0] == (START_MS, px("100"))
    m.advance(seconds=180)
    assert (rows[0], len(rows)) == ((START_MS + 180_000, px("110")), 1441)


def test_delisted_perps_stand_still() -> None:
    m = market()
    m.advance(hours=1)
    gone = m.market("GONE")
    assert (gone.mark_px, list(gone.funding_rates)) == (px("1"), [])
    assert list(gone.prev_day) == [(START_MS, px("1"))]


# -- oracle ----------------------------------------------------------------------------------------


def test_an_oracle_is_rounded_and_told() -> None:
    m = market()
    m.ex.operate(SetOracle(((0, px("50000.05")), (2, px("99.99995")))))
    assert m.market("BTC").oracle_px == px("50000")
    assert m.market("SOL").oracle_px == px("100")
    assert m.events() == [PricesChanged(("BTC", "SOL"))]


@pytest.mark.parametrize("wrong", [(10_107, px("40")), (77, px("1")), (1, Px(0)), (1, Px(-1))])
def test_a_wrong_oracle_changes_nothing(wrong: tuple[int, Px]) -> None:
    """An unknown id, a spot pair or a price not above zero."""
    m = market()
    before = m.ex.state_hash()
    with pytest.raises(
        ValueError,
        match=r"asset id|oracle price",
    ):
        m.ex.operate(SetOracle(((0, px("51000")), wrong)))
    assert m.ex.state_hash() == before


@pytest.mark.parametrize("operation", [SetOracle, SetMark])
@pytest.mark.parametrize("wrong", ["0.00004", "1000000000000.1"])
def test_a_price_that_its_decimals_or_the_exchange_cannot_hold_is_refused(
    operation: type[SetOracle] | type[SetMark], wrong: str
) -> None:
    m = market()
    noun = "oracle price" if operation is SetOracle else "mark"
    with pytest.raises(ValueError, match=f"no {noun} for SOL: {wrong}"):
        m.ex.operate(operation(((2, px(wrong)),)))
    m.ex.operate(operation(((2, px("1000000000000")),)))


def test_an_oracle_before_the_first_sample_uses_the_book_as_it_stands() -> None:
    """Documented: an average of one sample is that sample (mechanics 9)."""
    m, _ = quoted("SOL", "100", "102", "1")
    m.oracle("SOL", "103")
    assert m.market("SOL").mark_px == px("101")


def test_no_oracle_is_no_event() -> None:
    m = market()
    m.ex.operate(SetOracle(()))
    assert m.events() == []


def test_a_mark_that_nobody_renews_follows_every_change_of_the_book() -> None:
    """Quotes, trades, an empty side and a step back in time: what was read before is no answer."""
    m = dexed()
    alice, bob = funded(m, "alice"), funded(m, "bob")
    found = []

    def mark() -> None:
        m.advance(seconds=12)
        found.append(m.market(GOLD).mark_px)

    bob.sells("1 test:GOLD @ 3530")
    alice.buys("1 test:GOLD @ 3510")
    mark()
    kept = Mark(m.ex.state)
    alice.buys("1 test:GOLD @ 3520")
    mark()
    alice.buys("1 test:GOLD @ 3530")  # the side of the sellers is empty: the last trade's price
    mark()
    bob.sells("1 test:GOLD @ 3526")
    mark()
    kept.rewind()
    mark()
    bob.sells("1 test:GOLD @ 3516")
    mark()

    assert found == [px(one) for one in ("3520", "3525", "3530", "3526", "3520", "3513")]
