"""The subscriptions of `/ws`, by family. Importing this package fills the table."""

from __future__ import annotations

from . import activity, contexts, explorer, fast, holdings, markets, outcomes, page, request, twaps
from .registry import TOPICS, Feed, Refusal, Source, Topic, TopicSpec

__all__ = [
    "TOPICS",
    "Feed",
    "Refusal",
    "Source",
    "Topic",
    "TopicSpec",
    "activity",
    "contexts",
    "explorer",
    "fast",
    "holdings",
    "markets",
    "outcomes",
    "page",
    "request",
    "twaps",
]
