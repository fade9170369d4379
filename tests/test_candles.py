"""Candles: folded from trades, flat in the gaps, bounded."""

from __future__ import annotations

import pickle
from random import Random

import pytest
from stories import START_MS, market, px, sz

from hlsim.sim.candles import (
    BARS_KEPT,
    DAY_MS,
    INTERVALS,
    MINUTE_MS,
    Candle,
    CandleSeries,
    bar_start,
    month_of,
    month_start,
    next_bar,
)

HOUR_MS = 60 * MINUTE_MS


def bar(start: int, step: int, o: str, h: str, low: str, c: str, v: str, n: int) -> Candle:
    return Candle(start, start + step - 1, px(o), px(c), px(h), px(low), sz(v), n)


def flat(start: int, step: int, close: str) -> Candle:
    return bar(start, step, close, close, close, close, "0", 0)


def test_the_intervals_are_the_documented_ones_in_order() -> None:
    """Documented: info 4.9."""
    names = " ".join(INTERVALS)
    assert names == "1m 3m 5m 15m 30m 1h 2h 4h 8h 12h 1d 3d 1w 1M"


def test_a_bar_holds_open_high_low_close_volume_and_count() -> None:
    series = CandleSeries()
    for late, price, size in ((0, "10", "1"), (5, "12", "2"), (9, "9", "3"), (59_999, "11", "4")):
        series.add_trade(START_MS + late, px(price), sz(size))
    row = bar(START_MS, MINUTE_MS, "10", "12", "9", "11", "10", 4)
    assert series.rows("1m", START_MS, START_MS, START_MS + 59_999) == [row]
    assert series.current("1m", START_MS + 59_999) == row
    day = bar(START_MS, DAY_MS, "10", "12", "9", "11", "10", 4)
    assert series.current("1d", START_MS + 60_000) == day


def test_gaps_repeat_the_close_and_nothing_precedes_the_first_trade() -> None:
    """Assumed: flat bars at once (info 4.9, contested 63)."""
    series = CandleSeries()
    series.add_trade(START_MS + 61_000, px("10"), sz("1"))
    series.add_trade(START_MS + 241_000, px("12"), sz("1"))
    found = series.rows("1m", 0, START_MS + 400_000, START_MS + 330_000)
    minutes = [START_MS + MINUTE_MS * number for number in range(1, 6)]
    assert found == [
        bar(minutes[0], MINUTE_MS, "10", "10", "10", "10", "1", 1),
        flat(minutes[1], MINUTE_MS, "10"),
        flat(minutes[2], MINUTE_MS, "10"),
        bar(minutes[3], MINUTE_MS, "12", "12", "12", "12", "1", 1),
        flat(minutes[4], MINUTE_MS, "12"),
    ]
    later = series.rows("1m", minutes[2] + 1, minutes[3] - 1, START_MS + DAY_MS)
    assert later == [flat(minutes[2], MINUTE_MS, "10")]


def test_a_range_takes_every_bar_that_overlaps_it() -> None:
    """Observed: a start of 20:46:47 begins with the bar of 20:00 (info 4.9)."""
    series = CandleSeries()
    series.add_trade(START_MS, px("10"), sz("1"))
    now = START_MS + 5 * HOUR_MS + 7
    starts = [
        row.t - START_MS for row in series.rows("1h", START_MS + HOUR_MS + 2_807_000, now, now)
    ]
    assert starts == [HOUR_MS * number for number in range(1, 6)]
    for start, end in ((now - 5, now), (now, now + 9), (now + 10, now + 20)):
        rows = series.rows("1h", start, end, now)
        assert [row.t - START_MS for row in rows] == [5 * HOUR_MS]


@pytest.mark.parametrize(
    ("start", "end"),
    [(START_MS + 9, START_MS + 8), (START_MS + DAY_MS, START_MS + 2 * DAY_MS), (0, START_MS - 1)],
)
def test_ranges_without_bars_are_empty(start: int, end: int) -> None:
    """Observed: start after end, the future, and before the listing answer [] (info 4.9)."""
    series = CandleSeries()
    assert series.rows("1m", start, end, START_MS) == []
    assert series.current("1m", START_MS) is None
    series.add_trade(START_MS, px("10"), sz("1"))
    assert series.rows("1m", start, end, START_MS) == []


def test_times_beyond_reason_answer_at_once() -> None:
    series = CandleSeries()
    series.add_trade(START_MS, px("10"), sz("1"))
    for interval in INTERVALS:
        assert series.rows(interval, 2**63, 2**64, START_MS) == []
        assert len(series.rows(interval, 0, 2**64, START_MS)) == 1


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("gap_ms", [2_000, 700_000, 40_000_000])
def test_every_interval_is_what_its_trades_say(interval: str, gap_ms: int) -> None:
    """Against the obvious way: group all trades by bar."""
    rng = Random(f"{interval}/{gap_ms}")
    series = CandleSeries()
    now, bars = START_MS + 12_345, {}
    for _ in range(400):
        now += rng.randrange(gap_ms)
        price, size = px("100") + rng.randrange(10**9), rng.randrange(1, 10**10)
        series.add_trade(now, price, size)
        bars.setdefault(bar_start(interval, now), []).append((price, size))
    expected = []
    t, close = next(iter(bars)), 0
    while t <= now:
        prices = [price for price, _ in bars.get(t, [])] or [close]
        close, end = prices[-1], next_bar(interval, t)
        volume = sum(size for _, size in bars.get(t, []))
        row = (t, end - 1, prices[0], close, max(prices), min(prices), volume)
        expected.append(Candle(*row, len(bars.get(t, []))))  # type: ignore[arg-type]
        t = end

    found = series.rows(interval, 0, now, now)

    assert found == expected[-BARS_KEPT:]
    assert series.current(interval, now) == expected[-1]
    assert series.rows(interval, found[-1].t - 1, now, now) == expected[-2:]


def test_only_the_newest_bars_exist_and_memory_is_bounded() -> None:
    """Documented: 5000 (info 4.9)."""
    series = CandleSeries()
    for minute in range(12_000):
        series.add_trade(START_MS + minute * MINUTE_MS, px("10") + minute, sz("1"))
    now = START_MS + 11_999 * MINUTE_MS
    rows = series.rows("1m", 0, now, now)
    assert len(rows) == BARS_KEPT
    assert rows[0].t == now - (BARS_KEPT - 1) * MINUTE_MS
    assert rows[0].o == px("10") + 7_000
    assert series.rows("1m", 0, rows[0].t - 1, now) == []
    assert max(len(bars.flat) for bars in series.bars.values()) <= 5_500 * 7


def test_volumes_beyond_a_machine_word_are_kept() -> None:
    """A meme with a tiny price trades more units than 64 bits of 1e-8 hold."""
    series = CandleSeries()
    for hour in range(3):
        series.add_trade(START_MS + hour * HOUR_MS, px("0.00001"), 2**63 + 5)
        series.add_trade(START_MS + hour * HOUR_MS, 2**64, 1)
    rows = series.rows("1h", 0, START_MS + 2 * HOUR_MS, START_MS + 2 * HOUR_MS)
    assert [(row.v, row.h) for row in rows] == [(2**63 + 6, 2**64)] * 3
    month = series.current("1M", START_MS + 2 * HOUR_MS)
    assert month is not None
    assert month.v == 3 * (2**63 + 6)


def test_weeks_and_three_days_count_from_the_epoch_and_months_by_the_calendar() -> None:
    """Inferred: contested 63."""
    assert bar_start("1w", START_MS) == 1_767_225_600_000  # a Thursday
    assert bar_start("1w", START_MS - 1) == START_MS - 7 * DAY_MS
    assert bar_start("3d", START_MS) % (3 * DAY_MS) == 0
    # 2024-02-29 12:00 is in a month from 02-01 to 03-01.
    leap = 1_709_208_000_000
    assert bar_start("1M", leap) == 1_706_745_600_000
    assert next_bar("1M", 1_706_745_600_000) == 1_709_251_200_000
    assert next_bar("1M", 1_706_745_600_000, -2) == 1_701_388_800_000


def test_months_begin_on_the_first_for_centuries() -> None:
    """Known lengths, leap years of the Gregorian calendar."""
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    day = 0
    for month in range(12 * 500):
        year = 1970 + month // 12
        assert month_start(month) == day * DAY_MS
        assert month_of(day * DAY_MS) == month
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        day += lengths[month % 12] + (1 if leap and month % 12 == 1 else 0)
        assert month_of(day * DAY_MS - 1) == month


def test_a_series_survives_pickling_and_goes_on_alike() -> None:
    series = CandleSeries()
    for minute in range(100):
        series.add_trade(START_MS + minute * 90_000, px("10") + minute, sz("1"))
    twin = pickle.loads(pickle.dumps(series))
    for one in (series, twin):
        one.add_trade(START_MS + 9_000_001, px("99"), sz("2"))
        one.add_trade(START_MS + 9_000_002, px("98"), sz("2"))
    now = START_MS + 9_000_002
    assert [twin.rows(i, 0, now, now) for i in INTERVALS] == [
        series.rows(i, 0, now, now) for i in INTERVALS
    ]


def test_trades_of_the_exchange_reach_the_candles() -> None:
    m = market()
    m.account("a").sells("1 SOL @ 101")
    m.account("b").buys("0.6 SOL @ 101")
    m.advance(seconds=30)
    m.account("b").buys("0.4 SOL @ 101")
    row = m.market("SOL").candles.current("1m", m.ex.state.time_ms)
    assert row == bar(START_MS, MINUTE_MS, "101", "101", "101", "101", "1", 2)
