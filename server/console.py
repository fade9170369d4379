"""What the operator has at hand: all that the control plane and the library work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..matching.dataclass import dataclass
from ..scenarios.director import Director
from .clients import Clients
from .faults import Faults
from .marks import Moment, Moments
from .node import LocalNode
from .requests import Requests
from .streams import Streams

if TYPE_CHECKING:
    from .app import Options


@dataclass(slots=True)
class Console:
    """One running exchange from the operator's side. To be used in its event loop."""

    node: LocalNode
    options: Options
    """How it started."""
    director: Director
    clients: Clients
    requests: Requests
    """What clients sent and got."""
    streams: Streams
    faults: Faults
    reopen: Callable[[], bytes]
    """Makes what `LocalNode.load` takes of the exchange as it started."""
    moments: Moments = field(default_factory=Moments)
    """What `snapshot` kept."""
    start: Moment | None = None
    """How it started, once somebody went back there."""
    first_faults: Any = None
    """Those that it started with."""

    def __post_init__(self) -> None:
        self.first_faults = self.faults.state()

    def moment(self) -> Moment:
        """Everything as it is now: exchange, actors of the market, clock, rate limits, faults."""
        return Moment(self.node.mark(), self.clients.mark(), self.faults.state())

    def go_back(self, moment: Moment) -> None:
        """Makes everything what it was. Sockets stay; their subscriptions begin anew."""
        self.node.rewind(moment.node)
        self.clients.rewind(moment.clients)
        self.faults.restore(moment.faults)

    def reset(self) -> None:
        """Makes everything what it was at the start; the requests until now are forgotten.

        The first time takes as long as a start, for nobody else has to wait for a mark then.
        """
        if self.start is None:
            self.node.load(self.reopen())
            self.node.pacer.skew_ms = 0
            self.node.switch(self.options.clock, self.options.speed)
            self.clients.rewind({})
            self.faults.restore(self.first_faults)
            self.start = self.moment()
        else:
            self.go_back(self.start)
        self.requests.clear()
