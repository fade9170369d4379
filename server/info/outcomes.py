"""What is bet on: outcomes and questions."""

from __future__ import annotations

from ...sim.view import View
from ..shapes.outcomes import outcome_row, question_row, settled_row
from .registry import Json, info


@info("outcomeMeta", source="info 9")
def outcome_meta(view: View) -> Json:
    """Observed: what is still live, and nothing else."""
    state = view.state
    return {
        "outcomes": [
            outcome_row(state, one) for one in state.outcomes.values() if one.settled is None
        ],
        "questions": [question_row(one) for one in state.questions.values() if not one.is_settled],
    }


@info("settledOutcome", source="info 9")
def settled_outcome(view: View, outcome: int) -> Json:
    """Null for one that is live or was never listed."""
    found = view.state.outcomes.get(outcome)
    return None if found is None else settled_row(view.state, found)


@info("outcomeTemplates", status="empty", source="info 9")
def outcome_templates(view: View) -> Json:
    """Outcomes are listed by the operator, without templates."""
    return []
