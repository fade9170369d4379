"""Acting for a sub-account or a vault: who may, in which order it is asked, and who pays."""

from __future__ import annotations

from typing import Any

import pytest
from houses import create_vault, sub_account, text_of, traded, vault_of
from stories import START_MS, address, market, px, sz
from twaps import twap

from hlsim.sim.actions import ACTIONS
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.cancels import Cancel, CancelOid
from hlsim.sim.actions.leverage import UpdateLeverage
from hlsim.sim.actions.misc import Noop
from hlsim.sim.actions.orders import LimitTerms, NewOrder, OrderTerms, PlaceOrders
from hlsim.sim.actions.sub_accounts import CreateSubAccount, SubAccountSpotTransfer
from hlsim.sim.actions.transfers import UsdSend
from hlsim.sim.actions.vaults import VaultDistribute
from hlsim.sim.call import Call
from hlsim.sim.errors import ActionReject, OrderReject, Reject
from hlsim.sim.replies import Done, OrderReplies, Resting

ANY: Any = 1
NOW: Any = START_MS
AGENT = address("agent")


def test_refusals_come_in_the_documented_order_and_spend_the_nonce_from_there_on() -> None:
    """Observed: exchange 1.3, the vault at step 5. Assumed: whose it is, after the signer."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    desk = sub_account(alice)
    nobody, past = address("nobody"), START_MS - 1
    for signer, vault, count, nonce, text in (
        (nobody, nobody, 201, 0, f"Vault not registered: {nobody}"),
        (nobody, desk.address, 201, 0, f"User or API Wallet {nobody} does not exist."),
        (bob.address, desk.address, 201, 0, f"Vault not registered: {desk.address}"),
        (alice.address, alice.address, 201, 0, f"Vault not registered: {alice.address}"),
        (alice.address, bob.address, 201, 0, f"Vault not registered: {bob.address}"),
        (alice.address, desk.address, 201, 0, "Signed action over weight limit of 200."),
        (alice.address, desk.address, 200, 0, "Invalid nonce: nonce too low 0 < 1767052920000"),
        (alice.address, desk.address, 200, START_MS - 7, "Action already expired"),
    ):
        call = Call(signer, nonce, START_MS, vault, past)
        cancel = Cancel(tuple(CancelOid(ANY, ANY) for _ in range(count)))
        assert text_of(m.ex.apply(cancel, call)) == text
    assert desk.account.requests_used == 5 * 200


def test_what_is_refused_for_its_vault_can_be_sent_again() -> None:
    """Observed: failures at 1 to 6 burn no nonce (exchange 1.3)."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    desk = sub_account(alice)
    nonce = next(m.nonces)
    before = m.ex.state_hash()
    for vault in (desk.address, bob.address, address("nobody")):
        assert text_of(bob.act(Noop(), nonce=nonce, vault=vault)).startswith("Vault not registered")
    assert m.ex.state_hash() == before

    assert bob.act(Noop(), nonce=nonce) == Done()


def test_the_nonce_is_the_signers_and_the_requests_are_the_accounts() -> None:
    """Documented: sub-accounts are users of their own, nonces their signer's (exchange 4)."""
    m = market()
    alice = m.account("alice")
    first, second = sub_account(alice, "first"), sub_account(alice, "second")
    used, nonce = alice.account.requests_used, next(m.nonces)

    assert first.act(Noop(), nonce=nonce) == Done()
    again = second.act(Noop(), nonce=nonce)

    assert text_of(again) == f"Invalid nonce: duplicate nonce {nonce}"
    assert (first.account.requests_used, second.account.requests_used) == (1, 0)
    assert alice.account.requests_used == used


@pytest.mark.parametrize("kind", ["sub-account", "vault"])
def test_an_agent_of_the_master_or_leader_trades_for_it(kind: str) -> None:
    """Documented: signed by the master, the leader or an agent of theirs (exchange 5)."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    alice.act(ApproveAgent(AGENT, NOW, None))
    bob.act(ApproveAgent(address("bobs"), NOW, None))
    desk = sub_account(alice, dollars="1000") if kind == "sub-account" else vault_of(alice)
    order = PlaceOrders((desk.new_order("0.01 BTC @ 49000", is_buy=True),))

    refused = m.act(address("bobs"), order, vault=desk.address)
    placed = m.act(AGENT, order, vault=desk.address)

    assert text_of(refused) == f"Vault not registered: {desk.address}"
    assert placed == OrderReplies((Resting(1, None),))
    assert [o.owner for o in desk.account.orders.values()] == [desk.address]
    assert not alice.account.orders
    assert desk.cancel("BTC", 1) is None


def test_positions_margin_and_fills_are_the_accounts_own() -> None:
    """Documented: separate positions and margin (mechanics 13)."""
    m = market()
    alice, bob = m.account("alice", usd="1000"), m.account("bob")
    desk = sub_account(alice, dollars="400")
    bob.sells("0.1 BTC @ 50000")
    bob.sells("0.1 BTC @ 50000")

    alice.buys("0.1 BTC @ 50000")
    desk.buys("0.1 BTC @ 50000")

    assert (alice.szi("BTC"), desk.szi("BTC")) == (sz("0.1"), sz("0.1"))
    assert [fill.user for fill in desk.account.fills] == [desk.address]
    assert desk.account.fills[0].start_position == 0
    assert isinstance(desk.buys("0.1 BTC @ 49000"), Reject)


def test_a_sub_account_trades_spot_and_sets_its_own_leverage() -> None:
    """Documented: a sub-account is a user of its own (exchange 5.2)."""
    m = market()
    alice = m.account("alice", spot_usdc="100")
    desk = sub_account(alice)

    assert desk.leverage("BTC", 3) == Done()
    assert desk.account.leverages[0].value == 3
    assert 0 not in alice.account.leverages
    assert desk.buys("100 PURR/USDC @ 0.19") == Reject(OrderReject.SPOT_BALANCE, 10_000)
    alice.act(SubAccountSpotTransfer(desk.address, True, "USDC", "50"))
    assert desk.buys("100 PURR/USDC @ 0.19") == Resting(2, None)


@pytest.mark.parametrize("name", sorted(name for name, spec in ACTIONS.items() if not spec.vault))
def test_an_action_that_knows_no_vault_refuses_one(name: str) -> None:
    """Documented: which actions do (exchange 5.1). Assumed: the text of user-signed ones."""
    m = market()
    alice = m.account("alice")
    desk = sub_account(alice)
    spec = ACTIONS[name]
    action = object.__new__(spec.cls)  # refused before anybody looks inside
    nonce = next(m.nonces)
    before = m.ex.state_hash()

    assert text_of(desk.act(action, nonce=nonce)) == "Vault may not perform this action."
    unknown = alice.act(action, nonce=nonce, vault=address("nobody"))
    assert text_of(unknown) == f"Vault not registered: {address('nobody')}"
    assert m.ex.state_hash() == before


def test_the_actions_that_know_a_vault_are_the_documented_ones() -> None:
    """Documented: the list at the end of exchange 5.1."""
    known = {
        "order", "cancel", "cancelByCloid", "modify", "batchModify", "scheduleCancel",
        "updateLeverage", "updateIsolatedMargin", "topUpIsolatedOnlyMargin", "twapOrder",
        "twapCancel", "borrowLend", "agentEnableDexAbstraction", "agentSetAbstraction", "noop",
        "gossipPriorityBid",
    }  # fmt: skip
    assert {name for name, spec in ACTIONS.items() if spec.vault} <= known


@pytest.mark.parametrize("kind", ["sub-account", "vault"])
def test_its_address_signs_nothing(kind: str) -> None:
    """Documented: sub-accounts have no key (exchange 3)."""
    m = market()
    alice = m.account("alice")
    desk = sub_account(alice, dollars="100") if kind == "sub-account" else vault_of(alice)
    own = desk.address
    send = UsdSend(alice.address, "50", NOW)  # type: ignore[arg-type]

    assert text_of(m.act(own, Noop())) == f"User or API Wallet {own} does not exist."
    assert text_of(m.act(own, send)) == f"Must deposit before performing actions. User: {own}"
    assert own not in m.ex.state.nonces
    assert text_of(alice.act(ApproveAgent(own, NOW, None))) == "Extra agent already used."


def test_a_vault_trades_perps_of_the_first_dex_only() -> None:
    """Documented: mechanics 13. Assumed: the text; one error for the batch, nothing placed."""
    m = market()
    alice = m.account("alice")
    vault, desk = vault_of(alice), sub_account(alice)

    batch = vault.place(
        vault.new_order("0.01 BTC @ 49000", is_buy=True),
        vault.new_order("100 PURR/USDC @ 0.19", is_buy=True),
    )
    placed = vault.buys("0.01 BTC @ 49000")

    why = ActionReject.VAULT_ON_USER_SIGNED
    assert batch == (Reject(why, 10_000),)
    assert isinstance(placed, Resting)
    modified = vault.modify(placed.oid, vault.new_order("100 PURR/USDC @ 0.19", is_buy=True))
    assert text_of(modified) == "Attempted to modify to invalid new order"
    new = vault.new_order("100 PURR/USDC @ 0.19", is_buy=True)
    modified = vault.modify(placed.oid, new, always_place=True)
    assert text_of(modified) == "Vault may not perform this action."
    assert placed.oid in vault.account.orders
    assert desk.buys("100 PURR/USDC @ 0.19") == Reject(OrderReject.SPOT_BALANCE, 10_000)
    assert twap(vault, "buy 1000 PURR/USDC") == Reject(why, 10_000)
    assert isinstance(twap(vault, "buy 0.01 BTC"), int)


def test_a_closed_vault_is_acted_for_no_more() -> None:
    """Assumed: a closed vault is not registered any more."""
    m = market()
    alice = m.account("alice")
    vault = vault_of(alice)
    assert alice.act(VaultDistribute(vault.address, 0)) == Done()  # type: ignore[arg-type]

    assert text_of(vault.act(Noop())) == f"Vault not registered: {vault.address}"


def test_a_restored_exchange_still_knows_who_acts_for_whom() -> None:
    m = market()
    alice = m.account("alice")
    desk, vault = sub_account(alice, dollars="100"), vault_of(alice)
    other = type(m.ex).restore(m.ex.snapshot())
    assert other.state_hash() == m.ex.state_hash()
    order = NewOrder(
        asset=ANY,
        is_buy=True,
        px=px("1900"),
        sz=sz("0.01"),
        terms=OrderTerms(LimitTerms(desk.new_order("1 BTC @ 1", is_buy=True).terms.limit.tif)),
    )
    for each in (desk, vault):
        call = Call(alice.address, next(m.nonces), START_MS, each.address)
        assert isinstance(other.apply(PlaceOrders((order,)), call), OrderReplies)
        call = Call(alice.address, next(m.nonces), START_MS, each.address)
        assert other.apply(UpdateLeverage(ANY, True, ANY), call) == Done()


def test_two_vaults_and_sub_accounts_never_share_an_address() -> None:
    """Deterministic: the same master makes the same addresses in any world."""
    found = []
    for _ in range(2):
        m = market()
        alice, bob = traded(m.account("alice")), traded(m.account("bob"))
        made = [
            each.act(CreateSubAccount(name)).address  # type: ignore[union-attr]
            for each in (alice, bob)
            for name in ("a", "b")
        ]
        made += [create_vault(alice).address for _ in range(2)]  # type: ignore[union-attr]
        found.append(made)
    assert found[0] == found[1]
    assert len(set(found[0])) == 6
