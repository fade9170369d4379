"""Outcomes, and what traders do with their tokens, one line each."""

from __future__ import annotations

from typing import Any

from stories import Story, Trader, market

from hlsim.sim.actions.outcomes import (
    MergeOutcome,
    MergeQuestion,
    NegateOutcome,
    SplitOutcome,
    UserOutcome,
)
from hlsim.sim.errors import ActionReject
from hlsim.sim.fixed import parse_decimal
from hlsim.sim.operations import ListOutcome, ListQuestion
from hlsim.sim.replies import Done, Refused
from hlsim.sim.state import State


def rain(**more: Any) -> Story:
    """A small exchange with outcome 1: `#10` is Yes, `#11` is No."""
    m = market(**more)
    m.ex.operate(ListOutcome("Rain?"))
    return m


def election(**more: Any) -> Story:
    """A small exchange with question 1: outcomes 1 and 2 by name, 3 for all else."""
    m = market(**more)
    m.ex.operate(ListQuestion("Who?", (("A", ""), ("B", ""))))
    return m


def amount(text: str | None) -> Any:
    return None if text is None else parse_decimal(text, 8)


def act(trader: Trader, **variant: Any) -> str | None:
    """The refusal, None when it was done."""
    response = trader.act(UserOutcome(**variant))
    if isinstance(response, Refused):
        why = response.error.why
        assert isinstance(why, ActionReject)
        return why.value
    assert response == Done()
    return None


def split(trader: Trader, outcome: int, text: str) -> str | None:
    one: Any = SplitOutcome(outcome, amount(text))  # type: ignore[arg-type]  # the wire text
    return act(trader, split_outcome=one)


def merge(trader: Trader, outcome: int, text: str | None = None) -> str | None:
    one: Any = MergeOutcome(outcome, amount(text))  # type: ignore[arg-type]  # the wire text
    return act(trader, merge_outcome=one)


def merge_question(trader: Trader, question: int, text: str | None = None) -> str | None:
    one: Any = MergeQuestion(question, amount(text))  # type: ignore[arg-type]  # the wire text
    return act(trader, merge_question=one)


def negate(trader: Trader, question: int, outcome: int, text: str) -> str | None:
    one: Any = NegateOutcome(question, outcome, amount(text))  # type: ignore[arg-type]  # the wire text
    return act(trader, negate_outcome=one)


def held(trader: Trader, number: int) -> int:
    """Tokens of `+number`, in 1e-8."""
    found = trader.account.spot.get(100_000_000 + number)
    return 0 if found is None else found.total


def usdc(trader: Trader) -> int:
    return trader.account.spot[0].total


def check_supply(state: State) -> None:
    """Tokens in being are held by somebody, and what is locked pays for every possible end."""
    for side in state.universe.outcomes:
        total = sum(
            one.spot[side.id].total for one in state.accounts.values() if side.id in one.spot
        )
        assert total == state.markets[side.id].supply
    first = 100_000_000

    def supply(outcome: int, side: int) -> int:
        return state.markets[first + 10 * outcome + side].supply

    for outcome in state.outcomes.values():
        if outcome.question is None:
            assert supply(outcome.id, 0) == supply(outcome.id, 1) == outcome.locked
    for question in state.questions.values():
        for winner in [] if question.is_settled else question.live:
            others = sum(supply(one, 1) for one in question.live if one != winner)
            assert supply(winner, 0) + others == question.locked
