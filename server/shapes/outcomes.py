"""Outcomes and questions, as their listings, answers and streams show them."""

from __future__ import annotations

from typing import Any

from ...sim.outcome_state import Outcome, Question
from ...sim.state import State
from .text import px_text


def outcome_row(state: State, outcome: Outcome) -> dict[str, Any]:
    """A row of `outcomeMeta.outcomes` and the `spec` of a settled one (info 9)."""
    return {
        "outcome": outcome.id,
        "name": outcome.name,
        "description": outcome.description,
        "sideSpecs": [{"name": side} for side in outcome.sides],
        "quoteToken": state.universe.tokens[outcome.quote].name,
    }


def created_row(state: State, outcome: Outcome) -> dict[str, Any]:
    """What `outcomeCreated` says. Assumed: the operator's outcomes have no venue and no fee."""
    return {**outcome_row(state, outcome), "venue": "", "deployerFeeScale": "0.0"}


def question_row(question: Question) -> dict[str, Any]:
    """A row of `outcomeMeta.questions`."""
    return {
        "question": question.id,
        "name": question.name,
        "description": question.description,
        "fallbackOutcome": question.fallback,
        "namedOutcomes": list(question.named),
        "settledNamedOutcomes": list(question.settled_named),
    }


def settled_row(state: State, outcome: Outcome) -> dict[str, Any] | None:
    """The answer of `settledOutcome`, None while the outcome is live."""
    settled = outcome.settled
    if settled is None:
        return None
    row: dict[str, Any] = {
        "spec": outcome_row(state, outcome),
        "settleFraction": px_text(settled.fraction),
        "details": settled.details,
    }
    if outcome.question is not None:
        question = state.questions[outcome.question]
        row["question"] = {
            "question": {"settled" if question.is_settled else "active": question.id},
            "name": question.name,
            "description": question.description,
        }
    return row
