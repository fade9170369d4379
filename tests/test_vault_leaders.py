"""What a vault's leader may do with it: settings, distributions, closing."""

from __future__ import annotations

from typing import Any

import pytest
from houses import (
    deltas,
    grown,
    house,
    into,
    loss,
    out_of,
    refusal,
    register,
    spread,
    stake,
    value,
    withdraws,
)
from stories import START_MS, address, usd
from twaps import rows, twap

from hlsim.sim import ledger, margin
from hlsim.sim.actions.transfers import UsdSend
from hlsim.sim.actions.vaults import VaultDistribute, VaultModify
from hlsim.sim.replies import Done

NOW: Any = START_MS

# -- the leader's settings -------------------------------------------------------------------------


def test_the_leader_changes_what_is_said_and_nobody_else_does() -> None:
    """Observed: the text (exchange 5.2). Documented: null leaves a setting (exchange 2.2)."""
    alice, bob, vault = house()
    found = register(vault)
    for allow, always, expected in (
        (False, None, (False, False)),
        (None, True, (False, True)),
        (True, False, (True, False)),
        (None, None, (True, False)),
    ):
        assert alice.act(VaultModify(vault.address, allow, always)) == Done()
        assert (found.allow_deposits, found.always_close) == expected
    only = "Only leader can perform this vault action"
    assert refusal(bob, VaultModify(vault.address, False, None)) == only
    assert refusal(bob, spread(vault, "10")) == only
    assert refusal(bob, spread(vault, "0")) == only
    nobody = address("nobody")
    unknown = f"Vault not registered: {nobody}"
    assert refusal(alice, VaultModify(nobody, False, None)) == unknown
    assert refusal(alice, VaultDistribute(nobody, usd("10"))) == unknown  # type: ignore[arg-type]


# -- distributing and closing ----------------------------------------------------------------------


def test_a_distribution_pays_everybody_in_proportion() -> None:
    """Documented: to all depositors (exchange 5.2, info 7.2). Assumed: the leader's part of the
    profit is taken; shares stay, their basis shrinks with the value."""
    alice, bob, vault = grown("500")
    before = register(vault).shares

    assert alice.act(spread(vault, "250")) == Done()

    # Each $125, a tenth of $1250: basis $100, profit $25.
    assert bob.account.raw_usd == usd("99122.5")
    assert alice.account.raw_usd == usd("98900") + usd("125") + usd("2.5")
    assert vault.account.raw_usd == usd("2250")
    assert register(vault).shares == before
    assert (stake(vault, bob).basis, stake(vault, bob).realized) == (usd("900"), usd("22.5"))
    assert (stake(vault, alice).basis, stake(vault, alice).realized) == (usd("900"), usd("25"))
    paid = ledger.VaultDistribution
    assert deltas(bob, paid) == [paid(vault.address, usd("122.5"))]
    assert deltas(alice, paid) == [paid(vault.address, usd("125"))]
    assert deltas(vault, paid) == [paid(vault.address, usd("250"))]
    commission = ledger.VaultLeaderCommission(alice.address, usd("2.5"))
    assert deltas(alice, ledger.VaultLeaderCommission) == [commission]


def test_a_distribution_of_too_little_or_too_much() -> None:
    """Observed: $10 (exchange 5.2). Assumed: the text of more than what is idle."""
    alice, bob, vault = house()
    small = "Must distribute at least $10"
    assert refusal(alice, spread(vault, "0.000001")) == small
    assert refusal(alice, spread(vault, "9.999999")) == small
    equity = "Insufficient vault equity for withdrawal"
    assert refusal(alice, spread(vault, "1000.000001")) == equity
    bob.sells("0.1 BTC @ 50000")
    vault.buys("0.1 BTC @ 50000")
    # $1000 less a fee of 2.25 and a tenth of 5000.
    assert refusal(alice, spread(vault, "497.750001")) == equity
    assert alice.act(spread(vault, "497.75")) == Done()


def test_closing_pays_everybody_out_and_cancels_what_is_open() -> None:
    """Documented: all depositors receive their share; positions must be closed before (mechanics
    13). Assumed: the texts; what rounding leaves stays in the vault."""
    alice, bob, vault = grown("499.999999")
    bob.sells("0.01 BTC @ 50000")
    vault.buys("0.01 BTC @ 50000")
    vault.buys("0.01 BTC @ 49000")
    assert refusal(alice, spread(vault, "0")) == (
        "All positions must be closed before the vault can close."
    )
    bob.buys("0.01 BTC @ 49990")
    vault.sells("0.01 BTC @ 49990")
    assert len(vault.account.orders) == 1

    assert alice.act(spread(vault, "0")) == Done()

    # 2499.999999 less two fees and ten cents, halved.
    assert vault.account.history.rows[-1].status == "vaultWithdrawalCanceled"
    left = usd("2499.999999") - usd("0.225") - usd("0.224955") - usd("0.1")
    half = left // 2
    cut = (half - usd("1000")) // 10
    assert deltas(bob, ledger.VaultDistribution)[-1].usd == half - cut
    assert deltas(alice, ledger.VaultLeaderCommission)[-1].usd == cut
    assert vault.account.raw_usd == left % 2
    found = register(vault)
    assert (found.is_closed, found.shares, found.stakes) == (True, 0, {})
    assert (alice.account.vaults_joined, bob.account.vaults_joined) == ({}, {})
    gone = f"Vault not registered: {vault.address}"
    assert refusal(alice, spread(vault, "0")) == gone
    assert refusal(alice, VaultModify(vault.address, True, None)) == gone
    assert refusal(bob, into(vault, "5")) == "This vault does not accept deposits"
    assert refusal(bob, out_of(vault, "5")) == "Cannot withdraw with zero balance in vault"


def test_a_distribution_does_not_spend_what_an_isolated_position_lost() -> None:
    """Such a position may owe more than its margin until it is liquidated."""
    alice, bob, vault = grown()
    bob.sells("0.3 ETH @ 2000")
    vault.leverage("ETH", 2, cross=False)
    vault.buys("0.3 ETH @ 2000")
    position = vault.position("ETH")
    assert position is not None
    position.raw_usd = position.raw_usd - usd("400")  # type: ignore[assignment]
    worth = value(vault)
    assert worth < margin.withdrawable(vault.market.ex.state, vault.account)
    assert refusal(alice, spread(vault, f"{(worth + 1) / 10**6:.6f}")) == (
        "Insufficient vault equity for withdrawal"
    )
    assert alice.act(spread(vault, f"{worth / 10**6:.6f}")) == Done()


@pytest.mark.parametrize("lost", ["2000", "2001"])
def test_closing_a_vault_that_lost_everything_pays_nobody(lost: str) -> None:
    alice, bob, vault = grown()
    loss(vault, lost)
    before = (alice.account.raw_usd, bob.account.raw_usd)
    assert alice.act(spread(vault, "0")) == Done()
    assert (alice.account.raw_usd, bob.account.raw_usd) == before
    assert register(vault).is_closed


def test_a_gift_to_a_vault_belongs_to_all_of_its_shares() -> None:
    """Assumed: a vault is an ordinary account for whoever sends to it."""
    alice, bob, vault = grown()
    assert bob.act(UsdSend(vault.address, "100", NOW)) == Done()  # type: ignore[arg-type]
    assert value(vault) == usd("2100")
    assert withdraws(alice, vault, "500") == Done()


def test_closing_ends_what_would_trade_later() -> None:
    """A TWAP that slept on would trade for an account of which nobody is left."""
    alice, _, vault = grown("500")
    m = vault.market
    assert isinstance(twap(vault, "buy 0.02 BTC", above="90000"), int)

    assert alice.act(spread(vault, "0")) == Done()

    assert [status for _, status in rows(vault)] == ["waitingForTrigger", "terminated"]
    assert m.ex.state.twaps == {}
    m.oracle("BTC", "95000")
    assert vault.account.positions == {}
