"""Back to an earlier moment: snapshots that are kept here, and the start."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..console import Console
from .clock import Time
from .registry import Asked, control


class SnapshotTold(msgspec.Struct):
    """A kept snapshot."""

    id: int
    """For `restore`; never used twice."""
    time: int
    height: int


@control("POST", "snapshot")
def snapshot(console: Console) -> SnapshotTold:
    """Keeps everything as it is now, for `restore`.

    That is the exchange to the last nonce, timer and id, the actors of the market and their chance,
    the clock and who moves it, the rate limits and the faults. The 64 newest are kept, of half a
    gigabyte in all; older ones are forgotten.
    """
    name = console.keep()
    state = console.node.exchange.state
    return SnapshotTold(name, console.node.pacer.now_ms(), state.height)


class Restore(Asked):
    """Which snapshot."""

    id: Annotated[int, msgspec.Meta(description="what snapshot answered")]


@control("POST", "restore")
def restore(console: Console, asked: Restore) -> Time:
    """Makes everything what it was at a snapshot, which stays good for the next time.

    Sockets stay open; each subscription gets its first frame anew or is refused.
    """
    console.restore(asked.id)
    return Time(console.node.pacer.now_ms())


@control("POST", "reset")
def reset(console: Console) -> Time:
    """Makes everything what it was when the exchange started, its time included.

    Kept snapshots stay good.
    """
    console.reset()
    return Time(console.node.pacer.now_ms())
