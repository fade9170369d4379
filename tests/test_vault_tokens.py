"""Spot tokens do not get into a vault, where nobody could do anything with them."""

from __future__ import annotations

from typing import Any

import pytest
from deploying import REGISTER, deployer, give, step, wei
from houses import sub_account, text_of, vault_of
from stories import START_MS, market
from test_conservation import check_money

from hlsim.sim.actions.agents import ApproveBuilderFee
from hlsim.sim.actions.deploys import Genesis
from hlsim.sim.actions.sub_accounts import SubAccountSpotTransfer
from hlsim.sim.actions.transfers import SendAsset, SpotSend, UsdSend
from hlsim.sim.actions.vaults import VaultDistribute
from hlsim.sim.operations import MintToken
from hlsim.sim.replies import Done

NOW: Any = START_MS
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"


@pytest.mark.parametrize("is_closed", [False, True])
def test_no_send_brings_spot_tokens_to_a_vault(is_closed: bool) -> None:
    """Documented: a vault trades perps only (mechanics 13); the text is Assumed."""
    m = market()
    alice = m.account("alice", spot_usdc="100", PURR="50")
    vault = vault_of(m.account("leader"))
    if is_closed:
        assert m.act(vault.signer, VaultDistribute(vault.address, 0)) == Done()  # type: ignore[arg-type]
    to: Any = vault.address
    before = (alice.account.spot, alice.account.raw_usd)

    for send in (
        SpotSend(to, PURR, "10", NOW),
        SpotSend(to, "USDC", "10", NOW),
        SendAsset(to, "spot", "spot", PURR, "10", "", NOW),
        SendAsset(to, "", "spot", "USDC", "10", "", NOW),
        SendAsset(to.upper().replace("0X", "0x"), "spot", "spot", "USDC", "10", "", NOW),
    ):
        assert text_of(alice.act(send)) == "Invalid send"

    assert (alice.account.spot, alice.account.raw_usd) == before
    assert not vault.account.spot


def test_perps_money_may_be_given_to_a_vault() -> None:
    """It is part of what the shares are worth."""
    m = market()
    alice = m.account("alice", spot_usdc="100")
    vault = vault_of(m.account("leader"))
    had = vault.account.raw_usd
    to: Any = vault.address

    assert alice.act(UsdSend(to, "10", NOW)) == Done()
    assert alice.act(SendAsset(to, "spot", "", "USDC", "10", "", NOW)) == Done()

    assert vault.account.raw_usd == had + 20_000_000
    check_money(m.ex.state)


def test_sub_accounts_take_tokens_as_ever() -> None:
    alice = market().account("alice", PURR="50")
    desk = sub_account(alice)
    to: Any = desk.address

    assert alice.act(SpotSend(to, PURR, "10", NOW)) == Done()
    assert alice.act(SubAccountSpotTransfer(desk.address, True, PURR, "10")) == Done()
    assert desk.spot("PURR") == 20 * 10**5


def test_neither_an_operator_nor_a_genesis_puts_tokens_there() -> None:
    alice = deployer()
    m = alice.market
    vault = vault_of(m.account("leader"))
    with pytest.raises(ValueError, match="trades perps only"):
        m.ex.operate(MintToken(vault.address, 1, 5))  # type: ignore[arg-type]
    step(alice, register_token2=REGISTER)
    rows = ((alice.address, wei("600")), (vault.address, wei("400")))
    assert step(alice, user_genesis=give(user_and_wei=rows)) is None

    genesis: Any = Genesis(3, wei("1000"), True)  # type: ignore[arg-type]
    assert step(alice, genesis=genesis) == "Genesis error: Invalid balance"

    assert step(alice, user_genesis=give(user_and_wei=((vault.address, "0"),))) is None
    assert step(alice, genesis=Genesis(3, wei("600"), True)) is None  # type: ignore[arg-type]
    assert not vault.account.spot
    check_money(m.ex.state)


def test_a_vault_is_no_builder() -> None:
    """Assumed: it could not claim what it earned."""
    m = market()
    alice, vault = m.account("alice"), vault_of(m.account("leader"), "500")

    response = alice.act(ApproveBuilderFee("0.01%", vault.address, NOW))

    assert text_of(response) == "Builder has insufficient balance to be approved."
