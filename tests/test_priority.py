"""Priority orders: which may be one, what they pay, and where in line and in a block they stand."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from houses import sub_account
from nodes import node, one_block
from stakers import ask, delegates, deposits, hype, refusal
from stories import START_MS, Story, Trader, address, market, px, sz, universe
from test_conservation import check_money, check_orders

from hlsim.matching.book import OrderBook
from hlsim.matching.naive import NaiveBook
from hlsim.matching.types import Order, Px, Side, Sz, Tif
from hlsim.sim.actions.orders import LimitTerms, NewOrder, OrderTerms, PlaceOrders, Priority
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.exchange import Applied, Exchange
from hlsim.sim.operations import ListOutcome
from hlsim.sim.replies import Filled, Refused, Resting

BP = 10_000
"""A basis point, as a priority writes it."""
SHORT = "Insufficient delegatable balance for priority order"


def staked(amount: str = "10") -> tuple[Story, Trader, Trader]:
    """alice has so much undelegated HYPE, which is worth 40; bob trades with her."""
    m = market()
    alice, bob = m.account("alice", spot_usdc="10000", HYPE="100"), m.account("bob")
    if amount:
        deposits(alice, amount)
    return m, alice, bob


def hurries(trader: Trader, *orders: NewOrder, rate: int = BP) -> Any:
    return trader.place(*orders, grouping=Priority(rate))  # type: ignore[arg-type]


def buys(trader: Trader, terms: str, tif: Tif = Tif.ALO, rate: int = BP) -> Any:
    return hurries(trader, trader.new_order(terms, is_buy=True, tif=tif), rate=rate)


def left(m: Story, trader: Trader) -> str:
    return str(ask(m, "delegatorSummary", user=trader.address)["undelegated"])


# -- what it costs ---------------------------------------------------------------------------------


def test_a_post_only_order_pays_for_all_that_rests() -> None:
    """Documented: at placement, filled or not, at the mark of spot HYPE (mechanics 2.1): a basis
    point of $4000 is $0.40, a hundredth of a HYPE. It is burned."""
    m, alice, _ = staked()

    resting = buys(alice, "0.1 BTC @ 40000")

    assert isinstance(resting, Resting)
    assert left(m, alice) == "9.99"
    assert m.ex.state.treasury.token_burned == {2: hype("0.01")}
    alice.cancel("BTC", resting.oid)
    assert left(m, alice) == "9.99"
    check_money(m.ex.state)


def test_an_immediate_order_pays_for_what_it_fills() -> None:
    """Documented: the filled notional, not the limit's (exchange 5.1)."""
    m, alice, bob = staked()
    bob.sells("0.1 BTC @ 50000")
    bob.sells("0.1 BTC @ 50500")

    filled = buys(alice, "1 BTC @ 51000", Tif.IOC, 8 * BP)

    assert isinstance(filled, Filled)
    assert filled.total_sz == sz("0.2")
    assert left(m, alice) == "9.799"  # 8 bp of $10050 at $40
    check_money(m.ex.state)


def test_a_sale_that_fetches_more_than_its_limit_is_paid_for() -> None:
    """The most that it can cost is asked for, at the best bid."""
    m, alice, bob = staked("0.1")
    bob.buys("0.1 BTC @ 50000")
    sale = alice.new_order("0.1 BTC @ 30000", is_buy=False, tif=Tif.IOC)

    assert refusal(hurries(alice, sale, rate=9 * BP)) == SHORT
    assert isinstance(hurries(alice, sale, rate=8 * BP), Filled)
    assert left(m, alice) == "0.0"


def test_what_is_refused_pays_nothing() -> None:
    m, alice, bob = staked()
    bob.sells("0.1 BTC @ 50000")

    assert buys(alice, "0.1 BTC @ 51000").why is OrderReject.BAD_ALO_PX
    assert buys(alice, "0.1 BTC @ 49000", Tif.IOC).why is OrderReject.IOC_CANCEL
    assert buys(alice, "0.0001 BTC @ 40000").why is OrderReject.MIN_TRADE_NTL
    assert hurries(alice) == (Reject(OrderReject.EMPTY),)
    assert left(m, alice) == "10.0"
    assert m.ex.state.treasury.token_burned == {}


@pytest.mark.parametrize("tif", [Tif.ALO, Tif.IOC])
def test_the_balance_is_asked_first_and_for_all_orders(tif: Tif) -> None:
    """Observed: before anything is matched, for the whole request (exchange 5.1)."""
    m, alice, bob = staked("0.019")
    bob.sells("1 BTC @ 40000") if tif is Tif.IOC else bob.buys("1 BTC @ 39000")
    one = alice.new_order("0.1 BTC @ 40000", is_buy=True, tif=tif)
    before = (left(m, alice), m.ex.state.next_oid)

    assert refusal(hurries(alice, one, one)) == SHORT

    assert (left(m, alice), m.ex.state.next_oid) == before
    assert len(hurries(alice, one, one, rate=BP // 2)) == 2
    assert left(m, alice) == "0.009"
    check_money(m.ex.state)


@pytest.mark.parametrize("how", ["nothing staked", "all delegated", "spot only", "no HYPE"])
def test_only_undelegated_hype_pays(how: str) -> None:
    m, alice, _ = staked("" if how in ("nothing staked", "spot only") else "10")
    if how == "all delegated":
        delegates(alice, "10")
    elif how == "no HYPE":
        usual = universe()
        bare = replace(usual, pairs=usual.pairs[:1], tokens=usual.tokens[:2])
        m = Story(Exchange.create(bare, time_ms=START_MS))
        alice = m.account("alice")

    assert refusal(buys(alice, "0.1 BTC @ 40000")) == SHORT


def test_a_sub_account_pays_with_what_it_staked_itself() -> None:
    """Assumed: which is nothing, since it has no key to stake with."""
    _, alice, _ = staked()
    desk = sub_account(alice, dollars="5000")

    assert refusal(buys(desk, "0.1 BTC @ 40000")) == SHORT


def test_a_fee_below_the_smallest_unit_is_none() -> None:
    """Assumed: rounded down; such an order needs no stake, nor does a rate of nothing."""
    m, alice, _ = staked("")

    assert isinstance(buys(alice, "100 MEME @ 0.4", rate=0), Resting)
    assert refusal(buys(alice, "100 MEME @ 0.4", rate=1)) == SHORT
    assert m.ex.state.treasury.token_burned == {}


# -- which orders ----------------------------------------------------------------------------------


def test_which_orders_may_have_a_priority() -> None:
    """Documented: all Ioc, or all post-only ones that may open; no outcomes (exchange 5.1).
    Assumed: the texts, and that the market orders of the web front end are not among them."""
    m, alice, bob = staked()
    m.ex.operate(ListOutcome("Rain?"))
    bob.sells("1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")
    alo, ioc, gtc, market_order = (
        alice.new_order("0.1 BTC @ 49000", is_buy=True, tif=tif)
        for tif in (Tif.ALO, Tif.IOC, Tif.GTC, Tif.FRONTEND_MARKET)
    )
    exit_alo = alice.new_order("0.1 BTC @ 52000", is_buy=False, tif=Tif.ALO, reduce_only=True)
    exit_ioc = alice.new_order("0.1 BTC @ 48000", is_buy=False, tif=Tif.IOC, reduce_only=True)
    bet = alice.new_order("100 #10 @ 0.4", is_buy=True, tif=Tif.ALO)
    stop = alice.trigger("0.1 BTC @ 44000", at="48000")
    kinds = (
        "Priority grouping is only supported when every order is IOC, or every order is a "
        "non-reduce-only ALO, on a non-outcome asset."
    )

    for orders in ((gtc,), (market_order,), (alo, ioc), (alo, exit_alo), (bet,), (ioc, stop)):
        assert refusal(hurries(alice, *orders)) == kinds
    assert refusal(hurries(alice, alo, rate=10**8 + 1)) == (
        "Priority rate cannot be greater than 100%."
    )
    assert hurries(alice, exit_ioc).why is OrderReject.IOC_CANCEL
    assert isinstance(buys(alice, "500 PURR/USDC @ 0.19"), Resting)
    assert isinstance(buys(alice, "0.0005 BTC @ 40000", rate=10**8), Resting)
    assert left(m, alice) == "9.4997625"


def test_an_asset_that_is_not_listed_is_named_first() -> None:
    _, alice, _ = staked("")
    unknown = NewOrder(
        asset=99,  # type: ignore[arg-type]
        is_buy=True,
        px=px("1"),
        sz=sz("100"),
        terms=OrderTerms(LimitTerms(Tif.IOC)),
    )

    assert refusal(hurries(alice, unknown)) == "Invalid perp"


# -- the place in line -----------------------------------------------------------------------------


def line(m: Story) -> list[str]:
    """Who bids BTC, the next to trade first."""
    names = {address(name): name for name in "ABCD"}
    owners = (order.owner for order in m.market("BTC").book.orders(Side.BID))
    return [names[owner] for owner in owners]  # type: ignore[index]


def queue() -> tuple[Story, dict[str, Trader]]:
    m = market()
    traders = {name: m.account(name, HYPE="100") for name in "ABCD"}
    for trader in traders.values():
        deposits(trader, "50")
    return m, traders


def test_the_documented_queue() -> None:
    """Documented: B overtakes A within 400 ms; C pays more and comes too late, for A has stood long
    enough and B stands before it (mechanics 2.1)."""
    m, at = queue()
    at["A"].buys("0.1 BTC @ 49000", tif=Tif.ALO)
    m.advance(ms=399)
    buys(at["B"], "0.1 BTC @ 49000", rate=BP)
    assert line(m) == ["B", "A"]
    m.advance(ms=2)

    buys(at["C"], "0.1 BTC @ 49000", rate=2 * BP)

    assert line(m) == ["B", "A", "C"]
    m.account("taker").sells("0.15 BTC @ 49000")
    assert line(m) == ["A", "C"]
    check_orders(m.ex.state)


def test_equal_rates_keep_their_turn_and_higher_ones_go_first() -> None:
    m, at = queue()
    for name, rate in (("A", 3), ("B", 1), ("C", 3), ("D", 2)):
        buys(at[name], "0.1 BTC @ 49000", rate=rate * BP)

    assert line(m) == ["A", "C", "D", "B"]
    copy = Story(Exchange.restore(m.ex.snapshot()))
    assert line(copy) == ["A", "C", "D", "B"]


def test_other_prices_and_plain_orders_are_left_alone() -> None:
    """One that pays nothing stands last whoever it meets; 400 ms are over at 400 ms."""
    m, at = queue()
    buys(at["A"], "0.1 BTC @ 48000", rate=0)
    at["B"].buys("0.1 BTC @ 49000")
    m.advance(ms=400)
    buys(at["C"], "0.1 BTC @ 49000", rate=BP)
    at["D"].buys("0.1 BTC @ 49000")

    assert line(m) == ["B", "C", "D", "A"]


def test_a_modified_order_gives_up_what_it_paid_for() -> None:
    """Documented: cancel-replace, back of the queue (mechanics 5)."""
    m, at = queue()
    oid = buys(at["A"], "0.1 BTC @ 49000", rate=2 * BP).oid
    buys(at["B"], "0.1 BTC @ 49000", rate=BP)

    at["A"].modify(oid, at["A"].new_order("0.2 BTC @ 49000", is_buy=True, tif=Tif.ALO))

    assert line(m) == ["B", "A"]


@pytest.mark.parametrize("seed", range(5))
def test_the_book_and_its_naive_twin_agree_on_who_gives_way(seed: int) -> None:
    rng = Random(seed)
    book, naive = OrderBook(), NaiveBook()
    ours: dict[int, tuple[Order, Order]] = {}
    for oid in range(600):
        side = rng.choice(list(Side))
        price = Px(100 - 2 * side.sign + rng.randrange(-1, 2))
        pair = tuple(Order(oid, f"{oid}", side, price, Sz(5)) for _ in range(2))
        allowed = rng.sample(range(oid + 1), rng.randrange(oid + 1))
        gives_way = rng.choice((None, lambda other: other.oid in allowed))  # noqa: B023
        book.rest(pair[0], gives_way)
        naive.rest(pair[1], gives_way)
        ours[oid] = pair  # type: ignore[assignment]
        if rng.random() < 0.4:
            gone = ours.pop(rng.choice(list(ours)))
            book.cancel(gone[0])
            naive.cancel(gone[1])
        for way in Side:
            assert [o.oid for o in book.orders(way)] == [o.oid for o in naive.orders(way)]
    book.check()


# -- the place in a block --------------------------------------------------------------------------


def test_takers_of_a_block_that_pay_more_come_first() -> None:
    """Documented: sorted by fee, first come otherwise, cancels and what does not take before them
    all (exchange 1.4); post-only orders stay in turn."""
    made = node(block_time_ms=1)
    alice = Trader(Story(made.exchange), address("alice"))

    def action(tif: Tif, rate: int | None) -> PlaceOrders:
        order = alice.new_order("0.01 BTC @ 40000", is_buy=True, tif=tif)
        return PlaceOrders((order,), "na" if rate is None else Priority(rate))  # type: ignore[arg-type]

    plain, gtc = action(Tif.IOC, None), action(Tif.GTC, None)
    low, high = action(Tif.IOC, 1), action(Tif.IOC, 2)
    alo_low, alo_high = action(Tif.ALO, 1), action(Tif.ALO, 2)

    block, answers = one_block(made, plain, low, gtc, high, alo_low, alo_high, low)

    done = [item.action for item in block.inputs if isinstance(item, Applied)]
    assert done == [alo_low, alo_high, high, low, low, plain, gtc]
    assert isinstance(answers[1], Refused)
