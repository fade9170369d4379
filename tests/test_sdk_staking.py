"""The official Python SDK against a real server: staking, referrals, builders and their fees.

Where the SDK has no call for an action, its own signing functions sign the request.
"""

from __future__ import annotations

from typing import Any

import pytest
from bots import OK, Bot, one
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action, sign_user_signed_action

VALIDATOR = "0x5ac99df645f3414876c816caa18b2d234024b487"
HYPE = 10**8


def user_signed(bot: Bot, name: str, types: dict[str, str], **values: Any) -> Any:
    """An action that the SDK has no call for; `types` are those of its fields, in order."""
    nonce = get_timestamp_ms()
    action = {"type": name, **values, "nonce": nonce}
    kind = f"HyperliquidTransaction:{name[0].upper()}{name[1:]}"
    types = {"hyperliquidChain": "string", **types, "nonce": "uint64"}
    fields = [{"name": field, "type": of} for field, of in types.items()]
    signature = sign_user_signed_action(bot.wallet, action, fields, kind, False)
    return bot.exchange._post_action(action, signature, nonce)


def staking_move(bot: Bot, name: str, wei: int) -> Any:
    """cDeposit or cWithdraw."""
    return user_signed(bot, name, {"wei": "uint64"}, wei=wei)


def link(bot: Bot, other: Bot, *, finalize: bool) -> Any:
    types = {"user": "address", "isFinalize": "bool"}
    user = other.address.lower()
    return user_signed(bot, "linkStakingUser", types, user=user, isFinalize=finalize)


def l1(bot: Bot, action: dict[str, Any]) -> Any:
    nonce = get_timestamp_ms()
    signature = sign_l1_action(bot.wallet, action, None, nonce, None, False)
    return bot.exchange._post_action(action, signature, nonce)


def err(text: str) -> dict[str, str]:
    return {"status": "err", "response": text}


def test_hype_is_staked_delegated_and_earns(bot: Bot) -> None:
    info, user = bot.info, bot.address
    assert info.user_staking_summary(user) == {
        "delegated": "0.0",
        "undelegated": "0.0",
        "totalPendingWithdrawal": "0.0",
        "nPendingWithdrawals": 0,
    }
    assert bot.exchange.token_delegate(VALIDATOR, HYPE, is_undelegate=False) == err(
        "Insufficient delegatable balance"
    )
    assert staking_move(bot, "cDeposit", 101 * HYPE) == err(
        "Insufficient balance for token transfer"
    )
    assert staking_move(bot, "cDeposit", 90 * HYPE) == OK
    assert bot.exchange.token_delegate("0x" + "1" * 40, HYPE, is_undelegate=False) == err(
        "Unknown validator"
    )
    assert bot.exchange.token_delegate(VALIDATOR, 60 * HYPE, is_undelegate=False) == OK
    assert staking_move(bot, "cWithdraw", 10 * HYPE) == OK

    (delegation,) = info.user_staking_delegations(user)
    assert (delegation["validator"], delegation["amount"]) == (VALIDATOR, "60.0")
    assert info.user_staking_summary(user) == {
        "delegated": "60.0",
        "undelegated": "20.0",
        "totalPendingWithdrawal": "10.0",
        "nPendingWithdrawals": 1,
    }
    history = [row["delta"] for row in info.delegator_history(user)]
    assert history == [
        {"withdrawal": {"amount": "10.0", "phase": "initiated"}},
        {"delegate": {"validator": VALIDATOR, "amount": "60.0", "isUndelegate": False}},
        {"cDeposit": {"amount": "90.0"}},
    ]
    balances = {row["coin"]: row["total"] for row in info.spot_user_state(user)["balances"]}
    assert balances["HYPE"] == "10.0"
    assert bot.exchange.token_delegate(VALIDATOR, HYPE, is_undelegate=True) == err(
        "Cannot undelegate during lockup period after delegating or voting."
    )

    bot.server.clock.advance(hours=24)

    (reward,) = info.user_staking_rewards(user)
    assert reward["source"] == "delegation"
    assert float(reward["totalAmount"]) == pytest.approx(60 * 0.0237 * 0.96 / 365, rel=0.01)
    assert bot.exchange.token_delegate(VALIDATOR, 60 * HYPE, is_undelegate=True) == OK
    summary = info.user_staking_summary(user)
    assert (summary["delegated"], summary["undelegated"]) == (reward["totalAmount"], "80.0")


def test_staking_lowers_the_fees_of_the_next_order(bot: Bot) -> None:
    staking_move(bot, "cDeposit", 20 * HYPE)
    bot.exchange.token_delegate(VALIDATOR, 20 * HYPE, is_undelegate=False)

    one(bot.exchange.market_open("BTC", True, 0.01))

    fees = bot.info.user_fees(bot.address)
    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.0004275", "0.0001425")
    assert fees["activeStakingDiscount"] == {"bpsOfMaxSupply": "0.0002", "discount": "0.05"}
    assert len(fees["dailyUserVlm"]) == 15
    (fill,) = bot.info.user_fills(bot.address)
    ntl = float(fill["px"]) * 0.01
    assert float(fill["fee"]) == pytest.approx(ntl * 0.0004275, abs=1e-6)
    assert fees["dailyUserVlm"][-1]["userCross"] == str(ntl)


def test_a_staking_link_lowers_the_fees_of_another_account(bot: Bot, other: Bot) -> None:
    staking_move(other, "cDeposit", 20 * HYPE)
    other.exchange.token_delegate(VALIDATOR, 20 * HYPE, is_undelegate=False)
    assert link(other, bot, finalize=True) == err(
        "Staking link error: user has not requested a link"
    )
    assert link(bot, other, finalize=False) == OK
    asked = {"type": "requested", "stakingUser": other.address.lower()}
    assert bot.info.user_fees(bot.address)["stakingLink"] == asked

    assert link(other, bot, finalize=True) == OK

    one(bot.exchange.market_open("BTC", True, 0.01))
    (fill,) = bot.info.user_fills(bot.address)
    assert float(fill["fee"]) == pytest.approx(float(fill["px"]) * 0.01 * 0.0004275, abs=1e-6)
    assert bot.info.user_fees(bot.address)["stakingLink"] == asked | {"type": "tradingUser"}
    fees = bot.info.user_fees(other.address)
    assert fees["stakingLink"] == {"type": "stakingUser", "tradingUser": bot.address.lower()}
    assert fees["userCrossRate"] == "0.00045"
    types = {"tradingUser": "address"}
    disable = "stakingLinkDisableTradingUser"
    assert user_signed(other, disable, types, tradingUser=bot.address.lower()) == OK
    assert bot.exchange.market_close("BTC") == err("Staking link error: trading user is disabled")


def test_a_referrer_earns_and_claims(bot: Bot, other: Bot) -> None:
    code = f"C{bot.address[-8:]}"
    assert l1(bot, {"type": "registerReferrer", "code": code}) == err(
        "Cannot generate referral code until enough volume traded. Required: $10000. Traded: $0."
    )
    one(bot.exchange.market_open("BTC", True, 0.2))
    assert l1(bot, {"type": "registerReferrer", "code": code}) == OK
    assert bot.exchange.set_referrer(code) == err("Cannot self-refer")
    assert other.exchange.set_referrer(code) == OK
    assert other.exchange.set_referrer(code) == err("Referrer already set")
    assert l1(bot, {"type": "claimRewards"}) == err("No rewards to claim")

    one(other.exchange.market_open("BTC", True, 0.01))
    assert l1(bot, {"type": "claimRewards"}) == err("Must have at least 1 USDC in rewards to claim")
    one(other.exchange.market_open("BTC", True, 0.5))

    fees = other.info.user_fees(other.address)
    assert (fees["userCrossRate"], fees["activeReferralDiscount"]) == ("0.00045", "0.04")
    fills = other.info.user_fills(other.address)
    for fill in fills:
        ntl = float(fill["px"]) * float(fill["sz"])
        assert float(fill["fee"]) == pytest.approx(ntl * 0.000432, abs=1e-6)
    state = bot.info.query_referral_state(bot.address)
    earned = float(state["unclaimedRewards"])
    paid = sum(float(fill["fee"]) for fill in fills)
    assert earned == pytest.approx(paid / 10, abs=1e-5)
    (row,) = state["referrerState"]["data"]["referralStates"]
    assert row["user"] == other.address.lower()
    assert float(row["cumFeesRewardedToReferrer"]) == earned
    assert other.info.query_referral_state(other.address)["referredBy"] == {
        "referrer": bot.address.lower(),
        "code": code,
    }

    before = spot_usdc(bot)
    assert l1(bot, {"type": "claimRewards"}) == OK

    assert spot_usdc(bot) - before == pytest.approx(earned, abs=1e-7)
    state = bot.info.query_referral_state(bot.address)
    assert state["unclaimedRewards"] == "0.0"
    assert float(state["claimedRewards"]) == earned
    row = bot.info.user_non_funding_ledger_updates(bot.address, 0)[-1]["delta"]
    assert (row["type"], row["token"]) == ("rewardsClaim", "USDC")
    assert float(row["amount"]) == earned


def spot_usdc(bot: Bot) -> float:
    balances = bot.info.spot_user_state(bot.address)["balances"]
    return next(float(row["total"]) for row in balances if row["coin"] == "USDC")


def test_a_builder_earns_on_orders_and_claims(bot: Bot, other: Bot) -> None:
    assert bot.exchange.approve_builder_fee(other.address, "0.1%") == OK

    one(bot.exchange.market_open("ETH", True, 1.0, builder={"b": other.address, "f": 100}))

    (fill,) = bot.info.user_fills(bot.address)
    ntl = float(fill["px"])
    assert float(fill["builderFee"]) == pytest.approx(ntl * 0.001, abs=1e-6)
    assert float(fill["fee"]) == pytest.approx(ntl * 0.00145, abs=2e-6)
    state = other.info.query_referral_state(other.address)
    assert state["builderRewards"] == state["unclaimedRewards"] == fill["builderFee"]
    assert l1(other, {"type": "claimRewards"}) == OK
    state = other.info.query_referral_state(other.address)
    assert (state["unclaimedRewards"], state["claimedRewards"]) == ("0.0", fill["builderFee"])
