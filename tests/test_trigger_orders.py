"""Single trigger orders: how they are judged and accepted."""

from __future__ import annotations

from typing import Any

import pytest
from stories import Story, Trader, market, px, sz

from hlsim.matching.types import Tif
from hlsim.sim import margin
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.actions.registry import ACTIONS, BlockClass
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.orders import Stage
from hlsim.sim.replies import Resting
from hlsim.sim.rules import Rules


def long_alice(
    size: str = "0.1", *, rules: Rules | None = None, usd: str = "100000"
) -> tuple[Story, Trader, Trader]:
    """alice long BTC from 50000; bob bids 10 at 49000. No asks, so the mark is the oracle."""
    m = market(rules)
    alice, bob = m.account("alice", usd=usd), m.account("bob", usd="10000000")
    bob.sells(f"{size} BTC @ 50000")
    alice.buys(f"{size} BTC @ 50000")
    bob.buys("10 BTC @ 49000")
    m.events()
    return m, alice, bob


def test_a_trigger_order_rests_in_no_book_and_reserves_nothing() -> None:
    """Observed: `resting` with an oid (exchange 5.1); no margin (mechanics 3.2)."""
    m, alice, _ = long_alice()
    version, free = m.market("BTC").book.version, margin.free_margin(m.ex.state, alice.account)

    reply = alice.place(alice.trigger("0.1 BTC @ 46000", at="48000", cloid="0x" + "ab" * 16))

    assert reply == Resting(4, "0x" + "ab" * 16)
    assert m.market("BTC").book.version == version
    assert margin.free_margin(m.ex.state, alice.account) == free
    assert alice.statuses()[-1] == (4, "open", sz("0.1"))
    assert alice.account.orders[4].stage is Stage.ARMED
    assert not alice.account.order_loads
    assert list(alice.account.orders_by_asset) == [0]
    assert alice.account.open_cloids == {"0x" + "ab" * 16: 4}


@pytest.mark.parametrize(
    ("is_buy", "tpsl", "below", "above"),
    [
        (False, "tp", False, True),
        (False, "sl", True, False),
        (True, "tp", True, False),
        (True, "sl", False, True),
    ],
)
def test_the_side_that_the_mark_is_on_already_is_refused(
    is_buy: bool, tpsl: str, below: bool, above: bool
) -> None:
    """Documented: the direction table (mechanics 3.1) and `badTriggerPxRejected` (mechanics 3.3).
    Assumed: at equality it would fire, so it is refused (contested 65).
    """
    m, alice, _ = long_alice()
    mark = m.market("BTC").mark_px
    assert mark == px("50000")

    for at, is_legal in (("49000", below), ("50000", False), ("51000", above)):
        order = alice.trigger("0.1 BTC @ 50000", at=at, tpsl=tpsl, is_buy=is_buy, reduce_only=False)
        reply = alice.place(order)
        refused = Reject(OrderReject.BAD_TRIGGER_PX, 0)
        assert isinstance(reply, Resting) if is_legal else reply == refused
        status = "open" if is_legal else "badTriggerPxRejected"
        assert alice.statuses()[-1][1:] == (status, sz("0.1"))


@pytest.mark.parametrize(
    ("terms", "options", "why"),
    [
        ("0 BTC @ 46000", {"at": "48000"}, OrderReject.ZERO_SZ),
        ("0.000001 BTC @ 46000", {"at": "48000"}, OrderReject.INVALID_SZ),
        ("0.1 BTC @ 0", {"at": "48000"}, OrderReject.ZERO_PX),
        ("0.1 BTC @ 46000", {"at": "0"}, OrderReject.ZERO_PX),
        ("0.1 BTC @ 46000.25", {"at": "48000"}, OrderReject.INVALID_PX),
        ("0.1 BTC @ 46000", {"at": "48000.25"}, OrderReject.INVALID_PX),
        ("0.1 BTC @ 46000.5", {"at": "48000"}, OrderReject.TICK),
        ("0.1 BTC @ 46000", {"at": "48000.5"}, OrderReject.TICK),
        ("0.1 BTC @ 2000", {"at": "48000"}, OrderReject.PRICE_BAND),
        ("0.1 BTC @ 2000", {"at": "48000.5"}, OrderReject.TICK),
        ("700 BTC @ 46000", {"at": "48000"}, OrderReject.VALUE_TOO_LARGE),
        ("0.0001 BTC @ 46000", {"at": "51000"}, OrderReject.MIN_TRADE_NTL),
        ("0.1 BTC @ 46000", {"at": "48000", "is_buy": True}, OrderReject.REDUCE_ONLY),
        ("0.1 BTC @ 46000", {"at": "51000"}, OrderReject.BAD_TRIGGER_PX),
        ("0.1 ETH @ 1900", {"at": "1950"}, OrderReject.REDUCE_ONLY),
        ("1 GONE @ 1", {"at": "0.9"}, OrderReject.HALTED),
    ],
)
def test_a_trigger_order_is_judged_like_any_other(
    terms: str, options: dict[str, Any], why: OrderReject
) -> None:
    """Inferred: the order of the checks (mechanics 2.9). Observed: tick rules hold for the trigger
    price (mechanics 3.3)."""
    _, alice, _ = long_alice()

    reply = alice.place(alice.trigger(terms, **options))

    assert isinstance(reply, Reject)
    assert reply.why is why
    assert not alice.account.orders


def test_a_stop_limit_may_be_ten_times_as_large_as_a_stop_market() -> None:
    """Documented: $30M and $300M for BTC (mechanics 2.6)."""
    _, alice, _ = long_alice()

    order = alice.trigger("700 BTC @ 46000", at="48000", is_market=False)

    assert isinstance(alice.place(order), Resting)


def test_spot_takes_no_trigger_orders() -> None:
    """Observed: per order, no record (exchange 7.2)."""
    m, alice, _ = long_alice()
    before = m.ex.state.next_oid

    orders = [
        alice.trigger("10 @107 @ 39", at="38", is_buy=True, reduce_only=False),
        alice.new_order("0.1 BTC @ 40000", is_buy=True),
    ]
    first, second = alice.place(*orders)

    assert first == Reject(OrderReject.SPOT_TRIGGER, 10_107)
    assert second == Resting(before, None)


def test_a_partial_exit_below_ten_dollars_is_refused_and_a_whole_one_is_not() -> None:
    """Observed: the exemption is for closing everything (mechanics 2.5)."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    bob.sells("0.0003 BTC @ 50000")
    alice.buys("0.0003 BTC @ 50000")
    alice.sells("0.0002 BTC @ 60000", reduce_only=True)  # it does not count
    bob.buys("0.0002 BTC @ 50000")
    alice.sells("0.0002 BTC @ 50000", tif=Tif.IOC)
    assert alice.szi("BTC") == sz("0.0001")

    assert isinstance(alice.place(alice.trigger("0.0001 BTC @ 46000", at="48000")), Resting)
    assert isinstance(alice.place(alice.trigger("0.0002 BTC @ 46000", at="48000")), Resting)
    refused = Reject(OrderReject.MIN_TRADE_NTL, 0)
    stop = alice.trigger("0.0002 BTC @ 46000", at="48000", reduce_only=False)
    assert alice.place(stop) == refused


def test_from_a_thousand_open_orders_on_trigger_orders_are_refused() -> None:
    """Documented: reduce-only and trigger orders, whatever was traded (mechanics 2.7)."""
    _, alice, _ = long_alice(rules=Rules(max_open_orders=3))
    alice.account.volume.total_usd = 10**9 * 10**8
    stop = alice.trigger("0.1 BTC @ 46000", at="48000")
    entry = alice.trigger("0.1 BTC @ 52000", at="51000", is_buy=True, reduce_only=False)
    for order in (stop, entry, stop):
        assert isinstance(alice.place(order), Resting)

    assert alice.place(stop) == Reject(OrderReject.TOO_MANY_OPEN, 0)
    assert alice.place(entry) == Reject(OrderReject.TOO_MANY_OPEN, 0)
    assert isinstance(alice.buys("0.1 BTC @ 40000"), Resting)
    assert "tooManyOpenOrdersRejected" in [status for _, status, _ in alice.statuses()]


def test_trigger_orders_come_before_takers_in_a_block() -> None:
    """Assumed: they send nothing to a book (mechanics 2.1)."""
    _, alice, _ = long_alice()
    stop = alice.trigger("0.1 BTC @ 46000", at="48000")
    post_only = alice.new_order("0.1 BTC @ 40000", is_buy=True, tif=Tif.ALO)
    block_class = ACTIONS["order"].block_class

    assert block_class(PlaceOrders((stop, post_only))) is BlockClass.NO_TAKER
    taker = alice.new_order("0.1 BTC @ 40000", is_buy=True)
    assert block_class(PlaceOrders((stop, taker))) is BlockClass.TAKER
