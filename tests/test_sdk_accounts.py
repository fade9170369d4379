"""The official Python SDK, unmodified, with sub-accounts and vaults on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import eth_account
import pytest
from bots import GTC, IOC, OK, Bot, one
from hyperliquid.exchange import Exchange
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action

import hlsim

USDC_UNITS = 10**6


@pytest.fixture
def server() -> Iterator[Any]:
    """One exchange a test, whose first account starts with much: $100,000 are soon traded."""
    with hlsim.start(market="static", clock="manual", accounts=3) as running:
        yield running


@pytest.fixture
def metas(server: Any) -> tuple[Any, Any]:
    from hyperliquid.info import Info

    info = Info(server.url, skip_ws=True)
    return info.meta(), info.spot_meta()


@pytest.fixture
def bots(server: Any, metas: Any) -> list[Bot]:
    return [Bot(server, account, metas) for account in server.accounts]


def err(text: str) -> dict[str, str]:
    return {"status": "err", "response": text}


def trade_enough(bot: Bot) -> None:
    """$100,000 of volume, bought and sold."""
    bot.exchange.market_open("BTC", True, 0.8)
    bot.exchange.market_close("BTC")


def deputy(bot: Bot, address: str, metas: Any, wallet: Any = None) -> Exchange:
    """What trades for `address` with the key of `bot` or of an agent."""
    key = bot.wallet if wallet is None else wallet
    return Exchange(key, bot.server.url, metas[0], vault_address=address, spot_meta=metas[1])


def act(bot: Bot, action: dict[str, Any], nonce: int | None = None) -> Any:
    """An L1 action for which the SDK has no method."""
    stamp = get_timestamp_ms() if nonce is None else nonce
    signature = sign_l1_action(bot.wallet, action, None, stamp, None, False)
    payload = {"action": action, "nonce": stamp, "signature": signature}
    return bot.exchange.post("/exchange", payload)


def make_sub_account(bot: Bot, name: str = "desk") -> str:
    reply = bot.exchange.create_sub_account(name)
    assert reply["status"] == "ok", reply
    assert reply["response"]["type"] == "createSubAccount"
    return str(reply["response"]["data"])


def make_vault(bot: Bot, dollars: int) -> str:
    nonce = get_timestamp_ms()
    action = {
        "type": "createVault",
        "name": "SDK vault",
        "description": "Made with the official SDK.",
        "initialUsd": dollars * USDC_UNITS,
        "nonce": nonce,
    }
    reply = act(bot, action, nonce)
    assert reply["status"] == "ok", reply
    assert reply["response"]["type"] == "createVault"
    return str(reply["response"]["data"])


def test_a_sub_account_is_made_funded_and_traded(bots: list[Bot], metas: Any) -> None:
    """The whole way of a market maker with two books."""
    bot = bots[0]
    gate = "Cannot create sub-accounts until enough volume traded. Required: $100000. Traded: $0."
    assert bot.exchange.create_sub_account("desk") == err(gate)
    assert bot.info.query_sub_accounts(bot.address) is None
    trade_enough(bot)
    sub = make_sub_account(bot)

    assert bot.exchange.sub_account_transfer(sub, True, 5_000 * USDC_UNITS) == OK
    token = bot.info.spot_meta()["tokens"][0]
    usdc = f"USDC:{token['tokenId']}"
    assert bot.exchange.sub_account_spot_transfer(sub, True, usdc, 100.5) == OK
    trader = deputy(bot, sub, metas)
    assert "filled" in one(trader.market_open("ETH", True, 1.0))
    oid = one(trader.order("BTC", True, 0.01, bot.price("BTC", 0.8), GTC))["resting"]["oid"]

    (row,) = bot.info.query_sub_accounts(bot.address)
    assert (row["name"], row["subAccountUser"], row["master"]) == (
        "desk",
        sub,
        bot.address.lower(),
    )
    (position,) = row["clearinghouseState"]["assetPositions"]
    assert (position["position"]["coin"], position["position"]["szi"]) == ("ETH", "1.0")
    assert row["spotState"]["balances"][0]["total"] == "100.5"
    assert bot.positions() == {}
    assert [order["oid"] for order in bot.info.open_orders(sub)] == [oid]
    assert bot.info.open_orders(bot.address) == []
    assert bot.info.user_role(sub) == {
        "role": "subAccount",
        "data": {"master": bot.address.lower()},
    }
    assert [fill["coin"] for fill in bot.info.user_fills(sub)] == ["ETH"]
    # The master does not see the order, nor does it cancel it.
    assert "error" in one(bot.exchange.cancel("BTC", oid))
    assert one(trader.cancel("BTC", oid)) == "success"
    assert "filled" in one(trader.market_close("ETH"))
    assert bot.exchange.sub_account_transfer(sub, False, 1_000 * USDC_UNITS) == OK
    kinds = [row["delta"]["type"] for row in bot.info.user_non_funding_ledger_updates(sub, 0)]
    assert kinds == ["subAccountTransfer", "spotTransfer", "subAccountTransfer"]


def test_the_master_signs_transfers_for_a_sub_account(bots: list[Bot], metas: Any) -> None:
    """`usdClassTransfer` names it in the amount, `sendAsset` in `fromSubAccount`."""
    bot, other = bots[0], bots[1]
    trade_enough(bot)
    sub = make_sub_account(bot)
    bot.exchange.sub_account_transfer(sub, True, 500 * USDC_UNITS)
    trader = deputy(bot, sub, metas)

    assert trader.usd_class_transfer(200.0, False) == OK
    usdc = f"USDC:{bot.info.spot_meta()['tokens'][0]['tokenId']}"
    assert trader.send_asset(other.address, "spot", "spot", usdc, 50.0) == OK

    assert bot.info.user_state(sub)["withdrawable"] == "300.0"
    assert bot.info.spot_user_state(sub)["balances"][0]["total"] == "150.0"
    stranger = deputy(other, sub, metas)
    assert stranger.usd_class_transfer(1.0, True) == err(
        f"Sub-account {sub} is not registered to {other.address.lower()}"
    )
    assert other.exchange.sub_account_transfer(sub, False, 1) == err(
        f"Invalid sub-account transfer from {sub} to {other.address.lower()}"
    )
    # Signed by hand with the vault in the envelope: a user-signed action knows none.
    assert trader.usd_transfer(1.0, other.address) == err("Vault may not perform this action.")


def test_an_agent_trades_for_a_sub_account_of_its_master(bots: list[Bot], metas: Any) -> None:
    bot, other = bots[0], bots[1]
    trade_enough(bot)
    sub = make_sub_account(bot)
    bot.exchange.sub_account_transfer(sub, True, 1_000 * USDC_UNITS)
    _, key = bot.exchange.approve_agent("worker")
    agent = deputy(bot, sub, metas, eth_account.Account.from_key(key))

    assert agent.update_leverage(5, "SOL") == OK
    assert "filled" in one(agent.market_open("SOL", False, 3.0))

    (row,) = bot.info.user_state(sub)["assetPositions"]
    assert (row["position"]["szi"], row["position"]["leverage"]["value"]) == ("-3.0", 5)
    _, stranger_key = other.exchange.approve_agent("worker")
    stranger = deputy(bot, sub, metas, eth_account.Account.from_key(stranger_key))
    price = bot.price("SOL", 1.01)
    assert stranger.order("SOL", True, 1.0, price, IOC) == err(f"Vault not registered: {sub}")
    own = deputy(bot, bot.address, metas)
    assert own.order("SOL", True, 1.0, price, IOC) == err(
        f"Vault not registered: {bot.address.lower()}"
    )
    # Two more agents a sub-account.
    for number in range(4):
        assert bot.exchange.approve_agent(f"more {number}")[0] == OK


def test_a_vault_from_its_making_to_its_end(bots: list[Bot], server: Any, metas: Any) -> None:
    """A leader, a follower, a trade between, profit shared, everything paid out."""
    leader, follower = bots[0], bots[1]
    vault = make_vault(leader, 1_000)
    vlt = {"vaultAddress": vault}
    assert follower.exchange.vault_usd_transfer(vault, True, 4_990_000) == err(
        "Vault deposits must be at least $5."
    )
    assert follower.exchange.vault_usd_transfer(vault, True, 1_000 * USDC_UNITS) == OK
    (row,) = follower.info.user_vault_equities(follower.address)
    assert (row["vaultAddress"], row["equity"]) == (vault, "1000.0")
    assert row["lockedUntilTimestamp"] == server.clock.now_ms + 86_400_000
    assert follower.exchange.vault_usd_transfer(vault, False, 5_000_000) == err(
        "Cannot withdraw during lockup period after depositing."
    )

    trader = deputy(leader, vault, metas)
    assert "filled" in one(trader.market_open("BTC", True, 0.02))
    spot = trader.order("PURR/USDC", True, 100.0, leader.price("PURR/USDC", 0.9), GTC)
    assert one(spot) == {"error": "Vault may not perform this action."}
    assert "filled" in one(trader.market_close("BTC"))
    assert leader.info.user_role(vault) == {"role": "vault"}
    assert len(leader.info.user_fills(vault)) == 2
    gift = leader.exchange.usd_transfer(1_000.0, vault)
    assert gift == OK

    details = leader.info.post("/info", {"type": "vaultDetails", **vlt, "user": follower.address})
    worth = float(details["followerState"]["vaultEquity"])
    assert 1_490 < worth < 1_500
    assert [one["user"] for one in details["followers"]] == ["Leader", follower.address.lower()]
    assert (details["leaderFraction"], details["leaderCommission"]) == (0.5, 0.1)
    assert leader.info.post("/info", {"type": "leadingVaults", "user": leader.address}) == [
        {"address": vault, "name": "SDK vault"}
    ]
    server.clock.advance(hours=24)
    assert leader.info.post("/info", {"type": "vaultSummaries"}) == []

    before = float(follower.info.user_state(follower.address)["withdrawable"])
    whole = round(worth * USDC_UNITS)
    assert follower.exchange.vault_usd_transfer(vault, False, whole) == OK

    after = float(follower.info.user_state(follower.address)["withdrawable"])
    assert after - before == pytest.approx(worth - (worth - 1_000) / 10, abs=1e-5)
    assert follower.info.user_vault_equities(follower.address) == []
    row = follower.info.user_non_funding_ledger_updates(follower.address, 0)[-1]["delta"]
    assert (row["type"], row["basis"], row["closingCost"]) == ("vaultWithdraw", "1000.0", "0.0")
    assert act(follower, {"type": "vaultDistribute", **vlt, "usd": 0}) == err(
        "Only leader can perform this vault action"
    )
    modify = {"type": "vaultModify", **vlt, "allowDeposits": False, "alwaysCloseOnWithdraw": None}
    assert act(leader, modify) == OK
    assert follower.exchange.vault_usd_transfer(vault, True, 5_000_000) == err(
        "This vault does not accept deposits"
    )
    assert act(leader, {"type": "vaultDistribute", **vlt, "usd": 0}) == OK
    details = leader.info.post("/info", {"type": "vaultDetails", **vlt})
    assert (details["isClosed"], details["followers"]) == (True, [])
    assert trader.order("BTC", True, 0.01, leader.price("BTC", 0.9), GTC) == err(
        f"Vault not registered: {vault}"
    )


def test_what_a_client_gets_for_a_vault_that_is_none(bots: list[Bot], metas: Any) -> None:
    """Observed: exchange 1.3, 2.2, 7.1; an address in capitals is signed differently."""
    bot = bots[0]
    nobody = "0x" + "1a" * 20
    trader = deputy(bot, nobody, metas)
    assert trader.order("BTC", True, 0.01, bot.price("BTC", 0.9), GTC) == err(
        f"Vault not registered: {nobody}"
    )
    assert bot.exchange.vault_usd_transfer(nobody, True, 5_000_000) == err(
        f"Vault not registered: {nobody}"
    )
    shouted = bot.exchange.vault_usd_transfer(nobody.upper().replace("0X", "0x"), True, 5_000_000)
    assert shouted["response"].startswith("User or API Wallet 0x")
    assert bot.info.post("/info", {"type": "vaultDetails", "vaultAddress": nobody}) is None
    assert bot.info.user_vault_equities(bot.address) == []
