"""Outcome markets by hand: listed and settled, as the exchange's operators do."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ...sim.fixed import Px
from ...sim.operations import ListOutcome, ListQuestion, SettleOutcome, SettleQuestion
from ...sim.outcomes import EVEN
from ..console import Console
from ..values import parse_amount
from .money import Amount
from .registry import Asked, control


class OutcomeTold(msgspec.Struct):
    """The number of an outcome or a question, and the time."""

    number: int
    time: int


class ListOutcomeAsked(Asked):
    """A new outcome."""

    name: str
    description: str = ""
    px: Annotated[
        Amount | None, msgspec.Meta(description="where its first side stands; left out: 0.5")
    ] = None


@control("POST", "outcome/list")
def list_outcome(console: Console, asked: ListOutcomeAsked) -> OutcomeTold:
    """Lists an outcome with the sides Yes and No. A living market quotes it soon."""
    px = EVEN if asked.px is None else Px(parse_amount(asked.px, 8, "price"))
    console.node.operate(ListOutcome(asked.name, asked.description, px=px))
    return _told(console, max(console.node.exchange.state.outcomes))


class SettleOutcomeAsked(Asked):
    """Which outcome, and what came true of it."""

    outcome: int
    fraction: Annotated[
        Amount,
        msgspec.Meta(description="from 0 to 1: what a token of the first side is paid, 1 for Yes"),
    ]


@control("POST", "outcome/settle")
def settle_outcome(console: Console, asked: SettleOutcomeAsked) -> OutcomeTold:
    """Ends an outcome and pays its tokens."""
    fraction = parse_amount(asked.fraction, 8, "fraction", or_none=True)
    console.node.operate(SettleOutcome(asked.outcome, Px(fraction)))
    return _told(console, asked.outcome)


class ListQuestionAsked(Asked):
    """A new question."""

    name: str
    outcomes: Annotated[list[str], msgspec.Meta(min_length=1, description="their names")]
    description: str = ""
    fallback: Annotated[str, msgspec.Meta(description="name of what else may happen")] = "Other"


@control("POST", "question/list")
def list_question(console: Console, asked: ListQuestionAsked) -> OutcomeTold:
    """Lists a question with an outcome for each name and one for everything else."""
    named = tuple((name, "") for name in asked.outcomes)
    told = ListQuestion(asked.name, named, asked.description, (asked.fallback, ""))
    console.node.operate(told)
    return _told(console, max(console.node.exchange.state.questions))


class SettleQuestionAsked(Asked):
    """Which question, and the outcome that happened."""

    question: int
    winner: Annotated[int, msgspec.Meta(description="number of the outcome")]


@control("POST", "question/settle")
def settle_question(console: Console, asked: SettleQuestionAsked) -> OutcomeTold:
    """Ends a question: one of its outcomes happened."""
    console.node.operate(SettleQuestion(asked.question, asked.winner))
    return _told(console, asked.question)


def _told(console: Console, number: int) -> OutcomeTold:
    return OutcomeTold(number, console.node.exchange.state.time_ms)
