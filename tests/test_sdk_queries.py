"""The official Python SDK's queries against a real server, and what it gets where nothing is
built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bots import Bot, one
from hyperliquid.utils.error import ClientError

# -- what is not built yet -------------------------------------------------------------------------

NOT_BUILT: list[Callable[[Bot], Any]] = [
    lambda bot: bot.exchange.create_sub_account("example"),
    lambda bot: bot.exchange.vault_usd_transfer("0x" + "1" * 40, True, 5_000_000),
    lambda bot: bot.exchange.token_delegate("0x" + "1" * 40, 1, False),
    lambda bot: bot.exchange.convert_to_multi_sig_user([bot.address], 1),
    lambda bot: bot.exchange.user_set_abstraction(bot.address, "unifiedAccount"),
    lambda bot: bot.info.user_staking_summary(bot.address),
    lambda bot: bot.info.user_vault_equities(bot.address),
]


@pytest.mark.parametrize("call", NOT_BUILT)
def test_what_is_not_built_is_refused_as_unknown(bot: Bot, call: Callable[[Bot], Any]) -> None:
    """Documented: an unknown type is HTTP 422 with this text (exchange 1.1)."""
    with pytest.raises(ClientError) as refused:
        call(bot)

    assert refused.value.status_code == 422
    assert refused.value.error_message == (
        "Failed to deserialize the JSON body into the target type"
    )


# -- info ------------------------------------------------------------------------------------------


def test_market_data(bot: Bot) -> None:
    info = bot.info
    meta, contexts = info.meta_and_asset_ctxs()
    assert [meta["universe"][i]["name"] for i in (0, 1, 5)] == ["BTC", "ETH", "SOL"]
    assert len(meta["universe"]) == len(contexts) >= 40
    spot, spot_contexts = info.spot_meta_and_asset_ctxs()
    assert spot_contexts[107]["coin"] == "@107"
    assert {"PURR/USDC", "@107"} <= {pair["name"] for pair in spot["universe"]}
    assert info.perp_dexs() == [None]
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
