"""The living market while markets are listed, halted and delisted, and the network is upgraded."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stories import px
from test_conservation import check_money, check_orders, check_positions
from test_crowd import START_MS, assert_full, handful, opened, refusals, run

from hlsim.scenarios.crowd import LivingMarket
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock, Pacer
from hlsim.sim.assets import MarginMode
from hlsim.sim.events import Event, Trade
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import (
    DelistPerp,
    ListPerp,
    SetHalt,
    SetOpenInterestCap,
    UpgradeNetwork,
)

MINUTE_MS = 60_000
FRESH = ListPerp("FRESH", 1, 25, px("5"))
SHY = ListPerp("SHY", 0, 3, px("0.25"), margin_mode=MarginMode.STRICT_ISOLATED)


def traded(happened: list[Event]) -> Counter[str]:
    return Counter(event.coin for event in happened if isinstance(event, Trade))


def balanced(ex: Exchange) -> None:
    check_money(ex.state)
    check_positions(ex.state)
    check_orders(ex.state)


def test_a_listed_market_comes_to_life_within_a_step() -> None:
    """Evidence: none; the promise of `--market live` holds for what is listed later."""
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    run(ex, script, 10_000)
    ex.operate(FRESH)
    ex.operate(SHY)

    run(ex, script, 3_000)
    assert_full(ex, 18)
    happened = run(ex, script, 10 * MINUTE_MS)

    assert_full(ex, 18)
    assert min(traded(happened)[coin] for coin in ("FRESH", "SHY", "BTC")) > 5
    market = ex.state.markets[ex.state.universe.by_coin["FRESH"].id]
    assert market.oracle_px != px("5")
    assert set(refusals(ex)) <= {"iocCancelRejected"}
    balanced(ex)


def test_a_market_with_newcomers_goes_on_from_its_state() -> None:
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    ex.operate(FRESH)
    ex.operate(DelistPerp(1))
    run(ex, script, 5_000)
    ex.operate(SHY)
    run(ex, script, MINUTE_MS)
    resumed = LivingMarket(handful(), 7)
    resumed.restore(script.state())
    twin = Exchange.restore(ex.snapshot())
    assert resumed.state() == script.state()

    run(ex, script, MINUTE_MS)
    run(twin, resumed, MINUTE_MS)

    assert twin.state_hash() == ex.state_hash()
    assert resumed.state() == script.state()


def test_a_node_that_goes_back_forgets_newcomers_and_meets_them_again() -> None:
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    ex.drain()
    pacer = Pacer(Clock.MANUAL, start_ms=START_MS, wall_ns=lambda: 0)
    node = LocalNode(ex, pacer, scripts=[script])
    before = node.save()
    ends = []
    for _ in range(2):
        node.operate(FRESH)
        node.advance(MINUTE_MS)
        assert_full(ex, 18)
        marks = [market.mark_px for market in ex.state.markets.values()]
        ends.append((marks, ex.state.next_oid, script.state()))
        node.load(before)
        assert len(script.makers.makers) == len(LivingMarket(handful(), 7).makers.makers)
        node.advance(5_000)
        assert "FRESH" not in ex.state.universe.by_coin
        node.load(before)
    assert ends[0] == ends[1]


def test_a_halted_market_stands_still_and_goes_on() -> None:
    """Evidence: none; the actors wait like everybody."""
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    run(ex, script, 5_000)
    ex.operate(SetHalt(0, True))
    before: Any = ex.state.markets[0].book.version
    happened = run(ex, script, 5 * MINUTE_MS)
    assert ex.state.markets[0].book.version == before
    assert traded(happened)["BTC"] == 0
    assert traded(happened)["HYPE"] > 5
    ex.operate(SetHalt(0, False))
    assert traded(run(ex, script, MINUTE_MS))["BTC"] > 5
    assert_full(ex, 18)
    assert set(refusals(ex)) <= {"iocCancelRejected"}


def test_a_delisted_market_empties_and_the_others_go_on() -> None:
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    run(ex, script, 2 * MINUTE_MS)
    assert ex.state.markets[0].open_interest > 0
    ex.operate(DelistPerp(0))
    balanced(ex)
    oracle = ex.state.markets[0].oracle_px
    happened = run(ex, script, 5 * MINUTE_MS)
    assert traded(happened)["BTC"] == 0
    assert traded(happened)["HYPE"] > 5
    assert (len(ex.state.markets[0].book), ex.state.markets[0].oracle_px) == (0, oracle)
    assert_full(ex, 18)
    balanced(ex)


def test_after_an_upgrade_makers_quote_and_nobody_takes() -> None:
    """Evidence: mechanics 17: no fills right after a network upgrade."""
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    run(ex, script, 5_000)
    ex.operate(UpgradeNetwork(MINUTE_MS))
    takers = [ex.state.accounts[habit.address] for habit in script.takers.habits.values()]
    asked = [taker.requests_used for taker in takers]
    assert not traded(run(ex, script, MINUTE_MS - 1))
    assert asked == [taker.requests_used for taker in takers]
    assert_full(ex, 18)
    assert traded(run(ex, script, MINUTE_MS))["BTC"] > 5


def test_a_market_at_its_cap_is_quoted_as_far_as_it_may() -> None:
    """Makers and takers meet the refusals that everybody meets."""
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    run(ex, script, MINUTE_MS)
    ex.operate(SetOpenInterestCap(0, 1))  # type: ignore[arg-type]
    run(ex, script, 5 * MINUTE_MS)
    assert "positionIncreaseAtOpenInterestCapRejected" in refusals(ex)
    ex.operate(SetOpenInterestCap(0, None))
    run(ex, script, 10_000)
    assert_full(ex, 18)
    balanced(ex)
