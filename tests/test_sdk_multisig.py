"""The official Python SDK, unmodified, against a real server: multi-sig, modes, small actions."""

from __future__ import annotations

import json
import logging
from typing import Any

import eth_account
from bots import GTC, OK, Bot, one
from hyperliquid.exchange import Exchange
from hyperliquid.utils import signing as sdk
from hyperliquid.utils.signing import get_timestamp_ms

import hlsim

Err = dict[str, str]


def err(text: str) -> Err:
    return {"status": "err", "response": text}


def order_of(bot: Bot, price: float) -> dict[str, Any]:
    """An order action as the SDK's example of a multi-sig makes it."""
    order: Any = {"coin": "BTC", "is_buy": True, "sz": 0.01, "limit_px": price}
    wire = sdk.order_request_to_order_wire({**order, "order_type": GTC, "reduce_only": False}, 0)
    return sdk.order_wires_to_order_action([wire])


def l1_signatures(multi: Bot, owners: list[Bot], action: Any, nonce: int) -> list[Any]:
    sign = sdk.sign_multi_sig_l1_action_payload
    leader = owners[0].address
    return [
        sign(owner.wallet, action, False, None, nonce, None, multi.address, leader)
        for owner in owners
    ]


def user_signatures(
    multi: Bot, owners: list[Bot], action: Any, types: Any, primary_type: str
) -> list[Any]:
    sign = sdk.sign_multi_sig_user_signed_action_payload
    primary_type = f"HyperliquidTransaction:{primary_type}"
    leader = owners[0].address
    return [
        sign(owner.wallet, action, False, types, primary_type, multi.address, leader)
        for owner in owners
    ]


def together(multi: Bot, owners: list[Bot], action: Any, signatures: Any, nonce: int) -> Any:
    """Sent by the first owner."""
    return owners[0].exchange.multi_sig(multi.address, action, signatures, nonce)


USER_SIGNED = {"signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"}


# -- multi-sig -------------------------------------------------------------------------------------


def test_two_owners_place_an_order(multi: Bot, owners: list[Bot]) -> None:
    """The SDK's example `multi_sig_order.py`."""
    nonce = get_timestamp_ms()
    action = order_of(multi, multi.price("BTC", 0.8))

    reply = together(multi, owners, action, l1_signatures(multi, owners, action, nonce), nonce)

    oid = one(reply)["resting"]["oid"]
    assert [row["oid"] for row in multi.info.open_orders(multi.address)] == [oid]
    assert owners[0].info.open_orders(owners[0].address) == []
    signers = multi.info.query_user_to_multi_sig_signers(multi.address)
    assert signers == {
        "authorizedUsers": sorted(owner.address.lower() for owner in owners),
        "threshold": 2,
    }


def test_two_owners_send_usdc(multi: Bot, owners: list[Bot], other: Bot) -> None:
    """The SDK's example `multi_sig_usd_send.py`."""
    nonce = get_timestamp_ms()
    fields = {"destination": other.address.lower(), "amount": "100.0", "time": nonce}
    action = {"type": "usdSend", **USER_SIGNED, **fields}
    signatures = user_signatures(multi, owners, action, sdk.USD_SEND_SIGN_TYPES, "UsdSend")

    assert together(multi, owners, action, signatures, nonce) == OK

    assert other.info.user_state(other.address)["withdrawable"] == "100100.0"
    assert multi.info.user_state(multi.address)["withdrawable"] == "99900.0"


def test_one_key_is_not_enough(multi: Bot, owners: list[Bot], other: Bot) -> None:
    price = multi.price("BTC", 0.8)
    assert multi.exchange.order("BTC", True, 0.01, price, GTC) == err("Multi-sig required")
    assert multi.exchange.usd_transfer(1.0, other.address) == err("Multi-sig required")
    nonce = get_timestamp_ms()
    action = order_of(multi, price)
    both = l1_signatures(multi, owners, action, nonce)

    first = together(multi, owners, action, both[:1], nonce)
    assert first == err("Multi-sig threshold not met")
    stranger = l1_signatures(multi, [owners[0], other], action, nonce)
    reply = together(multi, owners, action, stranger, nonce)
    assert reply == err("Invalid multi-sig inner signer")
    reply = other.exchange.multi_sig(multi.address, action, both, nonce)
    assert reply == err("Invalid multi-sig outer signer")
    reply = owners[0].exchange.multi_sig(other.address, action, both, nonce)
    assert reply == err("Invalid multi-sig user")
    assert "resting" in one(together(multi, owners, action, both, nonce))
    again = together(multi, owners, action, both, nonce)
    assert again == err(f"Invalid nonce: duplicate nonce {nonce}")


def test_an_agent_of_a_multi_sig_user_trades_alone(
    multi: Bot, owners: list[Bot], server: Any, metas: Any
) -> None:
    nonce = get_timestamp_ms()
    wallet = eth_account.Account.create()
    fields = {"agentAddress": wallet.address.lower(), "agentName": "bot", "nonce": nonce}
    action = {"type": "approveAgent", **USER_SIGNED, **fields}
    types = [
        {"name": "hyperliquidChain", "type": "string"},
        {"name": "agentAddress", "type": "address"},
        {"name": "agentName", "type": "string"},
        {"name": "nonce", "type": "uint64"},
    ]
    signatures = user_signatures(multi, owners, action, types, "ApproveAgent")
    assert together(multi, owners, action, signatures, nonce) == OK

    agent = Exchange(wallet, server.url, meta=metas[0], spot_meta=metas[1])

    assert "filled" in one(agent.market_open("ETH", True, 1.0))
    assert multi.positions() == {"ETH": "1.0"}


def test_the_owners_give_the_account_back(multi: Bot, owners: list[Bot]) -> None:
    nonce = get_timestamp_ms()
    action = {"type": "convertToMultiSigUser", **USER_SIGNED, "signers": "null", "nonce": nonce}
    types = sdk.CONVERT_TO_MULTI_SIG_USER_SIGN_TYPES
    signatures = user_signatures(multi, owners, action, types, "ConvertToMultiSigUser")

    assert together(multi, owners, action, signatures, nonce) == OK

    assert multi.info.query_user_to_multi_sig_signers(multi.address) is None
    assert multi.exchange.noop(get_timestamp_ms()) == OK


def test_signers_that_make_no_sense(bot: Bot, other: Bot) -> None:
    convert = bot.exchange.convert_to_multi_sig_user
    stranger = eth_account.Account.create().address
    assert convert([other.address], 2) == err("Invalid multi-sig threshold")
    assert convert([], 0) == err("Invalid multi-sig threshold")
    assert convert([stranger], 1) == err("Multi-sig authorized user must exist on L1")
    assert convert([bot.address], 1) == err("Cannot register self as multi-sig authorized user")
    nonce = get_timestamp_ms()
    action = {
        "type": "convertToMultiSigUser",
        "signers": json.dumps({"threshold": 1}),
        "nonce": nonce,
    }
    signed = sdk.sign_convert_to_multi_sig_user_action(bot.wallet, action, False)
    reply = bot.exchange._post_action(action, signed, nonce)
    assert reply == err("Unexpected error (code=148)")


def test_a_multi_sig_action_over_a_socket(multi: Bot, owners: list[Bot], server: Any) -> None:
    """The envelope is the same (exchange 1)."""
    from websockets.sync.client import connect

    nonce = get_timestamp_ms()
    action: Any = {"type": "noop"}
    bodies: list[Any] = []
    leader = owners[0].exchange
    post, leader.post = leader.post, lambda path, body: bodies.append(body)
    leader.multi_sig(multi.address, action, l1_signatures(multi, owners, action, nonce), nonce)
    leader.post = post
    with connect(server.url.replace("http", "ws") + "/ws") as socket:
        frame = {"method": "post", "id": 7, "request": {"type": "action", "payload": bodies[0]}}
        socket.send(json.dumps(frame))
        answer = json.loads(socket.recv(timeout=5))
    assert answer["data"] == {"id": 7, "response": {"type": "action", "payload": OK}}


def test_the_log_says_who_signed_a_multi_sig_action_for_the_other_network(
    caplog: Any,
) -> None:
    """A signature for the other network recovers a stranger; the log says whose it was."""
    with hlsim.start(market="static", clock="manual", chain="mainnet") as running:
        lead, owner, user = (eth_account.Account.from_key(a.key) for a in running.accounts[:3])
        nonce = get_timestamp_ms()
        client = Exchange(lead, running.url)
        sign = sdk.sign_multi_sig_l1_action_payload
        action = {"type": "noop"}
        inner = [sign(owner, action, False, None, nonce, None, user.address, lead.address)]
        with caplog.at_level(logging.WARNING, "hlsim"):
            reply = client.multi_sig(user.address, action, inner, nonce)
    assert reply == err("Invalid multi-sig outer signer")
    text = f"{lead.address.lower()} signed a multi-sig action for testnet"
    assert [record for record in caplog.records if text in record.getMessage()]


# -- modes and the rest ----------------------------------------------------------------------------


def test_a_unified_account_trades_perps_with_spot_usdc(bot: Bot, other: Bot) -> None:
    assert bot.info.query_user_abstraction_state(bot.address) == "default"
    assert bot.exchange.user_set_abstraction(bot.address, "unifiedAccount") == OK

    assert bot.info.query_user_abstraction_state(bot.address) == "unifiedAccount"
    (usdc,) = (
        row for row in bot.info.spot_user_state(bot.address)["balances"] if row["coin"] == "USDC"
    )
    assert (usdc["total"], usdc["hold"]) == ("110000.0", "0.0")
    assert "filled" in one(bot.exchange.market_open("ETH", True, 10))
    (usdc,) = (
        row for row in bot.info.spot_user_state(bot.address)["balances"] if row["coin"] == "USDC"
    )
    state = bot.info.user_state(bot.address)
    assert float(usdc["hold"]) == float(state["marginSummary"]["totalMarginUsed"]) > 0
    text = "Action disabled when unified account is active"
    assert bot.exchange.usd_transfer(1.0, other.address) == err(text)
    assert bot.exchange.usd_class_transfer(1.0, True) == err(text)
    token = f"USDC:{bot.info.spot_meta()['tokens'][0]['tokenId']}"
    text = "Unified account only supports sending assets through spot"
    assert bot.exchange.send_asset(other.address, "", "spot", token, 1.0) == err(text)
    assert bot.exchange.send_asset(other.address, "spot", "spot", token, 1.0) == OK


def test_modes_that_are_refused(bot: Bot, other: Bot) -> None:
    not_allowed = err("Abstraction transition not allowed")
    assert bot.exchange.user_set_abstraction(bot.address, "disabled") == OK
    assert bot.exchange.agent_set_abstraction("u") == not_allowed
    assert bot.exchange.user_set_abstraction(bot.address, "portfolioMargin") == OK
    assert bot.exchange.user_set_abstraction(bot.address, "unifiedAccount") == not_allowed
    text = f"Sub-account {other.address.lower()} is not registered to {bot.address.lower()}"
    assert bot.exchange.user_set_abstraction(other.address, "disabled") == err(text)


def test_an_agent_sets_modes_once(bot: Bot, other: Bot, server: Any, metas: Any) -> None:
    for master in (bot, other):
        reply, key = master.exchange.approve_agent()
        assert reply == OK
        wallet = eth_account.Account.from_key(key)
        agent = Exchange(wallet, server.url, meta=metas[0], spot_meta=metas[1])
        if master is bot:
            assert agent.agent_set_abstraction("u") == OK
        else:
            assert agent.agent_enable_dex_abstraction() == OK
        not_allowed = err("Abstraction transition not allowed")
        assert agent.agent_enable_dex_abstraction() == not_allowed
    assert bot.info.query_user_dex_abstraction_state(bot.address) is None
    assert other.info.query_user_dex_abstraction_state(other.address) is True
    assert other.exchange.user_dex_abstraction(other.address, False) == OK
    assert other.info.query_user_dex_abstraction_state(other.address) is False


def test_what_this_world_refuses(bot: Bot) -> None:
    inactive = err("Signer invalid or inactive for current epoch")
    assert bot.exchange.use_big_blocks(True) == err("Action disabled on this chain")
    assert bot.exchange.c_signer_jail_self() == inactive
    assert bot.exchange.c_signer_unjail_self() == inactive
    assert bot.exchange.c_validator_unregister() == err("Unknown validator")
    assert bot.exchange.gossip_priority_bid(0, "1.2.3.4", 10**8) == err(
        "Insufficient gas at current auction price."
    )
