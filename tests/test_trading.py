"""Halts and network upgrades: what is refused meanwhile, what is not, and when it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asking import told
from stories import START_MS, Story, Trader, market
from streams import LOOPS, LoopFactory, run, site

from hlsim.matching.types import Tif
from hlsim.server.encode import response_json
from hlsim.sim.actions.orders import BatchModify, Modification, Modify, PlaceOrders
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.events import NetworkUpgraded
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import SetHalt, UpgradeNetwork
from hlsim.sim.replies import Done, Filled, Resting
from hlsim.sim.rules import Rules

WINDOW = "Only post-only orders allowed immediately after network upgrade"
HOUR_MS = 3_600_000


def two(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    m = market(rules)
    return m, m.account("alice"), m.account("bob")


def wire(trader: Trader, action: Any) -> Any:
    """The answer as a client reads it."""
    return response_json(trader.act(action))


# -- halts -----------------------------------------------------------------------------------------


def test_a_halt_stops_orders_of_one_market_and_nothing_else() -> None:
    """Observed: the text, without suffix (exchange 7.1). Assumed: cancels and time go on."""
    m, alice, bob = two()
    bob.sells("1 SOL @ 100")
    alice.buys("1 SOL @ 100")
    mine = alice.buys("1 SOL @ 90")
    m.ex.operate(SetHalt(2, True))

    order = PlaceOrders((alice.new_order("1 SOL @ 90", is_buy=True),))
    halted = {"statuses": [{"error": "Trading is halted."}]}
    assert wire(alice, order)["response"]["data"] == halted
    closing = alice.new_order("1 SOL @ 90", is_buy=False, reduce_only=True, tif=Tif.IOC)
    assert wire(alice, PlaceOrders((closing,)))["response"]["data"] == halted
    assert isinstance(alice.buys("0.1 ETH @ 1900"), Resting)
    assert alice.cancel("SOL", mine.oid) is None
    assert len(alice.statuses()) == 5
    m.oracle("SOL", "101")
    m.advance(hours=1)
    assert (m.market("SOL").mark_px, len(alice.account.fundings)) == (101 * 10**8, 1)
    assert m.market("SOL").book.best_bid() is None

    m.ex.operate(SetHalt(2, False))
    assert isinstance(alice.buys("1 SOL @ 90"), Resting)


def test_a_modify_into_a_halt_loses_the_old_order() -> None:
    """Observed: what fails while it is placed has lost the old order (mechanics 5)."""
    m, alice, _ = two()
    old = alice.buys("1 SOL @ 90")
    m.ex.operate(SetHalt(2, True))
    new = alice.new_order("1 SOL @ 91", is_buy=True)
    assert wire(alice, Modify(old.oid, new)) == {
        "status": "err",
        "response": "Error placing new order during modify: Trading is halted.",
    }
    assert not alice.account.orders


def long_with_a_stop(m: Story, alice: Trader, bob: Trader) -> int:
    """Alice long 10 SOL with a stop at 95, bob bids 10 at 90; the stop's oid."""
    bob.sells("10 SOL @ 100")
    alice.buys("10 SOL @ 100")
    bob.buys("10 SOL @ 90")
    oid: int = alice.place(alice.trigger("10 SOL @ 85", at="95")).oid
    return oid


def test_what_a_mark_reaches_in_a_halt_fires_when_it_ends() -> None:
    """Assumed: nothing trades in a halt, triggers among it (mechanics 17)."""
    m, alice, bob = two()
    oid = long_with_a_stop(m, alice, bob)
    m.ex.operate(SetHalt(2, True))
    m.oracle("SOL", "94")
    assert oid in alice.account.orders
    m.ex.operate(SetHalt(2, False))
    assert [status for _, status, _ in alice.statuses()[-2:]] == ["triggered", "filled"]
    assert alice.szi("SOL") == 0


# -- network upgrades ------------------------------------------------------------------------------


def test_after_an_upgrade_only_post_only_orders_are_taken() -> None:
    """Observed: no suffix, no record, the nonce is spent (exchange 7.1, contested 12)."""
    m, alice, bob = two()
    bob.sells("1 SOL @ 100")
    m.ex.operate(UpgradeNetwork(60_000))
    kinds = (Tif.GTC, Tif.ALO, Tif.IOC, Tif.FRONTEND_MARKET)
    orders = [alice.new_order("1 SOL @ 99", is_buy=True, tif=tif) for tif in kinds]
    oid, nonce = m.ex.state.next_oid, next(m.nonces)

    answered = response_json(alice.act(PlaceOrders(tuple(orders)), nonce=nonce))

    error = {"error": WINDOW}
    resting = {"resting": {"oid": oid}}
    assert answered["response"]["data"]["statuses"] == [error, resting, error, error]
    assert [status for _, status, _ in alice.statuses()] == ["open"]
    again = response_json(alice.act(PlaceOrders(tuple(orders)), nonce=nonce))
    assert again["response"] == f"Invalid nonce: duplicate nonce {nonce}"
    assert alice.cancel("SOL", oid) is None


def test_the_window_ends_at_its_time_in_every_market() -> None:
    """Assumed: its length is the operator's (contested 12)."""
    m, alice, bob = two()
    bob.sells("1 SOL @ 100")
    m.ex.operate(UpgradeNetwork(60_000))
    m.advance(ms=59_999)
    restored = Story(Exchange.restore(m.ex.snapshot()))
    assert alice.buys("1 SOL @ 100") == Reject(OrderReject.POST_ONLY_WINDOW, 2)
    assert alice.buys("1 ETH @ 1900") == Reject(OrderReject.POST_ONLY_WINDOW, 1)
    m.advance(ms=1)
    assert isinstance(alice.buys("1 SOL @ 100"), Filled)
    assert restored.ex.state.post_only_until_ms == START_MS + 60_000


def test_the_whole_action_may_be_refused_instead() -> None:
    """The other reading of contested 12."""
    m, alice, _ = two(Rules(upgrade_reject="action"))
    old = alice.buys("1 SOL @ 90")
    m.ex.operate(UpgradeNetwork(60_000))
    alo = alice.new_order("1 SOL @ 91", is_buy=True, tif=Tif.ALO)
    gtc = alice.new_order("1 SOL @ 91", is_buy=True)
    refused = {"status": "err", "response": WINDOW}
    for action in (
        PlaceOrders((alo, gtc)),
        Modify(old.oid, gtc, always_place=True),
        BatchModify((Modification(old.oid, alo), Modification(77, gtc)), always_place=True),
    ):
        assert wire(alice, action) == refused
    assert list(alice.account.orders) == [old.oid]
    assert isinstance(alice.place(alo), Resting)
    # Without `a` a Gtc that crosses nothing becomes post-only.
    assert alice.modify(old.oid, gtc) == Done()
    m.advance(seconds=60)
    assert isinstance(alice.place(gtc), Resting)


@pytest.mark.parametrize("reading", ["order", "action"])
def test_a_modify_in_the_window_becomes_post_only_as_ever(reading: Any) -> None:
    """Documented: a Gtc that crosses nothing is overridden to Alo (contested 13)."""
    m, alice, _ = two(Rules(upgrade_reject=reading))
    first, second = alice.buys("1 SOL @ 90"), alice.buys("1 SOL @ 89")
    m.ex.operate(UpgradeNetwork(60_000))
    gtc = alice.new_order("1 SOL @ 91", is_buy=True)
    assert alice.modify(first.oid, gtc) == Done()
    response = alice.act(BatchModify((Modification(second.oid, gtc),)))
    assert isinstance(response.statuses[0], Resting)  # type: ignore[union-attr]


def test_what_a_mark_reaches_in_the_window_fires_when_it_ends() -> None:
    """Documented for TWAP slices: nothing fills right after an upgrade (mechanics 17). Assumed: no
    trigger order either, and none is taken.
    """
    m, alice, bob = two()
    oid = long_with_a_stop(m, alice, bob)
    m.ex.operate(UpgradeNetwork(60_000))
    m.oracle("SOL", "94")
    m.advance(seconds=30)
    assert alice.place(alice.trigger("10 SOL @ 80", at="85")) == Reject(
        OrderReject.POST_ONLY_WINDOW, 2
    )
    m.ex.operate(UpgradeNetwork(60_000))
    m.advance(ms=59_999)
    assert oid in alice.account.orders
    m.advance(ms=1)
    assert [status for _, status, _ in alice.statuses()[-2:]] == ["triggered", "filled"]


def test_a_trigger_order_is_not_post_only_for_the_whole_action_either() -> None:
    """The other reading of contested 12."""
    m, alice, bob = two(Rules(upgrade_reject="action"))
    long_with_a_stop(m, alice, bob)
    m.ex.operate(UpgradeNetwork(60_000))
    refused = {"status": "err", "response": WINDOW}
    assert wire(alice, PlaceOrders((alice.trigger("10 SOL @ 80", at="85"),))) == refused


def test_a_window_does_not_end_before_it_begins() -> None:
    m = market()
    with pytest.raises(ValueError, match="-1 ms"):
        m.ex.operate(UpgradeNetwork(-1))
    assert m.events() == []
    m.ex.operate(UpgradeNetwork(0))
    assert m.events() == [NetworkUpgraded()]
    assert told(m.view, "exchangeStatus") == {"specialStatuses": None, "time": START_MS}


@pytest.mark.parametrize("loop", LOOPS)
def test_an_upgrade_ends_every_connection(loop: LoopFactory) -> None:
    """Observed by bots: first the disconnect, then the window. Assumed: no close frame; a new
    connection is taken at once.
    """

    async def test() -> None:
        async with site() as here, here.client() as idle, here.client() as listening:
            await listening.subscribe(type="orderUpdates", user=here.alice.address)
            assert await listening.post(1, "info", {"type": "exchangeStatus"})
            here.alice.buys("1 SOL @ 90")
            here.node.operate(UpgradeNetwork(60_000))
            channel, _ = await listening.next()
            assert channel == "orderUpdates"  # what happened before is still told
            assert await listening.closed() == (1006, "")
            assert await idle.closed() == (1006, "")
            async with here.client() as back:
                posted = await back.post(2, "action", {"terms": "1 SOL @ 91"})
                statuses = posted[1]["response"]["payload"]["response"]["data"]["statuses"]
                assert statuses == [{"error": WINDOW}]
                here.node.advance(60_000)
                assert await back.alive()
                assert here.hub.sockets
            while here.hub.sockets:
                await asyncio.sleep(0)

    run(test, loop)
