"""Every check of an order, its text's member and its place in the order of checks."""

from __future__ import annotations

import pytest
from stories import Story, Trader, market, px, sz, usd

from hlsim.matching.types import Tif
from hlsim.sim.assets import has_legal_decimals, on_tick
from hlsim.sim.errors import ActionError, ActionReject, OrderReject, Reject
from hlsim.sim.order_checks import Crossing, crossing_of, market_order_cap
from hlsim.sim.replies import Refused, Resting


def why(reply: object) -> OrderReject:
    assert isinstance(reply, Reject), reply
    assert isinstance(reply.why, OrderReject)
    return reply.why


def traders(**options: str) -> tuple[Story, Trader, Trader]:
    m = market()
    return m, m.account("alice", **options), m.account("maker", usd="10000000")


@pytest.mark.parametrize(
    ("coin", "price", "found"),
    [
        ("BTC", "64709", "ok"),
        ("BTC", "64709.5", "tick"),
        ("BTC", "9999.5", "ok"),
        ("BTC", "9999.55", "decimals"),
        ("BTC", "6470.95", "decimals"),
        ("BTC", "123456", "ok"),
        ("BTC", "1234567", "ok"),
        ("BTC", "100000.5", "tick"),
        ("ETH", "1864.8", "ok"),
        ("ETH", "1864.86", "tick"),
        ("ETH", "18.645", "decimals"),
        ("ETH", "186.48", "ok"),
        ("ISO", "1234.5", "ok"),
        ("ISO", "1234.56", "tick"),
        ("ISO", "0.01234", "ok"),
        ("ISO", "0.012345", "decimals"),
        ("MEME", "0.001234", "ok"),
        ("MEME", "0.0012345", "decimals"),
        ("MEME", "0.12169", "ok"),
        ("MEME", "0.121695", "tick"),
        ("MEME", "0.000123", "ok"),
        ("MEME", "0.0000123", "decimals"),
        ("PURR/USDC", "0.0001234", "ok"),
        ("PURR/USDC", "0.00012345", "ok"),
        ("@107", "0.0001234", "decimals"),
        ("@107", "41.353", "ok"),
        ("@107", "41.3535", "tick"),
    ],
)
def test_ticks_and_decimals(coin: str, price: str, found: str) -> None:
    """Documented: the worked table (mechanics 1.2)."""
    asset = market().market(coin).asset
    legal, tick = has_legal_decimals(asset, px(price)), on_tick(px(price))

    assert (legal, tick or not legal) == (found != "decimals", found != "tick")


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("0 BTC @ 0", OrderReject.ZERO_SZ),
        ("0.000001 BTC @ 0", OrderReject.INVALID_SZ),
        ("1 BTC @ 0", OrderReject.ZERO_PX),
        ("1 BTC @ 49999.55", OrderReject.INVALID_PX),
        ("1 BTC @ 2500", OrderReject.PRICE_BAND),
        ("0.001 BTC @ 1000001", OrderReject.PRICE_BAND),
        ("0.5 MEME @ 0.5", OrderReject.INVALID_SZ),
    ],
)
def test_a_static_error_answers_for_the_whole_batch(terms: str, expected: OrderReject) -> None:
    """Documented: one error, nothing placed, no oid (exchange 5.1, mechanics 1.3)."""
    m, alice, _ = traders()
    good = alice.new_order("0.01 BTC @ 40000", is_buy=True)
    before = m.ex.state.next_oid

    replies = alice.place(good, alice.new_order(terms, is_buy=True), good)

    assert [why(reply) for reply in replies] == [expected]
    assert m.ex.state.next_oid == before
    assert not alice.account.orders


def test_an_empty_batch_is_refused() -> None:
    """Observed: `Orders are empty.` (exchange 5.1)."""
    _, alice, _ = traders()

    assert why(alice.place()[0]) is OrderReject.EMPTY


def test_the_band_has_an_open_lower_and_a_closed_upper_edge() -> None:
    """Observed on spot with 0.8; the same form with 0.95 (mechanics 2.6)."""
    m, alice, _ = traders(spot_usdc="1000000", HYPE="100000")
    m.market("@107").mark_px = px("40")

    assert why(alice.buys("10 @107 @ 2")) is OrderReject.PRICE_BAND
    assert isinstance(alice.buys("10 @107 @ 2.0001"), Resting)
    assert isinstance(alice.sells("1 @107 @ 800"), Resting)
    assert why(alice.sells("1 @107 @ 800.1")) is OrderReject.PRICE_BAND


def test_the_tick_is_asked_before_the_band() -> None:
    """Observed: 12345.6 is a tick error, 12345 a band error on one book (mechanics 1.3)."""
    m, alice, _ = traders()
    m.oracle("BTC", "500000")
    m.market("BTC").mark_px = px("500000")

    assert why(alice.buys("1 BTC @ 12345.6")) is OrderReject.TICK
    assert why(alice.buys("1 BTC @ 12345")) is OrderReject.PRICE_BAND


def test_checks_run_in_the_documented_order() -> None:
    """Inferred: mechanics 2.9; an order that breaks several is refused for the first."""
    _, alice, maker = traders(usd="100")
    maker.sells("5 BTC @ 50500")
    maker.buys("5 BTC @ 49500")
    table = [
        # side, terms, tif, reduce only, outcome
        ("buy", "0.00001 BTC @ 50000.5", Tif.GTC, True, OrderReject.TICK),
        ("buy", "0.00001 BTC @ 50000", Tif.IOC, True, OrderReject.IOC_CANCEL),
        ("buy", "0.00001 BTC @ 50000", Tif.FRONTEND_MARKET, True, OrderReject.NO_LIQUIDITY),
        ("buy", "0.00001 BTC @ 50500", Tif.ALO, True, OrderReject.MIN_TRADE_NTL),
        ("buy", "1 BTC @ 50500", Tif.ALO, True, OrderReject.REDUCE_ONLY),
        ("buy", "1 BTC @ 50500", Tif.ALO, False, OrderReject.BAD_ALO_PX),
        ("sell", "1 BTC @ 49500", Tif.ALO, False, OrderReject.BAD_ALO_PX),
        ("buy", "1 BTC @ 50000", Tif.GTC, False, OrderReject.MARGIN),
        ("buy", "1 BTC @ 50500", Tif.IOC, False, OrderReject.MARGIN),
    ]
    for side, terms, tif, reduce_only, expected in table:
        place = alice.buys if side == "buy" else alice.sells
        assert why(place(terms, tif=tif, reduce_only=reduce_only)) is expected, terms


def test_a_rejected_order_takes_an_oid_and_a_status() -> None:
    """Observed: one update with a real oid, sz = origSz (ws 4.2, info 6.3)."""
    m, alice, _ = traders()

    alice.buys("1 BTC @ 40000", tif=Tif.IOC)

    assert alice.statuses() == [(1, "iocCancelRejected", sz("1"))]
    assert m.ex.state.next_oid == 2


def test_post_only_names_the_bbo() -> None:
    """Documented: `bbo was {bid}@{ask}` (exchange 7.2)."""
    _, alice, maker = traders()
    maker.sells("1 BTC @ 50500")
    maker.buys("1 BTC @ 49500")

    reject = alice.buys("1 BTC @ 51000", tif=Tif.ALO)

    assert reject == Reject(OrderReject.BAD_ALO_PX, 0, {"bbo": (px("49500"), px("50500"))})


def long_one(szi: str = "0.001") -> tuple[Story, Trader, Trader]:
    m, alice, maker = traders()
    maker.sells(f"{szi} BTC @ 50000")
    alice.buys(f"{szi} BTC @ 50000")
    maker.buys("1 BTC @ 49000")
    return m, alice, maker


@pytest.mark.parametrize(
    ("size", "reduce_only", "refused"),
    [
        ("0.0001", True, True),
        ("0.0001", False, True),
        ("0.00015", True, False),
        ("0.00015", False, False),
        ("0.00018", True, False),
    ],
)
def test_only_an_order_that_closes_everything_may_be_below_ten_dollars(
    size: str, reduce_only: bool, refused: bool
) -> None:
    """Observed: mechanics 2.5."""
    m, alice, _maker = long_one()
    alice.sells("0.00085 BTC @ 49000")
    assert alice.szi("BTC") == sz("0.00015")
    m.events()

    reply = alice.sells(f"{size} BTC @ 49000", reduce_only=reduce_only)

    assert isinstance(reply, Reject) is refused
    if refused:
        assert why(reply) is OrderReject.MIN_TRADE_NTL
    else:
        assert alice.szi("BTC") == 0


def test_the_notional_is_tested_at_the_first_crossing_price() -> None:
    """Observed on spot: 9.76 * 1.024 < 10 is refused, 9.77 * 1.024 accepted (mechanics 2.5)."""
    _, alice, maker = traders()
    maker.sells("1000 MEME @ 0.5")

    assert why(alice.buys("19 MEME @ 0.6")) is OrderReject.MIN_TRADE_NTL
    assert not isinstance(alice.buys("20 MEME @ 0.6"), Reject)


@pytest.mark.parametrize("is_buy", [True, False])
def test_reduce_only_without_a_position_to_reduce_is_refused(is_buy: bool) -> None:
    """Observed: flat or wrong side (mechanics 2.4)."""
    _, alice, _ = long_one()
    place = alice.buys if is_buy else alice.market.account("flat").sells

    assert why(place("1 BTC @ 49500", reduce_only=True)) is OrderReject.REDUCE_ONLY


def test_a_resting_order_needs_margin_at_its_own_price() -> None:
    """Observed: sz * limitPx / leverage (mechanics 6.2)."""
    _, alice, _ = traders(usd="1000")

    assert why(alice.sells("0.4 BTC @ 50001")) is OrderReject.MARGIN
    assert isinstance(alice.sells("0.4 BTC @ 50000"), Resting)
    assert why(alice.sells("0.001 BTC @ 50000")) is OrderReject.MARGIN


def test_a_flip_needs_margin_for_its_excess_only() -> None:
    """Observed: closing releases its margin, which opens as much on the other side (mechanics
    6.2).
    """
    m = market()
    alice, maker = m.account("alice", usd="1000"), m.account("maker", usd="10000000")
    maker.sells("0.39 BTC @ 50000")
    alice.buys("0.39 BTC @ 50000")
    maker.buys("5 BTC @ 50000")

    assert why(alice.sells("0.8 BTC @ 50000")) is OrderReject.MARGIN
    alice.sells("0.78 BTC @ 50000")
    assert alice.szi("BTC") == -sz("0.39")


def test_the_tier_of_the_leverage_limits_the_position() -> None:
    """Documented: BTC at 40x may not exceed $150M (mechanics 2.6)."""
    m = market()
    alice = m.account("alice", usd="100000000")
    alice.leverage("BTC", 40)

    assert why(alice.buys("3001 BTC @ 50000")) is OrderReject.MAX_POSITION
    alice.leverage("BTC", 20)
    assert isinstance(alice.buys("3001 BTC @ 50000"), Resting)


@pytest.mark.parametrize(
    ("max_leverage", "cap"),
    [(40, 30_000_000), (25, 30_000_000), (24, 5_000_000), (10, 2_000_000), (3, 500_000)],
)
def test_market_orders_are_capped_by_the_assets_leverage(max_leverage: int, cap: int) -> None:
    """Documented: mechanics 2.6."""
    assert market_order_cap(max_leverage) == cap


def test_an_order_over_the_cap_is_refused() -> None:
    """Observed: `Order value too large. Max is $5000000.` (exchange 7.2); limit orders ten
    times.
    """
    _, alice, _ = traders()

    too_large = alice.buys("11 ISO @ 10", tif=Tif.IOC)
    assert why(too_large) is OrderReject.IOC_CANCEL
    reject = alice.buys("50001 ISO @ 10", tif=Tif.IOC)
    assert reject == Reject(OrderReject.VALUE_TOO_LARGE, 4, {"max_ntl": 500_000})
    assert why(alice.buys("500001 ISO @ 10")) is OrderReject.VALUE_TOO_LARGE


def test_spot_checks() -> None:
    """Observed: no cross, zero balance, minimum, balance (mechanics 2.9); reduce-only is static."""
    m = market()
    poor = m.account("poor")
    rich = m.account("rich", spot_usdc="100", HYPE="10")
    assert why(poor.buys("1 @107 @ 40", tif=Tif.IOC)) is OrderReject.IOC_CANCEL
    rich.sells("5 @107 @ 40")

    assert why(poor.buys("0.01 @107 @ 40", tif=Tif.IOC)) is OrderReject.SPOT_BALANCE
    assert why(rich.buys("0.01 @107 @ 39", tif=Tif.GTC)) is OrderReject.MIN_TRADE_SPOT_NTL
    assert why(rich.buys("3 @107 @ 39")) is OrderReject.SPOT_BALANCE
    assert why(rich.sells("6 @107 @ 41")) is OrderReject.SPOT_BALANCE
    assert why(rich.sells("1 @107 @ 41", reduce_only=True)) is OrderReject.SPOT_REDUCE_ONLY


@pytest.mark.parametrize(
    ("asset", "reject"), [(99, ActionReject.INVALID_PERP), (10_999, ActionReject.INVALID_SPOT)]
)
def test_an_unlisted_asset_refuses_the_whole_action(asset: int, reject: ActionReject) -> None:
    """Assumed for perps, captured code for spot (exchange 7.2)."""
    from dataclasses import replace

    _, alice, _ = traders()
    order = replace(alice.new_order("1 BTC @ 50000", is_buy=True), asset=asset)  # type: ignore[arg-type]

    response = alice.place(order, order)

    assert isinstance(response, Refused)
    assert response.error.why is reject
    assert isinstance(response.error, ActionError)


@pytest.mark.parametrize("coin", ["GONE", "BTC"])
def test_halted_and_delisted_assets_take_no_orders(coin: str) -> None:
    """Observed: `Trading is halted.`, without suffix or record (exchange 7.1)."""
    m, alice, _ = traders()
    m.market("BTC").halted = True
    terms = "20 GONE @ 1" if coin == "GONE" else "1 BTC @ 50000"

    assert why(alice.buys(terms)) is OrderReject.HALTED
    assert alice.statuses() == []


def test_a_thousand_open_orders_are_the_limit() -> None:
    """Documented: 1000 + 1 per $5M of volume (mechanics 2.7)."""
    _, alice, _ = traders()
    order = alice.new_order("20 MEME @ 0.5", is_buy=True)
    for _ in range(5):
        alice.place(*[order] * 200)
    assert len(alice.account.orders) == 1000

    assert why(alice.place(order)) is OrderReject.TOO_MANY_OPEN
    alice.account.volume.total_usd = 5_000_000 * 10**8
    assert isinstance(alice.place(order), Resting)


def test_two_hundred_orders_are_the_most_of_one_action() -> None:
    """Observed: 201 are refused whole, the nonce stays free (mechanics 2.7, contested 40)."""
    m, alice, _ = traders()
    order = alice.new_order("20 MEME @ 0.5", is_buy=True)

    response = alice.place(*[order] * 201)

    assert isinstance(response, Refused)
    assert response.error.why is ActionReject.OVER_WEIGHT
    assert alice.address not in m.ex.state.nonces


@pytest.mark.parametrize("others", [0, 20])
def test_own_orders_in_the_line_are_no_counterparty(others: int) -> None:
    """Documented: they are cancelled instead (mechanics 2.3), however many orders are open."""
    m, alice, maker = traders(usd="10000000")
    for size in ("0.1", "0.2", "0.3"):
        maker.sells(f"{size} BTC @ 50000")
        alice.sells("5 BTC @ 50000")
    maker.sells("1 BTC @ 50100")
    alice.place(*[alice.new_order("0.1 ETH @ 1900", is_buy=True)] * others)
    account = alice.account

    def found(terms: str, *, is_buy: bool = True) -> Crossing:
        draft = m.ex.desk.draft(account, alice.new_order(terms, is_buy=is_buy))
        return crossing_of(account, m.market("BTC"), draft)

    assert found("9 BTC @ 49999") == Crossing(0, 0)
    assert found("9 BTC @ 50001", is_buy=False) == Crossing(0, 0)
    assert found("0.25 BTC @ 50000") == Crossing(sz("0.25"), px("50000") * sz("0.25"))
    assert found("9 BTC @ 50000") == Crossing(sz("0.6"), px("50000") * sz("0.6"))
    deep = px("50000") * sz("0.6") + px("50100") * sz("0.4")
    assert found("1 BTC @ 50100") == Crossing(sz("1"), deep)


def test_the_margin_of_an_ioc_counts_what_it_would_trade() -> None:
    """Assumed: an immediate order is margined at the prices that it meets (mechanics 6.2)."""
    _, alice, maker = traders(usd="1000")
    maker.sells("0.1 BTC @ 50000")

    reply = alice.buys("100 BTC @ 52000", tif=Tif.IOC)

    assert not isinstance(reply, Reject)
    assert alice.szi("BTC") == sz("0.1")
    assert alice.account.raw_usd == usd("1000") - usd("5000") - usd("2.25")
