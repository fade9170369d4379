"""Contested points that are rules: each reading at work, the default first."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from asking import told
from stories import START_MS, Story, Trader, market, px, rate, sz, usd

from hlsim.matching.types import Tif
from hlsim.server.encode import response_json
from hlsim.sim import margin
from hlsim.sim.actions.orders import Modify, PlaceOrders
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.replies import Done, Filled, Resting
from hlsim.sim.rules import Rules

CLOID = "0x" + "07" * 16


def under(**rules: Any) -> tuple[Story, Trader, Trader]:
    m = market(Rules(**rules))
    return m, m.account("alice", usd="1000"), m.account("bob")


def statuses(trader: Trader) -> list[str]:
    return [status for _, status, _ in trader.statuses()]


# -- margin ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "reserved", "free"),
    [("sum", "1600", ("400", "400")), ("larger_side", "1000", ("1000", "1400"))],
)
def test_what_both_sides_of_a_flat_coin_reserve(
    reading: Any, reserved: str, free: tuple[str, str]
) -> None:
    """Assumed: summed (contested 47)."""
    m = market(Rules(order_margin=reading))
    alice = m.account("alice", usd="2000")
    alice.leverage("SOL", 1)
    alice.buys("10 SOL @ 100")
    alice.sells("4 SOL @ 150")

    found = margin.available_to_trade(m.ex.state, alice.account, 2)

    assert margin.order_margin(m.ex.state, alice.account) == usd(reserved)
    assert found == tuple(usd(part) for part in free)
    most = {"sum": "2.66", "larger_side": "9.33"}[reading]
    assert alice.sells(f"{float(most) + 0.01:.2f} SOL @ 150") == Reject(OrderReject.MARGIN, 2)
    assert isinstance(alice.sells(f"{most} SOL @ 150"), Resting)


def test_the_larger_side_counts_for_a_flat_coin_only() -> None:
    """With a position only its own side reserves, under either reading (mechanics 6.1)."""
    m, alice, bob = under(order_margin="larger_side")
    alice.leverage("SOL", 1)
    bob.sells("1 SOL @ 100")
    alice.buys("1 SOL @ 100")
    alice.sells("5 SOL @ 101")
    alice.buys("4 SOL @ 100")
    assert margin.spare_load(m.ex.state, alice.account, 2, alice.account.orders[4].side) == 0
    assert margin.order_margin(m.ex.state, alice.account) == usd("400")


# -- checks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("coin", ["MEME", "PURR/USDC"])
@pytest.mark.parametrize(("reading", "passes"), [("first_cross", False), ("limit", True)])
def test_the_price_of_the_minimum_notional(coin: str, reading: Any, passes: bool) -> None:
    """Observed on spot: the first crossing price (contested 10)."""
    m = market(Rules(min_notional_price=reading))
    alice = m.account("alice", spot_usdc="100")
    bob = m.account("bob", PURR="1000")
    bob.sells(f"100 {coin} @ 0.5")
    reply = alice.buys(f"19 {coin} @ 0.6", tif=Tif.IOC)
    assert isinstance(reply, Filled) is passes
    assert passes or reply.why.code == "minTradeNtl"


@pytest.mark.parametrize(
    ("reading", "perp", "spot", "broke"),
    [
        ("match_first", "iocCancel", "iocCancel", "insufficientSpotBalance"),
        ("minimum_first", "minTradeNtl", "minTradeNtl", "minTradeNtl"),
    ],
)
def test_what_an_immediate_order_is_asked_first(
    reading: Any, perp: str, spot: str, broke: str
) -> None:
    """Observed on spot: whether it meets anything (contested 11)."""
    m = market(Rules(ioc_check_order=reading))
    alice, poor = m.account("alice", spot_usdc="100"), m.account("poor")
    assert alice.buys("1 MEME @ 0.5", tif=Tif.IOC).why.code == perp
    assert alice.buys("1 PURR/USDC @ 0.2", tif=Tif.IOC).why.code == spot
    # Large enough, they still meet nothing.
    assert alice.buys("100 MEME @ 0.5", tif=Tif.IOC).why is OrderReject.IOC_CANCEL
    assert alice.buys("100 PURR/USDC @ 0.2", tif=Tif.IOC).why is OrderReject.IOC_CANCEL
    market_order = alice.buys("100 MEME @ 0.5", tif=Tif.FRONTEND_MARKET)
    assert market_order.why is OrderReject.NO_LIQUIDITY
    m.account("bob", PURR="1000").sells("100 PURR/USDC @ 0.2")
    assert poor.buys("1 PURR/USDC @ 0.2", tif=Tif.IOC).why.code == broke
    assert poor.buys("60 PURR/USDC @ 0.2", tif=Tif.IOC).why is OrderReject.SPOT_BALANCE


@pytest.mark.parametrize(
    ("band", "text", "legal", "refused"),
    [
        ("0.95", "95%", ("2.501", "1000"), ("2.5", "1001")),
        ("0.80", "80%", ("10.01", "250"), ("10", "251")),
    ],
)
def test_the_band_of_each_network(
    band: str, text: str, legal: tuple[str, str], refused: tuple[str, str]
) -> None:
    """Observed: 95 % on mainnet, 80 % on testnet; (1-d) * mark < px <= mark / (1-d), one static
    error without a suffix (contested 6).
    """
    m = market(Rules(price_band=rate(band)))
    alice = m.account("alice", usd="10000000")
    m.market("SOL").mark_px = px("50")
    for price in legal:
        assert isinstance(alice.buys(f"10 SOL @ {price}"), Resting)
    error = f"Order price cannot be more than {text} away from the reference price"
    for price in refused:
        order = alice.new_order(f"10 SOL @ {price}", is_buy=True)
        answered = response_json(alice.act(PlaceOrders((order, order))))
        assert answered["response"]["data"]["statuses"] == [{"error": error}]


# -- replies and updates ---------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["filled", "resting"])
def test_the_reply_to_a_gtc_that_partly_fills(reading: Any) -> None:
    """Observed: `filled` with what traded; the rest stays under the same oid (contested 3)."""
    _, alice, bob = under(partial_gtc_reply=reading)
    bob.sells("1 SOL @ 100")
    filled = Filled(2, sz("1"), px("100"), CLOID)  # type: ignore[arg-type]
    resting = Resting(2, CLOID)  # type: ignore[arg-type]
    expected = filled if reading == "filled" else resting
    assert alice.buys("3 SOL @ 100", cloid=CLOID) == expected
    assert alice.account.orders[2].sz == sz("2")
    # What fills in full, or is immediate, is `filled` under both.
    bob.sells("2 SOL @ 99")
    bob.sells("1 SOL @ 101")
    assert isinstance(alice.buys("1 SOL @ 101"), Filled)
    bob.sells("1 SOL @ 101")
    assert isinstance(alice.buys("2 SOL @ 101", tif=Tif.IOC), Filled)


@pytest.mark.parametrize("reading", ["filled", "canceled"])
def test_how_an_immediate_order_ends_that_filled_in_part(reading: Any) -> None:
    """Observed on testnet spot: `filled` (contested 26). Assumed: `sz` is what remained."""
    _, alice, bob = under(partial_ioc_status=reading)
    bob.sells("1 SOL @ 100")
    assert isinstance(alice.buys("3 SOL @ 100", tif=Tif.IOC), Filled)
    assert alice.statuses() == [(2, "open", sz("3")), (2, reading, sz("2"))]
    bob.sells("1 SOL @ 100")
    alice.buys("1 SOL @ 100", tif=Tif.IOC)
    assert alice.statuses()[2:] == [(4, "open", sz("1")), (4, "filled", 0)]


@pytest.mark.parametrize(("reading", "before"), [("single", []), ("open_first", ["open"])])
def test_what_is_told_of_an_immediate_order_that_met_nothing(
    reading: Any, before: list[str]
) -> None:
    """Assumed: its refusal alone, as for post-only (contested 58)."""
    m, alice, _ = under(ioc_reject_updates=reading)
    alice.buys("1 SOL @ 100", tif=Tif.IOC)
    alice.buys("1 SOL @ 100", tif=Tif.FRONTEND_MARKET)
    expected = [*before, "iocCancelRejected", *before, "marketOrderNoLiquidityRejected"]
    assert statuses(alice) == expected
    assert [status for _, status in m.updates()] == expected
    # Its own resting order is no match either; other refusals come alone.
    alice.sells("1 SOL @ 100")
    alice.buys("1 SOL @ 100", tif=Tif.IOC)
    alice.sells("1 SOL @ 100", reduce_only=True)
    own = ["open", "selfTradeCanceled", *before, "iocCancelRejected", "reduceOnlyRejected"]
    assert statuses(alice)[len(expected) :] == own


@pytest.mark.parametrize(("reading", "closes"), [("flat", "100 100 102"), ("absent", "100 102")])
def test_what_candles_show_of_a_minute_without_trades(reading: Any, closes: str) -> None:
    """Inferred: a bar that repeats the close (contested 63)."""
    m, alice, bob = under(candle_gaps=reading)
    for price in ("100", "102"):
        bob.sells(f"1 SOL @ {price}")
        alice.buys(f"1 SOL @ {price}")
        m.advance(seconds=120)
    request = {"coin": "SOL", "interval": "1m", "startTime": 0, "endTime": START_MS + 120_000}
    rows = told(m.view, "candleSnapshot", req=request)
    assert [row["c"] for row in rows] == [f"{close}.0" for close in closes.split()]


def test_a_cloid_of_an_open_order_may_be_carried_again() -> None:
    """Assumed: accepted, and found is the newest (contested 42)."""
    _, alice, _ = under()
    alice.buys("1 SOL @ 90", cloid=CLOID)
    assert isinstance(alice.buys("1 SOL @ 91", cloid=CLOID), Resting)
    assert alice.account.open_cloids == {CLOID: 2}


def test_a_cloid_of_an_open_order_may_be_refused() -> None:
    """The other reading; text and level are Assumed (contested 42)."""
    _, alice, _ = under(duplicate_cloid="reject")
    first = alice.new_order("1 SOL @ 90", is_buy=True, cloid=CLOID)
    answered = response_json(alice.act(PlaceOrders((first, first))))
    statuses_ = answered["response"]["data"]["statuses"]
    assert statuses_ == [{"resting": {"oid": 1, "cloid": CLOID}}, {"error": "Duplicate cloid."}]
    assert statuses(alice) == ["open"]
    # A modify keeps its own, a cloid is free again once its order has ended, and none is no cloid.
    assert alice.act(Modify(1, first)) == Done()
    alice.cancel_cloid("SOL", CLOID)
    assert isinstance(alice.place(first), Resting)
    assert isinstance(alice.buys("1 SOL @ 90"), Resting)
    assert isinstance(alice.buys("1 SOL @ 90"), Resting)


def test_every_contested_rule_is_named_as_its_option() -> None:
    """A reading that is not the default is a word of that field."""
    words = {field.name: field.default for field in fields(Rules) if isinstance(field.default, str)}
    assert (
        words.items()
        >= {
            "order_margin": "sum",
            "min_notional_price": "first_cross",
            "ioc_check_order": "match_first",
            "partial_gtc_reply": "filled",
            "partial_ioc_status": "filled",
            "ioc_reject_updates": "single",
            "duplicate_cloid": "accept",
            "oi_cap_text": "live",
            "candle_gaps": "flat",
            "upgrade_reject": "order",
            "refusal_burns_nonce": "no",
        }.items()
    )
