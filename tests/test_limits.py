"""How much one order may be worth, and how many may be open."""

from __future__ import annotations

from typing import Any

import pytest
from asking import told
from stories import Story, Trader, market, px

from hlsim.matching.types import Tif
from hlsim.server.encode import response_json
from hlsim.sim.actions.orders import NewOrder, PlaceOrders
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.replies import Resting
from hlsim.sim.rules import Rules

FIVE_MILLION = 5_000_000 * 10**8
"""USD of volume, as it is counted."""


def rich() -> tuple[Story, Trader]:
    m = market()
    return m, m.account("alice", usd="10000000000")


def statuses(trader: Trader, *orders: NewOrder) -> Any:
    return response_json(trader.act(PlaceOrders(orders)))["response"]["data"]["statuses"]


@pytest.mark.parametrize(
    ("coin", "price", "most"),
    [("BTC", 50_000, 30_000_000), ("SOL", 100, 5_000_000), ("MEME", 1, 2_000_000),
     ("ISO", 10, 500_000)],
)  # fmt: skip
@pytest.mark.parametrize(("tif", "times"), [(Tif.IOC, 1), (Tif.FRONTEND_MARKET, 1), (Tif.GTC, 10)])
def test_the_largest_order_by_the_class_of_its_asset(
    coin: str, price: int, most: int, tif: Tif, times: int
) -> None:
    """Documented: $30M, $5M, $2M or $500k by maximum leverage, limit orders ten times as much;
    Observed: the text, static and without a suffix (mechanics 2.6, exchange 7.2).
    """
    m, alice = rich()
    asset = m.market(coin).asset
    largest = most * times // price
    over = alice.new_order(f"{largest + 1} {coin} @ {price}", is_buy=True, tif=tif)
    just = alice.new_order(f"{largest} {coin} @ {price}", is_buy=True, tif=tif)
    m.market(coin).mark_px = px(str(price))
    error = {"error": f"Order value too large. Max is ${most * times}."}
    small = alice.new_order("20 MEME @ 0.5", is_buy=True)

    assert statuses(alice, small, over, small) == [error]
    assert not alice.account.orders
    (passed,) = statuses(alice, just)
    assert passed != error
    table = {str(row[0]): row[1] for row in told(m.view, "maxMarketOrderNtls")}
    assert table[str(asset.max_leverage)] == f"{most}.0"  # type: ignore[union-attr]


def test_more_orders_may_be_open_with_volume_up_to_a_cap() -> None:
    """Documented: one more for every $5M, up to a cap (mechanics 2.7)."""
    m = market(Rules(max_open_orders=2, max_open_orders_cap=4))
    alice = m.account("alice")
    volumes = (0, FIVE_MILLION - 1, FIVE_MILLION, 2 * FIVE_MILLION, 99 * FIVE_MILLION)
    allowed = []
    for volume in volumes:
        alice.account.volume.total_usd = volume
        while isinstance(alice.buys("20 MEME @ 0.5"), Resting):
            pass
        allowed.append(len(alice.account.orders))
    assert allowed == [2, 2, 3, 4, 4]
    assert alice.statuses()[-1][1] == "tooManyOpenOrdersRejected"


def test_reduce_only_orders_stop_at_the_first_thousand() -> None:
    """Documented: from 1000 open orders on they are refused at any volume (mechanics 2.7)."""
    m = market(Rules(max_open_orders=2))
    alice, bob = m.account("alice"), m.account("bob")
    alice.account.volume.total_usd = 99 * FIVE_MILLION
    bob.sells("1 SOL @ 100")
    alice.buys("1 SOL @ 100")
    assert isinstance(alice.sells("0.5 SOL @ 101", reduce_only=True), Resting)
    alice.buys("1 SOL @ 90")
    refused = alice.sells("0.5 SOL @ 102", reduce_only=True)
    assert refused == Reject(OrderReject.TOO_MANY_OPEN, 2)
    assert isinstance(alice.buys("1 SOL @ 90"), Resting)
    closing = alice.sells("1 SOL @ 100", reduce_only=True, tif=Tif.IOC)
    assert closing == Reject(OrderReject.TOO_MANY_OPEN, 2)
