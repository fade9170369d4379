"""API wallets, builders and referrers: who may act for whom, and every refusal's text."""

from __future__ import annotations

from typing import Any

import pytest
from stories import START_MS, Story, Trader, address, market, usd

from hlsim.sim import agents
from hlsim.sim.actions.agents import ApproveAgent, ApproveBuilderFee
from hlsim.sim.actions.misc import Noop, SetReferrer
from hlsim.sim.actions.transfers import UsdSend
from hlsim.sim.agents import expire_agent
from hlsim.sim.errors import ActionReject
from hlsim.sim.ids import ZERO_ADDRESS
from hlsim.sim.operations import SetReferralCode
from hlsim.sim.replies import Done, Refused

NOW: Any = START_MS
DAY_MS = 86_400_000
ALICE = address("alice")
UNKNOWN = "User or API Wallet {} does not exist."
MUST_DEPOSIT = "Must deposit before performing actions. User: {}"
EXPIRED = "Agent valid_until already expired."
BAD_NAME = "Extra agent name must be between 1 and 16 characters long."
PENDING = "User has pending agent removal"
USED = "Extra agent already used."


def start() -> tuple[Story, Trader]:
    m = market()
    return m, m.account("alice", usd="1000")


def pen(m: Story, name: str) -> Trader:
    """Whoever signs with the key of `name`."""
    return Trader(m, address(name))


def agent(key: str, name: str | None = None) -> ApproveAgent:
    return ApproveAgent(address(key), NOW, name)


def revoke(name: str | None = None) -> ApproveAgent:
    return ApproveAgent(ZERO_ADDRESS, NOW, name)  # type: ignore[arg-type]


def text_of(response: Any) -> str:
    assert isinstance(response, Refused)
    assert isinstance(response.error.why, ActionReject)
    return response.error.why.value.format(**response.error.params)


def refusal(trader: Trader, action: Any) -> str:
    """The text with which an account's `action` is refused; its nonce is spent."""
    nonce = next(trader.market.nonces)
    text = text_of(trader.act(action, nonce=nonce))
    assert text_of(trader.act(Noop(), nonce=nonce)).startswith("Invalid nonce: duplicate")
    return text


# -- acting ----------------------------------------------------------------------------------------


def test_an_agent_acts_as_its_master_with_nonces_of_its_own() -> None:
    """Observed: exchange 2.4, 4."""
    m, alice = start()
    assert alice.act(agent("key", "bot"), nonce=START_MS + 500) == Done()
    key = pen(m, "key")
    assert key.act(Noop(), nonce=START_MS + 500) == Done()
    key.buys("1 SOL @ 99")
    assert len(alice.account.orders) == 1
    assert address("key") not in m.ex.state.accounts


def test_agents_sign_l1_actions_only() -> None:
    """Observed: a user-signed one names the agent's own address (exchange 2.4)."""
    m, alice = start()
    alice.act(agent("key"))
    send = UsdSend(ALICE, "1", NOW)  # type: ignore[arg-type]
    assert text_of(pen(m, "key").act(send)) == MUST_DEPOSIT.format(address("key"))
    assert text_of(pen(m, "key").act(agent("other"))) == MUST_DEPOSIT.format(address("key"))


def test_strangers_are_told_apart_by_how_they_signed() -> None:
    """Observed: exchange 2.4."""
    m, _ = start()
    stranger = pen(m, "stranger")
    assert text_of(stranger.act(Noop())) == UNKNOWN.format(stranger.address)
    assert text_of(stranger.act(agent("key"))) == MUST_DEPOSIT.format(stranger.address)


def test_an_address_with_an_account_acts_as_itself() -> None:
    """Observed: the lookup asks for users first (exchange 2.4)."""
    m, alice = start()
    alice.act(agent("key"))
    key = m.account("key")
    key.buys("1 SOL @ 99")
    assert (len(key.account.orders), len(alice.account.orders)) == (1, 0)


# -- names, validity, slots ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept", "valid_ms"),
    [
        (None, "", 90 * DAY_MS),
        ("", "", 90 * DAY_MS),
        ("bot", "bot", 90 * DAY_MS),
        (f"bot valid_until {START_MS + 5}", "bot", 5),
        (f"{'x' * 16} valid_until {START_MS + 180 * DAY_MS}", "x" * 16, 180 * DAY_MS),
        ("valid_until 5", "valid_until 5", 90 * DAY_MS),
    ],
)
def test_a_name_may_carry_the_end_of_its_validity(
    name: str | None, kept: str, valid_ms: int
) -> None:
    """Observed: exchange 6."""
    _, alice = start()
    assert alice.act(agent("key", name)) == Done()
    found = alice.account.agents[kept]
    assert (found.address, found.master, found.name) == (address("key"), ALICE, kept)
    assert found.valid_until_ms == START_MS + valid_ms


def test_agents_that_are_replaced_leave_no_timers() -> None:
    """One waits for each, for months: a client could make more without end."""
    m, alice = start()
    before = len(m.ex.state.timers.heap)
    for number in range(20):
        assert alice.act(agent(f"key {number}")) == Done()
        m.advance(ms=agents.REMOVAL_MS)
    assert len(m.ex.state.timers.heap) == before + 1


def test_the_end_of_its_validity_counts_from_the_clock_of_the_client() -> None:
    """A client stamps it as it stamps nonces; under a manual clock that is another time than the
    exchange's.
    """
    m, alice = start()
    clock_ms = START_MS + 300 * DAY_MS
    name = f"bot valid_until {clock_ms + 30 * DAY_MS}"

    assert alice.act(agent("key", name), nonce=clock_ms, nonce_clock_ms=clock_ms) == Done()

    found = alice.account.agents["bot"]
    assert found.valid_until_ms == START_MS + 30 * DAY_MS
    assert found.stamped_until_ms == clock_ms + 30 * DAY_MS
    m.advance(hours=24 * 30)
    assert alice.account.agents == {}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (agent("key", "x" * 17), BAD_NAME),
        (agent("key", f" valid_until {START_MS + 5}"), BAD_NAME),
        (agent("key", "bot valid_until never again"), BAD_NAME),
        (agent("key", f"bot valid_until {START_MS}"), EXPIRED),
        (agent("key", "bot valid_until 0"), EXPIRED),
        (agent("key", f"bot valid_until {START_MS + 180 * DAY_MS + 1}"), EXPIRED),
        (agent("alice"), USED),
        (agent("bob", "bot"), USED),
    ],
)
def test_refused_approvals(action: ApproveAgent, text: str) -> None:
    """Observed: exchange 6; that addresses with an account count as used is Assumed."""
    m, alice = start()
    m.account("bob")
    assert refusal(alice, action) == text
    assert m.ex.state.agents == {}


def test_three_named_agents_and_one_without_name() -> None:
    """Observed: the limit of exchange 6; a fourth from $100k of volume on."""
    m, alice = start()
    for number in range(3):
        assert alice.act(agent(f"key {number}", f"bot {number}")) == Done()
    assert alice.act(agent("plain")) == Done()
    limit = "Too many extra agents for cumulative volume traded. Current limit is {}"
    assert refusal(alice, agent("key 3", "bot 3")) == limit.format(3)
    alice.account.volume.add(m.ex.state.time_ms, 100_000 * 10**8, 0)
    assert alice.act(agent("key 3", "bot 3")) == Done()
    assert refusal(alice, agent("key 4", "bot 4")) == limit.format(4)
    assert alice.act(agent("key 5", "bot 0")) == Done()
    assert list(alice.account.agents) == ["bot 1", "bot 2", "", "bot 3", "bot 0"]


# -- the end of an agent ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, "bot"])
def test_a_replaced_agent_dies_at_once_and_names_its_master_for_a_while(name: str | None) -> None:
    """Observed: exchange 6."""
    m, alice = start()
    alice.act(agent("old", name))
    assert alice.act(agent("new", name)) == Done()
    assert pen(m, "new").act(Noop()) == Done()
    assert text_of(pen(m, "old").act(Noop())) == MUST_DEPOSIT.format(ALICE)
    m.advance(ms=4_999)
    assert text_of(pen(m, "old").act(Noop())) == MUST_DEPOSIT.format(ALICE)
    m.advance(ms=1)
    assert text_of(pen(m, "old").act(Noop())) == UNKNOWN.format(address("old"))
    assert pen(m, "new").act(Noop()) == Done()


def test_a_revoked_agent_blocks_approvals_for_five_seconds() -> None:
    """Observed: exchange 6."""
    m, alice = start()
    alice.act(agent("key", "bot"))
    assert alice.act(revoke("bot")) == Done()
    assert alice.account.agents == {}
    assert text_of(pen(m, "key").act(Noop())) == MUST_DEPOSIT.format(ALICE)
    for action in (agent("next"), agent("next", "other"), revoke("bot")):
        assert refusal(alice, action) == PENDING
    m.advance(ms=5_000)
    assert alice.act(agent("next", "bot")) == Done()


def test_revoking_nothing_does_nothing() -> None:
    """Assumed: no text is known for it (exchange 6)."""
    _, alice = start()
    assert alice.act(revoke("nobody")) == Done()
    assert alice.act(revoke()) == Done()
    assert alice.act(agent("key")) == Done()


def test_an_expired_agent_is_dead_at_its_time() -> None:
    """Documented: contested 45; its nonces are pruned (exchange 4)."""
    m, alice = start()
    alice.act(agent("key", f"bot valid_until {START_MS + 60_000}"))
    key = pen(m, "key")
    m.advance(ms=59_999)
    assert key.act(Noop()) == Done()
    assert key.address in m.ex.state.nonces
    m.advance(ms=1)
    assert text_of(key.act(Noop())) == UNKNOWN.format(key.address)
    assert (alice.account.agents, m.ex.state.agents) == ({}, {})
    assert key.address not in m.ex.state.nonces
    assert alice.act(agent("other", "bot")) == Done()


def test_a_renewed_name_outlives_the_first_validity() -> None:
    """A timer of a replaced agent must not end its successor."""
    m, alice = start()
    alice.act(agent("old", f"bot valid_until {START_MS + 60_000}"))
    alice.act(agent("new", f"bot valid_until {START_MS + 120_000}"))
    m.advance(ms=60_001)
    assert pen(m, "new").act(Noop()) == Done()


def test_a_timer_of_nobody_changes_nothing() -> None:
    m, alice = start()
    alice.act(agent("key"))
    before = m.ex.state_hash()
    for name in ("key", "stranger"):
        expire_agent(m.ex.state, address(name))
    assert m.ex.state_hash() == before


def test_addresses_are_never_used_twice() -> None:
    """Observed: not even under the same name, live, replaced or expired (exchange 4, 6)."""
    m, alice = start()
    bob = m.account("bob")
    alice.act(agent("key", "bot"))
    assert refusal(alice, agent("key", "bot")) == USED
    assert refusal(bob, agent("key")) == USED
    alice.act(agent("next", f"bot valid_until {START_MS + 10_000}"))
    m.advance(ms=20_000)
    assert refusal(alice, agent("key", "bot")) == USED
    assert refusal(alice, agent("next", "bot")) == USED


# -- builders --------------------------------------------------------------------------------------


def builder(rate: str, who: str = "builder") -> ApproveBuilderFee:
    return ApproveBuilderFee(rate, address(who), NOW)


@pytest.mark.parametrize(
    ("rate", "tenths"), [("0.001%", 1), ("0.1%", 100), ("1%", 1000), ("0.0500%", 50)]
)
def test_a_builder_may_take_what_was_approved(rate: str, tenths: int) -> None:
    """Documented: percent on the wire, tenths of a basis point inside (info 7.6)."""
    m, alice = start()
    m.account("builder", usd="100")
    assert alice.act(builder(rate)) == Done()
    assert alice.account.builder_limits == {address("builder"): tenths}
    assert alice.act(builder("0%")) == Done()
    assert alice.account.builder_limits == {}


@pytest.mark.parametrize("rate", ["", "%", "1", "1.001%", "0.0001%", "-1%", "a%", "1e-2%", "٣%"])
def test_refused_builder_rates(rate: str) -> None:
    """Assumed: the text (exchange 5.3)."""
    m, alice = start()
    m.account("builder", usd="100")
    assert refusal(alice, builder(rate)) == "Invalid builder fee rate"


def test_a_builder_holds_a_hundred_dollars_of_perps() -> None:
    """Documented: mechanics 11.3. Observed: the text (exchange 5.3)."""
    m, alice = start()
    text = "Builder has insufficient balance to be approved."
    assert refusal(alice, builder("0.01%")) == text
    poor = m.account("builder", usd="99.999999")
    assert refusal(alice, builder("0.01%")) == text
    poor.account.raw_usd = usd("100")
    assert alice.act(builder("0.01%")) == Done()


def test_ten_builders_are_the_most() -> None:
    """Documented: ten (mechanics 11.3). Assumed: the text."""
    m, alice = start()
    for number in range(11):
        m.account(f"builder {number}", usd="100")
    for number in range(10):
        assert alice.act(builder("0.01%", f"builder {number}")) == Done()
    text = "Too many approved builders. Current limit is 10"
    assert refusal(alice, builder("0.01%", "builder 10")) == text
    assert alice.act(builder("0.02%", "builder 3")) == Done()


# -- referrers -------------------------------------------------------------------------------------


def test_a_referrer_is_named_once() -> None:
    """Observed: the first text (mechanics 13); the others are Assumed."""
    m, alice = start()
    bob = m.account("bob")
    m.ex.operate(SetReferralCode(bob.address, "BOB"))
    m.ex.operate(SetReferralCode(ALICE, "ME"))
    assert refusal(alice, SetReferrer("NOPE")) == "Referral code not registered"
    assert refusal(alice, SetReferrer("ME")) == "Cannot self-refer"
    assert alice.act(SetReferrer("BOB")) == Done()
    assert alice.account.referred_by == bob.address
    assert refusal(alice, SetReferrer("BOB")) == "Referrer already set"


def test_the_memory_of_used_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest address is forgotten first."""
    monkeypatch.setattr(agents, "USED_KEPT", 2)
    m = market()
    alice = m.account("alice")
    for number in range(3):
        agent = address(f"agent {number}")
        assert alice.act(ApproveAgent(agent, m.ex.state.time_ms, f"n{number}")) == Done()

    assert list(m.ex.state.used_agents) == [address("agent 1"), address("agent 2")]
