"""What an API server reads from: its own view of the exchange, kept current by blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable

from ..matching.dataclass import dataclass
from ..sim.exchange import Exchange
from ..sim.state import State
from ..sim.view import View
from .blocks import Block, Node
from .saved import adopt


class Replica:
    """A view that is as new as the last block it was given.

    `following` keeps a state of its own and repeats every block's inputs, as an API server on
    another machine does. `shared` looks at a state in the same process that the node itself keeps
    current; this is the only place that may know of such a thing.
    """

    def __init__(self, state: State, exchange: Exchange | None) -> None:
        self.view = View(state)
        self._exchange = exchange

    @classmethod
    def following(cls, snapshot: bytes) -> Replica:
        """Starts from what `Node.snapshot` gave."""
        exchange = Exchange.restore(snapshot)
        return cls(exchange.state, exchange)

    @classmethod
    def shared(cls, state: State) -> Replica:
        """Reads the node's own state."""
        return cls(state, None)

    def on_block(self, block: Block) -> None:
        """Catches up with one block."""
        exchange = self._exchange
        if exchange is None:
            return
        if block.restored is not None:
            adopt(exchange.state, Exchange.restore(block.restored.snapshot).state)
        for item in block.inputs:
            exchange.feed(item)
        exchange.drain()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRules:
    """What answers of `/info`, and posts of them over `/ws`, are read from."""

    read_lag_ms: int = 0
    """How far they are behind, in exchange time. Observed: mostly found at once, once unknown for
    0.4 to 1.1 s after the acknowledgement (contested 69)."""


@dataclass(frozen=True, slots=True)
class LateMark:
    """A late replica at one moment."""

    lag_ms: int
    snapshot: bytes
    """Of the exchange that it showed."""
    late: tuple[Block, ...]
    """What it was still to repeat."""


class Reads:
    """What queries are answered from: the exchange as it is, or as it was so many ms ago."""

    def __init__(self, node: Node, present: Replica, rules: ReadRules) -> None:
        self._node = node
        self._present = present
        self._usual_ms = rules.read_lag_ms
        self._late: dict[int, tuple[LateReplica, Callable[[], None]]] = {}
        self.keep(())

    def keep(self, lags: Collection[int]) -> None:
        """By how many ms queries may be late from now on, besides the usual lag.

        Nobody knows what was before a lag began: until it is over, queries tell of its beginning.
        """
        wanted = {self._usual_ms, *lags} - {0}
        for lag_ms in [*self._late]:
            if lag_ms not in wanted:
                _, unsubscribe = self._late.pop(lag_ms)
                unsubscribe()
        for lag_ms in sorted(wanted - self._late.keys()):
            replica = LateReplica(self._node.snapshot(), lag_ms)
            self._late[lag_ms] = (replica, self._node.subscribe(replica.on_block))

    def mark(self) -> tuple[LateMark, ...]:
        """What those who are late are to see yet, for `rewind`."""
        return tuple(replica.mark() for replica, _ in self._late.values())

    def rewind(self, marks: Iterable[LateMark]) -> None:
        """They see again what they saw at `mark`. To be called once the node has gone back, at
        which somebody may have lifted a lag.
        """
        for mark in marks:
            if mark.lag_ms in self._late:
                self._late[mark.lag_ms][0].rewind(mark)

    def view(self, lag_ms: int | None = None) -> View:
        """What a query is answered from that is so late, one of those kept; None: the usual one."""
        late_ms = self._usual_ms if lag_ms is None else lag_ms
        return self._late[late_ms][0].view if late_ms else self._present.view


BLOCKS_KEPT = 50_000
"""That a late replica has still to repeat. A clock that stands would let there be ever more."""


class LateReplica(Replica):
    """A following replica that repeats a block when one comes that is `lag_ms` younger, or `kept`
    others have come.

    Another exchange in the place of the node's is the operator's doing and is seen at once.
    """

    def __init__(self, snapshot: bytes, lag_ms: int, kept: int = BLOCKS_KEPT) -> None:
        self._late_exchange = exchange = Exchange.restore(snapshot)
        super().__init__(exchange.state, exchange)
        self._lag_ms = lag_ms
        self._kept = kept
        self._late: deque[Block] = deque()

    def on_block(self, block: Block) -> None:
        """Keeps a block for later, and catches up with those that are old enough."""
        late = self._late
        if block.restored is not None:
            late.clear()
            super().on_block(block)
            return
        late.append(block)
        while late[0].time_ms <= block.time_ms - self._lag_ms or len(late) > self._kept:
            super().on_block(late.popleft())

    def mark(self) -> LateMark:
        """For `rewind`."""
        return LateMark(self._lag_ms, self._late_exchange.snapshot(), tuple(self._late))

    def rewind(self, mark: LateMark) -> None:
        """Shows again what it showed, with the same still to come."""
        adopt(self._late_exchange.state, Exchange.restore(mark.snapshot).state)
        self._late = deque(mark.late)
