"""The official Python SDK, unmodified, on a dex that it deploys itself (HIP-3)."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import eth_account
import pytest
from bots import GTC, OK, one, statuses
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

import hlsim
from hlsim.sim.fixed import Address, Wei
from hlsim.sim.operations import MintToken

GOLD, IRON = "test:GOLD", "test:IRON"
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
HYPE = 150


@pytest.fixture
def server() -> Iterator[Any]:
    """Its first account can pay the gas of some registrations."""
    with hlsim.start(market="static", clock="manual", accounts=3) as running:
        dora = Address(running.accounts[0].address)
        running.operate(MintToken(dora, HYPE, Wei(1000 * 10**8)))
        yield running


def pen(server: Any, number: int, *dexes: str) -> Exchange:
    wallet = eth_account.Account.from_key(server.accounts[number].key)
    return Exchange(wallet, server.url, perp_dexs=list(dexes) or None)


def deployed(server: Any) -> Exchange:
    """The deployer, once the dex `test` has two perps and prices."""
    dora = pen(server, 0)
    schema = {"fullName": "The test dex", "collateralToken": 0, "oracleUpdater": None}
    made = dora.perp_deploy_register_asset("test", None, GOLD, 2, "4000.0", 20, False, schema)
    more = dora.perp_deploy_register_asset("test", 10**10, IRON, 1, "10.0", 10, True, None)
    pxs = {GOLD: "4001.0", IRON: "10.0"}
    priced = dora.perp_deploy_set_oracle("test", pxs, [{GOLD: "4002.0", IRON: "10.0"}], pxs)
    assert made == more == priced == OK
    return dora


def trading(server: Any, number: int) -> Exchange:
    """A trader with 5000 USDC on the dex."""
    trader = pen(server, number, "", "test")
    assert trader.send_asset(trader.wallet.address, "", "test", USDC, 5000) == OK
    return trader


def test_a_dex_is_deployed_priced_and_shown(server: Any) -> None:
    deployed(server)

    info = Info(server.url, skip_ws=True, perp_dexs=["", "test"])

    names = [None if dex is None else dex["name"] for dex in info.perp_dexs()]
    assert names[0] is None
    assert names[-1] == "test"
    place = 100_000 + 10_000 * (len(names) - 1)
    assert [info.name_to_asset(coin) for coin in (GOLD, IRON)] == [place, place + 1]
    assert [perp["name"] for perp in info.meta(dex="test")["universe"]] == [GOLD, IRON]
    assert info.all_mids("test") == {GOLD: "4002.0", IRON: "10.0"}
    assert GOLD not in info.all_mids()


def test_orders_on_a_dex_rest_fill_and_close(server: Any) -> None:
    deployed(server)
    alice, bob = trading(server, 1), trading(server, 2)

    resting = one(bob.order(GOLD, False, 2, 4010, GTC))["resting"]["oid"]
    opened = one(alice.market_open(GOLD, True, 1))["filled"]
    state = alice.info.user_state(alice.wallet.address, "test")
    (position,) = state["assetPositions"]
    orders = bob.info.open_orders(bob.wallet.address, "test")

    assert (opened["totalSz"], opened["avgPx"]) == ("1.0", "4010.0")
    assert (position["position"]["coin"], position["position"]["szi"]) == (GOLD, "1.0")
    assert [(order["coin"], order["oid"], order["sz"]) for order in orders] == [
        (GOLD, resting, "1.0")
    ]
    assert bob.info.open_orders(bob.wallet.address) == []
    assert alice.info.user_state(alice.wallet.address)["assetPositions"] == []

    assert one(bob.cancel(GOLD, resting)) == "success"
    bob.order(GOLD, True, 1, 4000, GTC)
    closed = one(alice.market_close(GOLD))["filled"]
    (fill, _) = alice.info.user_fills(alice.wallet.address)
    assert closed["avgPx"] == "4000.0"
    assert (fill["coin"], fill["dir"], fill["feeToken"]) == (GOLD, "Close Long", "USDC")
    assert (fill["closedPnl"], fill["fee"]) == ("-10.0", "3.6")

    state = alice.info.user_state(alice.wallet.address, "test")
    assert state["assetPositions"] == []
    back = float(state["withdrawable"])
    assert alice.send_asset(alice.wallet.address, "test", "", USDC, back) == OK
    assert alice.info.user_state(alice.wallet.address, "test")["withdrawable"] == "0.0"


def test_brackets_leverage_and_refusals_on_a_dex(server: Any) -> None:
    deployed(server)
    alice, bob = trading(server, 1), trading(server, 2)
    bob.order(GOLD, False, 5, 4010, GTC)

    assert alice.update_leverage(10, GOLD, is_cross=False) == OK
    stop = {"trigger": {"triggerPx": 3900.0, "isMarket": True, "tpsl": "sl"}}
    gain = {"trigger": {"triggerPx": 4200.0, "isMarket": True, "tpsl": "tp"}}
    entry = {"coin": GOLD, "is_buy": True, "sz": 1, "limit_px": 4010, "order_type": GTC}
    exits = [
        entry | {"is_buy": False, "limit_px": px, "order_type": kind, "reduce_only": True}
        for px, kind in ((3800, stop), (4200, gain))
    ]
    placed = statuses(
        alice.bulk_orders([entry | {"reduce_only": False}, *exits], grouping="normalTpsl")
    )
    poor = one(alice.order(GOLD, True, 100, 4000, GTC))
    crossed = alice.update_leverage(5, IRON)
    isolated = alice.update_leverage(5, IRON, is_cross=False)

    assert "filled" in placed[0]
    assert placed[1:] == ["waitingForTrigger", "waitingForTrigger"]
    asset = alice.info.name_to_asset(GOLD)
    assert poor == {"error": f"Insufficient margin to place order. asset={asset}"}
    assert crossed == {"status": "err", "response": "Cross margin is not allowed for this asset."}
    assert isolated == OK
    rows = alice.info.frontend_open_orders(alice.wallet.address, "test")
    assert sorted(row["triggerPx"] for row in rows) == ["3900.0", "4200.0"]


def test_streams_of_a_dex(server: Any) -> None:
    deployed(server)
    alice, bob = trading(server, 1), trading(server, 2)
    info = Info(server.url, perp_dexs=["", "test"])
    fills: queue.Queue[Any] = queue.Queue()
    books: queue.Queue[Any] = queue.Queue()
    try:
        info.subscribe({"type": "userFills", "user": alice.wallet.address}, fills.put)
        info.subscribe({"type": "l2Book", "coin": GOLD}, books.put)
        assert fills.get(timeout=10)["data"]["isSnapshot"] is True
        assert books.get(timeout=10)["data"]["coin"] == GOLD
        bob.order(GOLD, False, 1, 4010, GTC)
        alice.market_open(GOLD, True, 1)
        (fill,) = fills.get(timeout=10)["data"]["fills"]
    finally:
        info.disconnect_websocket()

    assert (fill["coin"], fill["px"]) == (GOLD, "4010.0")
