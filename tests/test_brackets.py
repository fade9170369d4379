"""TP/SL groups: what parents, children and siblings do to each other."""

from __future__ import annotations

from typing import Any

import pytest
from stories import Story, Trader, market, px, sz, usd

from hlsim.matching.types import Tif
from hlsim.sim.actions.cancels import Cancel, CancelOid, ScheduleCancel
from hlsim.sim.actions.orders import BuilderTerms, NewOrder
from hlsim.sim.errors import CancelReject, OrderReject, Reject
from hlsim.sim.fixed import Address
from hlsim.sim.operations import SetHalt
from hlsim.sim.orders import Stage
from hlsim.sim.replies import CancelReplies, Done, Filled, Resting, Waiting
from hlsim.sim.rules import Rules

FILL, TRIGGER = Waiting.FOR_FILL, Waiting.FOR_TRIGGER


def two(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    m = market(rules)
    return m, m.account("alice"), m.account("bob", usd="10000000")


def bracket(trader: Trader, parent: NewOrder, *, size: str = "0.1") -> Any:
    """A long parent with a stop at 47000 and a take-profit at 53000, in this order."""
    return trader.place(
        parent,
        trader.trigger(f"{size} BTC @ 42000", at="47000"),
        trader.trigger(f"{size} BTC @ 48000", at="53000", tpsl="tp"),
        grouping="normalTpsl",
    )


def resting() -> tuple[Story, Trader, Trader]:
    """alice bids 0.1 at 49000 under oid 1, with children 2 (stop) and 3 (take-profit)."""
    m, alice, bob = two()
    replies = bracket(alice, alice.new_order("0.1 BTC @ 49000", is_buy=True))
    assert replies == (Resting(1, None), FILL, FILL)
    return m, alice, bob


def filled(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    """alice bought 0.1 at 50000 under oid 2, with children 3 (stop) and 4 (take-profit)."""
    m, alice, bob = two(rules)
    bob.sells("0.1 BTC @ 50000")
    replies = bracket(alice, alice.new_order("0.1 BTC @ 50000", is_buy=True))
    assert replies == (Filled(2, sz("0.1"), px("50000"), None), TRIGGER, TRIGGER)
    m.events()
    return m, alice, bob


def nothing_is_left(m: Story, trader: Trader) -> bool:
    account, state = trader.account, m.market("BTC")
    left = (account.orders, account.orders_by_asset, account.exits, account.brackets)
    return not any((*left, state.sleeping, state.triggers))


# -- what is refused as a whole --------------------------------------------------------------------


def test_groups_that_make_no_sense_are_refused_at_once() -> None:
    """Observed: both texts (mechanics 3.3); one status for the batch, no oid. Documented: TP/SL
    must be reduce-only; Assumed: with the text of a wrong number."""
    m, alice, _ = two()
    buy = alice.new_order("0.1 BTC @ 49000", is_buy=True)
    stop = alice.trigger("0.1 BTC @ 42000", at="47000")
    table: list[tuple[str, list[NewOrder], OrderReject]] = [
        ("normalTpsl", [], OrderReject.EMPTY),
        ("normalTpsl", [stop], OrderReject.MAIN_TRIGGER),
        ("normalTpsl", [stop, stop], OrderReject.MAIN_TRIGGER),
        ("normalTpsl", [stop, buy], OrderReject.MAIN_TRIGGER),
        ("normalTpsl", [buy], OrderReject.TRIGGER_COUNT),
        ("normalTpsl", [buy, buy], OrderReject.TRIGGER_COUNT),
        ("normalTpsl", [buy, stop, stop, stop], OrderReject.TRIGGER_COUNT),
        ("positionTpsl", [buy], OrderReject.TRIGGER_COUNT),
        ("positionTpsl", [stop, buy], OrderReject.TRIGGER_COUNT),
        ("positionTpsl", [stop, stop, stop], OrderReject.TRIGGER_COUNT),
    ]
    loose = alice.trigger("0.1 BTC @ 42000", at="47000", reduce_only=False)
    same_side = alice.trigger("0.1 BTC @ 55000", at="53000", is_buy=True)
    elsewhere = alice.trigger("1 ETH @ 1700", at="1800")
    for child in (loose, same_side, elsewhere):
        table.append(("normalTpsl", [buy, child], OrderReject.TRIGGER_COUNT))
        table.append(("normalTpsl", [buy, stop, child], OrderReject.TRIGGER_COUNT))
        if child is not elsewhere:
            table.append(("positionTpsl", [stop, child], OrderReject.TRIGGER_COUNT))
    table.append(("positionTpsl", [stop, elsewhere], OrderReject.TRIGGER_COUNT))
    table.append(("positionTpsl", [loose], OrderReject.TRIGGER_COUNT))

    for grouping, orders, why in table:
        replies = alice.place(*orders, grouping=grouping)
        (reply,) = replies if isinstance(replies, tuple) else (replies,)
        assert reply.why is why, (grouping, orders)
    assert (m.ex.state.next_oid, alice.statuses()) == (1, [])


@pytest.mark.parametrize("grouping", ["na", "normalTpsl"])
def test_only_a_position_tpsl_may_have_no_size(grouping: str) -> None:
    """Observed: `Order has zero size.` but for the whole-position form (mechanics 1.3)."""
    _, alice, _ = filled()
    buy = alice.new_order("0.1 BTC @ 49000", is_buy=True)
    whole = alice.trigger("0 BTC @ 42000", at="47000")
    orders = [whole] if grouping == "na" else [buy, whole]

    reply = alice.place(*orders, grouping=grouping)

    assert (reply if grouping == "na" else reply[0]) == Reject(OrderReject.ZERO_SZ, 0)


# -- parent and children ---------------------------------------------------------------------------


def test_children_wait_with_oids_of_their_own_and_no_mark_arms_them() -> None:
    """Observed: three open orders, `waitingForFill` (mechanics 3.4, ws 4.2)."""
    m, alice, _ = resting()

    assert m.updates() == [(1, "open"), (2, "waitingForFill"), (3, "waitingForFill")]
    m.oracle("BTC", "40000")
    m.oracle("BTC", "60000")
    assert m.updates() == []
    assert [order.stage for order in alice.account.orders.values()] == [
        Stage.LIVE,
        Stage.WAITING,
        Stage.WAITING,
    ]


def test_a_parent_that_fills_arms_its_children() -> None:
    """Documented: iff it fills whole (mechanics 3.4)."""
    m, alice, bob = resting()
    bob.sells("0.04 BTC @ 49000")
    assert [order.stage for order in alice.account.orders.values()][1:] == [Stage.WAITING] * 2
    m.events()

    bob.sells("0.06 BTC @ 49000")

    assert m.updates()[:3] == [(1, "filled"), (2, "open"), (3, "open")]
    assert [order.stage for order in alice.account.orders.values()] == [Stage.ARMED] * 2
    bob.buys("1 BTC @ 48000")
    m.events()
    m.oracle("BTC", "53000")
    assert m.updates() == [(3, "triggered"), (3, "filled"), (2, "siblingFilledCanceled")]
    assert alice.szi("BTC") == 0
    assert nothing_is_left(m, alice)


def test_children_of_a_parent_that_fills_at_once_are_armed() -> None:
    """Inferred: `waitingForTrigger` (mechanics 3.4)."""
    m, alice, bob = filled()

    assert [row[:2] for row in alice.statuses()] == [
        (2, "open"),
        (2, "filled"),
        (3, "open"),
        (4, "open"),
    ]
    bob.buys("1 BTC @ 45000")
    m.events()
    m.oracle("BTC", "46900")
    assert m.updates() == [(3, "triggered"), (3, "filled"), (4, "siblingFilledCanceled")]
    assert nothing_is_left(m, alice)


def test_a_parent_that_fills_in_part_and_rests_keeps_its_children_waiting() -> None:
    _, alice, bob = two()
    bob.sells("0.04 BTC @ 50000")

    replies = bracket(alice, alice.new_order("0.1 BTC @ 50000", is_buy=True))

    assert replies == (Filled(2, sz("0.04"), px("50000"), None), FILL, FILL)
    bob.sells("0.06 BTC @ 50000")
    assert [order.stage for order in alice.account.orders.values()] == [Stage.ARMED] * 2


@pytest.mark.parametrize("part", [None, "0.04"])
def test_a_parent_that_its_user_cancels_takes_its_children_along(part: str | None) -> None:
    """Documented: even a partly filled one (mechanics 3.4). Observed: `canceled` at the same time;
    a batch that names parent and child then misses the child (exchange 5.1)."""
    m, alice, bob = resting()
    if part:
        bob.sells(f"{part} BTC @ 49000")
    m.events()

    response = alice.act(Cancel((CancelOid(0, 1), CancelOid(0, 2))))  # type: ignore[arg-type]

    assert response == CancelReplies((None, Reject(CancelReject.NOT_OPEN, 0)))
    assert m.updates() == [(1, "canceled"), (2, "canceled"), (3, "canceled")]
    assert nothing_is_left(m, alice)
    assert len({row.time_ms for row in list(alice.account.history.rows)[-3:]}) == 1


def test_a_child_may_be_cancelled_alone() -> None:
    """Observed: children can be cancelled first (mechanics 3.4)."""
    m, alice, bob = resting()

    assert alice.cancel("BTC", 2) is None
    bob.sells("0.1 BTC @ 49000")
    assert list(alice.account.orders) == [3]
    assert alice.cancel("BTC", 3) is None

    assert nothing_is_left(m, alice)


@pytest.mark.parametrize(("part", "status"), [(None, "marginCanceled"), ("0.04", "open")])
def test_children_of_a_parent_whose_margin_ran_out(part: str | None, status: str) -> None:
    """Documented: armed for their full size if it had filled in part (mechanics 3.4)."""
    _, alice, bob = resting()
    if part:
        bob.sells(f"{part} BTC @ 49000")
    alice.account.raw_usd = usd("-5000")

    bob.sells("0.01 BTC @ 49000")

    assert alice.statuses()[-3:] == [
        (1, "marginCanceled", sz("0.06") if part else sz("0.1")),
        (2, status, sz("0.1")),
        (3, status, sz("0.1")),
    ]
    assert len(alice.account.orders) == (2 if part else 0)


def test_an_immediate_parent_that_fills_in_part_did_not_fill() -> None:
    """Assumed: its children end with it (mechanics 3.4 arms them iff it fills whole)."""
    m, alice, bob = two()
    bob.sells("0.04 BTC @ 50000")

    replies = bracket(alice, alice.new_order("0.1 BTC @ 50000", is_buy=True, tif=Tif.IOC))

    assert replies == (Filled(2, sz("0.04"), px("50000"), None), FILL, FILL)
    assert [row[:2] for row in alice.statuses()[-2:]] == [(3, "canceled"), (4, "canceled")]
    assert nothing_is_left(m, alice)


@pytest.mark.parametrize(
    ("terms", "tif", "why"),
    [
        ("100 BTC @ 49000", Tif.GTC, OrderReject.MARGIN),
        ("0.1 BTC @ 49000", Tif.IOC, OrderReject.IOC_CANCEL),
        ("0.0001 BTC @ 49000", Tif.GTC, OrderReject.MIN_TRADE_NTL),
    ],
)
def test_children_of_a_parent_that_is_refused_are_refused(
    terms: str, tif: Tif, why: OrderReject
) -> None:
    """Assumed: for the same reason, without oids."""
    m, alice, _ = two()

    replies = bracket(alice, alice.new_order(terms, is_buy=True, tif=tif))

    assert replies == (Reject(why, 0),) * 3
    assert alice.statuses() == [(1, why.status, sz(terms.split()[0]))]
    assert nothing_is_left(m, alice)


def test_a_halt_and_a_builder_refuse_the_whole_bracket() -> None:
    m, alice, _ = two()
    builder = BuilderTerms(Address("0x" + "11" * 20), 10)  # type: ignore[arg-type]
    orders = [
        alice.new_order("0.1 BTC @ 49000", is_buy=True),
        alice.trigger("0.1 BTC @ 42000", at="47000"),
    ]
    refused = Reject(OrderReject.BUILDER_FEE, 0)
    assert alice.place(*orders, builder=builder, grouping="normalTpsl") == (refused, refused)

    m.ex.operate(SetHalt(0, True))
    refused = Reject(OrderReject.HALTED, 0)
    assert alice.place(*orders, grouping="normalTpsl") == (refused, refused)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_child_on_the_wrong_side_of_the_mark(at_once: bool) -> None:
    """Documented: `Invalid TP/SL price` (mechanics 3.3). Assumed: a child that waits is not asked,
    and fires as soon as it is armed."""
    m, alice, bob = two()
    at = "50000" if at_once else "49000"
    if at_once:
        bob.sells("0.1 BTC @ 50000")
    replies = alice.place(
        alice.new_order(f"0.1 BTC @ {at}", is_buy=True),
        alice.trigger("0.1 BTC @ 42000", at="49500", tpsl="tp"),
        alice.trigger("0.1 BTC @ 42000", at="47000"),
        grouping="normalTpsl",
    )
    if at_once:
        assert replies[1:] == (Reject(OrderReject.BAD_TRIGGER_PX, 0), TRIGGER)
        assert [row[:2] for row in alice.statuses()[-2:]] == [
            (3, "badTriggerPxRejected"),
            (4, "open"),
        ]
        return
    assert replies[1:] == (FILL, FILL)
    m.account("carol").buys("1 BTC @ 48000")
    m.events()

    bob.sells("0.1 BTC @ 49000")

    mine = [(oid, status) for oid, status in m.updates() if oid in (1, 2, 3)]
    assert mine == [
        (1, "filled"),
        (2, "open"),
        (3, "open"),
        (2, "triggered"),
        (2, "filled"),
        (3, "siblingFilledCanceled"),
    ]
    assert nothing_is_left(m, alice)


@pytest.mark.parametrize("short", ["0.1", "0.3"])
@pytest.mark.parametrize("at_once", [True, False])
def test_children_of_a_parent_that_reduced_a_position_have_nothing_to_do(
    short: str, at_once: bool
) -> None:
    """Assumed: `reduceOnlyCanceled` when they would be armed, refused where it is at once."""
    m, alice, bob = two()
    bob.buys(f"{short} BTC @ 50000")
    alice.sells(f"{short} BTC @ 50000")
    if at_once:
        bob.sells("0.1 BTC @ 49000")

    replies = bracket(alice, alice.new_order("0.1 BTC @ 49000", is_buy=True))
    if at_once:
        assert replies[1:] == (Reject(OrderReject.REDUCE_ONLY, 0),) * 2
    else:
        bob.sells("0.1 BTC @ 49000")
        assert [row[1] for row in alice.statuses()[-4:]] == [
            "waitingForFill",
            "filled",
            *["reduceOnlyCanceled"] * 2,
        ]
    assert nothing_is_left(m, alice)


def test_children_need_no_minimum_notional_of_their_own() -> None:
    """Assumed: their parent had it; a partial exit of this size would be refused alone."""
    _, alice, bob = filled()
    bob.sells("0.0002 BTC @ 50000")

    replies = bracket(alice, alice.new_order("0.0002 BTC @ 50000", is_buy=True), size="0.0002")

    assert replies[1:] == (TRIGGER, TRIGGER)
    alone = alice.place(alice.trigger("0.0002 BTC @ 42000", at="47000"))
    assert alone == Reject(OrderReject.MIN_TRADE_NTL, 0)


def test_a_child_that_finds_no_room_is_refused_alone() -> None:
    """Documented: from 1000 open orders on (mechanics 2.7)."""
    _, alice, _ = two(Rules(max_open_orders=2))

    replies = bracket(alice, alice.new_order("0.1 BTC @ 49000", is_buy=True))

    assert replies == (Resting(1, None), FILL, Reject(OrderReject.TOO_MANY_OPEN, 0))
    assert [child.oid for child in alice.account.orders[1].children] == [2]


def test_a_parent_that_is_modified_loses_its_children() -> None:
    """Assumed: modify is cancel and place, and the new order has no group (mechanics 5)."""
    m, alice, _ = resting()
    m.events()

    assert alice.modify(1, alice.new_order("0.1 BTC @ 48500", is_buy=True)) == Done()

    assert m.updates() == [(4, "open"), (1, "canceled"), (2, "canceled"), (3, "canceled")]
    assert list(alice.account.orders) == [4]
    assert not alice.account.brackets


def test_a_child_that_is_modified_leaves_its_group() -> None:
    m, alice, bob = filled()
    assert (
        alice.modify(3, alice.trigger("0.1 BTC @ 42000", at="48000"), always_place=True) == Done()
    )
    bob.buys("1 BTC @ 44000")

    m.oracle("BTC", "48000")

    assert [row[:2] for row in alice.statuses()[-3:]] == [
        (5, "triggered"),
        (5, "filled"),
        (4, "reduceOnlyCanceled"),
    ]
    assert nothing_is_left(m, alice)


@pytest.mark.parametrize("make", [resting, filled])
def test_the_dead_mans_switch_takes_all_of_a_bracket(make: Any) -> None:
    """Assumed: children end as their parent does."""
    m, alice, _ = make()
    alice.account.volume.total_usd = 2_000_000 * 10**8
    alice.act(ScheduleCancel(m.ex.state.time_ms + 5_000))  # type: ignore[arg-type]
    m.events()

    m.advance(seconds=5)

    assert {status for _, status in m.updates()} == {"scheduledCancel"}
    assert nothing_is_left(m, alice)
