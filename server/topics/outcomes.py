"""What is listed and settled of outcomes and questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...matching.dataclass import dataclass
from ...sim.events import (
    Event,
    OutcomeCreated,
    OutcomeSettled,
    QuestionSettled,
    QuestionUpdated,
)
from ...sim.view import View
from ..info.registry import Json
from ..shapes.outcomes import created_row, question_row
from .registry import Source, Topic, topic


@topic("outcomeMetaUpdates", source="ws 3.10")
@dataclass(frozen=True, slots=True)
class OutcomeMetaUpdates(Topic):
    """A bare list for each block that changed something, no snapshot (contested 37)."""

    def sources(self) -> tuple[Source, ...]:
        return (("outcomeMetaUpdates", ""),)

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return ([_row(view, event) for event in events],)


def _row(view: View, event: Event) -> dict[str, Any]:
    state = view.state
    match event:
        case OutcomeCreated():
            return {"outcomeCreated": created_row(state, state.outcomes[event.outcome])}
        case OutcomeSettled():
            return {"outcomeSettled": event.outcome}
        case QuestionUpdated():
            return {"questionUpdated": question_row(state.questions[event.question])}
        case QuestionSettled():
            return {"questionSettled": event.question}
    raise AssertionError(event)
