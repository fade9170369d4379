"""States that exchanges of this process start with: what one leaves, the next that is alike takes.

Only the state is used again, after it was taken back to the start: the node around it, its clock,
scripts, sockets, limits, faults and requests are made anew for each exchange.
"""

from __future__ import annotations

from threading import Lock

from hlsim.server.app import REPLAY, Options, open_node, reopen_node
from hlsim.server.marks import NodeMark
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock

STARTS_KEPT = 8
"""States that wait for somebody, of some 20 MB each. Beyond that the oldest are forgotten."""


class Starts:
    """States that nobody uses at the moment, with what takes them back to their start."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: list[tuple[Options, NodeMark]] = []

    def __len__(self) -> int:
        return len(self._idle)

    def take(self, options: Options) -> NodeMark | None:
        """The one that waited shortest among those of these options, which is the caller's then."""
        with self._lock:
            for place in reversed(range(len(self._idle))):
                if self._idle[place][0] == options:
                    return self._idle.pop(place)[1]
        return None

    def give_back(self, options: Options, start: NodeMark) -> None:
        """Somebody needs his state no more. What happened to it is forgotten here and now."""
        start.state.rewind()
        with self._lock:
            self._idle.append((options, start))
            del self._idle[:-STARTS_KEPT]


STARTS = Starts()


def opened_node(options: Options) -> tuple[LocalNode, NodeMark | None]:
    """A node as `open_node` makes it, and what it is to be given back with.

    None for what is never twice the same: a start at the wall clock's time, and an archive, whose
    files may change. Raises ValueError for what cannot be loaded.
    """
    is_replay = options.market.startswith(REPLAY)
    if is_replay or (options.clock is Clock.WALL and options.start_ms is None):
        return open_node(options), None
    start = STARTS.take(options)
    if start is not None:
        return reopen_node(options, start), start
    node = open_node(options)
    return node, node.mark()
