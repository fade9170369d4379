"""The official Python SDK's queries against a real server."""

from __future__ import annotations

import pytest
from bots import Bot, one

# -- info ------------------------------------------------------------------------------------------


def test_market_data(bot: Bot) -> None:
    info = bot.info
    meta, contexts = info.meta_and_asset_ctxs()
    assert [meta["universe"][i]["name"] for i in (0, 1, 5)] == ["BTC", "ETH", "SOL"]
    assert len(meta["universe"]) == len(contexts) >= 40
    spot, spot_contexts = info.spot_meta_and_asset_ctxs()
    assert spot_contexts[107]["coin"] == "@107"
    assert {"PURR/USDC", "@107"} <= {pair["name"] for pair in spot["universe"]}
    assert [dex and dex["name"] for dex in info.perp_dexs()] == [None, "xyz"]
    book = info.l2_snapshot("BTC")
    assert [len(side) for side in book["levels"]] == [20, 20]
    assert float(book["levels"][0][0]["px"]) < bot.mid("BTC") < float(book["levels"][1][0]["px"])
    now = bot.server.clock.now_ms
    assert info.candles_snapshot("BTC", "1m", now - 3_600_000, now) is not None
    assert info.funding_history("BTC", 0) == []


def test_account_queries(bot: Bot) -> None:
    info, user = bot.info, bot.address
    assert info.user_funding_history(user, 0) == []
    assert info.user_fees(user)["userCrossRate"] == "0.00045"
    assert info.user_rate_limit(user)["nRequestsCap"] == 10_000
    assert info.user_role(user) == {"role": "user"}
    assert info.query_sub_accounts(user) is None
    assert info.query_user_abstraction_state(user) == "default"
    assert [name for name, _ in info.portfolio(user)] == [
        "day",
        "week",
        "month",
        "allTime",
        "perpDay",
        "perpWeek",
        "perpMonth",
        "perpAllTime",
    ]
    assert info.query_order_by_oid(user, 1 << 50) == {"status": "unknownOid"}


def test_funding_is_paid_on_the_hour(bot: Bot) -> None:
    one(bot.exchange.market_open("BTC", True, 0.5))

    bot.server.clock.advance(hours=1)

    (row,) = bot.info.user_funding_history(bot.address, 0)
    assert row["delta"]["coin"] == "BTC"
    assert float(row["delta"]["usdc"]) == pytest.approx(
        -0.5 * bot.mid("BTC") * float(row["delta"]["fundingRate"]), rel=1e-2
    )
    assert bot.info.funding_history("BTC", 0)[-1]["fundingRate"] == row["delta"]["fundingRate"]
