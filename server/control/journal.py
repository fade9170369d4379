"""The journal while it is written."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..console import Console
from ..recorder import Recorder
from .registry import Asked, Download, Json, control

MOST = 1000


class JournalAsked(Asked):
    """How much of it to show."""

    tail: Annotated[int, msgspec.Meta(ge=0, le=MOST, description="so many of the last records")] = 0


class JournalTold(msgspec.Struct):
    """Where the journal is and how long."""

    path: str
    records: int
    size: int
    """Bytes."""
    tail: list[Json]
    """Records, oldest first."""


@control("GET", "journal")
def journal(console: Console, asked: JournalAsked) -> JournalTold:
    """The file that `--journal` names: how many records and bytes, and the last of them."""
    recorder = _recorder(console)
    tail = recorder.last(asked.tail) if asked.tail else []
    return JournalTold(recorder.path, recorder.count, recorder.size, tail)


@control("GET", "journal/file")
def journal_file(console: Console) -> Download:
    """The journal itself, up to the block before the request: `hlsim replay` takes it.

    A journal that is written meanwhile grows behind what is sent.
    """
    recorder = _recorder(console)
    return Download(recorder.path, recorder.size)


def _recorder(console: Console) -> Recorder:
    if console.recorder is None:
        raise ValueError("no journal is written: start with --journal FILE")
    return console.recorder
