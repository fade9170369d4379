"""The official Python SDK deploys a spot token, trades its pair and outcomes, on a real server."""

from __future__ import annotations

from typing import Any

from bots import GTC, OK, Bot, one
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils import signing

from hlsim.sim.fixed import Px
from hlsim.sim.operations import ListOutcome, SettleOutcome


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


# -- outcomes --------------------------------------------------------------------------------------


def knows(bot: Bot, *numbers: int) -> None:
    """Tells the SDK, which has no list of outcomes, of some sides."""
    for number in numbers:
        coin, asset = f"#{number}", 100_000_000 + number
        bot.info.name_to_coin[coin] = coin
        bot.info.coin_to_asset[coin] = asset
        bot.info.asset_to_sz_decimals[asset] = 0


def convert(bot: Bot, **variant: Any) -> Any:
    """A userOutcome, for which the SDK has no call, signed by its functions."""
    action, nonce = {"type": "userOutcome", **variant}, signing.get_timestamp_ms()
    signature = signing.sign_l1_action(bot.wallet, action, None, nonce, None, False)
    return bot.exchange._post_action(action, signature, nonce)


def test_an_outcome_is_traded_split_merged_and_settled(bot: Bot, other: Bot) -> None:
    """Observed: names of coins and tokens, and what fills say (info 2.1, 5.2, 9)."""
    bot.server.operate(ListOutcome("Rain?"))
    number = bot.info.post("/info", {"type": "outcomeMeta"})["outcomes"][-1]["outcome"]
    yes, no = 10 * number, 10 * number + 1
    for one_bot in (bot, other):
        knows(one_bot, yes, no)

    assert "resting" in one(other.exchange.order(f"#{no}", True, 50, 0.4, GTC))
    assert bot.info.l2_snapshot(f"#{yes}")["levels"] == [[], [{"px": "0.6", "sz": "50.0", "n": 1}]]
    filled = one(bot.exchange.order(f"#{yes}", True, 30, 0.65, GTC))["filled"]
    assert (filled["totalSz"], filled["avgPx"]) == ("30.0", "0.6")
    assert convert(bot, splitOutcome={"outcome": number, "amount": "12.5"}) == OK
    assert convert(bot, mergeOutcome={"outcome": number, "amount": None}) == OK
    balances = {row["coin"]: row for row in bot.info.spot_user_state(bot.address)["balances"]}
    assert balances[f"+{yes}"]["total"] == "30.0"
    assert balances["USDC"]["total"] == "9982.0"
    assert "token" not in balances[f"+{yes}"]
    assert f"+{no}" not in balances

    bot.server.operate(SettleOutcome(number, Px(10**8)))

    fill = bot.info.user_fills(bot.address)[0]
    assert (fill["dir"], fill["px"], fill["sz"], fill["closedPnl"]) == (
        "Settlement",
        "1.0",
        "30.0",
        "12.88235295",  # the split shared in the average cost
    )
    balances = {row["coin"]: row for row in bot.info.spot_user_state(bot.address)["balances"]}
    assert balances["USDC"]["total"] == "10012.0"
    assert [row["coin"] for row in other.info.open_orders(other.address)] == []
    settled = bot.info.post("/info", {"type": "settledOutcome", "outcome": number})
    assert settled["settleFraction"] == "1.0"
    refused = convert(bot, splitOutcome={"outcome": number, "amount": "1"})
    assert refused == {"status": "err", "response": "Invalid outcome"}


def test_a_deployed_token_has_liquidity_of_its_own(bot: Bot, other: Bot) -> None:
    """Documented: px_i = round(px_(i-1) * 1.003) from the start price up (mechanics 12)."""
    pen, info = bot.exchange, bot.info
    token = len(info.spot_meta()["tokens"])
    assert pen.spot_deploy_register_token("POOLED", 2, 8, 10**12, "") == OK
    users = [(bot.address, "100000000000"), ("0x" + "f" * 40, "10000000000")]
    assert pen.spot_deploy_user_genesis(token, users, []) == OK
    assert pen.spot_deploy_genesis(token, "110000000000", False) == OK
    assert pen.spot_deploy_register_spot(token, 0) == OK
    spot: Any = info.spot_meta()["universe"][-1]
    assert pen.spot_deploy_register_hyperliquidity(spot["index"], 2.0, 10.0, 10, None) == OK

    taker = Exchange(other.wallet, bot.server.url, meta=info.meta(), spot_meta=info.spot_meta())
    filled = one(taker.market_open(spot["name"], True, 15, 2.0))["filled"]
    assert (filled["totalSz"], filled["avgPx"]) == ("15.0", "2.002")
    bot.server.clock.advance(seconds=3)
    bids, asks = taker.info.l2_snapshot(spot["name"])["levels"]
    assert [level["px"] for level in bids] == ["2.0"]
    assert [level["px"] for level in asks[:3]] == ["2.006", "2.012", "2.018"]
    assert [level["sz"] for level in asks[:2]] == ["5.0", "10.0"]
