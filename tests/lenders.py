"""A small exchange with lenders and borrowers, and what they do."""

from __future__ import annotations

from functools import cache
from typing import Any

from stories import START_MS, Story, Trader, address, market

from hlsim.server.encode import error_text
from hlsim.server.shapes.lending import reserve_state, user_state
from hlsim.sim.actions.lending import BorrowLend
from hlsim.sim.replies import Refused
from hlsim.sim.rules import Rules

USDC, PURR, HYPE = 0, 1, 2
"""Token indices of the small universe."""


CASES: dict[str, list[dict[str, Any]]] = {
    "allBorrowLendReserveStates": [{}],
    "borrowLendReserveState": [{"token": token} for token in (0, 1, 2, 99)],
    "borrowLendUserState": [{"user": address(name)} for name in ("alice", "bob", "nobody")],
    "userBorrowLendInterest": [
        {"user": address(name), "startTime": START_MS} for name in ("alice", "bob", "nobody")
    ],
}
"""Requests of the goldens, put to `lived`."""


def answer(reply: Any) -> str:
    return error_text(reply.error) if isinstance(reply, Refused) else "ok"


def lends(trader: Trader, operation: str, token: int, amount: str | None, **call: Any) -> str:
    """One borrowLend, and what it is answered."""
    return answer(trader.act(BorrowLend(operation, token, amount), **call))  # type: ignore[arg-type]


def lent(m: Story, trader: Trader, token: int) -> tuple[str, str, str, str]:
    """(borrow basis, value, supply basis, value) as the account sees them."""
    rows = dict(user_state(m.view, trader.address)["tokenToState"])
    if token not in rows:
        return ("0.0", "0.0", "0.0", "0.0")
    both = rows[token]
    return (*both["borrow"].values(), *both["supply"].values())


def reserve(m: Story, token: int = USDC) -> dict[str, str]:
    return reserve_state(m.view, token)


def lenders(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    """alice with 100 HYPE at 40, and bob, whose 10000 USDC lie in the reserve."""
    m = market(rules)
    alice = m.account("alice", usd="100", HYPE="100")
    bob = m.account("bob", usd="100", spot_usdc="10000")
    assert lends(bob, "supply", USDC, "10000") == "ok"
    return m, alice, bob


@cache
def lived() -> Story:
    """An hour of interest: alice owes 2000, bob lends."""
    m, alice, _ = lenders()
    assert lends(alice, "supply", HYPE, "100") == "ok"
    assert lends(alice, "borrow", USDC, "2000") == "ok"
    m.advance(hours=1)
    return m
