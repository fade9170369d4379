"""A small exchange with one account under portfolio margin, and what it shows."""

from __future__ import annotations

from typing import Any

from lenders import USDC, lends
from stories import Story, Trader, market

from hlsim.server.shapes.spot import spot_state
from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.replies import Done, Resting
from hlsim.sim.rules import Rules


def managed(
    *, usd: str = "0.01", hype: str = "1000", rules: Rules | None = None, pool: str = "100000"
) -> tuple[Story, Trader, Trader]:
    """(m, alice, bob): alice with HYPE at 40 under portfolio margin; bob makes markets of ETH and
    HYPE, and his USDC lie in the reserve.
    """
    m = market(rules)
    bob = m.account("bob", usd="10000000", spot_usdc="500000", HYPE="10000")
    assert lends(bob, "supply", USDC, pool) == "ok"
    alice = m.account("alice", usd=usd, HYPE=hype)
    assert alice.act(AgentSetAbstraction("portfolioMargin")) == Done()  # type: ignore[arg-type]
    bob.sells("1000 ETH @ 2000")
    bob.buys("1000 ETH @ 1999")
    bob.sells("1000 @107 @ 40")
    bob.buys("1000 @107 @ 39.9")
    return m, alice, bob


def joins(m: Story) -> None:
    """pam, who borrows for a resting order out of what lea lends; both are new to the exchange."""
    lea = m.account("lea", usd="1", spot_usdc="10000")
    assert lends(lea, "supply", USDC, "10000") == "ok"
    pam = m.account("pam", usd="12000", HYPE="400")
    assert pam.act(AgentSetAbstraction("portfolioMargin")) == Done()  # type: ignore[arg-type]
    pam.leverage("ETH", 10)
    assert isinstance(pam.buys("100 ETH @ 1900"), Resting)


def shown(m: Story, trader: Trader) -> dict[str, Any]:
    return spot_state(m.view, trader.address)


def row(m: Story, trader: Trader, coin: str = "USDC") -> dict[str, str]:
    """The balance of a coin without its names."""
    found = next(each for each in shown(m, trader)["balances"] if each["coin"] == coin)
    return {key: found[key] for key in found if key not in ("coin", "token", "entryNtl")}
