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

HASHES_KEPT = 64


class Starts:
    """States that nobody uses at the moment, with what takes them back to their start."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: list[tuple[Options, NodeMark]] = []
        self._hashes: dict[Options, str] = {}

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

    def hash_of(self, options: Options, node: LocalNode) -> str:
        """The hash of the state that a node of these options just began with, "" where it would
        have to be computed each time: that takes half a second, which no test should wait for.
        """
        if not _is_repeatable(options):
            return ""
        found = self._hashes.get(options)
        if found is None:
            found = node.exchange.state_hash()
            with self._lock:
                if len(self._hashes) >= HASHES_KEPT:
                    del self._hashes[next(iter(self._hashes))]
                self._hashes[options] = found
        return found


STARTS = Starts()


def _is_repeatable(options: Options) -> bool:
    """False for what is never twice the same: a start at the wall clock's time, and an archive,
    whose files may change.
    """
    is_replay = options.market.startswith(REPLAY)
    return not is_replay and (options.clock is not Clock.WALL or options.start_ms is not None)


def opened_node(options: Options) -> tuple[LocalNode, NodeMark | None]:
    """A node as `open_node` makes it, and what it is to be given back with, None for what is never
    twice the same. Raises ValueError for what cannot be loaded.
    """
    if not _is_repeatable(options):
        return open_node(options), None
    start = STARTS.take(options)
    if start is not None:
        return reopen_node(options, start), start
    node = open_node(options)
    return node, node.mark()
