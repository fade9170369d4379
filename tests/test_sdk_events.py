"""The official Python SDK while markets come and go, stop, and the network is upgraded.

Each test has an exchange of its own: what happens here happens to everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest
from bots import ALO, GTC, OK, Bot, one, statuses
from hyperliquid.info import Info
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action

import hlsim
from hlsim.sim.fixed import Usd, parse_decimal
from hlsim.sim.operations import (
    DelistPerp,
    ListPerp,
    SetHalt,
    SetOpenInterestCap,
    UpgradeNetwork,
)

WINDOW = "Only post-only orders allowed immediately after network upgrade"


@pytest.fixture
def server() -> Iterator[Any]:
    with hlsim.start(market="static", clock="manual") as running:
        yield running


@pytest.fixture
def wallets(server: Any) -> Iterator[Any]:
    return iter(server.accounts)


@pytest.fixture
def metas(server: Any) -> tuple[Any, Any]:
    info = Info(server.url, skip_ws=True)
    return info.meta(), info.spot_meta()


def test_a_client_trades_a_new_coin_once_it_has_looked_again(bot: Bot, other: Bot) -> None:
    """Evidence: info 4.2; the SDK keeps the map of names and ids that it saw first."""
    bot.server.operate(ListPerp("FRESH", 1, 10, parse_decimal("5", 8)))  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        bot.exchange.order("FRESH", True, 10, 4.9, GTC)

    meta = bot.info.meta()
    assert meta["universe"][-1]["name"] == "FRESH"
    clients = [Bot(bot.server, account, (meta, bot.info.spot_meta())) for account in
               bot.server.accounts[5:7]]  # fmt: skip
    buyer, seller = clients
    assert buyer.info.name_to_asset("FRESH") == len(meta["universe"]) - 1
    assert "resting" in one(seller.exchange.order("FRESH", False, 10, 5.1, GTC))
    assert one(buyer.exchange.order("FRESH", True, 10, 5.1, GTC))["filled"]["avgPx"] == "5.1"
    assert buyer.positions() == {"FRESH": "10.0"}
    # No id moved: who has not looked again trades on.
    assert "filled" in one(other.exchange.market_open("BTC", True, 0.01))


def test_a_delisting_ends_orders_and_positions(bot: Bot) -> None:
    """Documented: dir `Settlement`, `delistedCanceled`, `isDelisted` (mechanics 17)."""
    one(bot.exchange.market_open("SOL", True, 10))
    oid = one(bot.exchange.order("SOL", True, 10, bot.price("SOL", 0.9), GTC))["resting"]["oid"]
    sol = bot.info.name_to_asset("SOL")

    bot.server.operate(DelistPerp(sol))

    assert bot.positions() == {}
    status = bot.info.query_order_by_oid(bot.address, oid)
    assert status["order"]["status"] == "delistedCanceled"
    fill = bot.info.user_fills(bot.address)[0]
    assert (fill["coin"], fill["dir"], fill["sz"], fill["fee"]) == (
        "SOL",
        "Settlement",
        "10.0",
        "0.0",
    )
    assert fill["hash"] == "0x" + "0" * 64
    assert bot.info.meta()["universe"][sol]["isDelisted"] is True
    assert bot.info.l2_snapshot("SOL")["levels"] == [[], []]
    refused = one(bot.exchange.order("SOL", True, 10, bot.price("SOL", 0.9), GTC))
    assert refused == {"error": "Trading is halted."}


def test_a_halted_coin_takes_no_orders_but_cancels(bot: Bot) -> None:
    """Observed: exchange 7.1. Assumed: cancels pass."""
    px = bot.price("ETH", 0.9)
    oid = one(bot.exchange.order("ETH", True, 1, px, GTC))["resting"]["oid"]
    eth = bot.info.name_to_asset("ETH")
    bot.server.operate(SetHalt(eth, True))
    assert one(bot.exchange.order("ETH", True, 1, px, GTC)) == {"error": "Trading is halted."}
    assert one(bot.exchange.cancel("ETH", oid)) == "success"
    bot.server.operate(SetHalt(eth, False))
    assert "resting" in one(bot.exchange.order("ETH", True, 1, px, GTC))


def test_an_upgrade_disconnects_and_then_admits_only_post_only_orders(bot: Bot) -> None:
    """Observed: the text (exchange 7.1); the socket of the SDK does not come back."""
    info = Info(bot.server.url)
    try:
        frames: Queue[Any] = Queue()
        info.subscribe({"type": "userFills", "user": bot.address}, frames.put)
        frames.get(timeout=10)
        manager = info.ws_manager
        assert manager is not None
        bot.server.operate(UpgradeNetwork(120_000))

        manager.join(timeout=10)
        assert not manager.is_alive()
    finally:
        info.disconnect_websocket()
    px = bot.price("BTC", 0.9)
    orders = [
        {
            "coin": "BTC", "is_buy": True, "sz": 0.01, "limit_px": px, "reduce_only": False,
            "order_type": kind,
        }
        for kind in (GTC, ALO)
    ]  # fmt: skip
    refused, resting = statuses(bot.exchange.bulk_orders(orders))  # type: ignore[arg-type]
    assert (refused, list(resting)) == ({"error": WINDOW}, ["resting"])
    assert one(bot.exchange.market_open("BTC", True, 0.01)) == {"error": WINDOW}
    bot.server.clock.advance(minutes=2)
    assert "filled" in one(bot.exchange.market_open("BTC", True, 0.01))


def test_a_coin_at_its_cap_only_closes(bot: Bot) -> None:
    """Inferred: the live wording (exchange 7.2, contested 16)."""
    one(bot.exchange.market_open("SOL", True, 10))
    sol = bot.info.name_to_asset("SOL")
    bot.server.operate(SetOpenInterestCap(sol, Usd(1_000_000)))
    assert bot.info.post("/info", {"type": "perpsAtOpenInterestCap"}) == ["SOL"]
    error = "Cannot increase position when open interest is at cap. asset=5"
    assert one(bot.exchange.market_open("SOL", True, 1)) == {"error": error}
    # A market order of the SDK is priced 5 % beyond the mid.
    beyond = (
        "Order rejected due to price more aggressive than oracle while at open interest cap asset=5"
    )
    assert one(bot.exchange.market_close("SOL")) == {"error": beyond}
    oracle = float(bot.info.meta_and_asset_ctxs()[1][sol]["oraclePx"])
    assert "resting" in one(bot.exchange.order("SOL", False, 10, oracle, GTC, reduce_only=True))


def test_isolated_only_margin_is_topped_up(bot: Bot) -> None:
    """The SDK signs the action; it has no method of that name."""
    meta = bot.info.meta()["universe"]
    coin = next(
        row["name"]
        for row in meta
        if row.get("marginMode") == "strictIsolated" and not row.get("isDelisted")
    )

    def top_up(name: str, leverage: str) -> Any:
        asset = bot.info.name_to_asset(name)
        action = {"type": "topUpIsolatedOnlyMargin", "asset": asset, "leverage": leverage}
        now = get_timestamp_ms()
        signature = sign_l1_action(bot.wallet, action, None, now, None, False)
        return bot.exchange._post_action(action, signature, now)

    one(bot.exchange.market_open(coin, True, 1000))
    assert top_up(coin, "1.5") == OK
    (position,) = bot.info.user_state(bot.address)["assetPositions"]
    row = position["position"]
    assert abs(float(row["positionValue"]) / float(row["marginUsed"]) - 1.5) < 1e-5
    assert top_up("BTC", "1.5") == {"status": "err", "response": "Asset not strict isolated"}
