"""Faults meet who acts through another account: a sub-account, a vault, a multi-sig user."""

from __future__ import annotations

from typing import Any

import eth_account
import pytest
import requests
from bots import GTC, OK, Bot, one
from hyperliquid.exchange import Exchange
from hyperliquid.utils.signing import get_timestamp_ms
from refusals import World
from test_sdk_multisig import err, l1_signatures, order_of, together
from wire import Pen

import hlsim

MARGIN = "Insufficient margin to place order. asset=0"


def spent(used: int) -> dict[str, str]:
    """The words for an account that traded `used` - 10,000 USD and has no requests left."""
    most, volume = used - 1, used - 10_000
    return err(
        f"Too many cumulative requests sent ({used} > {most}) for cumulative volume traded "
        f"${volume}. Place taker orders to free up 1 request per USDC traded."
    )


def place(multi: Bot, owners: list[Bot]) -> Any:
    """An order of the multi-sig user, sent by the first owner."""
    nonce = get_timestamp_ms()
    action = order_of(multi, multi.price("BTC", 0.8))
    return together(multi, owners, action, l1_signatures(multi, owners, action, nonce), nonce)


# -- multi-sig -------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["order", "multiSig", "exchange", "any"])
def test_a_fault_of_orders_strikes_those_of_a_multi_sig_user(
    multi: Bot, owners: list[Bot], on: str
) -> None:
    with multi.server.fault(f"{on}[coin=BTC]:1:after:drop") as fault:
        with pytest.raises(requests.ConnectionError):
            place(multi, owners)
        assert fault.struck == 1
    assert len(multi.info.open_orders(multi.address)) == 1


def test_it_is_the_multi_sig_user_whose_order_it_is(multi: Bot, owners: list[Bot]) -> None:
    with multi.server.fault(f"order[user={owners[0].address}]:1:before:502") as fault:
        assert "resting" in one(place(multi, owners))
        assert fault.struck == 0
    with multi.server.fault(f"order[user={multi.address}]:1:refuse=margin") as fault:
        assert one(place(multi, owners)) == {"error": MARGIN}
        assert fault.struck == 1
    assert len(multi.info.open_orders(multi.address)) == 1


def test_the_budget_that_is_used_up_is_that_of_the_multi_sig_user(
    multi: Bot, owners: list[Bot]
) -> None:
    owners[0].exchange.market_open("BTC", True, 0.01)
    with multi.server.fault("multiSig:1:refuse"):
        assert place(multi, owners) == spent(10_000)


def test_the_operator_hears_whose_it_was(multi: Bot, owners: list[Bot]) -> None:
    place(multi, owners)
    (row,) = multi.server.requests(user=multi.address, action="order").requests
    assert (row.user, row.signer) == (multi.address.lower(), owners[0].address.lower())
    told = multi.server.timeline(user=multi.address)
    assert "order for account " in told
    assert "multiSig {" not in told


def test_a_multi_sig_action_is_refused_for_its_signers(multi: Bot, owners: list[Bot]) -> None:
    with multi.server.fault("multiSig:1:refuse=multi_sig_unmet"):
        assert place(multi, owners) == err("Multi-sig threshold not met")
    # The nonce was not used up, nor the order placed.
    assert multi.info.open_orders(multi.address) == []


# -- vaultAddress ----------------------------------------------------------------------------------


def test_a_sub_account_is_refused_as_itself() -> None:
    with hlsim.start(market="static", clock="manual") as server:
        world = World(server)
        world.traded(world.alice, 100_000)
        wallet = eth_account.Account.from_key(server.accounts[0].key)
        master = Exchange(wallet, server.url)
        desk = master.create_sub_account("desk")["response"]["data"]
        assert master.sub_account_transfer(desk, True, 1_000_000_000) == OK
        client = Exchange(wallet, server.url, vault_address=desk)
        px = round(float(client.info.all_mids()["BTC"]) * 0.8)

        def buy() -> Any:
            return client.order("BTC", True, 0.001, px, GTC)

        with server.fault(f"order[user={desk}]:1:refuse"):
            assert buy() == spent(10_000)
            # The master has a budget of its own, and no fault.
            assert master.cancel("BTC", 1)["status"] == "ok"
        hashed = server.state_hash()
        with server.fault("order:1:refuse"):
            assert master.order("BTC", True, 0.001, px, GTC) == spent(110_000)
        with server.fault(f"order[user={desk}]:1:refuse=margin"):
            assert one(buy()) == {"error": MARGIN}
        with server.fault("order:1:refuse=vault_unknown"):
            assert buy() == err(f"Vault not registered: {desk}")
        assert server.state_hash() == hashed
        assert "resting" in one(buy())


def test_the_vault_that_is_not_registered_is_the_one_that_was_named() -> None:
    with hlsim.start(market="empty", clock="manual") as server:
        pen = Pen(server, server.accounts[0].key)
        vault = "0x" + "cd" * 20
        move = {"vaultAddress": vault, "isDeposit": True, "usd": 5_000_000}
        with server.fault("vaultTransfer:1:refuse=vault_unknown"):
            assert pen.l1({"type": "vaultTransfer", **move}) == err(
                f"Vault not registered: {vault}"
            )
        with server.fault("noop:1:refuse=vault_unknown"):
            assert pen.l1({"type": "noop"}) == err(f"Vault not registered: {pen.address}")
