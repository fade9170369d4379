"""Caps of open interest: the refusals at one, what is cancelled when it is reached, and when."""

from __future__ import annotations

import pytest
from asking import told
from stories import START_MS, Story, Trader, market, px, rate, sz, usd
from test_conservation import check_orders

from hlsim.matching.types import Tif
from hlsim.server.encode import response_json
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.events import NonUserCancel
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import SetOpenInterestCap
from hlsim.sim.replies import Filled, Resting
from hlsim.sim.rules import Rules


def capped(rules: Rules | None = None, *, cap: str = "1000") -> tuple[Story, Trader, Trader]:
    """Alice long 10 SOL at 100 from bob, and a cap that this open interest just meets."""
    m = market(rules)
    alice, bob = m.account("alice"), m.account("bob")
    bob.sells("10 SOL @ 100")
    alice.buys("10 SOL @ 100")
    m.ex.operate(SetOpenInterestCap(2, usd(cap)))
    return m, alice, bob


def error(trader: Trader, terms: str, *, is_buy: bool, **options: bool) -> str:
    """The text on the wire, and its row in the history."""
    order = trader.new_order(terms, is_buy=is_buy, **options)  # type: ignore[arg-type]
    response = response_json(trader.act(PlaceOrders((order,))))
    (status,) = response["response"]["data"]["statuses"]
    return f"{trader.statuses()[-1][1]}: {status['error']}"


def test_at_the_cap_nobody_increases_flips_or_prices_beyond_the_oracle() -> None:
    """Documented: the four refusals' statuses; live wording of an increase (contested 16)."""
    _, alice, bob = capped()
    carol = alice.market.account("carol")
    increase = (
        "positionIncreaseAtOpenInterestCapRejected: "
        "Cannot increase position when open interest is at cap. asset=2"
    )
    flip = (
        "positionFlipAtOpenInterestCapRejected: "
        "Order would increase open interest while open interest is capped asset=2"
    )
    beyond = (
        "tooAggressiveAtOpenInterestCapRejected: Order rejected due to price more aggressive "
        "than oracle while at open interest cap asset=2"
    )
    assert error(alice, "1 SOL @ 99", is_buy=True) == increase
    assert error(carol, "1 SOL @ 101", is_buy=False) == increase
    assert error(bob, "1 SOL @ 99", is_buy=False) == increase
    assert error(alice, "10.01 SOL @ 101", is_buy=False) == flip
    assert error(bob, "11 SOL @ 99", is_buy=True) == flip
    assert error(alice, "10 SOL @ 99.99", is_buy=False) == beyond
    assert error(bob, "10 SOL @ 100.01", is_buy=True, reduce_only=True) == beyond
    assert isinstance(alice.sells("10 SOL @ 100"), Resting)
    # Larger than the position and reduce-only: shrunk, so it flips nothing.
    assert bob.buys("99 SOL @ 100", reduce_only=True) == Filled(11, sz("10"), px("100"), None)
    assert isinstance(carol.buys("1 SOL @ 99"), Resting)  # nothing is open, so nothing is capped


def test_the_documented_wording_of_an_increase() -> None:
    """The other reading of contested 16."""
    _, alice, _ = capped(Rules(oi_cap_text="docs"))
    assert error(alice, "1 SOL @ 99", is_buy=True) == (
        "positionIncreaseAtOpenInterestCapRejected: "
        "Order would increase open interest while open interest is capped asset=2"
    )


def test_the_cap_is_asked_between_reduce_only_and_post_only() -> None:
    """Inferred: the order of the checks (mechanics 2.9)."""
    _, alice, bob = capped()
    carol = alice.market.account("carol")
    bob.buys("5 SOL @ 100")
    for terms, why in (
        ("0.01 SOL @ 99", OrderReject.MIN_TRADE_NTL),
        ("1 SOL @ 99", OrderReject.REDUCE_ONLY),
    ):
        assert carol.sells(terms, reduce_only=True) == Reject(why, 2)
    assert carol.sells("1 SOL @ 99", tif=Tif.ALO) == Reject(OrderReject.CAP_INCREASE, 2)
    poor = carol.market.account("poor", usd="1")
    assert poor.sells("1 SOL @ 99") == Reject(OrderReject.CAP_INCREASE, 2)


def test_the_order_that_reaches_the_cap_trades_in_full_and_clears_the_book() -> None:
    """Documented: resting orders more aggressive than the oracle are cancelled, each with a
    `nonUserCancel` (mechanics 17, contested 2). Assumed: once the cap is reached.
    """
    m, alice, bob = capped(cap="2000")
    carol = m.account("carol")
    for terms in ("4 SOL @ 102", "6 SOL @ 103", "9 SOL @ 104"):
        bob.sells(terms)
    over = [carol.buys(f"1 SOL @ {price}").oid for price in ("100.5", "101")]
    carol.buys("1 SOL @ 99")
    assert told(m.view, "perpsAtOpenInterestCap") == []
    m.events()

    filled = alice.buys("12 SOL @ 103.5")

    assert (filled.total_sz, told(m.view, "perpsAtOpenInterestCap")) == (sz("10"), ["SOL"])
    # What was left of alice's own order rested above the oracle.
    cancels = [(e.user, e.oid) for e in m.events() if isinstance(e, NonUserCancel)]
    mine = (alice.address, filled.oid)
    assert cancels == [mine, (carol.address, over[1]), (carol.address, over[0])]
    statuses = [status for _, status, _ in carol.statuses()]
    assert statuses == ["open", "open", "open", *["openInterestCapCanceled"] * 2]
    assert alice.statuses()[-1] == (filled.oid, "openInterestCapCanceled", sz("2"))
    assert [order.px for order in bob.account.orders.values()] == [px("104")]
    check_orders(m.ex.state)


def test_the_mark_may_reach_the_cap_and_leave_it() -> None:
    """Assumed: asked whenever the mark moves (mechanics 17)."""
    m, alice, _ = capped(cap="1100")
    alice.sells("1 SOL @ 120")
    above = alice.sells("1 SOL @ 101")
    m.oracle("SOL", "110")
    assert told(m.view, "perpsAtOpenInterestCap") == ["SOL"]
    assert [order.px for order in alice.account.orders.values()] == [px("120")]
    assert alice.statuses()[-1] == (above.oid, "openInterestCapCanceled", sz("1"))
    assert alice.buys("1 SOL @ 99") == Reject(OrderReject.CAP_INCREASE, 2)
    again = Story(Exchange.restore(m.ex.snapshot()))
    assert told(again.view, "perpsAtOpenInterestCap") == ["SOL"]

    m.oracle("SOL", "109")
    assert told(m.view, "perpsAtOpenInterestCap") == []
    assert isinstance(alice.buys("1 SOL @ 99"), Resting)


def test_the_book_is_cleared_once_when_the_cap_is_reached() -> None:
    """Assumed: not again when the oracle moves on (mechanics 17)."""
    m, alice, bob = capped(cap="100")
    bid = bob.buys("5 SOL @ 99")
    m.oracle("SOL", "98")
    m.advance(seconds=60)
    assert m.market("SOL").mark_px == px("98")
    assert bid.oid in bob.account.orders
    assert isinstance(alice.sells("1 SOL @ 99"), Filled)


def test_closing_leaves_the_cap_and_lifting_it_too() -> None:
    m, alice, bob = capped()
    bob.buys("1 SOL @ 100", reduce_only=True)
    alice.sells("1 SOL @ 100")
    assert told(m.view, "perpsAtOpenInterestCap", dex="") == []
    m.ex.operate(SetOpenInterestCap(2, usd("900")))
    assert told(m.view, "perpsAtOpenInterestCap") == ["SOL"]
    m.ex.operate(SetOpenInterestCap(2, None))
    assert told(m.view, "perpsAtOpenInterestCap") == []
    assert isinstance(alice.buys("1 SOL @ 99"), Resting)


def test_what_rested_may_still_trade_at_the_cap() -> None:
    """A maker takes over what another gives up: the open interest stays."""
    m, alice, _ = capped(cap="2000")
    carol = m.account("carol")
    carol.buys("10 SOL @ 100")
    m.ex.operate(SetOpenInterestCap(2, usd("1000")))
    assert isinstance(alice.sells("10 SOL @ 100"), Filled)
    assert carol.szi("SOL") == sz("10")
    assert m.market("SOL").open_interest == sz("10")


def test_open_interest_may_grow_by_a_part_of_its_cap_a_minute() -> None:
    """Documented: the text and the status. Assumed: the rule, off by default (mechanics 17)."""
    growth = Rules(open_interest_growth=rate("0.1"))
    m, alice, bob = capped(growth, cap="10000")
    text = "openInterestIncreaseRejected: Order would increase open interest too quickly asset=2"
    assert error(alice, "10.01 SOL @ 99", is_buy=True) == text
    bob.sells("10 SOL @ 100")
    assert isinstance(alice.buys("10 SOL @ 100"), Filled)
    assert error(alice, "0.11 SOL @ 99", is_buy=True) == text
    assert error(bob, "20.2 SOL @ 99", is_buy=True) == text
    assert isinstance(bob.buys("20 SOL @ 99"), Resting)
    assert isinstance(m.account("carol").buys("0.1 ETH @ 1900"), Resting)
    m.advance(seconds=60)
    assert m.ex.state.time_ms == START_MS + 60_000
    assert isinstance(alice.buys("10 SOL @ 99"), Resting)

    freely, one, two = capped(cap="10000")
    two.sells("80 SOL @ 100")
    assert isinstance(one.buys("80 SOL @ 100"), Filled)
    assert freely.market("SOL").open_interest == sz("90")


def test_a_stop_at_the_cap_closes_at_any_price_and_opens_at_none() -> None:
    """Assumed: what a trigger order adds is judged when it fires, how it is priced is not."""
    m, alice, bob = capped(cap="500")
    carol = m.account("carol")
    bob.buys("5 SOL @ 90", reduce_only=True)
    stop = alice.place(alice.trigger("5 SOL @ 85", at="95"))
    entry = carol.place(
        carol.trigger("1 SOL @ 110", at="96", is_buy=False, reduce_only=False, tpsl="sl")
    )
    m.oracle("SOL", "94")
    assert alice.statuses()[-2:] == [
        (stop.oid, "triggered", sz("5")),
        (stop.oid, "filled", 0),
    ]
    assert carol.statuses()[-1][:2] == (entry.oid, "positionIncreaseAtOpenInterestCapRejected")


@pytest.mark.parametrize(
    ("asset_id", "cap", "fault"),
    [
        (99, "1", "no live perp has asset id 99"),
        (5, "1", "no live perp has asset id 5"),
        (10_107, "1", "no live perp has asset id 10107"),
        (2, "0", "a cap is above 0: 0"),
        (2, "-1", "a cap is above 0: -1000000"),
    ],
)
def test_a_cap_that_makes_no_sense_changes_nothing(asset_id: int, cap: str, fault: str) -> None:
    m, _, _ = capped()
    before = m.ex.state_hash()
    with pytest.raises(ValueError, match=fault):
        m.ex.operate(SetOpenInterestCap(asset_id, usd(cap)))
    assert m.ex.state_hash() == before
