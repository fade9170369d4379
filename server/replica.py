"""What an API server reads from: its own view of the exchange, kept current by blocks."""

from __future__ import annotations

from ..sim.exchange import Exchange
from ..sim.state import State
from ..sim.view import View
from .blocks import Block
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
