"""TP/SL orders beside each other: siblings of a bracket and those that are tied to a position."""

from __future__ import annotations

from typing import Any

import pytest
from stories import Story, Trader, market, px, sz
from test_conservation import check_orders

from hlsim.matching.types import Tif
from hlsim.sim.errors import ActionReject, OrderReject, Reject
from hlsim.sim.orders import Trigger
from hlsim.sim.replies import Done, Refused, Waiting
from hlsim.sim.rules import Rules

TRIGGER = Waiting.FOR_TRIGGER


def filled(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    """alice bought 0.1 at 50000 under oid 2, with a stop at 47000 (3) and a take-profit at 53000
    (4) as children."""
    m = market(rules)
    alice, bob = m.account("alice"), m.account("bob", usd="10000000")
    bob.sells("0.1 BTC @ 50000")
    alice.place(
        alice.new_order("0.1 BTC @ 50000", is_buy=True),
        alice.trigger("0.1 BTC @ 42000", at="47000"),
        alice.trigger("0.1 BTC @ 48000", at="53000", tpsl="tp"),
        grouping="normalTpsl",
    )
    m.events()
    return m, alice, bob


def long_alice(size: str = "0.1") -> tuple[Story, Trader, Trader]:
    m = market()
    alice, bob = m.account("alice"), m.account("bob", usd="10000000")
    bob.sells(f"{size} BTC @ 50000")
    alice.buys(f"{size} BTC @ 50000")
    m.events()
    return m, alice, bob


def nothing_is_left(m: Story, trader: Trader) -> bool:
    account, state = trader.account, m.market("BTC")
    left = (account.orders, account.orders_by_asset, account.exits, account.brackets)
    return not any((*left, state.sleeping, state.triggers))


# -- siblings --------------------------------------------------------------------------------------


def test_a_sibling_that_fills_in_part_leaves_the_other() -> None:
    """Assumed: until it has filled whole (contested, unknown points)."""
    m, alice, bob = filled()
    bob.buys("0.04 BTC @ 48000")
    m.oracle("BTC", "46900")
    assert alice.statuses()[-1] == (3, "open", sz("0.06"))
    assert list(alice.account.orders) == [4, 3]
    m.events()

    bob.buys("0.06 BTC @ 48000")

    assert [row for row in m.updates() if row[0] in (3, 4)] == [
        (3, "filled"),
        (4, "siblingFilledCanceled"),
    ]
    assert nothing_is_left(m, alice)


def test_a_sibling_that_dropped_a_part_leaves_the_other() -> None:
    """The same where a triggered market order drops what it cannot fill (contested 29)."""
    m, alice, bob = filled(Rules(trigger_market_rest="cancel"))
    bob.buys("0.04 BTC @ 48000")

    m.oracle("BTC", "46900")

    assert alice.statuses()[-1] == (3, "filled", sz("0.06"))
    assert list(alice.account.orders) == [4]
    assert alice.account.brackets == {2: [4]}


def test_a_sibling_that_is_refused_when_it_fires_leaves_the_other() -> None:
    m, alice, bob = filled()
    m.oracle("BTC", "46900")
    assert alice.statuses()[-1] == (3, "marketOrderNoLiquidityRejected", sz("0.1"))
    bob.buys("1 BTC @ 48000")

    m.oracle("BTC", "53000")

    assert alice.statuses()[-1] == (4, "filled", 0)
    assert nothing_is_left(m, alice)


def test_a_position_that_is_closed_otherwise_ends_both() -> None:
    """Observed: `reduceOnlyCanceled` (mechanics 3.4)."""
    m, alice, bob = filled()
    bob.buys("0.1 BTC @ 49000")

    alice.sells("0.1 BTC @ 49000", tif=Tif.IOC)

    assert [row[:2] for row in alice.statuses()[-3:]] == [
        (6, "filled"),
        (3, "reduceOnlyCanceled"),
        (4, "reduceOnlyCanceled"),
    ]
    assert nothing_is_left(m, alice)


# -- tied to a position ----------------------------------------------------------------------------


def tied(trader: Trader, size: str = "0") -> Any:
    """A stop at 47000 and a take-profit at 53000, tied to the position."""
    return trader.place(
        trader.trigger(f"{size} BTC @ 42000", at="47000"),
        trader.trigger(f"{size} BTC @ 48000", at="53000", tpsl="tp"),
        grouping="positionTpsl",
    )


def test_a_whole_position_tpsl_closes_whatever_there_is_when_it_fires() -> None:
    """Observed: reply without an oid, size "0.0" while it sleeps (mechanics 3.4)."""
    m, alice, bob = long_alice()
    assert tied(alice) == (TRIGGER, TRIGGER)
    assert [(o.sz, o.orig_sz) for o in alice.account.orders.values()] == [(0, 0), (0, 0)]
    bob.sells("0.3 BTC @ 50000")
    alice.buys("0.3 BTC @ 50000")
    bob.buys("1 BTC @ 46000")
    m.events()

    m.oracle("BTC", "46900")

    assert m.updates() == [(3, "triggered"), (3, "filled"), (4, "siblingFilledCanceled")]
    assert alice.szi("BTC") == 0
    assert [row.sz for row in list(alice.account.history.rows)[-3:]] == [0, 0, 0]
    assert alice.account.history.rows[-2].order.orig_sz == sz("0.4")
    assert nothing_is_left(m, alice)


def test_a_whole_position_tpsl_that_meets_too_little_rests_with_what_is_left() -> None:
    m, alice, bob = long_alice()
    tied(alice)
    bob.buys("0.04 BTC @ 46000")

    m.oracle("BTC", "46900")

    assert alice.statuses()[-2:] == [(3, "triggered", 0), (3, "open", sz("0.06"))]
    assert m.market("BTC").book.best_ask() == px("42000")


def test_a_position_tpsl_with_a_size_keeps_it() -> None:
    """Documented: with an explicit size it is fixed (mechanics 3.4)."""
    m, alice, bob = long_alice()
    tied(alice, "0.06")
    bob.buys("1 BTC @ 46000")

    m.oracle("BTC", "46900")

    assert alice.szi("BTC") == sz("0.04")
    assert [row[:2] for row in alice.statuses()[-3:]] == [
        (3, "triggered"),
        (3, "filled"),
        (4, "siblingFilledCanceled"),
    ]
    assert nothing_is_left(m, alice)


def test_a_position_tpsl_needs_a_position_to_close() -> None:
    """Documented: reduce-only (mechanics 2.4)."""
    m, _, bob = long_alice()
    assert tied(bob) == (Reject(OrderReject.REDUCE_ONLY, 0),) * 2
    assert tied(m.account("carol")) == (Reject(OrderReject.REDUCE_ONLY, 0),) * 2


def test_one_of_the_two_may_be_refused_alone() -> None:
    m, alice, bob = long_alice()
    m.oracle("BTC", "54000")

    replies = tied(alice)

    assert replies == (TRIGGER, Reject(OrderReject.BAD_TRIGGER_PX, 0))
    assert not alice.account.brackets
    bob.buys("1 BTC @ 46000")
    m.oracle("BTC", "46900")
    assert nothing_is_left(m, alice)


def test_a_second_pair_adds_to_the_first() -> None:
    """Inferred: a new positionTpsl replaces nothing (mechanics 3.4)."""
    m, alice, bob = long_alice()
    tied(alice)
    tied(alice)
    assert list(alice.account.orders) == [3, 4, 5, 6]
    bob.buys("1 BTC @ 46000")
    m.events()

    m.oracle("BTC", "46900")

    assert [row for row in m.updates() if row[0] != 7] == [
        (3, "triggered"),
        (3, "filled"),
        (4, "siblingFilledCanceled"),
        (5, "reduceOnlyCanceled"),
        (6, "reduceOnlyCanceled"),
    ]
    assert nothing_is_left(m, alice)


@pytest.mark.parametrize("size", ["0.1", "0.25"])
def test_a_position_tpsl_ends_with_its_position_or_its_flip(size: str) -> None:
    """Observed: `reduceOnlyCanceled` (mechanics 3.4); Assumed: on a flip too."""
    m, alice, bob = long_alice()
    tied(alice)
    bob.buys("1 BTC @ 49000")

    alice.sells(f"{size} BTC @ 49000", tif=Tif.IOC)

    assert [s for _, s, _ in alice.statuses()].count("reduceOnlyCanceled") == 2
    assert nothing_is_left(m, alice)


def test_a_short_is_closed_by_buys() -> None:
    """Documented: the direction table (mechanics 3.1)."""
    m, alice, bob = long_alice()
    alice.sells("1 BTC @ 55000")
    replies = bob.place(
        bob.trigger("0 BTC @ 58000", at="53000", is_buy=True),
        bob.trigger("0 BTC @ 52000", at="47000", is_buy=True, tpsl="tp"),
        grouping="positionTpsl",
    )
    assert replies == (TRIGGER, TRIGGER)

    m.oracle("BTC", "53000")

    assert bob.szi("BTC") == 0
    assert bob.account.fills[-1].px == px("55000")
    assert nothing_is_left(m, bob)


# -- modified --------------------------------------------------------------------------------------


def moves(trader: Trader, oid: int, terms: str, **options: Any) -> Any:
    return trader.modify(oid, trader.trigger(terms, **options), always_place=True)


def test_a_modified_one_stays_tied_to_the_position() -> None:
    """Documented: it closes the whole position, "0" for its size (mechanics 3.4); its sibling too
    stays its sibling."""
    m, alice, bob = long_alice()
    tied(alice)
    m.events()

    assert moves(alice, 3, "0 BTC @ 42000", at="48000") == Done()

    assert m.updates() == [(5, "open"), (3, "canceled")]
    stop = alice.account.orders[5]
    assert (stop.sz, stop.orig_sz, stop.trigger) == (0, 0, Trigger(px("48000"), True, False, True))
    assert alice.account.brackets == {3: [4, 5]}
    bob.sells("0.3 BTC @ 50000")
    alice.buys("0.3 BTC @ 50000")
    bob.buys("1 BTC @ 46000")
    m.events()
    m.oracle("BTC", "47900")
    assert m.updates() == [(5, "triggered"), (5, "filled"), (4, "siblingFilledCanceled")]
    assert alice.szi("BTC") == 0
    assert nothing_is_left(m, alice)


def test_modified_both_and_again_they_are_still_a_pair() -> None:
    m, alice, _ = long_alice()
    tied(alice)

    assert moves(alice, 3, "0.06 BTC @ 42000", at="48000") == Done()
    assert moves(alice, 4, "0 BTC @ 48000", at="54000", tpsl="tp") == Done()
    assert moves(alice, 5, "0 BTC @ 42000", at="47500") == Done()

    assert alice.account.brackets == {3: [6, 7]}
    assert all(o.trigger and o.trigger.is_position_tpsl for o in alice.account.orders.values())
    assert alice.cancel("BTC", 6) is None
    assert alice.account.brackets == {3: [7]}
    check_orders(m.ex.state)
    assert alice.cancel("BTC", 7) is None
    assert nothing_is_left(m, alice)


def test_one_alone_stays_tied_when_it_is_modified() -> None:
    _, alice, _ = long_alice()
    alice.place(alice.trigger("0 BTC @ 42000", at="47000"), grouping="positionTpsl")

    assert moves(alice, 3, "0 BTC @ 42000", at="48000") == Done()

    (order,) = alice.account.orders.values()
    assert (order.oid, order.sz, order.group) == (4, 0, None)
    assert not alice.account.brackets


@pytest.mark.parametrize(
    ("terms", "options"),
    [
        ("0.1 BTC @ 55000", {"at": "52000", "is_buy": True, "reduce_only": False}),
        ("0.1 BTC @ 42000", {"at": "48000", "reduce_only": False}),
        ("1 ETH @ 1700", {"at": "1800", "reduce_only": False}),
    ],
    ids=["another side", "no exit", "another asset"],
)
def test_what_is_no_exit_any_more_leaves_its_sibling(terms: str, options: Any) -> None:
    """Assumed: as any order that is modified; it has a size of its own."""
    m, alice, _ = long_alice()
    tied(alice)
    zero = terms.replace(terms.split()[0], "0", 1)
    refused = moves(alice, 3, zero, **options)
    assert isinstance(refused, Refused)
    assert refused.error.why is OrderReject.ZERO_SZ

    assert moves(alice, 3, terms, **options) == Done()

    plain = alice.account.orders[5]
    assert plain.trigger is not None
    assert (plain.trigger.is_position_tpsl, plain.group) == (False, None)
    assert alice.account.brackets == {3: [4]}
    check_orders(m.ex.state)


def test_a_replacement_that_is_refused_leaves_the_sibling() -> None:
    """Observed: the old order is gone by then (mechanics 5)."""
    m, alice, _ = long_alice()
    tied(alice)
    without = alice.modify(3, alice.trigger("0 BTC @ 42000", at="48000"))
    assert isinstance(without, Refused)
    assert without.error.why is ActionReject.MODIFY_INVALID
    assert list(alice.account.orders) == [3, 4]

    refused = moves(alice, 3, "0 BTC @ 42000", at="51000")

    assert isinstance(refused, Refused)
    assert refused.error.params["reason"] == Reject(OrderReject.BAD_TRIGGER_PX, 0)
    assert alice.account.brackets == {3: [4]}
    check_orders(m.ex.state)
