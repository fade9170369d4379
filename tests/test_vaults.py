"""Vaults: creating, depositing, withdrawing at the value of now, sharing profit, closing."""

from __future__ import annotations

from typing import Any

import pytest
from houses import (
    DAY_MS,
    DESCRIPTION,
    create_vault,
    deltas,
    deposits,
    gift,
    grown,
    house,
    into,
    later,
    loss,
    out_of,
    refusal,
    register,
    stake,
    text_of,
    value,
    vault_of,
    withdraws,
)
from stories import START_MS, address, market, usd

from hlsim.sim import ledger
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.vaults import CreateVault, VaultModify, VaultTransfer
from hlsim.sim.ids import derived_address
from hlsim.sim.replies import Created, Done
from hlsim.sim.rules import Rules
from hlsim.sim.shares import Stake

NOW: Any = START_MS
SHARE = 10**6
"""Shares of one µUSD of a first deposit."""


# -- creating --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "fee"), [(None, "100"), (Rules(vault_creation_fee=usd("10000")), "10000")]
)
def test_a_vault_is_created_with_its_leaders_money(rules: Rules | None, fee: str) -> None:
    """Documented: at least $100 and a gas fee, of 100 USDC by one page and of 10 000 by another
    (exchange 5.2, mechanics 13). Observed: the reply is the address (exchange 5.2)."""
    m = market(rules)
    alice = m.account("alice")
    address_ = derived_address("vault", alice.address, 0)

    assert create_vault(alice, "500", name="Vault") == Created("createVault", address_)

    assert alice.account.raw_usd == alice.account.net_deposits == usd("99500") - usd(fee)
    assert m.ex.state.treasury.usd.fees == usd(fee)
    assert m.ex.state.accounts[address_].raw_usd == usd("500")
    vault = m.ex.state.vaults[address_]
    assert (vault.leader, vault.name, vault.description) == (alice.address, "Vault", DESCRIPTION)
    own = Stake(500_000_000 * SHARE, usd("500"), START_MS, START_MS + DAY_MS)
    assert vault.stakes == {alice.address: own}
    assert vault.shares == own.shares
    row = ledger.VaultCreate(address_, usd("500"), usd(fee))
    assert alice.account.ledger[-1].delta == row
    assert [each.delta for each in m.ex.state.accounts[address_].ledger] == [row]


def test_what_a_new_vault_must_be() -> None:
    """Observed: the texts of money. Inferred: the lengths (exchange 5.2); their texts and the
    order are Assumed."""
    alice = market().account("alice", usd="250")
    name_text = "Vault name must be between 3 and 50 characters long."
    text_text = "Vault description must be between 10 and 250 characters long."
    for name, description, dollars, text in (
        ("ab", "short", "99", name_text),
        ("\U0001f600" * 26, "short", "99", name_text),
        ("abc", "x" * 9, "99", text_text),
        ("x" * 50, "x" * 251, "99", text_text),
        ("abc", "x" * 10, "99.999999", "Initial deposit in vault is less than $100"),
        ("x" * 50, "x" * 250, "150.000001", "Insufficient balance to create vault"),
    ):
        refused = create_vault(alice, dollars, name=name, description=description)
        assert text_of(refused) == text
    assert alice.market.ex.state.vaults == {}
    other = CreateVault("abc", "x" * 10, usd("100"), NOW)  # type: ignore[arg-type]
    assert refusal(alice, other) == "Nonce mismatch."
    assert isinstance(create_vault(alice, "150", name="abc", description="x" * 10), Created)


def test_an_agent_creates_a_vault_for_its_master() -> None:
    """Documented: L1 actions are open to agents (exchange 5)."""
    m = market()
    alice, agent = m.account("alice"), address("agent")
    alice.act(ApproveAgent(agent, NOW, None))
    nonce: Any = next(m.nonces)
    made = m.act(agent, CreateVault("abc", "x" * 10, usd("100"), nonce), nonce=nonce)  # type: ignore[arg-type]
    assert isinstance(made, Created)
    assert alice.account.vaults_led == {made.address: None}


# -- depositing ------------------------------------------------------------------------------------


def test_a_deposit_buys_shares_at_the_value_of_now() -> None:
    """Documented: depositors share profit and loss (mechanics 13)."""
    alice, bob, vault = house()
    gift(vault, "250")
    vault.market.advance(hours=1)

    assert deposits(bob, vault, "500") == Done()

    # $1250 for the leader's 10**15 shares.
    locked = START_MS + 3_600_000 + DAY_MS
    assert stake(vault, bob) == Stake(4 * 10**14, usd("500"), START_MS + 3_600_000, locked)
    assert register(vault).shares == 14 * 10**14
    assert (bob.account.raw_usd, vault.account.raw_usd) == (usd("99500"), usd("1750"))
    row = ledger.VaultDeposit(vault.address, usd("500"))
    assert bob.account.ledger[-1].delta == vault.account.ledger[-1].delta == row
    assert alice.account.ledger[-1].delta != row
    assert bob.account.vaults_joined == {vault.address: None}


def test_unrealised_profit_counts_for_the_price_of_a_share() -> None:
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    vault = vault_of(alice)
    bob.sells("0.1 BTC @ 50000")
    vault.buys("0.1 BTC @ 50000")
    m.oracle("BTC", "55000")
    worth = value(vault)
    assert worth > usd("1100")

    deposits(bob, vault, "100")

    assert stake(vault, bob).shares == usd("100") * 10**15 // worth


def test_what_a_vault_does_not_take() -> None:
    """Observed: the texts, the amounts below $5 one by one (exchange 5.2). Assumed: the order."""
    alice, bob, vault = house(rules=Rules(max_vault_depositors=2))
    carol = vault.market.account("carol")
    nobody = VaultTransfer(address("nobody"), True, usd("1"))  # type: ignore[arg-type]
    assert refusal(bob, nobody) == f"Vault not registered: {address('nobody')}"
    own = VaultTransfer(bob.address, True, usd("1"))  # type: ignore[arg-type]
    assert refusal(bob, own) == f"Vault not registered: {bob.address}"
    for amount in ("0", "0.000001", "0.01", "1", "4.99", "4.999999"):
        assert refusal(bob, into(vault, amount)) == "Vault deposits must be at least $5."
    much = "Insufficient funds available to deposit."
    assert refusal(bob, into(vault, "100000.000001")) == much
    share = "vault_transfer: Deposit causes leader share to drop below 5%."
    assert refusal(bob, into(vault, "19000.000001")) == share
    assert deposits(bob, vault, "5") == Done()
    assert refusal(bob, into(vault, "18995.000001")) == share
    assert deposits(bob, vault, "18995") == Done()
    # Two have shares now, as many as the rules of this exchange allow.
    no = "This vault does not accept deposits"
    assert refusal(carol, into(vault, "1")) == no
    assert refusal(bob, into(vault, "5")) == share
    assert deposits(alice, vault, "5") == Done()
    alice.act(VaultModify(vault.address, allow_deposits=False))
    for each in (alice, bob, carol):
        assert refusal(each, into(vault, "1")) == no


@pytest.mark.parametrize("left", ["0", "-1"])
def test_a_vault_that_is_worth_nothing_takes_nothing(left: str) -> None:
    """Assumed: there is no price to sell a share at."""
    _, bob, vault = house()
    loss(vault, "1000" if left == "0" else "1001")
    assert refusal(bob, into(vault, "5")) == "This vault does not accept deposits"


def test_a_deposit_that_buys_not_one_share_is_too_small() -> None:
    """Assumed: only a vault that grew beyond all measure has such a price."""
    alice, bob, vault = house()
    gift(vault, "10000000000000000")
    assert refusal(bob, into(vault, "5")) == "Vault deposits must be at least $5."
    assert register(vault).stakes.keys() == {alice.address}


# -- withdrawing -----------------------------------------------------------------------------------


def test_a_withdrawal_before_a_day_is_over_is_refused() -> None:
    """Documented: a day after the latest deposit (mechanics 13); Observed: the text."""
    alice, bob, vault = house()
    deposits(bob, vault, "100")
    later(vault.market, ms=DAY_MS - 1)
    locked = "Cannot withdraw during lockup period after depositing."
    for each in (alice, bob):
        assert refusal(each, out_of(vault, "10")) == locked
    deposits(bob, vault, "5")
    later(vault.market, ms=1)

    assert withdraws(alice, vault, "10") == Done()
    assert refusal(bob, out_of(vault, "10")) == locked
    later(vault.market, ms=DAY_MS - 1)
    assert withdraws(bob, vault, "10") == Done()


def test_what_cannot_be_withdrawn() -> None:
    """Observed: the texts (exchange 5.2). Assumed: the order; zero as for withdrawals."""
    _, bob, vault = house()
    carol = vault.market.account("carol")
    deposits(bob, vault, "1000")
    nobody = VaultTransfer(address("nobody"), False, usd("1"))  # type: ignore[arg-type]
    assert refusal(bob, nobody) == f"Vault not registered: {address('nobody')}"
    zero = "Cannot withdraw with zero balance in vault"
    assert refusal(carol, out_of(vault, "0")) == zero
    assert refusal(bob, out_of(vault, "0")) == "Withdrawal amount cannot be zero"
    assert refusal(bob, out_of(vault, "9000")).startswith("Cannot withdraw during lockup")
    later(vault.market)
    equity = "Insufficient vault equity for withdrawal"
    assert refusal(bob, out_of(vault, "1000.000001")) == equity
    loss(vault, "0.000002")
    assert refusal(bob, out_of(vault, "1000")) == equity
    assert withdraws(bob, vault, "999.999999") == Done()
    assert refusal(bob, out_of(vault, "1")) == zero
    assert bob.account.vaults_joined == {}
    assert register(vault).stakes.keys() == {vault.signer}


def test_a_part_is_paid_at_the_value_of_now_less_a_tenth_of_its_profit() -> None:
    """Documented: 10 % profit share, at withdrawal (mechanics 13). The leader pays none."""
    alice, bob, vault = grown("500")

    assert withdraws(bob, vault, "500") == Done()

    # $500 of $1250 is 40 %: basis $400, profit $100, commission $10.
    row = ledger.VaultWithdraw(
        vault.address, bob.address, usd("500"), usd("10"), usd("0"), usd("400"), usd("490")
    )
    assert bob.account.ledger[-1].delta == vault.account.ledger[-1].delta == row
    assert alice.account.ledger[-1].delta == ledger.VaultLeaderCommission(alice.address, usd("10"))
    assert bob.account.raw_usd == usd("99490")
    assert alice.account.raw_usd == usd("98910")
    assert vault.account.raw_usd == usd("2000")
    assert stake(vault, bob) == Stake(
        600_000_000 * SHARE, usd("600"), START_MS, START_MS + DAY_MS, usd("90")
    )
    assert withdraws(alice, vault, "500") == Done()
    assert alice.account.raw_usd == usd("99410")
    assert deltas(alice, ledger.VaultWithdraw)[-1].commission == 0


def test_who_made_a_loss_pays_no_commission() -> None:
    """Documented: a share of profit (mechanics 13)."""
    alice, bob, vault = grown()
    loss(vault, "1000")
    before = alice.account.raw_usd

    assert withdraws(bob, vault, "500") == Done()

    assert bob.account.raw_usd == usd("99500")
    assert alice.account.raw_usd == before
    assert deltas(alice, ledger.VaultLeaderCommission) == []
    (row,) = deltas(bob, ledger.VaultWithdraw)
    assert (row.basis, row.net) == (usd("1000"), usd("500"))


def test_commission_is_on_what_exceeds_the_depositors_own_basis() -> None:
    """A latecomer pays for what came after, not for what the others had made before."""
    _, bob, vault = grown("2000")
    carol = vault.market.account("carol")
    deposits(carol, vault, "2000")
    gift(vault, "600")
    later(vault.market)

    assert withdraws(carol, vault, "2200") == Done()
    assert withdraws(bob, vault, "2200") == Done()

    assert deltas(carol, ledger.VaultWithdraw)[0].commission == usd("20")
    assert deltas(bob, ledger.VaultWithdraw)[0].commission == usd("120")


def test_the_leader_keeps_five_per_cent() -> None:
    """Documented: mechanics 13. Assumed: the text of a withdrawal that would not."""
    alice, bob, vault = grown()
    equity = "Insufficient vault equity for withdrawal"
    # 1000 / 19 must stay beside bob's 1000.
    assert refusal(alice, out_of(vault, "947.368422")) == equity
    assert withdraws(alice, vault, "947.368421") == Done()
    assert refusal(alice, out_of(vault, "0.000001")) == equity
    assert withdraws(bob, vault, "1000") == Done()
    assert withdraws(alice, vault, "52.631579") == Done()
    assert (register(vault).shares, register(vault).stakes) == (0, {})
    assert alice.account.raw_usd == usd("99900")
    # A vault that everybody left begins anew.
    share = "vault_transfer: Deposit causes leader share to drop below 5%."
    assert refusal(bob, into(vault, "5")) == share
    assert deposits(alice, vault, "100") == Done()
    assert register(vault).shares == usd("100") * SHARE
