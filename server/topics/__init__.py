"""The subscriptions of `/ws`, by family. Importing this package fills the table."""

from __future__ import annotations

from . import activity, contexts, holdings, markets, outcomes, page, request, twaps
from .registry import TOPICS, Refusal, Source, Topic, TopicSpec

__all__ = [
    "TOPICS",
    "Refusal",
    "Source",
    "Topic",
    "TopicSpec",
    "activity",
    "contexts",
    "holdings",
    "markets",
    "outcomes",
    "page",
    "request",
    "twaps",
]
