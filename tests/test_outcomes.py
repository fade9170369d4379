"""Trading on outcomes: names, books that are one, what is refused, what is seen of it."""

from __future__ import annotations

from typing import Any

import pytest
from asking import told
from betting import held, rain, split, usdc
from stories import Story, market, px
from streams import Stage
from test_conservation import check_money, check_orders

from hlsim.matching.types import Tif
from hlsim.server.encode import order_status
from hlsim.server.topics.markets import Bbo
from hlsim.server.topics.outcomes import OutcomeMetaUpdates
from hlsim.sim.events import Direction, Fill, Trade
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import (
    ListOutcome,
    ListQuestion,
    SetHalt,
    SettleOutcome,
    SettleQuestion,
)
from hlsim.sim.replies import Filled, Resting

ONE = 10**8


def bettors(m: Story) -> Any:
    return (m.account(name, spot_usdc="1000") for name in ("alice", "bob", "carol"))


def levels(m: Story, coin: str) -> Any:
    """[bids, asks] as (px, sz, n)."""
    book = told(m.view, "l2Book", coin=coin)["levels"]
    return [[(row["px"], row["sz"], row["n"]) for row in side] for side in book]


# -- listing ---------------------------------------------------------------------------------------


def test_an_outcome_is_two_markets_with_names_of_its_number() -> None:
    """Documented: coin, token and asset id (mechanics 14); contexts at the tail (info 4.7)."""
    m = market()
    m.ex.operate(ListOutcome("Rain?", "by noon", px=px("0.3")))
    assert [m.asset_id(coin) for coin in ("#10", "#11")] == [100_000_010, 100_000_011]
    mids = told(m.view, "allMids")
    assert (mids["#10"], mids["#11"]) == ("0.3", "0.7")
    meta, ctxs = told(m.view, "spotMetaAndAssetCtxs")
    assert [row["coin"] for row in ctxs[-3:]] == ["@107", "#10", "#11"]
    assert len(meta["universe"]) == 2
    assert len(meta["tokens"]) == 3
    assert told(m.view, "outcomeMeta") == {
        "outcomes": [
            {
                "outcome": 1,
                "name": "Rain?",
                "description": "by noon",
                "sideSpecs": [{"name": "Yes"}, {"name": "No"}],
                "quoteToken": "USDC",
            }
        ],
        "questions": [],
    }


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        (ListOutcome(""), "have names"),
        (ListOutcome("A", sides=("Yes", "")), "have names"),
        (ListOutcome("A", quote=3), "no token has index 3"),
        (ListOutcome("A", quote=1), "has 8 wei decimals"),
        (ListOutcome("A", px=px("0")), "between 0 and 1"),
        (ListOutcome("A", px=px("1")), "between 0 and 1"),
        (ListQuestion("Q", ()), "1 to 100 named"),
        (ListQuestion("Q", (("A", ""),) * 101), "1 to 100 named"),
        (ListQuestion("Q", (("", ""),)), "have names"),
        (SettleOutcome(2, px("1")), "no live outcome 2"),
        (SettleOutcome(1, px("1.1")), "between 0 and 1"),
        (SettleQuestion(1, 1), "no live question 1"),
    ],
)
def test_what_an_operator_cannot_mean_changes_nothing(operation: Any, fault: str) -> None:
    m = rain()
    before = m.ex.state_hash()
    with pytest.raises(ValueError, match=fault):
        m.ex.operate(operation)
    assert m.ex.state_hash() == before


def test_there_is_an_end_to_outcomes() -> None:
    m = market()
    m.ex.operate(ListQuestion("Q", (("A", ""),) * 100))
    state = m.ex.state
    one = state.outcomes[1]
    state.outcomes.update(dict.fromkeys(range(102, 10_000), one))
    with pytest.raises(ValueError, match="no more than 10000"):
        m.ex.operate(ListQuestion("Q", (("A", ""),)))
    m.ex.operate(ListOutcome("Last"))
    with pytest.raises(ValueError, match="no more than 10000"):
        m.ex.operate(ListOutcome("One more"))


# -- matching --------------------------------------------------------------------------------------


def test_two_buyers_of_both_sides_make_tokens() -> None:
    """Documented: buying Yes at p is selling No at 1 - p (mechanics 14). Observed: no fees."""
    m = rain()
    alice, bob, _ = bettors(m)
    assert isinstance(bob.buys("100 #11 @ 0.4"), Resting)
    assert bob.account.spot[0].hold == 40 * ONE
    assert levels(m, "#10") == [[], [("0.6", "100.0", 1)]]
    assert levels(m, "#11") == [[("0.4", "100.0", 1)], []]
    m.events()

    filled = alice.buys("30 #10 @ 0.7")

    assert isinstance(filled, Filled)
    assert order_status(filled)["filled"]["avgPx"] == "0.6"
    assert (held(alice, 10), held(bob, 11)) == (30 * ONE, 30 * ONE)
    assert (usdc(alice), usdc(bob)) == (982 * ONE, 988 * ONE)
    assert m.ex.state.outcomes[1].locked == 30 * ONE
    assert [one.account.volume.total_usd for one in (alice, bob)] == [18 * ONE, 12 * ONE]
    assert bob.account.spot[0].hold == 28 * ONE
    events = m.events()
    fills = {event.user: event for event in events if isinstance(event, Fill)}
    mine, theirs = fills[alice.address], fills[bob.address]
    assert (mine.coin, mine.px, mine.dir, mine.crossed) == ("#10", px("0.6"), Direction.BUY, True)
    assert (theirs.coin, theirs.px, theirs.dir) == ("#11", px("0.4"), Direction.BUY)
    assert (mine.fee, mine.fee_token, mine.tid) == (0, "USDC", theirs.tid)
    (trade,) = [event for event in events if isinstance(event, Trade)]
    assert (trade.coin, trade.px, trade.buyer, trade.seller) == (
        "#10",
        px("0.6"),
        alice.address,
        bob.address,
    )
    assert (m.market("#10").last_px, m.market("#11").last_px) == (px("0.6"), px("0.4"))
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_two_sellers_of_both_sides_get_what_their_tokens_stood_for() -> None:
    m = rain()
    alice, bob, _ = bettors(m)
    for trader in (alice, bob):
        assert split(trader, 1, "100") is None
    bob.sells("50 #11 @ 0.45")
    assert levels(m, "#10") == [[("0.55", "50.0", 1)], []]
    alice.sells("80 #10 @ 0.5")
    assert (held(alice, 10), held(bob, 11)) == (50 * ONE, 50 * ONE)
    assert usdc(alice) == 900 * ONE + 2750 * 10**6
    assert usdc(bob) == 900 * ONE + 2250 * 10**6
    assert m.ex.state.outcomes[1].locked == 150 * ONE
    assert levels(m, "#11") == [[("0.5", "30.0", 1)], []]
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_a_taker_goes_through_sellers_and_buyers_of_the_other_side() -> None:
    """Documented: resting sells rank before dual buys at an equal price (mechanics 14)."""
    m = rain()
    alice, bob, carol = bettors(m)
    split(carol, 1, "100")
    bob.buys("30 #11 @ 0.4")
    carol.sells("30 #10 @ 0.6")
    bob.buys("30 #11 @ 0.39")
    assert levels(m, "#10")[1] == [("0.6", "60.0", 2), ("0.61", "30.0", 1)]

    alice.buys("65 #10 @ 0.61")

    assert [(fill.coin, fill.sz) for fill in carol.account.fills][2:] == [("#10", 30 * ONE)]
    assert [(fill.px, fill.sz) for fill in bob.account.fills] == [
        (px("0.4"), 30 * ONE),
        (px("0.39"), 5 * ONE),
    ]
    assert [fill.px for fill in alice.account.fills] == [px("0.6"), px("0.6"), px("0.61")]
    assert m.market("#10").supply == m.market("#11").supply == 135 * ONE
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_own_orders_on_the_other_side_are_no_counterparty() -> None:
    """Documented: what rests is cancelled (mechanics 2.3)."""
    m = rain()
    alice, bob, _ = bettors(m)
    oid = alice.buys("50 #11 @ 0.5").oid
    bob.buys("40 #11 @ 0.45")
    assert isinstance(alice.buys("20 #10 @ 0.55"), Filled)
    assert (oid, "selfTradeCanceled", 50 * ONE) in alice.statuses()
    assert isinstance(alice.buys("20 #10 @ 0.56"), Filled)
    mine = alice.buys("40 #11 @ 0.4")
    assert isinstance(mine, Resting)
    only_own = order_status(alice.buys("40 #10 @ 0.6", tif=Tif.IOC))
    assert only_own == {
        "error": "Order could not immediately match against any resting orders. asset=100000010"
    }
    assert (mine.oid, "selfTradeCanceled", 40 * ONE) in alice.statuses()
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_a_modified_and_a_cancelled_order_leave_both_books() -> None:
    m = rain()
    alice, _, _ = bettors(m)
    oid = alice.buys("50 #11 @ 0.4").oid
    alice.modify(oid, alice.new_order("50 #11 @ 0.3", is_buy=True))
    assert levels(m, "#10") == [[], [("0.7", "50.0", 1)]]
    (oid,) = alice.account.orders
    assert alice.cancel("#11", oid) is None
    assert levels(m, "#10") == levels(m, "#11") == [[], []]
    assert alice.account.spot[0].hold == 0


# -- checks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "options", "error"),
    [
        ("20 #10 @ 1", {}, "Order has invalid price."),
        ("20 #10 @ 1.5", {}, "Order has invalid price."),
        ("20.5 #10 @ 0.6", {}, "Order has invalid size."),
        ("20 #10 @ 0.123456", {}, "Price must be divisible by tick size. asset=100000010"),
        ("20 #10 @ 0.6", {"reduce_only": True}, "Reduce-only is invalid for spot trading."),
        ("16 #10 @ 0.6", {}, "Order must have minimum value of 10 USDC. asset=100000010"),
        ("5000 #10 @ 0.6", {}, "Insufficient spot balance asset=100000010"),
        (
            "50 #10 @ 0.3",
            {"tif": Tif.IOC},
            "Order could not immediately match against any resting orders. asset=100000010",
        ),
        (
            "50 #10 @ 0.95",
            {"tif": Tif.ALO},
            "Post only order would have immediately matched, bbo was 0@0.9. asset=100000010",
        ),
    ],
)
def test_what_is_refused_of_an_order(terms: str, options: dict[str, Any], error: str) -> None:
    """Documented: prices between 0 and 1, five figures, whole sizes, 10 of the quote token, no
    reduce-only (mechanics 1.1, 2.5, exchange 7.2). Assumed: the text of a price beyond."""
    m = rain()
    alice, bob, _ = bettors(m)
    bob.buys("100 #11 @ 0.1")
    assert order_status(alice.buys(terms, **options)) == {"error": error}


def test_no_trigger_waits_on_an_outcome() -> None:
    """Observed: the text of spot (exchange 7.2)."""
    m = rain()
    alice, _, _ = bettors(m)
    split(alice, 1, "100")
    stop = alice.place(alice.trigger("50 #10 @ 0.3", at="0.4", reduce_only=False))
    assert order_status(stop) == {
        "error": "Placing trigger orders is not enabled on spot trading yet."
    }


def test_prices_near_both_ends_and_sales_of_nothing() -> None:
    """Assumed: no band but 0 and 1."""
    m = rain()
    alice, _, _ = bettors(m)
    assert isinstance(alice.buys("10100 #10 @ 0.00099999"), Resting)
    assert levels(m, "#11")[1] == [("0.99900001", "10100.0", 1)]
    assert isinstance(alice.buys("11 #10 @ 0.99999"), Resting)
    refused = order_status(alice.sells("20 #11 @ 0.6"))
    assert refused == {"error": "Insufficient spot balance asset=100000011"}


@pytest.mark.parametrize("side", [0, 1])
def test_a_halt_of_one_side_halts_the_book_of_both(side: int) -> None:
    m = rain()
    alice, bob, _ = bettors(m)
    alice.buys("20 #10 @ 0.6")
    m.ex.operate(SetHalt(100_000_010 + side, True))

    for coin in ("#10", "#11"):
        assert order_status(bob.buys(f"50 {coin} @ 0.5")) == {"error": "Trading is halted."}
    m.ex.operate(SetHalt(100_000_010 + side, False))

    assert isinstance(bob.buys("50 #11 @ 0.5"), Filled)
    assert isinstance(bob.buys("30 #10 @ 0.4"), Resting)


def test_a_crossing_order_pays_no_more_than_it_has() -> None:
    """What it takes is reckoned at the makers' prices, its own mirrored orders left out."""
    m = rain()
    alice, bob, _ = bettors(m)
    bob.buys("1200 #11 @ 0.5")
    alice.buys("1000 #11 @ 0.6")
    assert usdc(alice) - alice.account.spot[0].hold == 400 * ONE
    assert order_status(alice.buys("900 #10 @ 0.5", tif=Tif.IOC)) == {
        "error": "Insufficient spot balance asset=100000010"
    }
    assert isinstance(alice.buys("800 #10 @ 0.5", tif=Tif.IOC), Filled)
    check_money(m.ex.state)
    check_orders(m.ex.state)


# -- what is seen ----------------------------------------------------------------------------------


def test_balances_of_sides_carry_no_token() -> None:
    """Observed: `+N` without `token` (info 5.2)."""
    m = rain()
    alice, bob, _ = bettors(m)
    bob.buys("100 #11 @ 0.4")
    alice.buys("100 #10 @ 0.6")
    alice.sells("40 #10 @ 0.8")
    assert told(m.view, "spotClearinghouseState", user=alice.address)["balances"] == [
        {"coin": "USDC", "token": 0, "total": "940.0", "hold": "0.0", "entryNtl": "0.0"},
        {"coin": "+10", "total": "100.0", "hold": "40.0", "entryNtl": "60.0"},
    ]
    ctx = told(m.view, "spotMetaAndAssetCtxs")[1][-2]
    assert (ctx["coin"], ctx["circulatingSupply"], ctx["totalSupply"]) == ("#10", "100.0", "100.0")
    (order,) = told(m.view, "openOrders", user=alice.address)
    assert (order["coin"], order["side"], order["limitPx"], order["sz"]) == (
        "#10",
        "A",
        "0.8",
        "40.0",
    )
    fill = told(m.view, "userFills", user=bob.address)[0]
    assert (fill["coin"], fill["px"], fill["fee"], fill["feeToken"]) == (
        "#11",
        "0.4",
        "0.0",
        "USDC",
    )
    portfolio = dict(told(m.view, "portfolio", user=alice.address))
    assert portfolio["allTime"]["accountValueHistory"][-1][1] == "100990.0"


def test_streams_tell_of_both_sides_and_of_listings() -> None:
    """Documented: a bare list (contested 37); both books change with each order."""
    stage = Stage(rain())
    alice = stage.story.account("alice", spot_usdc="100")
    stage.commit()
    listener = stage.listen(Bbo("#10"), Bbo("#11"), OutcomeMetaUpdates())
    alice.buys("50 #11 @ 0.4")
    stage.commit()
    frames = dict((data["coin"], data["bbo"]) for _, data in listener.take())
    assert frames == {
        "#10": [None, {"px": "0.6", "sz": "50.0", "n": 1}],
        "#11": [{"px": "0.4", "sz": "50.0", "n": 1}, None],
    }
    stage.story.ex.operate(ListQuestion("Who?", (("A", ""),)))
    stage.story.ex.operate(SettleOutcome(2, px("0")))
    stage.story.ex.operate(SettleQuestion(1, 3))
    stage.commit()
    ((channel, rows),) = [frame for frame in listener.take() if frame[0] != "bbo"]
    assert channel == "outcomeMetaUpdates"
    assert [next(iter(row)) for row in rows] == [
        "outcomeCreated",
        "outcomeCreated",
        "questionUpdated",
        "outcomeSettled",
        "questionUpdated",
        "outcomeSettled",
        "questionSettled",
    ]
    assert (rows[3], rows[6]) == ({"outcomeSettled": 2}, {"questionSettled": 1})
    assert rows[4]["questionUpdated"]["settledNamedOutcomes"] == [2]


def test_marks_of_both_sides_add_up_to_one() -> None:
    m = rain()
    alice, bob, _ = bettors(m)
    bob.buys("100 #11 @ 0.4")
    alice.buys("50 #10 @ 0.6")
    alice.buys("50 #10 @ 0.55")
    m.advance(seconds=3)
    assert m.market("#10").mark_px == px("0.6")
    assert m.market("#11").mark_px == px("0.4")


def test_restored_books_are_one_again() -> None:
    m = rain()
    alice, bob, _ = bettors(m)
    bob.buys("100 #11 @ 0.4")
    ex = Exchange.restore(m.ex.snapshot())
    assert ex.state_hash() == m.ex.state_hash()
    twin = Story(ex)
    twin.nonces = m.nonces
    again = type(alice)(twin, alice.address)
    assert isinstance(again.buys("100 #10 @ 0.6"), Filled)
    assert len(twin.market("#10").book) == len(twin.market("#11").book) == 0
    check_money(twin.ex.state)
    check_orders(twin.ex.state)
