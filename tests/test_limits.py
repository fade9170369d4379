"""How much one order may be worth, how many may be open, and every other cap of the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from asking import told
from houses import house, into
from stories import Story, Trader, market, px
from twaps import asked, opened

from hlsim.matching.types import Tif
from hlsim.server.encode import response_json
from hlsim.sim.actions.cancels import Cancel, CancelOid
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


# -- every cap of the rules ------------------------------------------------------------------------

Reply = dict[str, Any]
Uses = Callable[[Rules], Callable[[int], Reply]]
"""Opens an exchange. What it returns uses a cap for the n-th time, from 1 on."""
FULL = {"error": "Too many open orders. asset=0"}


def entries(rules: Rules) -> Callable[[int], Reply]:
    """Of one action: the n-th has n."""
    alice = market(rules).account("alice")
    none: Any = 0
    return lambda n: response_json(alice.act(Cancel((CancelOid(none, none),) * n)))


def open_orders(*, volume: int) -> Uses:
    def begin(rules: Rules) -> Callable[[int], Reply]:
        alice = market(rules).account("alice", usd="1000000")
        alice.account.volume.total_usd = volume
        small = alice.new_order("0.001 BTC @ 20000", is_buy=True)
        return lambda n: statuses(alice, small)[0]

    return begin


def running_twaps(rules: Rules) -> Callable[[int], Reply]:
    _, _, alice = opened(rules)
    ask = asked(alice, "buy 0.002 BTC", minutes=5)
    return lambda n: response_json(alice.act(ask))["response"]["data"]["status"]


def depositors(rules: Rules) -> Callable[[int], Reply]:
    """The leader is the first."""
    _, _, vault = house(rules=rules)

    def use(n: int) -> Reply:
        if n == 1:
            return {"status": "ok"}
        return response_json(vault.market.account(f"number {n}").act(into(vault, "5")))

    return use


def refused(text: str) -> Reply:
    return {"status": "err", "response": text}


CAPS: dict[str, tuple[int, int, Uses, Reply]] = {
    "max_batch": (200, 200, entries, refused("Signed action over weight limit of 200.")),
    "max_open_orders": (1000, 1000, open_orders(volume=0), FULL),
    "max_open_orders_cap": (5000, 5000, open_orders(volume=10_000 * FIVE_MILLION), FULL),
    "max_twaps": (100, 100, running_twaps, {"error": "Too many open TWAP orders."}),
    "max_vault_depositors": (
        10_000,
        30,
        depositors,
        refused("This vault does not accept deposits"),
    ),
}
"""By field of `Rules`: the default, the number that is tried, how, and what refuses one more."""


def test_every_cap_of_the_rules_has_a_row() -> None:
    """One that is added needs one."""
    caps = {field.name: field.default for field in fields(Rules) if field.name.startswith("max_")}

    assert {name: default for name, (default, *_) in CAPS.items()} == caps


@pytest.mark.parametrize("mode", ["strict", "warn", "off"])
@pytest.mark.parametrize("name", CAPS)
def test_a_cap_of_the_rules_is_reached_and_not_passed(name: str, mode: Any) -> None:
    """They are no rate limits: `--limits` changes nothing. Evidence: mechanics 2.7, 4, 13."""
    _, most, begin, over = CAPS[name]
    use = begin(Rules(**{name: most}, address_limits=mode, free_requests=10**6))

    replies = [use(n) for n in range(1, most + 3)]

    assert [n for n, reply in enumerate(replies, 1) if reply == over] == [most + 1, most + 2]
    assert not any("error" in reply or reply.get("status") == "err" for reply in replies[:most])
