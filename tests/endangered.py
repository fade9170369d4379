"""Accounts that a move of the mark endangers, with round numbers, in markets with empty books."""

from __future__ import annotations

from stories import Story, Trader, market, usd

from hlsim.matching.types import Tif
from hlsim.sim.actions.leverage import UpdateIsolatedMargin
from hlsim.sim.events import Event, Fill
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.rules import Rules
from hlsim.sim.state import Account

Pair = tuple[Story, Trader, Trader]


def vault(m: Story) -> Account | None:
    return m.ex.account(LIQUIDATOR)


def meets(m: Story, long: Trader, short: Trader, terms: str) -> None:
    """`long` takes what `short` offers; the book is empty again."""
    short.sells(terms, tif=Tif.ALO)
    long.buys(terms)


def eth_long(rules: Rules | None = None, *, usd: str = "500.9") -> Pair:
    """Alice is long 1 ETH from 2000 with an account value of 500; bob is short."""
    m = market(rules)
    alice, bob = m.account("alice", usd=usd), m.account("bob")
    meets(m, alice, bob, "1 ETH @ 2000")
    m.events()
    return m, alice, bob


def eth_short() -> Pair:
    m = market()
    alice, bob = m.account("alice", usd="500.9"), m.account("bob")
    bob.buys("1 ETH @ 2000", tif=Tif.ALO)
    alice.sells("1 ETH @ 2000")
    return m, alice, bob


def btc_isolated(is_long: bool) -> Pair:
    """Alice holds 1 BTC from 100000 at 20x with a margin of exactly 5000, and 1000 cross."""
    m = market()
    m.oracle("BTC", "100000")
    alice, bob = m.account("alice", usd="6045"), m.account("bob", usd="1000000")
    alice.leverage("BTC", 20, cross=False)
    if is_long:
        meets(m, alice, bob, "1 BTC @ 100000")
    else:
        bob.buys("1 BTC @ 100000", tif=Tif.ALO)
        alice.sells("1 BTC @ 100000")
    alice.act(UpdateIsolatedMargin(0, True, 45_000_000))  # type: ignore[arg-type]
    assert alice.account.raw_usd == usd("1000")
    return m, alice, bob


def btc_tiers() -> Pair:
    """Alice is long 3000 BTC from 60000 with 10M: two tiers."""
    m = market()
    m.oracle("BTC", "60000")
    alice, bob = m.account("alice", usd="10081000"), m.account("bob", usd="50000000")
    meets(m, alice, bob, "3000 BTC @ 60000")
    return m, alice, bob


def large_long(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    """Alice is long 100 ETH worth 200000 at 20x; carol bids for all of it."""
    m = market(rules)
    alice, bob = m.account("alice", usd="10000"), m.account("bob", usd="1000000")
    meets(m, alice, bob, "100 ETH @ 2000")
    carol = m.account("carol", usd="1000000")
    carol.buys("1000 ETH @ 1930")
    m.events()
    return m, alice, carol


def fills(events: list[Event]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]
