"""Premium samples every 5 s, rates and payments every hour."""

from __future__ import annotations

import json

import pytest
from stories import START_MS, Story, Trader, market, px, rate, sz, usd

from hlsim.server.info import answer_value
from hlsim.sim.events import FundingPaid, FundingRate, PricesChanged
from hlsim.sim.fixed import Szi
from hlsim.sim.funding import hourly_rate, mean_premium, payment, predicted_rate
from hlsim.sim.replies import Done

HOUR_MS = 3_600_000
Three = tuple[Story, Trader, Trader]


def hedged(coin: str, size: str, price: str, *, cross: bool = True) -> Three:
    """A long and a short of one size; then books are empty."""
    m = market()
    long, short = m.account("long", usd="1000000"), m.account("short", usd="1000000")
    if not cross:
        assert long.leverage(coin, 5, cross=False) == Done()
    short.sells(f"{size} {coin} @ {price}")
    long.buys(f"{size} {coin} @ {price}")
    m.events()
    return m, long, short


@pytest.mark.parametrize(
    ("premium", "hourly"),
    [
        ("0.01", "0.0011875"),
        ("0.0003", "0.0000125"),
        ("0", "0.0000125"),
        ("-0.0003", "0.0000125"),
        ("-0.002", "-0.0001875"),
        ("0.5", "0.04"),
        ("-0.5", "-0.04"),
        ("0.0006", "0.0000125"),
        ("0.0006000008", "0.0000125001"),
        ("-0.0005", "0"),
    ],
)
def test_the_hourly_rate_follows_the_table(premium: str, hourly: str) -> None:
    """Documented: F = P + clamp(I - P), an eighth an hour, at most 4 % (mechanics 10)."""
    assert hourly_rate(rate(premium)) == rate(hourly)


@pytest.mark.parametrize(
    ("szi", "oracle", "hourly", "received"),
    [
        (sz("0.31426"), "64765.1", "0.0000125", "-0.254413"),
        (-sz("0.31426"), "64765.1", "0.0000125", "0.254413"),
        (-sz("15"), "25369.0", "0.00000625", "2.378343"),
        (sz("15"), "25369.0", "0.00000625", "-2.378343"),
        (sz("0.22273"), "64296", "0.0000125", "-0.179008"),
        (-sz("2"), "2000", "-0.0001875", "-0.75"),
        (sz("0.00001"), "1", "0.0000125", "0"),
    ],
)
def test_a_payment_is_truncated_toward_zero(
    szi: int, oracle: str, hourly: str, received: str
) -> None:
    """Documented: 2.378343 of the exchange's own sample, whose exact product is 2.37834375
    (mechanics 10, contested 52).
    """
    assert payment(Szi(szi), px(oracle), rate(hourly)) == usd(received)


def test_an_hour_has_720_samples_and_starts_anew() -> None:
    """Documented: a sample every 5 s (mechanics 10)."""
    m = market()
    maker = m.account("maker", usd="1000000")
    maker.buys("1000 SOL @ 101")
    maker.sells("1000 SOL @ 102")
    m.advance(ms=HOUR_MS - 1)
    sol = m.market("SOL")
    assert (sol.premium_samples, sol.premium_sum) == (720, 720 * rate("0.01"))
    m.advance(ms=1)
    assert (sol.premium_samples, sol.premium_sum) == (1, rate("0.01"))
    assert list(sol.funding_rates) == [
        FundingRate("SOL", rate("0.0011875"), rate("0.01"), START_MS + HOUR_MS)
    ]


def test_the_prediction_is_the_mean_of_the_running_hour() -> None:
    """Documented: `funding` of the contexts (mechanics 10, info 4.3)."""
    m = market()
    maker = m.account("maker", usd="1000000")
    maker.buys("1000 SOL @ 101")
    maker.sells("1000 SOL @ 102")
    sol = m.market("SOL")
    m.advance(seconds=5)
    assert (sol.premium, mean_premium(sol)) == (rate("0.01"), rate("0.01"))
    m.oracle("SOL", "101")
    m.advance(seconds=10)
    assert (sol.premium, mean_premium(sol)) == (0, rate("0.005"))
    assert predicted_rate(sol) == rate("0.0005625")


def test_the_prediction_is_told_as_every_client_reads_it() -> None:
    """Observed: three venues, this one's interval and the hour settled last (info 4.12); the rate
    is that of the contexts (info 4.3)."""
    m = market()
    maker = m.account("maker", usd="1000000")
    maker.buys("1000 SOL @ 101")
    maker.sells("1000 SOL @ 102")
    m.advance(hours=2)
    m.advance(ms=HOUR_MS - 1)

    told = answer_value(m.view, {"type": "predictedFundings"})

    assert [coin for coin, _ in told] == ["BTC", "ETH", "ISO", "MEME", "SOL"]
    assert dict(told)["SOL"] == [
        ["BinPerp", None],
        [
            "HlPerp",
            {
                "fundingRate": "0.0011875",
                "nextFundingTime": START_MS + 2 * HOUR_MS,
                "fundingIntervalHours": 1,
            },
        ],
        ["BybitPerp", None],
    ]
    listed, contexts = answer_value(m.view, {"type": "metaAndAssetCtxs"})
    (context,) = [ctx for ctx in json.loads(bytes(contexts)) if ctx["premium"] == "0.01"]
    assert (context["funding"], bytes(listed)[:1]) == ("0.0011875", b"{")
    m.advance(ms=1)
    (_, here, _) = dict(answer_value(m.view, {"type": "predictedFundings"}))["SOL"]
    assert here[1]["nextFundingTime"] == START_MS + 3 * HOUR_MS


def test_a_thin_book_gives_no_samples_and_the_interest_rate() -> None:
    """Assumed: no samples are a mean of 0 (mechanics 10 is silent)."""
    m = market()
    m.advance(hours=1)
    btc = m.market("BTC")
    assert (btc.premium, btc.premium_samples) == (None, 0)
    assert list(btc.funding_rates) == [
        FundingRate("BTC", rate("0.0000125"), rate("0"), START_MS + HOUR_MS)
    ]
    assert predicted_rate(btc) == rate("0.0000125")


def test_nothing_predicts_a_rate_for_what_has_no_funding() -> None:
    """Observed: a delisted asset shows "0.0" (info 4.3)."""
    m = market()
    assert predicted_rate(m.market("GONE")) == 0
    assert predicted_rate(m.market("@107")) == 0


def test_samples_tell_what_moved_and_no_more() -> None:
    m = market()
    maker = m.account("maker", usd="1000000")
    maker.buys("1000 SOL @ 101")
    maker.sells("1000 SOL @ 102")
    m.advance(seconds=60)
    m.events()
    changes = []
    for oracle in ("", "100.5", "", ""):
        if oracle:
            m.oracle("SOL", oracle)
            m.events()
        m.advance(seconds=5)
        named = {c for e in m.events() if isinstance(e, PricesChanged) for c in e.coins}
        changes.append("SOL" in named)
    for order in list(maker.account.orders.values()):
        maker.cancel("SOL", order.oid)
    m.events()
    m.advance(seconds=5)
    coins = [e.coins for e in m.events() if isinstance(e, PricesChanged)]
    # At rest; a new premium; twice a mean that goes on to move; then the premium ends.
    assert changes == [False, True, True, True]
    assert ("SOL",) in coins
    assert m.market("SOL").premium is None


def test_longs_pay_shorts_on_the_oracle_price_truncated() -> None:
    """Computed: 0.31426 BTC at 64765.1 and 0.0000125 is 0.2544135 (mechanics 10, contested 52)."""
    m, long, short = hedged("BTC", "0.31426", "50000")
    m.oracle("BTC", "64765.1")
    before = long.account.raw_usd, short.account.raw_usd
    m.events()

    m.advance(hours=1)

    paid = usd("0.254413")
    assert long.account.raw_usd == before[0] - paid
    assert short.account.raw_usd == before[1] + paid
    position = long.position("BTC")
    assert position is not None
    assert position.funding_since_open == position.funding_since_change == paid
    assert long.account.funding_all_time == {0: paid}
    assert short.account.funding_all_time == {0: -paid}
    at = START_MS + HOUR_MS
    row = FundingPaid(long.address, "BTC", -paid, sz("0.31426"), rate("0.0000125"), at)  # type: ignore[arg-type]
    assert list(long.account.fundings) == [row]
    assert row in m.events()
    assert m.ex.state.treasury.usd.funding == 0


def test_what_truncation_leaves_stays_in_the_treasury() -> None:
    """Each payment is truncated on its own: one long pays what two shorts do not all get."""
    m = market()
    long = m.account("long")
    for name, size in (("a", "0.00031"), ("b", "0.00033")):
        m.account(name).sells(f"{size} BTC @ 50000")
        long.buys(f"{size} BTC @ 50000")
    m.advance(hours=1)
    # 15.5, 16.5 and 32 USD at 0.0000125: 193.75, 206.25 and 400 µUSD.
    assert m.ex.state.treasury.usd.funding == 400 - 193 - 206 == 1
    m.oracle("BTC", "50100")
    m.advance(hours=1)
    # 15.531, 16.533 and 32.064 USD: 194.1375, 206.6625 and 400.8 µUSD.
    assert m.ex.state.treasury.usd.funding == 1 + (400 - 194 - 206) == 1


def test_an_isolated_position_pays_from_its_own_margin() -> None:
    """Inferred: funding changes rawUsd of the position (mechanics 6.4)."""
    m, long, _ = hedged("SOL", "10", "100", cross=False)
    position = long.position("SOL")
    assert position is not None
    before = long.account.raw_usd, position.raw_usd
    m.advance(hours=1)
    assert (long.account.raw_usd, position.raw_usd) == (before[0], before[1] - usd("0.0125"))


def test_payments_of_an_hour_come_in_asset_order_at_one_time() -> None:
    """Observed: info 7.1."""
    m, long, short = hedged("SOL", "10", "100")
    short.sells("0.01 BTC @ 50000")
    long.buys("0.01 BTC @ 50000")
    m.advance(hours=2)
    assert [(row.coin, row.time_ms - START_MS) for row in long.account.fundings] == [
        ("BTC", HOUR_MS),
        ("SOL", HOUR_MS),
        ("BTC", 2 * HOUR_MS),
        ("SOL", 2 * HOUR_MS),
    ]


def test_a_change_of_size_resets_what_was_paid_since() -> None:
    """Observed: sinceChange resets on any change, sinceOpen does not (mechanics 7.1)."""
    m, long, short = hedged("SOL", "10", "100")
    m.advance(hours=1)
    short.sells("10 SOL @ 100")
    long.buys("10 SOL @ 100")
    position = long.position("SOL")
    assert position is not None
    assert (position.funding_since_open, position.funding_since_change) == (usd("0.0125"), 0)


def test_who_holds_nothing_is_not_told() -> None:
    m = market()
    idle = m.account("idle")
    m.events()
    m.advance(hours=1)
    assert list(idle.account.fundings) == []
    assert not [e for e in m.events() if ("clearinghouseState", idle.address) in e.topics()]


def test_a_negative_rate_pays_longs() -> None:
    """Documented: the sign of the rate decides who pays (mechanics 10)."""
    m, long, _ = hedged("SOL", "10", "100")
    maker = m.account("maker", usd="1000000")
    maker.buys("1000 SOL @ 97")
    maker.sells("1000 SOL @ 98")
    before = long.account.raw_usd
    m.advance(hours=1)
    # Premium -2 %, F = -1.95 %, an eighth is -0.0024375 on 1000 USD.
    assert long.account.raw_usd == before + usd("2.4375")
    assert m.market("SOL").funding_rates[0].premium == px("-0.02") * 100
