"""The official Python SDK, unmodified, against a real server: trading, money and queries.

Prices: `market="static"` stands still around the world's prices, 5 bp a level, $50,000 each.
"""

from __future__ import annotations

from typing import Any

import eth_account
import pytest
from bots import ALO, GTC, IOC, OK, Bot, one, statuses
from hyperliquid.exchange import Exchange
from hyperliquid.utils.signing import get_timestamp_ms
from hyperliquid.utils.types import Cloid

CLOID = Cloid.from_str("0x" + "0123456789abcdef" * 2)


# -- orders ----------------------------------------------------------------------------------------


def test_a_resting_order_is_seen_everywhere_and_cancelled(bot: Bot) -> None:
    px = bot.price("BTC", 0.8)
    oid = one(bot.exchange.order("BTC", True, 0.01, px, GTC))["resting"]["oid"]

    (row,) = bot.info.open_orders(bot.address)
    assert (row["coin"], row["side"], row["oid"], row["sz"]) == ("BTC", "B", oid, "0.01")
    assert float(row["limitPx"]) == px
    (row,) = bot.info.frontend_open_orders(bot.address)
    assert (row["oid"], row["orderType"], row["tif"]) == (oid, "Limit", "Gtc")
    status = bot.info.query_order_by_oid(bot.address, oid)
    assert (status["status"], status["order"]["status"]) == ("order", "open")

    assert one(bot.exchange.cancel("BTC", oid)) == "success"
    assert bot.info.open_orders(bot.address) == []
    status = bot.info.query_order_by_oid(bot.address, oid)
    assert status["order"]["status"] == "canceled"
    assert one(bot.exchange.cancel("BTC", oid)) == {
        "error": "Order was never placed, already canceled, or filled. asset=0"
    }


def test_cloids_name_orders(bot: Bot) -> None:
    px = bot.price("ETH", 0.8)
    placed = one(bot.exchange.order("ETH", True, 0.1, px, ALO, cloid=CLOID))["resting"]
    assert placed["cloid"] == CLOID.to_raw()

    found = bot.info.query_order_by_cloid(bot.address, CLOID)
    assert found["order"]["order"]["oid"] == placed["oid"]
    assert one(bot.exchange.cancel_by_cloid("ETH", CLOID)) == "success"


def test_a_batch_answers_each_order(bot: Bot) -> None:
    px = bot.price("BTC", 0.9)
    requests = [
        {
            "coin": "BTC",
            "is_buy": True,
            "sz": 0.01,
            "limit_px": px,
            "order_type": order_type,
            "reduce_only": reduce_only,
        }
        for order_type, reduce_only in ((GTC, False), (IOC, False), (GTC, True))
    ]

    resting, no_match, reduce_only = statuses(bot.exchange.bulk_orders(requests))

    assert "oid" in resting["resting"]
    assert no_match["error"] == (
        "Order could not immediately match against any resting orders. asset=0"
    )
    assert reduce_only["error"] == "Reduce only order would increase position. asset=0"
    cancels = [{"coin": "BTC", "oid": resting["resting"]["oid"]}, {"coin": "BTC", "oid": 1 << 40}]
    assert statuses(bot.exchange.bulk_cancel(cancels)) == [
        "success",
        {"error": "Order was never placed, already canceled, or filled. asset=0"},
    ]


def test_bulk_cancel_by_cloid(bot: Bot) -> None:
    bot.exchange.order("BTC", True, 0.01, bot.price("BTC", 0.8), GTC, cloid=CLOID)
    request = {"coin": "BTC", "cloid": CLOID}

    first, second = statuses(bot.exchange.bulk_cancel_by_cloid([request, request]))

    assert first == "success"
    assert "error" in second


def test_modify_gives_a_new_oid(bot: Bot) -> None:
    px = bot.price("BTC", 0.8)
    oid = one(bot.exchange.order("BTC", True, 0.01, px, GTC))["resting"]["oid"]

    new = one(bot.exchange.modify_order(oid, "BTC", True, 0.02, bot.price("BTC", 0.81), GTC))

    assert new["resting"]["oid"] > oid
    (row,) = bot.info.open_orders(bot.address)
    assert row["sz"] == "0.02"
    assert bot.info.query_order_by_oid(bot.address, oid)["order"]["status"] == "canceled"


def test_market_open_and_close(bot: Bot) -> None:
    filled = one(bot.exchange.market_open("BTC", True, 0.05))["filled"]
    assert filled["totalSz"] == "0.05"
    assert bot.positions() == {"BTC": "0.05"}

    closed = one(bot.exchange.market_close("BTC"))["filled"]

    assert closed["totalSz"] == "0.05"
    assert bot.positions() == {}
    close, opened = bot.info.user_fills(bot.address)
    assert (opened["dir"], close["dir"]) == ("Open Long", "Close Long")
    assert opened["crossed"] is True
    assert float(close["closedPnl"]) < 0
    start = opened["time"]
    assert [f["oid"] for f in bot.info.user_fills_by_time(bot.address, start)] == [
        opened["oid"],
        close["oid"],
    ]
    states = [row["status"] for row in bot.info.historical_orders(bot.address)]
    assert states == ["filled", "open", "filled", "open"]


def test_errors_have_the_exchanges_words(bot: Bot) -> None:
    """Observed: exchange 7.2."""
    px = bot.mid("BTC")
    ask = float(bot.info.l2_snapshot("BTC")["levels"][1][0]["px"])
    bid = float(bot.info.l2_snapshot("BTC")["levels"][0][0]["px"])
    table = [
        ((True, 0.00001, round(px * 0.9), GTC), "Order must have minimum value of $10. asset=0"),
        ((True, 100.0, round(px * 0.9), GTC), "Insufficient margin to place order. asset=0"),
        (
            (True, 0.01, round(px * 0.9) + 0.5, GTC),
            "Price must be divisible by tick size. asset=0",
        ),
        (
            (True, 0.01, ask, ALO),
            "Post only order would have immediately matched, "
            f"bbo was {bid:.10g}@{ask:.10g}. asset=0",
        ),
        (
            (True, 0.01, round(px * 0.01), GTC),
            "Order price cannot be more than 95% away from the reference price",
        ),
        ((True, 0.000001, round(px), GTC), "Order has invalid size."),
        ((True, 0.01, round(px) + 0.25, GTC), "Order has invalid price."),
        ((True, 0.0, round(px), GTC), "Order has zero size."),
    ]
    for (is_buy, sz, price, order_type), text in table:
        assert one(bot.exchange.order("BTC", is_buy, sz, price, order_type)) == {"error": text}


def test_spot_orders(bot: Bot) -> None:
    before = {b["coin"]: b for b in bot.info.spot_user_state(bot.address)["balances"]}
    px = bot.price("HYPE/USDC", 1.01)

    filled = one(bot.exchange.order("HYPE/USDC", True, 2.0, px, IOC))["filled"]

    assert filled["totalSz"] == "2.0"
    after = {b["coin"]: b for b in bot.info.spot_user_state(bot.address)["balances"]}
    gained = float(after["HYPE"]["total"]) - float(before["HYPE"]["total"])
    assert 1.998 < gained < 2.0
    (fill,) = bot.info.user_fills(bot.address)
    assert (fill["coin"], fill["dir"], fill["feeToken"]) == ("@107", "Buy", "HYPE")
    ask = bot.price("PURR/USDC", 1.2)
    assert "resting" in one(bot.exchange.order("PURR/USDC", False, 1000.0, ask, GTC))
    held = {b["coin"]: b["hold"] for b in bot.info.spot_user_state(bot.address)["balances"]}
    assert held["PURR"] == "1000.0"


# -- leverage and margin ---------------------------------------------------------------------------


def test_leverage_and_isolated_margin(bot: Bot) -> None:
    assert bot.exchange.update_leverage(10, "ETH", is_cross=False) == OK
    one(bot.exchange.market_open("ETH", True, 1.0))
    assert bot.exchange.update_isolated_margin(50.0, "ETH") == OK
    (row,) = bot.info.user_state(bot.address)["assetPositions"]
    leverage = row["position"]["leverage"]
    assert (leverage["type"], leverage["value"]) == ("isolated", 10)
    assert float(row["position"]["marginUsed"]) > bot.mid("ETH") / 10 + 45

    assert bot.exchange.update_leverage(10, "ETH", is_cross=True) == {
        "status": "err",
        "response": "Cannot switch leverage type with open position.",
    }
    assert bot.exchange.update_leverage(500, "ETH") == {
        "status": "err",
        "response": "Invalid leverage value",
    }


# -- money -----------------------------------------------------------------------------------------


def test_transfers(bot: Bot, other: Bot) -> None:
    assert bot.exchange.usd_transfer(100.0, other.address) == OK
    assert other.info.user_state(other.address)["withdrawable"] == "100100.0"
    assert bot.exchange.usd_class_transfer(1000.0, True) == OK
    assert bot.info.user_state(bot.address)["withdrawable"] == "100900.0"
    token = next(t for t in bot.info.spot_meta()["tokens"] if t["name"] == "PURR")
    name = f"PURR:{token['tokenId']}"
    assert bot.exchange.spot_transfer(50.0, other.address, name) == OK
    usdc = f"USDC:{bot.info.spot_meta()['tokens'][0]['tokenId']}"
    assert bot.exchange.send_asset(other.address, "", "spot", usdc, 10.0) == OK
    assert bot.exchange.withdraw_from_bridge(20.0, bot.address) == OK

    rows = bot.info.user_non_funding_ledger_updates(bot.address, 0)

    kinds = [row["delta"]["type"] for row in rows]
    assert kinds[0] == "deposit"
    assert kinds[-5:] == [
        "internalTransfer",
        "accountClassTransfer",
        "spotTransfer",
        "send",
        "withdraw",
    ]
    assert rows[-1]["delta"] == {
        "type": "withdraw",
        "usdc": "19.0",
        "nonce": rows[-1]["delta"]["nonce"],
        "fee": "1.0",
    }


def test_a_transfer_that_cannot_be_paid(bot: Bot, other: Bot) -> None:
    assert bot.exchange.usd_transfer(10_000_000.0, other.address) == {
        "status": "err",
        "response": "Insufficient balance for withdrawal.",
    }


# -- agents, builders, referrers -------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, "bot one"])
def test_an_agent_trades_for_its_master(bot: Bot, server: Any, metas: Any, name: str) -> None:
    reply, key = bot.exchange.approve_agent(name)
    assert reply == OK
    wallet = eth_account.Account.from_key(key)
    agent = Exchange(
        wallet,
        server.url,
        account_address=bot.address,
        meta=metas[0],
        spot_meta=metas[1],
    )

    assert "filled" in one(agent.market_open("SOL", True, 1.0))

    assert bot.positions() == {"SOL": "1.0"}
    assert bot.info.user_state(wallet.address)["assetPositions"] == []
    assert bot.info.user_role(wallet.address) == {
        "role": "agent",
        "data": {"user": bot.address.lower()},
    }
    listed = bot.info.extra_agents(bot.address)
    assert [row["name"] for row in listed] == ([] if name is None else [name])
    assert "filled" in one(agent.market_close("SOL"))


def test_a_replaced_agent_is_dead(bot: Bot, server: Any, metas: Any) -> None:
    _, old_key = bot.exchange.approve_agent("worker")
    bot.exchange.approve_agent("worker")
    old = eth_account.Account.from_key(old_key)
    agent = Exchange(old, server.url, meta=metas[0], spot_meta=metas[1])

    assert agent.order("BTC", True, 0.01, 10_000, GTC) == {
        "status": "err",
        "response": f"Must deposit before performing actions. User: {bot.address.lower()}",
    }


def test_builder_fees(bot: Bot, other: Bot) -> None:
    builder = {"b": other.address, "f": 10}
    refused = one(bot.exchange.market_open("BTC", True, 0.01, builder=dict(builder)))
    assert refused == {"error": "Builder fee has not been approved."}
    assert bot.exchange.approve_builder_fee(other.address, "0.01%") == OK

    assert "filled" in one(bot.exchange.market_open("BTC", True, 0.01, builder=dict(builder)))

    (fill,) = bot.info.user_fills(bot.address)
    ntl = float(fill["px"]) * 0.01
    assert float(fill["builderFee"]) == pytest.approx(ntl * 0.0001, abs=1e-6)
    referral = bot.info.query_referral_state(other.address)
    assert referral["builderRewards"] == fill["builderFee"]


def test_referrer_scheduled_cancel_and_noop(bot: Bot) -> None:
    assert bot.exchange.set_referrer("NOBODY") == {
        "status": "err",
        "response": "Referral code not registered",
    }
    assert bot.exchange.schedule_cancel(get_timestamp_ms() + 10_000) == {
        "status": "err",
        "response": "Cannot set scheduled cancel time until enough volume traded. "
        "Required: $1000000. Traded: $0.",
    }
    nonce = get_timestamp_ms()
    assert bot.exchange.noop(nonce) == OK
    assert bot.exchange.noop(nonce) == {
        "status": "err",
        "response": f"Invalid nonce: duplicate nonce {nonce}",
    }


def test_expires_after(bot: Bot) -> None:
    bot.exchange.set_expires_after(get_timestamp_ms() + 60_000)
    assert "resting" in one(bot.exchange.order("BTC", True, 0.01, bot.price("BTC", 0.8), GTC))
    bot.exchange.set_expires_after(get_timestamp_ms() - 60_000)
    assert bot.exchange.order("BTC", True, 0.01, bot.price("BTC", 0.8), GTC) == {
        "status": "err",
        "response": "Action already expired",
    }


def test_a_stranger_does_not_exist(server: Any, metas: Any) -> None:
    """Regression of other simulators: a bad signer must not become an account."""
    wallet = eth_account.Account.create()
    stranger = Exchange(wallet, server.url, meta=metas[0], spot_meta=metas[1])
    address = wallet.address.lower()

    assert stranger.order("BTC", True, 0.01, 10_000, GTC) == {
        "status": "err",
        "response": f"User or API Wallet {address} does not exist.",
    }
    assert stranger.usd_transfer(1.0, wallet.address) == {
        "status": "err",
        "response": f"Must deposit before performing actions. User: {address}",
    }
    assert stranger.info.user_role(wallet.address) == {"role": "missing"}
