"""Traders who stake, refer and ask about it: one-line deeds for the tests of fees and staking."""

from __future__ import annotations

from typing import Any

import msgspec
from stories import START_MS, Story, Trader, market

from hlsim.server.encode import error_text
from hlsim.server.info import answer
from hlsim.sim.actions.misc import SetReferrer
from hlsim.sim.actions.staking import StakingDeposit, StakingWithdraw, TokenDelegate
from hlsim.sim.fixed import Address, parse_decimal
from hlsim.sim.operations import SetReferralCode
from hlsim.sim.replies import Done, Refused, Response
from hlsim.sim.rules import Rules

VALIDATOR = Address("0x5ac99df645f3414876c816caa18b2d234024b487")
SECOND = Address("0xa012b9040d83c5cbad9e6ea73c525027b755f596")
CLOSED = Address("0x15458aae65e0a2d6d2e8a4d3d6c64a2cc29a1e10")
"""Takes no delegations."""
DAY_MS = 86_400_000
NONCE: Any = START_MS


def hype(amount: str) -> Any:
    return parse_decimal(amount, 8)


def ask(story: Story, name: str, **fields: Any) -> Any:
    """What the info type answers."""
    request = msgspec.json.encode({"type": name, **fields})
    return msgspec.json.decode(answer(story.view, request))


def refusal(response: Response) -> str:
    """The text of a refused action."""
    assert isinstance(response, Refused), response
    return error_text(response.error)


def acts(trader: Trader, action: Any) -> Response:
    """Applies `action` with a nonce of the exchange's own time, however many days went by."""
    story = trader.market
    return trader.act(action, nonce=story.ex.state.time_ms + next(story.nonces) - START_MS)


def deposits(trader: Trader, amount: str) -> Response:
    return acts(trader, StakingDeposit(hype(amount), NONCE))


def delegates(trader: Trader, amount: str, validator: Address = VALIDATOR) -> Response:
    return acts(trader, TokenDelegate(validator, hype(amount), False, NONCE))


def undelegates(trader: Trader, amount: str, validator: Address = VALIDATOR) -> Response:
    return acts(trader, TokenDelegate(validator, hype(amount), True, NONCE))


def withdraws(trader: Trader, amount: str) -> Response:
    return acts(trader, StakingWithdraw(hype(amount), NONCE))


def stakes(trader: Trader, amount: str) -> None:
    """From spot to a validator."""
    assert deposits(trader, amount) == Done()
    assert delegates(trader, amount) == Done()


def referred(story: Story, trader: Trader) -> Trader:
    """The new referrer of `trader`."""
    referrer = story.account("referrer")
    story.ex.operate(SetReferralCode(referrer.address, "CODE"))
    assert trader.act(SetReferrer("CODE")) == Done()
    return referrer


def staker(amount: str = "100", **rules: Any) -> tuple[Story, Trader]:
    """An exchange, and one who has so much HYPE on spot."""
    m = market(Rules(**rules))
    return m, m.account("alice", HYPE=amount)


def summary(m: Story, alice: Trader) -> tuple[str, str, str, int]:
    """delegated, undelegated, totalPendingWithdrawal, nPendingWithdrawals."""
    found = ask(m, "delegatorSummary", user=alice.address)
    return tuple(found.values())  # type: ignore[return-value]


def amounts(m: Story, alice: Trader) -> dict[str, str]:
    """What is delegated, by validator."""
    found = ask(m, "delegations", user=alice.address)
    return {row["validator"]: row["amount"] for row in found}
