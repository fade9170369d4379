"""Account modes: who may change to what."""

from __future__ import annotations

from typing import Any

import pytest
from stories import START_MS, Trader, address, market, usd

from hlsim.server.encode import error_text
from hlsim.sim.actions.abstraction import (
    AgentEnableDexAbstraction,
    AgentSetAbstraction,
    UserDexAbstraction,
    UserPortfolioMargin,
    UserSetAbstraction,
)
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.replies import Refused
from hlsim.sim.rules import Rules

NOW: Any = START_MS
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
NOT_ALLOWED = "Abstraction transition not allowed"
PORTFOLIO = "Portfolio margin requires account value of $10000 or total volume of $5000000."
DISABLED = "Action disabled when unified account is active"
SPOT_ONLY = "Unified account only supports sending assets through spot"


def answer(reply: Any) -> str:
    return error_text(reply.error) if isinstance(reply, Refused) else "ok"


def sets(trader: Trader, mode: str) -> str:
    word: Any = mode
    return answer(trader.act(UserSetAbstraction(trader.address, word, NOW)))


def agent_sets(trader: Trader, mode: str) -> str:
    word: Any = mode
    return answer(trader.act(AgentSetAbstraction(word)))


def dex(trader: Trader, *, enabled: bool) -> str:
    return answer(trader.act(UserDexAbstraction(trader.address, enabled, NOW)))


def agent_dex(trader: Trader) -> str:
    return answer(trader.act(AgentEnableDexAbstraction()))


# -- changing the mode -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "answers", "mode", "flag"),
    [
        ("", "", "default", None),
        ("user disabled", "ok", "disabled", None),
        ("user unified", "ok", "unifiedAccount", None),
        ("user disabled, user disabled", "ok, ok", "disabled", None),
        ("user disabled, user unified", "ok, ok", "unifiedAccount", None),
        ("user unified, user unified", "ok, ok", "unifiedAccount", None),
        ("user unified, user disabled", "ok, no", "unifiedAccount", None),
        ("agent unified", "ok", "unifiedAccount", None),
        ("agent disabled", "ok", "disabled", None),
        ("agent unified, agent unified", "ok, no", "unifiedAccount", None),
        ("agent unified, agent disabled", "ok, no", "unifiedAccount", None),
        ("user disabled, agent unified", "ok, no", "disabled", None),
        ("agent unified, agent dex", "ok, no", "unifiedAccount", None),
        ("agent dex", "ok", "dexAbstraction", True),
        ("agent dex, agent dex", "ok, no", "dexAbstraction", True),
        ("dex off, agent dex", "ok, no", "disabled", False),
        ("dex on, dex off", "ok, ok", "disabled", False),
        ("dex on, user disabled", "ok, ok", "disabled", False),
        ("dex on, user unified", "ok, ok", "unifiedAccount", False),
        ("user unified, dex on", "ok, no", "unifiedAccount", None),
        ("user portfolio", "ok", "portfolioMargin", None),
        ("user portfolio, user portfolio", "ok, ok", "portfolioMargin", None),
        ("user unified, user portfolio", "ok, ok", "portfolioMargin", None),
        ("user portfolio, user unified", "ok, no", "portfolioMargin", None),
        ("user portfolio, user disabled", "ok, no", "portfolioMargin", None),
        ("user portfolio, dex on", "ok, no", "portfolioMargin", None),
        ("agent portfolio, agent portfolio", "ok, no", "portfolioMargin", None),
    ],
)
def test_transitions(steps: str, answers: str, mode: str, flag: bool | None) -> None:
    """Observed: an agent enables dex abstraction from null only, and not after "u" (exchange 5.1).
    Inferred: unified is for good. Assumed: the rest."""
    alice = market().account("alice")
    deeds: dict[str, Any] = {
        "user disabled": lambda: sets(alice, "disabled"),
        "user unified": lambda: sets(alice, "unifiedAccount"),
        "user portfolio": lambda: sets(alice, "portfolioMargin"),
        "agent portfolio": lambda: agent_sets(alice, "portfolioMargin"),
        "agent disabled": lambda: agent_sets(alice, "disabled"),
        "agent unified": lambda: agent_sets(alice, "unifiedAccount"),
        "agent dex": lambda: agent_dex(alice),
        "dex on": lambda: dex(alice, enabled=True),
        "dex off": lambda: dex(alice, enabled=False),
    }

    found = [deeds[step]() for step in steps.split(", ") if step]

    assert found == [{"ok": "ok", "no": NOT_ALLOWED}[word] for word in answers.split(", ") if word]
    assert (alice.account.abstraction, alice.account.dex_abstraction) == (mode, flag)


def test_a_real_agent_sets_the_mode_of_its_master() -> None:
    """Documented: an agent's twin of the user-signed action (exchange 5.1)."""
    m = market()
    alice = m.account("alice")
    alice.act(ApproveAgent(address("key"), NOW))

    assert agent_sets(Trader(m, address("key")), "unifiedAccount") == "ok"
    assert alice.account.abstraction == "unifiedAccount"


@pytest.mark.parametrize("kind", [UserSetAbstraction, UserDexAbstraction, UserPortfolioMargin])
def test_somebody_elses_account_is_no_sub_account(kind: Any) -> None:
    """Observed: the text (exchange 7.5)."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    word = "disabled" if kind is UserSetAbstraction else True

    reply = alice.act(kind(bob.address, word, NOW))

    assert answer(reply) == f"Sub-account {bob.address} is not registered to {alice.address}"


@pytest.mark.parametrize(
    ("funds", "text"),
    [
        ({"usd": "9999.999999"}, PORTFOLIO),
        ({"usd": "5000", "spot_usdc": "4999.99999999"}, PORTFOLIO),
        ({"usd": "10000"}, "ok"),
        ({"usd": "5000", "spot_usdc": "5000"}, "ok"),
        ({"usd": "1", "HYPE": "249.9"}, PORTFOLIO),
        ({"usd": "4", "HYPE": "249.9"}, "ok"),
        ({"usd": "24999999.999999"}, "ok"),
        ({"usd": "25000000"}, NOT_ALLOWED),
    ],
    ids=str,
)
def test_portfolio_margin_is_for_who_is_worth_enough_and_not_too_much(
    funds: Any, text: str
) -> None:
    """Observed: the text for the small (exchange 7.6). Documented: $10k to $25M (mechanics 6.5).
    Assumed: the text for the large; spot tokens count at mark."""
    alice = market().account("alice", **funds)

    assert answer(alice.act(UserPortfolioMargin(alice.address, False, NOW))) == "ok"
    enable = UserPortfolioMargin(alice.address, True, NOW)
    assert answer(alice.act(enable)) == text
    assert sets(alice, "portfolioMargin") == text
    mode = "portfolioMargin" if text == "ok" else "default"
    assert alice.account.abstraction == mode


def test_an_account_that_trades_cannot_change_to_portfolio_margin() -> None:
    """Documented: no positions, orders or TWAPs. Assumed: the text."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    alice.buys("1 ETH @ 1900")
    assert sets(alice, "portfolioMargin") == NOT_ALLOWED
    bob.sells("1 ETH @ 1900")
    assert alice.szi("ETH")
    assert sets(alice, "portfolioMargin") == NOT_ALLOWED

    bob.buys("1 ETH @ 1900")
    alice.sells("1 ETH @ 1900")
    assert sets(alice, "portfolioMargin") == "ok"


def test_volume_opens_the_gate_of_portfolio_margin_too() -> None:
    """Observed: "or total volume of $5000000" (exchange 7.6)."""
    alice = market().account("alice", usd="100")
    alice.account.volume.total_usd = 5_000_000 * 10**8 - 1
    assert sets(alice, "portfolioMargin") == PORTFOLIO

    alice.account.volume.total_usd += 1
    assert sets(alice, "portfolioMargin") == "ok"


def test_new_accounts_take_the_mode_of_the_rules() -> None:
    """Contested 64: "default" by default, or unified."""
    assert market().account("alice").account.abstraction == "default"

    m = market(Rules(new_account_mode="unifiedAccount"))
    alice = m.account("alice", usd="100", spot_usdc="50")

    assert alice.account.abstraction == "unifiedAccount"
    assert m.view.account(address("nobody")).abstraction == "default"
    assert (alice.account.raw_usd, alice.spot("USDC")) == (usd("150"), 0)
