"""The official Python SDK deploys a spot token and trades on its pair, against a real server."""

from __future__ import annotations

from typing import Any

from bots import GTC, OK, Bot, one
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info


def test_a_token_is_deployed_and_traded(bot: Bot, other: Bot) -> None:
    """Documented: the steps of the SDK's own example (exchange 5.2)."""
    pen, info = bot.exchange, bot.info
    token = len(info.spot_meta()["tokens"])
    assert pen.spot_deploy_register_token("DEMO", 2, 8, 10**12, "Demo token") == OK
    state = info.query_spot_deploy_auction_status(bot.address)
    assert [row["token"] for row in state["states"]] == [token]
    users = [(bot.address, "100000000000"), (other.address, "50000000000")]
    assert pen.spot_deploy_user_genesis(token, users, []) == OK
    assert pen.spot_deploy_genesis(token, "150000000000", True) == OK
    assert pen.spot_deploy_register_spot(token, 0) == OK
    pair: Any = info.spot_meta()["universe"][-1]
    assert pair["tokens"] == [token, 0]
    assert pen.spot_deploy_register_hyperliquidity(pair["index"], 2.0, 1.0, 0, None) == OK
    assert pen.spot_deploy_set_deployer_trading_fee_share(token, "50%") == OK

    metas = (info.meta(), info.spot_meta())
    maker, taker = (
        Exchange(one_bot.wallet, bot.server.url, meta=metas[0], spot_meta=metas[1])
        for one_bot in (other, bot)
    )
    fresh = Info(bot.server.url, skip_ws=True)
    assert "resting" in one(maker.order("DEMO/USDC", False, 20, 2.5, GTC))
    filled = one(taker.order("DEMO/USDC", True, 8, 2.5, GTC))["filled"]
    assert (filled["totalSz"], filled["avgPx"]) == ("8.0", "2.5")
    assert fresh.all_mids()[pair["name"]] == "2.5"
    (fill,) = [row for row in fresh.user_fills(bot.address) if row["coin"] == pair["name"]]
    assert (fill["dir"], fill["feeToken"], fill["fee"]) == ("Buy", "DEMO", "0.0056")
    balances = fresh.spot_user_state(bot.address)["balances"]
    (demo,) = [row for row in balances if row["coin"] == "DEMO"]
    assert demo["total"] == "1007.9972"
    book = fresh.l2_snapshot("DEMO/USDC")
    assert book["levels"] == [[], [{"px": "2.5", "sz": "12.0", "n": 1}]]


def test_a_refusal_reaches_the_client(bot: Bot) -> None:
    """Observed: the text of a second genesis (exchange 7.6)."""
    pen = bot.exchange
    token = len(bot.info.spot_meta()["tokens"])
    assert pen.spot_deploy_register_token("AGAIN", 0, 5, 10**12, "") == OK
    assert pen.spot_deploy_user_genesis(token, [(bot.address, "9")], []) == OK
    assert pen.spot_deploy_genesis(token, "9", False) == OK
    assert pen.spot_deploy_genesis(token, "9", False) == {
        "status": "err",
        "response": "Genesis error: genesis already happened",
    }
