"""Small account actions: names, reserved requests, sends of agents, and what is only refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from houses import sub_account
from stories import START_MS, Story, Trader, address, market, usd

from hlsim.server.encode import error_text
from hlsim.server.info import answer_value
from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.misc import Noop
from hlsim.sim.actions.validators import (
    CSignerAction,
    CValidatorAction,
    NodeIp,
    Profile,
    ProfileChange,
    Registration,
    ValidatorL1Stream,
)
from hlsim.sim.actions.wallets import (
    AgentSendAsset,
    AuthorizeAqav2Role,
    EvmUserModify,
    GossipPriorityBid,
    ReserveRequestWeight,
    SetDisplayName,
    SpotDusting,
    SpotUser,
)
from hlsim.sim.replies import Done, Refused
from hlsim.sim.rules import Rules

NOW: Any = START_MS
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"


def start(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    """alice and an agent of hers."""
    m = market(rules)
    alice = m.account("alice", usd="100", spot_usdc="50")
    alice.act(ApproveAgent(address("key"), NOW, "key"))
    return m, alice, Trader(m, address("key"))


def answer(reply: Any) -> str:
    return error_text(reply.error) if isinstance(reply, Refused) else "ok"


def rate_limit(m: Story, trader: Trader) -> Any:
    return answer_value(m.view, {"type": "userRateLimit", "user": trader.address})


# -- display name ----------------------------------------------------------------------------------


def test_a_display_name_has_at_most_twenty_characters_and_can_be_cleared() -> None:
    """Documented: exchange 5.2. Assumed: the text for a longer one."""
    _, alice, key = start()

    assert answer(alice.act(SetDisplayName("é" * 20))) == "ok"
    too_long = answer(alice.act(SetDisplayName("x" * 21)))
    assert too_long == "Display name must be at most 20 characters long."
    assert alice.account.display_name == "é" * 20
    assert answer(key.act(SetDisplayName(""))) == "ok"
    assert alice.account.display_name == ""


# -- agentSendAsset --------------------------------------------------------------------------------


def send(to: str, source: str = "", target: str = "spot", amount: str = "40") -> Any:
    return AgentSendAsset(address(to), source, target, USDC, amount, "", NOW)


def test_an_agent_moves_money_between_the_dexes_of_its_master() -> None:
    """Documented: exchange 5.1, 13."""
    m, alice, key = start()

    assert answer(key.act(send("alice"))) == "ok"

    assert (alice.account.raw_usd, alice.spot("USDC")) == (usd("60"), 90_00000000)
    row = alice.account.ledger[-1].delta
    assert (row.kind, getattr(row, "usd_value", None)) == ("send", usd("40"))
    assert answer(key.act(send("alice", target=""))) == "Invalid send"
    assert address("key") not in m.ex.state.accounts


@pytest.mark.parametrize("to", ["bob", "key", "nobody"])
def test_an_agent_sends_nothing_to_others(to: str) -> None:
    """Observed: the text (exchange 7.5). Assumed: for the master's own key as well."""
    m, alice, key = start()
    m.account("bob")
    text = "Agent can only send asset to same user or their sub-accounts."

    assert [answer(one.act(send(to))) for one in (key, alice)] == [text, text]
    assert alice.account.raw_usd == usd("100")


def test_an_agent_of_a_unified_account_has_nothing_to_move() -> None:
    """Observed by clients: sends go through spot only (exchange 7.5)."""
    _, alice, key = start()
    alice.act(AgentSetAbstraction("unifiedAccount"))  # type: ignore[arg-type]

    text = "Unified account only supports sending assets through spot"
    assert answer(key.act(send("alice"))) == text


def test_an_agent_sends_to_and_from_sub_accounts_of_its_master() -> None:
    """Observed: the text names them (exchange 7.5)."""
    _, alice, key = start()
    desk = sub_account(alice)
    back = replace(send("alice", target=""), from_sub_account=desk.address)

    assert answer(key.act(replace(send("alice", target=""), destination=desk.address))) == "ok"
    assert (alice.account.raw_usd, desk.account.raw_usd) == (usd("60"), usd("40"))
    assert answer(key.act(replace(back, amount="15"))) == "ok"
    assert (alice.account.raw_usd, desk.account.raw_usd) == (usd("75"), usd("25"))


# -- reserveRequestWeight --------------------------------------------------------------------------


def test_requests_cost_a_twentieth_of_a_cent_and_show_as_surplus() -> None:
    """Documented: 0.0005 USDC each from the perps balance (exchange 5.1)."""
    m, alice, _ = start()
    rows = len(alice.account.ledger)

    assert alice.act(ReserveRequestWeight(1_001)) == Done()  # type: ignore[arg-type]

    assert alice.account.raw_usd == usd("99.4995")
    assert m.ex.state.treasury.usd.fees == usd("0.5005")
    assert rate_limit(m, alice) == {
        "cumVlm": "0.0",
        "nRequestsUsed": 0,
        "nRequestsCap": 10_000,
        "nRequestsSurplus": 999,
    }
    assert len(alice.account.ledger) == rows


def test_requests_may_be_bought_for_somebody_who_exists() -> None:
    """Documented: the destination must exist (exchange 5.1). Assumed: the text of one who does
    not."""
    m, alice, _ = start()
    bob, nobody = m.account("bob"), address("nobody")

    assert answer(alice.act(ReserveRequestWeight(5, bob.address))) == "ok"  # type: ignore[arg-type]
    text = answer(alice.act(ReserveRequestWeight(5, nobody)))  # type: ignore[arg-type]
    assert text == f"Must deposit before performing actions. User: {nobody}"
    assert (bob.account.requests_reserved, alice.account.requests_reserved) == (5, 0)


@pytest.mark.parametrize(("weight", "text"), [(200_000, "ok"), (200_001, "no"), (2**64 - 1, "no")])
def test_requests_are_paid_with_what_can_be_withdrawn(weight: Any, text: str) -> None:
    """Assumed: the text is that of a withdrawal."""
    _, alice, _ = start()
    words = {"ok": "ok", "no": "Insufficient balance for withdrawal."}

    assert answer(alice.act(ReserveRequestWeight(weight))) == words[text]


def test_an_agent_reserves_no_requests_unless_the_rules_let_it() -> None:
    """Contested 44: refused with the agent's address, or allowed."""
    _, alice, key = start()
    text = f"Must deposit before performing actions. User: {key.address}"
    assert answer(key.act(ReserveRequestWeight(5))) == text  # type: ignore[arg-type]
    assert alice.account.requests_reserved == 0

    _, alice, key = start(Rules(agent_reserve_weight="allowed"))
    assert answer(key.act(ReserveRequestWeight(5))) == "ok"  # type: ignore[arg-type]
    assert alice.account.requests_reserved == 5


# -- spotUser --------------------------------------------------------------------------------------


def test_opting_out_of_dusting_twice_is_refused() -> None:
    """Observed: the text (exchange 5.1). Assumed: opting in twice is not."""
    m, alice, _ = start()
    out, back = SpotUser(SpotDusting(True)), SpotUser(SpotDusting(False))

    answers = [answer(alice.act(action)) for action in (out, out, back, back, out)]

    again = "Already opted out of spot dusting"
    assert answers == ["ok", again, "ok", "ok", "ok"]
    page = answer_value(m.view, {"type": "webData2", "user": alice.address})
    assert page["optOutOfSpotDusting"] is True
    alice.act(back)
    page = answer_value(m.view, {"type": "webData2", "user": alice.address})
    assert "optOutOfSpotDusting" not in page


# -- refused by this world -------------------------------------------------------------------------

PROFILE = Profile(NodeIp("1.2.3.4"), "me", "", False, 5, address("alice"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (EvmUserModify(True), "Action disabled on this chain"),
        (GossipPriorityBid(0, "1.2.3.4", 1), "Insufficient gas at current auction price."),  # type: ignore[arg-type]
        (AuthorizeAqav2Role(1, "technical"), "Insufficient stake"),  # type: ignore[arg-type]
        (ValidatorL1Stream("0.05"), "Unknown validator"),
        (CSignerAction(jail_self=True), "Signer invalid or inactive for current epoch"),  # type: ignore[arg-type]
        (CSignerAction(unjail_self=True), "Signer invalid or inactive for current epoch"),  # type: ignore[arg-type]
        (CValidatorAction(unregister=True), "Unknown validator"),  # type: ignore[arg-type]
        (CValidatorAction(change_profile=ProfileChange(unjailed=True)), "Unknown validator"),
        (CValidatorAction(register=Registration(PROFILE, True, 1)), "Unknown validator"),  # type: ignore[arg-type]
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_this_world_can_only_refuse_spends_the_nonce(action: Any, text: str) -> None:
    """Observed: the texts, of strangers' attempts (exchange 5.1, 5.2); every business refusal
    spends the nonce (exchange 1.3)."""
    _, alice, _ = start()
    nonce = START_MS + 7_000

    assert answer(alice.act(action, nonce=nonce)) == text
    assert answer(alice.act(Noop(), nonce=nonce)) == f"Invalid nonce: duplicate nonce {nonce}"
