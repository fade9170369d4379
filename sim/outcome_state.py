"""Outcomes and questions. Plain data."""

from __future__ import annotations

from dataclasses import field

from ..matching.dataclass import dataclass
from .fixed import Px, Wei


@dataclass(slots=True)
class Settled:
    """How an outcome ended."""

    fraction: Px
    """What a token of side 0 was worth; one of side 1 the rest of 1."""
    details: str
    time_ms: int


@dataclass(slots=True)
class Outcome:
    """A thing that happens or does not. Each of its two sides is a market."""

    id: int
    name: str
    description: str
    sides: tuple[str, str]
    quote: int
    """Token index."""
    question: int | None = None
    locked: Wei = Wei(0)
    """Quote that its tokens stand for; of an outcome with a question the question holds it."""
    settled: Settled | None = None


@dataclass(slots=True)
class Question:
    """Outcomes of which exactly one happens: the named ones, and the fallback for all else."""

    id: int
    name: str
    description: str
    fallback: int
    named: list[int]
    settled_named: list[int] = field(default_factory=list)
    locked: Wei = Wei(0)
    is_settled: bool = False

    @property
    def live(self) -> list[int]:
        """Outcomes that may still happen."""
        return [one for one in (*self.named, self.fallback) if one not in self.settled_named]
