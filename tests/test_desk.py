"""Order entry: replies, resting, self-trades, reduce-only, cancels, builders."""

from __future__ import annotations

import pytest
from stories import START_MS, Story, Trader, address, market, px, sz, usd

from hlsim.matching.types import Tif
from hlsim.sim.actions.agents import ApproveBuilderFee
from hlsim.sim.actions.orders import BuilderTerms
from hlsim.sim.errors import ActionError, ActionReject, CancelReject, OrderReject, Reject
from hlsim.sim.events import NonUserCancel
from hlsim.sim.replies import Done, Filled, Refused, Resting

HOUR_MS = 3_600_000


def two(**options: str) -> tuple[Story, Trader, Trader]:
    m = market()
    return m, m.account("alice", **options), m.account("bob", **options)


def refusal(response: object) -> object:
    assert isinstance(response, Refused), response
    return response.error.why


# -- placing ---------------------------------------------------------------------------------------


def test_an_order_that_crosses_nothing_rests() -> None:
    m, alice, _ = two()

    reply = alice.buys("0.1 BTC @ 49000", cloid="0x" + "ab" * 16)

    assert reply == Resting(1, "0x" + "ab" * 16)
    assert m.market("BTC").book.best_bid() == px("49000")
    assert alice.statuses() == [(1, "open", sz("0.1"))]


def test_a_taker_gets_the_makers_prices_and_their_average() -> None:
    """Documented: price improvement belongs to the taker; avgPx is the VWAP (mechanics 2.2)."""
    _, alice, bob = two()
    bob.sells("0.1 BTC @ 50000")
    bob.sells("0.3 BTC @ 50100")

    reply = alice.buys("0.2 BTC @ 51000")

    assert reply == Filled(3, sz("0.2"), px("50050"), None)
    assert alice.statuses() == [(3, "open", sz("0.2")), (3, "filled", 0)]
    assert bob.statuses() == [
        (1, "open", sz("0.1")),
        (2, "open", sz("0.3")),
        (1, "filled", 0),
    ]


def test_a_gtc_that_partly_fills_rests_under_its_oid() -> None:
    """Observed: the reply is `filled` with the part (contested 3); `open` shows the rest (ws
    4.2).
    """
    _, alice, bob = two()
    bob.sells("0.1 BTC @ 50000")

    reply = alice.buys("0.3 BTC @ 50000")

    assert reply == Filled(2, sz("0.1"), px("50000"), None)
    assert alice.statuses() == [(2, "open", sz("0.2"))]
    assert alice.account.orders[2].sz == sz("0.2")


@pytest.mark.parametrize("tif", [Tif.IOC, Tif.FRONTEND_MARKET])
def test_what_an_immediate_order_leaves_is_dropped(tif: Tif) -> None:
    """Observed: `filled` with the smaller totalSz, status `filled` (contested 26)."""
    m, alice, bob = two()
    bob.sells("0.1 BTC @ 50000")

    reply = alice.buys("0.3 BTC @ 50000", tif=tif)

    assert reply == Filled(2, sz("0.1"), px("50000"), None)
    assert alice.statuses() == [(2, "open", sz("0.3")), (2, "filled", sz("0.2"))]
    assert m.market("BTC").book.best_bid() is None


def test_orders_of_a_batch_stand_in_line_with_consecutive_oids() -> None:
    """Observed: consecutive oids (info 2.4)."""
    _, alice, _ = two()

    replies = alice.place(
        alice.new_order("0.1 BTC @ 49000", is_buy=True),
        alice.new_order("0.1 BTC @ 48000", is_buy=True, tif=Tif.IOC),
        alice.new_order("0.1 ETH @ 1900", is_buy=True),
    )

    assert replies[0] == Resting(1, None)
    assert replies[1] == Reject(OrderReject.IOC_CANCEL, 0)
    assert replies[2] == Resting(3, None)


def test_equal_prices_trade_in_time_order() -> None:
    """Documented: price-time priority (mechanics 2.1)."""
    m, alice, bob = two()
    carol = m.account("carol")
    bob.sells("0.1 BTC @ 50000")
    carol.sells("0.1 BTC @ 50000")

    alice.buys("0.1 BTC @ 50000")

    assert bob.szi("BTC") == -sz("0.1")
    assert carol.szi("BTC") == 0


# -- self-trades -----------------------------------------------------------------------------------


def test_a_self_trade_cancels_the_resting_order_and_goes_on() -> None:
    """Documented: no fee, no print, `selfTradeCanceled` on the maker (mechanics 2.3, contested
    2).
    """
    m, alice, bob = two()
    alice.sells("0.1 BTC @ 50000")
    bob.sells("0.1 BTC @ 50100")
    m.events()

    reply = alice.buys("0.1 BTC @ 50100")

    assert reply == Filled(3, sz("0.1"), px("50100"), None)
    assert alice.statuses() == [
        (1, "open", sz("0.1")),
        (1, "selfTradeCanceled", sz("0.1")),
        (3, "open", sz("0.1")),
        (3, "filled", 0),
    ]
    assert NonUserCancel(alice.address, "BTC", 1) in m.events()
    assert not alice.account.order_loads


def test_an_immediate_order_that_meets_only_its_owner_is_refused() -> None:
    """Inferred: nothing traded, so it is an order without a match (mechanics 2.2, 2.3)."""
    _, alice, _ = two()
    alice.sells("0.1 BTC @ 50000")

    reply = alice.buys("0.1 BTC @ 50000", tif=Tif.IOC)

    assert reply == Reject(OrderReject.IOC_CANCEL, 0)
    assert not alice.account.orders


@pytest.mark.parametrize("tif", [Tif.FRONTEND_MARKET, Tif.LIQUIDATION_MARKET])
def test_a_market_order_that_meets_only_its_owner_finds_no_liquidity(tif: Tif) -> None:
    """Documented: `marketOrderNoLiquidityRejected` (mechanics 2.2)."""
    _, alice, _ = two()
    alice.sells("0.1 BTC @ 50000")

    assert alice.buys("0.1 BTC @ 50000", tif=tif) == Reject(OrderReject.NO_LIQUIDITY, 0)
    assert alice.statuses()[-1] == (2, "marketOrderNoLiquidityRejected", sz("0.1"))


def test_own_resting_orders_do_not_pay_for_a_spot_buy() -> None:
    """A self-trade must not let a buyer reach deeper than the balance goes."""
    m = market()
    alice = m.account("alice", spot_usdc="400", HYPE="10")
    bob = m.account("bob", HYPE="10")
    alice.sells("10 @107 @ 40")
    bob.sells("10 @107 @ 80")

    assert alice.buys("10 @107 @ 80") == Reject(OrderReject.SPOT_BALANCE, 10_107)
    assert alice.account.spot[0].total == 400 * 10**8


# -- margin of makers ------------------------------------------------------------------------------


def test_a_maker_that_cannot_pay_any_more_is_cancelled_at_the_match() -> None:
    """Documented: `marginCanceled`, the taker goes on (mechanics 2.10)."""
    m, alice, bob = two()
    poor = m.account("poor", usd="1000")
    poor.sells("0.4 BTC @ 50000")
    bob.sells("0.4 BTC @ 50010")
    poor.account.raw_usd = usd("10")
    m.events()

    reply = alice.buys("0.4 BTC @ 50010")

    assert reply == Filled(3, sz("0.4"), px("50010"), None)
    assert poor.statuses()[-1] == (1, "marginCanceled", sz("0.4"))
    assert NonUserCancel(poor.address, "BTC", 1) in m.events()


def test_a_maker_that_would_go_through_zero_must_pay_for_the_excess() -> None:
    """Documented: makers are judged again (mechanics 2.10); beside a position such an order
    reserved nothing (mechanics 6.1), so its margin may be gone.
    """
    m, alice, bob = two()
    carol = m.account("carol", usd="10000")
    alice.sells("0.001 BTC @ 50000")
    carol.buys("0.001 BTC @ 50000")
    carol.sells("0.4 BTC @ 50100")
    bob.sells("1 BTC @ 50200")
    carol.account.raw_usd = usd("-40")

    reply = alice.buys("0.2 BTC @ 50200")

    assert reply == Filled(5, sz("0.2"), px("50200"), None)
    assert carol.statuses()[-1] == (3, "marginCanceled", sz("0.4"))
    assert carol.szi("BTC") == sz("0.001")


def test_a_maker_pays_for_a_flip_with_what_closing_releases() -> None:
    """Observed: as much the other way as is held, on top of what is free (mechanics 6.2)."""
    m, alice, bob = two()
    carol = m.account("carol", usd="1000")
    alice.sells("0.39 BTC @ 50000")
    carol.buys("0.39 BTC @ 50000")
    carol.sells("0.78 BTC @ 50000")

    bob.buys("0.78 BTC @ 50000")

    assert carol.szi("BTC") == -sz("0.39")
    assert m.market("BTC").book.best_ask() is None


# -- reduce-only -----------------------------------------------------------------------------------


def long_alice(size: str = "0.1") -> tuple[Story, Trader, Trader]:
    m, alice, bob = two()
    bob.sells(f"{size} BTC @ 50000")
    alice.buys(f"{size} BTC @ 50000")
    return m, alice, bob


def test_reduce_only_never_flips() -> None:
    """Observed: larger than the position, it is shrunk (mechanics 2.4)."""
    _, alice, bob = long_alice()
    bob.buys("1 BTC @ 49000")

    reply = alice.sells("1 BTC @ 49000", tif=Tif.IOC, reduce_only=True)

    assert reply == Filled(4, sz("0.1"), px("49000"), None)
    assert alice.szi("BTC") == 0


def test_a_resting_reduce_only_order_follows_the_position() -> None:
    """Observed: sz is clipped, origSz is not; it dies with the position (mechanics 2.4)."""
    m, alice, bob = long_alice()
    alice.sells("1 BTC @ 51000", reduce_only=True)
    order = next(iter(alice.account.orders.values()))
    assert (order.sz, order.orig_sz) == (sz("0.1"), sz("1"))
    bob.buys("0.1 BTC @ 49000")

    alice.sells("0.06 BTC @ 49000", tif=Tif.IOC)
    assert order.sz == sz("0.04")
    m.events()
    alice.sells("0.04 BTC @ 49000", tif=Tif.IOC)

    assert alice.statuses()[-2][1:] == ("filled", 0)
    assert alice.statuses()[-1] == (order.oid, "reduceOnlyCanceled", sz("0.04"))
    assert not [e for e in m.events() if isinstance(e, NonUserCancel)]
    assert not alice.account.orders
    assert m.market("BTC").book.best_ask() is None


def test_of_two_reduce_only_orders_the_older_gives_way() -> None:
    """Observed: the older is trimmed or cancelled first (mechanics 2.4)."""
    _, alice, _bob = long_alice()
    older = alice.sells("0.08 BTC @ 51000", reduce_only=True)
    newer = alice.sells("0.05 BTC @ 52000", reduce_only=True)

    assert alice.account.orders[older.oid].sz == sz("0.05")
    assert alice.account.orders[newer.oid].sz == sz("0.05")
    alice.sells("0.1 BTC @ 53000", reduce_only=True)
    assert [order.sz for order in alice.account.orders.values()] == [sz("0.1")]
    # The oldest go first, too, when several go at once.
    assert alice.statuses()[-2:] == [
        (older.oid, "reduceOnlyCanceled", sz("0.05")),
        (newer.oid, "reduceOnlyCanceled", sz("0.05")),
    ]


def test_reduce_only_makers_shrink_inside_one_sweep() -> None:
    """A taker that eats several reduce-only orders of one maker never flips it."""
    m, alice, bob = long_alice()
    alice.sells("0.06 BTC @ 51000", reduce_only=True)
    alice.sells("0.04 BTC @ 51001", reduce_only=True)
    alice.sells("0.1 BTC @ 50500")

    bob.buys("1 BTC @ 51001")

    assert alice.szi("BTC") == 0
    assert m.market("BTC").book.best_ask() is None
    assert alice.account.reduce_only == {}


# -- cancelling ------------------------------------------------------------------------------------


def test_cancel_by_oid_and_by_cloid() -> None:
    _, alice, _ = two()
    first = alice.buys("0.1 BTC @ 49000")
    alice.buys("0.1 BTC @ 48000", cloid="0x" + "01" * 16)

    assert alice.cancel("BTC", first.oid) is None
    assert alice.cancel_cloid("BTC", "0x" + "01" * 16) is None
    assert alice.statuses()[-2:] == [(1, "canceled", sz("0.1")), (2, "canceled", sz("0.1"))]
    assert not alice.account.order_loads
    assert not alice.account.open_cloids


def test_a_cancel_that_misses_says_so() -> None:
    """Documented: one text for never placed, cancelled and filled (exchange 7.2)."""
    _, alice, bob = two()
    bob.sells("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")
    mine = alice.buys("0.1 BTC @ 49000")
    missed = Reject(CancelReject.NOT_OPEN, 0)

    assert alice.cancel("BTC", 2) == missed
    assert alice.cancel("BTC", 999) == missed
    assert bob.cancel("BTC", mine.oid) == missed
    assert alice.cancel("ETH", mine.oid) == Reject(CancelReject.NOT_OPEN, 1)
    assert alice.cancel("BTC", mine.oid) is None
    assert alice.cancel("BTC", mine.oid) == missed


def test_a_reused_cloid_finds_the_newest_order() -> None:
    """Assumed: two open orders may carry one cloid (contested 42)."""
    _, alice, _ = two()
    cloid = "0x" + "0f" * 16
    alice.buys("0.1 BTC @ 49000", cloid=cloid)
    alice.buys("0.1 BTC @ 48000", cloid=cloid)

    assert alice.cancel_cloid("BTC", cloid) is None
    assert list(alice.account.orders) == [1]


def test_cancelling_a_spot_order_releases_its_hold() -> None:
    m = market()
    alice = m.account("alice", spot_usdc="100", HYPE="1")
    bid = alice.buys("1 @107 @ 40")
    ask = alice.sells("0.5 @107 @ 50")
    assert alice.account.spot[0].hold == 40 * 10**8
    assert alice.account.spot[2].hold == 5 * 10**7

    alice.cancel("@107", bid.oid)
    alice.cancel("@107", ask.oid)

    assert [balance.hold for balance in alice.account.spot.values()] == [0, 0]


# -- builders --------------------------------------------------------------------------------------


def test_a_builder_earns_on_approved_orders_only() -> None:
    """Documented: needs approval; the fee is part of `fee` (exchange 5.1, mechanics 11.3)."""
    m, alice, bob = two()
    builder = m.account("builder", usd="1000")
    terms = BuilderTerms(builder.address, 10)  # type: ignore[arg-type]
    bob.sells("0.1 BTC @ 50000")
    buy = alice.new_order("0.1 BTC @ 50000", is_buy=True)
    assert alice.place(buy, builder=terms) == Reject(OrderReject.BUILDER_FEE, 0)
    assert alice.act(ApproveBuilderFee("0.01%", builder.address, START_MS)) == Done()  # type: ignore[arg-type]

    alice.place(buy, builder=terms)

    fill = alice.account.fills[-1]
    assert (fill.fee, fill.builder_fee) == (usd("2.75"), usd("0.5"))
    assert builder.account.rewards[0].unclaimed == 100 * usd("0.5")


@pytest.mark.parametrize("fee", [0, 1])
def test_strangers_have_no_rewards(fee: int) -> None:
    """A builder address nobody approved makes no account, not even where no fee is asked."""
    m, alice, bob = two()
    bob.sells("0.1 BTC @ 50000")
    terms = BuilderTerms(address("nobody"), fee)  # type: ignore[arg-type]

    reply = alice.place(alice.new_order("0.1 BTC @ 50000", is_buy=True), builder=terms)

    assert isinstance(reply, Filled) == (fee == 0)
    assert m.ex.account(address("nobody")) is None


@pytest.mark.parametrize(
    ("asset_id", "why"),
    [
        (9_999, ActionReject.INVALID_PERP),
        (19_999, ActionReject.INVALID_SPOT),
        (110_000, ActionReject.INVALID_PERP),
        (100_000_010, ActionReject.INVALID_OUTCOME),
    ],
)
def test_an_id_of_nothing_is_told_what_it_would_be(asset_id: int, why: ActionReject) -> None:
    """Documented: ranges of ids (mechanics 14)."""
    with pytest.raises(ActionError) as refused:
        market().ex.desk.listed(asset_id)
    assert refused.value.why is why
