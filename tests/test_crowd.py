"""The living and the still market, on the real exchange: alive, within the rules, repeatable."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

from hlsim.matching.types import Side
from hlsim.scenarios.actors import BATCH
from hlsim.scenarios.crowd import LivingMarket
from hlsim.scenarios.script import Script
from hlsim.scenarios.still import StillMarket
from hlsim.scenarios.takers import LIMIT_TRADES
from hlsim.scenarios.worlds import load_world, parse_world
from hlsim.sim.actions.cancels import Cancel
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.assets import Universe, has_legal_decimals, on_lot, on_tick
from hlsim.sim.events import Event, OrderUpdate, Trade
from hlsim.sim.exchange import Applied, Exchange, Input
from hlsim.sim.fixed import Sz
from hlsim.sim.margin import cross_maintenance, cross_value
from hlsim.sim.state import Market

START_MS = 1_767_225_600_000
TEN_USD = 10 * 10**16


@cache
def mainnet() -> Universe:
    return load_world("mainnet")


def handful(max_leverage: int = 40) -> Universe:
    """Five markets of different kinds, a tiered, an isolated-only and a spot one among them.

    The tiered one is a major at 40x, which is quoted twice a second; at 10x it is not.
    """
    tiers = [
        {"lowerBound": "0", "maxLeverage": max_leverage},
        {"lowerBound": "10000", "maxLeverage": 5},
    ]
    perps: list[dict[str, object]] = [
        {"name": "BTC", "szDecimals": 5, "maxLeverage": max_leverage, "marginTableId": 54},
        {"name": "HYPE", "szDecimals": 2, "maxLeverage": 10},
        {"name": "ISO", "szDecimals": 0, "maxLeverage": 3, "marginMode": "strictIsolated"},
        {"name": "HMSTR", "szDecimals": 0, "maxLeverage": 3},
    ]
    for perp, px in zip(perps, ("66383", "34.277", "0.12285", "0.000171"), strict=True):
        perp["oraclePx"] = px
    tokens = [
        {"index": 0, "name": "USDC", "szDecimals": 8, "weiDecimals": 8},
        {"index": 1, "name": "CAT", "szDecimals": 0, "weiDecimals": 5, "totalSupply": "1000000000"},
    ]
    spot = [{"index": 1, "name": "@1", "tokens": [1, 0], "markPx": "0.0028275"}]
    tables = [{"id": 54, "marginTiers": tiers}]
    made = {"marginTables": tables, "perps": perps, "tokens": tokens, "spot": spot}
    return parse_world(json.dumps(made))


def opened(script: Script, universe: Universe) -> Exchange:
    ex = Exchange.create(universe, time_ms=START_MS)
    script.open(ex)
    ex.seal()
    return ex


def run(ex: Exchange, script: Script, ms: int) -> list[Event]:
    """Lets `ms` go by as a node would; what happened."""
    end_ms = ex.state.time_ms + ms
    happened: list[Event] = []
    while (due_ms := script.next_due_ms()) is not None and due_ms <= end_ms:
        ex.advance(due_ms)
        script.run(ex, due_ms)
        ex.seal()
        happened += ex.drain()
    ex.advance(end_ms)
    return happened + ex.drain()


def live_markets(ex: Exchange) -> list[Market]:
    return [market for market in ex.state.markets.values() if not market.asset.is_delisted]


def refusals(ex: Exchange) -> Counter[str]:
    """Statuses of orders that any account was refused or lost to the engine."""
    return Counter(
        row.status
        for account in ex.state.accounts.values()
        for row in account.history.rows
        if row.status not in {"open", "filled", "canceled"}
    )


def assert_full(ex: Exchange, levels: int) -> None:
    """Every live book has that many legal levels on both sides, near its reference price."""
    for market in live_markets(ex):
        asset, coin = market.asset, market.asset.coin
        for side in (Side.BID, Side.ASK):
            found = list(market.book.levels(side))
            assert len(found) >= levels, (coin, side, len(found))
            for level in found:
                assert has_legal_decimals(asset, level.px), coin
                assert on_tick(level.px), coin
                assert on_lot(asset, Sz(level.sz)), coin
        bid, ask = market.book.best_bid(), market.book.best_ask()
        assert bid is not None
        assert ask is not None
        assert bid < ask
        assert abs(bid + ask - 2 * market.mark_px) * 50 < 2 * market.mark_px, coin


# -- the living market -----------------------------------------------------------------------------


def test_every_live_market_opens_with_20_levels_a_side() -> None:
    """Evidence: none; the promise of `--market live`."""
    inputs: list[Input] = []
    ex = Exchange.create(mainnet(), time_ms=START_MS, journal=inputs.append)

    LivingMarket(mainnet(), 7).open(ex)

    assert_full(ex, 20)
    assert len(live_markets(ex)) == 264
    assert not any(market.book.best_bid() for market in ex.state.markets.values()
                   if market.asset.is_delisted)  # fmt: skip
    assert refusals(ex) == {}
    actions = [entry.action for entry in inputs if isinstance(entry, Applied)]
    sizes = [len(action.orders) for action in actions if isinstance(action, PlaceOrders)]
    assert max(sizes) <= BATCH
    assert sum(sizes) < BATCH * (len(sizes) + len(ex.state.accounts))


def test_no_order_of_the_crowd_is_below_the_minimum() -> None:
    """Evidence: mechanics 2.5."""
    ex = opened(LivingMarket(mainnet(), 7), mainnet())

    for account in ex.state.accounts.values():
        for order in account.orders.values():
            assert order.px * order.sz >= TEN_USD, order


def test_many_markets_trade_and_cancel_within_a_minute() -> None:
    """Evidence: none; the promise of `--market live`."""
    script = LivingMarket(mainnet(), 7)
    ex = opened(script, mainnet())
    before = {market.asset.coin: market.oracle_px for market in live_markets(ex)}

    happened = run(ex, script, 60_000)

    trades = [event for event in happened if isinstance(event, Trade)]
    by_second = Counter((event.time_ms - START_MS) // 1_000 for event in trades)
    assert min(by_second[second] for second in range(60)) >= 3
    assert len(trades) > 600
    assert len({event.coin for event in trades}) > 200
    assert {event.side for event in trades} == {Side.BID, Side.ASK}
    updates = [event for event in happened if isinstance(event, OrderUpdate)]
    canceled = {event.order.coin for event in updates if event.status == "canceled"}
    assert len(canceled) > 150
    moved = [
        market.asset.coin
        for market in live_markets(ex)
        if not market.asset.is_spot and market.oracle_px != before[market.asset.coin]
    ]
    assert len(moved) > 170
    assert set(refusals(ex)) <= {"iocCancelRejected"}
    assert_full(ex, 18)


def test_the_crowd_takes_more_than_one_turn_to_move_a_busy_book() -> None:
    """Evidence: none; work is spread, so that no client waits for all makers at once."""
    script = LivingMarket(mainnet(), 7)
    inputs: list[Input] = []
    ex = Exchange.create(mainnet(), time_ms=START_MS, journal=inputs.append)
    script.open(ex)
    inputs.clear()

    worst = 0
    for _ in range(200):
        due_ms = script.next_due_ms()
        assert due_ms is not None
        ex.advance(due_ms)
        before = len(inputs)
        script.run(ex, due_ms)
        items = 0
        for entry in inputs[before:]:
            action = entry.action if isinstance(entry, Applied) else None
            if isinstance(action, PlaceOrders):
                items += len(action.orders)
            elif isinstance(action, Cancel):
                items += len(action.cancels)
        worst = max(worst, items)

    assert 0 < worst <= 150


def test_a_bot_finds_other_prices_after_the_books_were_emptied() -> None:
    """Evidence: none; makers put back what was taken."""
    script = LivingMarket(handful(), 7)
    ex = opened(script, handful())
    for market in live_markets(ex):
        for side in (Side.BID, Side.ASK):
            for order in list(market.book.orders(side)):
                ex.desk.cancel_order(order, "canceled")  # type: ignore[arg-type]

    run(ex, script, 3_100)

    assert_full(ex, 20)


def test_inventories_stay_bounded_and_makers_solvent_over_six_hours() -> None:
    """Evidence: none; a market left alone must not run out of money or grow one-sided."""
    script = LivingMarket(handful(10), 11)
    ex = opened(script, handful(10))
    habits = script.takers.habits

    for _ in range(12):
        run(ex, script, 1_800_000)
        for account in ex.state.accounts.values():
            assert cross_value(ex.state, account) > 2 * cross_maintenance(ex.state, account)
            assert cross_value(ex.state, account) > 90_000_000 * 10**6
            for asset_id, position in account.positions.items():
                most = habits[asset_id].profile.trade_usd * (LIMIT_TRADES + 12)
                assert abs(position.entry_ntl) < most * 10**6

    assert set(refusals(ex)) <= {"iocCancelRejected"}
    assert_full(ex, 18)
    for market in live_markets(ex):
        assert market.volume.total_usd > 0


def test_the_same_seed_makes_the_same_exchange_and_another_seed_another() -> None:
    """Evidence: none; determinism."""

    def hash_of(seed: int) -> str:
        script = LivingMarket(handful(), seed)
        ex = opened(script, handful())
        run(ex, script, 30_000)
        return ex.state_hash()

    assert hash_of(1) == hash_of(1)
    assert hash_of(1) != hash_of(2)


def test_a_restored_market_goes_on_exactly_as_the_first_would_have() -> None:
    """Evidence: none; snapshots hold everything."""
    script = LivingMarket(handful(), 5)
    ex = opened(script, handful())
    run(ex, script, 20_000)
    other, resumed = Exchange.restore(ex.snapshot()), LivingMarket(handful(), 5)
    resumed.restore(script.state())

    first, second = run(ex, script, 20_000), run(other, resumed, 20_000)

    assert len(first) == len(second) > 0
    assert ex.state_hash() == other.state_hash()
    assert script.state() == resumed.state()


def test_the_journal_of_a_living_market_rebuilds_it() -> None:
    """Evidence: none; a crowd acts through inputs only, so a replay needs no crowd."""
    inputs: list[Input] = []
    script = LivingMarket(handful(), 5)
    ex = Exchange.create(handful(), time_ms=START_MS, journal=inputs.append)
    script.open(ex)
    run(ex, script, 10_000)

    other = Exchange.create(handful(), time_ms=START_MS)
    for entry in inputs:
        other.feed(entry)

    assert ex.state_hash() == other.state_hash()


def test_a_turn_that_comes_an_hour_late_is_taken_once() -> None:
    """Evidence: none; a manual clock may jump."""
    script = LivingMarket(handful(), 5)
    ex = opened(script, handful())
    ex.drain()

    ex.advance(START_MS + 3_600_000)
    script.run(ex, ex.state.time_ms)

    trades = [event for event in ex.drain() if isinstance(event, Trade)]
    assert 0 < len({event.coin for event in trades}) <= 5
    due_ms = script.next_due_ms()
    assert due_ms is not None
    assert START_MS + 3_600_000 < due_ms < START_MS + 3_604_000
    run(ex, script, 6_000)
    assert_full(ex, 18)


def test_the_testnet_world_lives_too() -> None:
    """Evidence: mechanics 6.3: tiers of $10k would refuse makers at the default leverage."""
    universe = load_world("testnet")
    script = LivingMarket(universe, 7)
    ex = opened(script, universe)

    run(ex, script, 5_000)

    assert_full(ex, 18)
    assert set(refusals(ex)) <= {"iocCancelRejected"}


# -- the still market ------------------------------------------------------------------------------


def test_the_still_book_stands_where_its_description_says() -> None:
    """Evidence: none; the promise of `--market static`."""
    ex = opened(StillMarket(mainnet()), mainnet())
    btc = ex.state.markets[0]
    bids, asks = (list(btc.book.levels(side)) for side in (Side.BID, Side.ASK))

    assert [level.px for level in bids] == [(66_383 - 33 * k) * 10**8 for k in range(1, 21)]
    assert [level.px for level in asks] == [(66_383 + 33 * k) * 10**8 for k in range(1, 21)]
    # 50000 / 66383 = 0.753205..., five decimals
    assert {level.sz for level in (*bids, *asks)} == {75_320_000}
    assert_full(ex, 20)
    assert refusals(ex) == {}


def test_the_still_mid_is_the_price_of_the_world_on_every_market() -> None:
    """Evidence: none; tests want to know what they will hit."""
    ex = opened(StillMarket(mainnet()), mainnet())

    for market in live_markets(ex):
        bid, ask = market.book.best_bid(), market.book.best_ask()
        assert bid is not None
        assert ask is not None
        assert bid + ask == 2 * market.asset.start_px
        assert market.mark_px == market.asset.start_px


def test_nobody_moves_the_still_market() -> None:
    """Evidence: none; the promise of `--market static`."""
    script = StillMarket(handful())
    ex = opened(script, handful())
    before = {market.asset.coin: market.book.version for market in live_markets(ex)}

    assert script.next_due_ms() is None
    run(ex, script, 60_000)
    script.run(ex, ex.state.time_ms)
    script.restore(script.state())

    assert before == {market.asset.coin: market.book.version for market in live_markets(ex)}
