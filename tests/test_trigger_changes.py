"""What owners do to trigger orders that sleep: cancel, modify, dead man's switch, snapshots."""

from __future__ import annotations

from typing import Any

import pytest
from stories import START_MS, Story, Trader, market, px, sz

from hlsim.matching.types import Tif
from hlsim.sim.actions.cancels import Cancel, CancelByCloid, CancelCloid, CancelOid, ScheduleCancel
from hlsim.sim.actions.orders import BatchModify, Modification
from hlsim.sim.errors import ActionReject, CancelReject, OrderReject, Reject
from hlsim.sim.events import NonUserCancel
from hlsim.sim.exchange import Exchange
from hlsim.sim.orders import Stage
from hlsim.sim.replies import CancelReplies, Done, OrderReplies, Refused, Resting
from hlsim.sim.rules import Rules

CLOID = "0x" + "07" * 16


def long_alice(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    """alice long 0.1 BTC, one stop at 48000 under oid 4; bob bids 10 at 49000."""
    m = market(rules)
    alice, bob = m.account("alice"), m.account("bob", usd="10000000")
    bob.sells("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")
    bob.buys("10 BTC @ 49000")
    assert alice.place(alice.trigger("0.1 BTC @ 44000", at="48000", cloid=CLOID)).oid == 4
    m.events()
    return m, alice, bob


def refusal(response: object) -> object:
    assert isinstance(response, Refused), response
    return response.error.why


def nothing_is_left(m: Story, trader: Trader) -> bool:
    account, state = trader.account, m.market("BTC")
    left = (account.orders, account.orders_by_asset, account.open_cloids, account.exits)
    return not any((*left, account.brackets, state.sleeping, state.triggers))


# -- cancelling ------------------------------------------------------------------------------------


def test_a_sleeping_order_is_cancelled_by_oid_or_cloid() -> None:
    m, alice, _ = long_alice()
    second = alice.place(alice.trigger("0.1 BTC @ 44000", at="47000"))

    assert alice.cancel_cloid("BTC", CLOID) is None
    assert alice.cancel("BTC", second.oid) is None

    assert m.updates() == [(5, "open"), (4, "canceled"), (5, "canceled")]
    assert nothing_is_left(m, alice)
    m.oracle("BTC", "40000")
    assert alice.szi("BTC") == sz("0.1")
    assert alice.cancel("BTC", 4) == Reject(CancelReject.NOT_OPEN, 0)


@pytest.mark.parametrize(
    "action",
    [
        Cancel((CancelOid(0, 4), CancelOid(0, 5)), fast=True),  # type: ignore[arg-type]
        CancelByCloid((CancelCloid(0, CLOID), CancelCloid(0, CLOID[:-1] + "8")), fast=True),  # type: ignore[arg-type]
    ],
)
def test_a_fast_cancel_of_a_trigger_order_is_refused(action: Any) -> None:
    """Documented: `f` fails on triggers (mechanics 5, contested 30); Assumed: the text."""
    _, alice, _ = long_alice()
    assert alice.buys("0.1 BTC @ 45000", cloid=CLOID[:-1] + "8").oid == 5

    assert alice.act(action) == CancelReplies((Reject(CancelReject.NOT_OPEN, 0), None))
    assert list(alice.account.orders) == [4]


def test_one_that_fired_and_rests_is_cancelled_like_any_other() -> None:
    m, alice, _ = long_alice()
    alice.cancel("BTC", 4)
    oid = alice.place(alice.trigger("0.1 BTC @ 49900", at="49500", is_market=False)).oid
    m.oracle("BTC", "49400")
    assert m.market("BTC").book.best_ask() == px("49900")

    response = alice.act(Cancel((CancelOid(0, oid),), fast=True))  # type: ignore[arg-type]

    assert response == CancelReplies((None,))
    assert m.market("BTC").book.best_ask() is None
    assert nothing_is_left(m, alice)


def test_the_dead_mans_switch_takes_sleeping_orders_too() -> None:
    """Documented: all open orders (mechanics 5)."""
    m, alice, _ = long_alice()
    alice.buys("0.1 BTC @ 45000")
    alice.account.volume.total_usd = 2_000_000 * 10**8
    alice.act(ScheduleCancel(START_MS + 5_000))  # type: ignore[arg-type]

    m.advance(seconds=5)

    assert [row[:2] for row in alice.statuses()[-2:]] == [
        (4, "scheduledCancel"),
        (5, "scheduledCancel"),
    ]
    assert nothing_is_left(m, alice)


# -- modifying -------------------------------------------------------------------------------------


def test_a_trigger_order_is_modified_with_always_place() -> None:
    """Documented: trigger modifies need `a` true (mechanics 5); a new oid, as for any modify."""
    m, alice, _ = long_alice()
    new = alice.trigger("0.05 BTC @ 43000", at="47000", cloid=CLOID)

    assert refusal(alice.modify(4, new)) is ActionReject.MODIFY_INVALID
    assert alice.modify(4, new, always_place=True) == Done()

    assert m.updates() == [(5, "open"), (4, "canceled")]
    assert list(m.market("BTC").sleeping) == [5]
    assert alice.account.open_cloids == {CLOID: 5}


@pytest.mark.parametrize("always_place", [False, True])
def test_neither_the_old_nor_the_new_order_may_be_a_trigger_without_it(always_place: bool) -> None:
    """Documented: "non-trigger" (mechanics 5). Assumed: of the old order as well."""
    _, alice, _ = long_alice()
    plain = alice.sells("0.1 BTC @ 52000").oid
    post_only = alice.new_order("0.1 BTC @ 53000", is_buy=False, tif=Tif.ALO, reduce_only=True)
    entries = (
        Modification(4, post_only),  # type: ignore[arg-type]
        Modification(plain, alice.trigger("0.1 BTC @ 43000", at="47000")),
    )

    response = alice.act(BatchModify(entries, always_place))

    if always_place:
        assert response == OrderReplies((Resting(6, None), Resting(7, None)))
        assert [order.stage for order in alice.account.orders.values()] == [Stage.LIVE, Stage.ARMED]
    else:
        refused = Reject(ActionReject.MODIFY_INVALID, 0)
        assert response == OrderReplies((refused, refused))
        assert list(alice.account.orders) == [4, plain]


def test_the_old_rule_of_modifies_allows_anything() -> None:
    """The reading of before mid-2026 (contested 13): what is gone is refused all the same."""
    _, alice, _ = long_alice(Rules(modify_rule="free"))
    assert alice.modify(4, alice.trigger("0.1 BTC @ 43000", at="47000")) == Done()
    assert list(alice.account.orders) == [5]
    ioc = alice.new_order("0.1 BTC @ 49000", is_buy=False, tif=Tif.IOC)
    assert alice.modify(5, ioc) == Done()
    assert alice.szi("BTC") == 0
    resting = alice.buys("0.1 BTC @ 45000")

    assert refusal(alice.modify(5, ioc)) is ActionReject.MODIFY_NOT_OPEN
    assert alice.modify(resting.oid, alice.new_order("0.1 BTC @ 45500", is_buy=True)) == Done()
    assert [order.tif for order in alice.account.orders.values()] == [Tif.GTC]


def test_a_modify_to_a_trigger_that_is_refused_has_lost_the_old_one() -> None:
    """Observed: `Error placing new order during modify: …` (mechanics 5)."""
    _, alice, _ = long_alice()

    response = alice.modify(4, alice.trigger("0.1 BTC @ 43000", at="51000"), always_place=True)

    assert isinstance(response, Refused)
    assert response.error.params["reason"] == Reject(OrderReject.BAD_TRIGGER_PX, 0)
    assert not alice.account.orders


# -- what is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "self_trade", "reduce_only"),
    [("engine", True, False), ("all", True, True), ("none", False, False)],
)
def test_which_cancels_by_the_engine_are_told(
    rule: Any, self_trade: bool, reduce_only: bool
) -> None:
    """Observed: none for `reduceOnlyCanceled` (contested 2); a user's own cancel is never told."""
    m, alice, _ = long_alice(Rules(non_user_cancel=rule))
    mine = alice.buys("0.1 BTC @ 49500")
    own = alice.buys("0.1 BTC @ 45000")
    alice.cancel("BTC", own.oid)

    alice.sells("0.1 BTC @ 49000", tif=Tif.IOC)

    told = [event.oid for event in m.events() if isinstance(event, NonUserCancel)]
    assert told == [mine.oid] * self_trade + [4] * reduce_only


@pytest.mark.parametrize(("rule", "extra"), [("single", []), ("open_first", ["open"])])
@pytest.mark.parametrize("tif", [Tif.IOC, Tif.FRONTEND_MARKET])
def test_what_is_told_of_an_immediate_order_without_a_match(
    rule: Any, extra: list[str], tif: Tif
) -> None:
    """Contested 58: the rejection alone, or `open` first; of one that meets only its owner, too."""
    m, alice, _ = long_alice(Rules(ioc_reject_updates=rule))
    m.events()
    rejected = "iocCancelRejected" if tif is Tif.IOC else "marketOrderNoLiquidityRejected"

    alice.buys("0.1 BTC @ 45000", tif=tif)
    alice.sells("0.1 BTC @ 60000")
    alice.buys("0.1 BTC @ 60000", tif=tif)

    assert [status for _, status in m.updates()] == [
        *extra,
        rejected,
        "open",
        "selfTradeCanceled",
        *extra,
        rejected,
    ]


# -- snapshots -------------------------------------------------------------------------------------


def test_a_restored_exchange_fires_what_was_asleep() -> None:
    m, alice, _ = long_alice()
    alice.place(alice.trigger("0.1 BTC @ 44000", at="47000"))
    copy = Story(Exchange.restore(m.ex.snapshot()))
    assert copy.ex.state_hash() == m.ex.state_hash()

    for story in (m, copy):
        story.oracle("BTC", "47500")

    assert copy.ex.state_hash() == m.ex.state_hash()
    assert [row.status for row in copy.ex.state.accounts[alice.address].history.rows][-3:] == [
        "triggered",
        "filled",
        "reduceOnlyCanceled",
    ]


def test_a_child_whose_replacement_takes_its_own_parent() -> None:
    """The child is off the list while its new order meets the parent, and ends once."""
    m = market()
    alice = m.account("alice")
    alice.place(
        alice.new_order("0.1 BTC @ 49000", is_buy=True),
        alice.trigger("0.1 BTC @ 42000", at="47000"),
        alice.trigger("0.1 BTC @ 48000", at="53000", tpsl="tp"),
        grouping="normalTpsl",
    )
    sale = alice.new_order("0.1 BTC @ 49000", is_buy=False)

    assert alice.modify(2, sale, always_place=True) == Done()

    ended = ("canceled", "selfTradeCanceled")
    assert sorted(row[:2] for row in alice.statuses() if row[1] in ended) == [
        (1, "selfTradeCanceled"),
        (2, "canceled"),
        (3, "selfTradeCanceled"),
    ]
    assert [(order.oid, order.sz) for order in alice.account.orders.values()] == [(4, sz("0.1"))]
    assert alice.cancel("BTC", 4) is None
    assert alice.account.brackets == {}
    assert nothing_is_left(m, alice)
