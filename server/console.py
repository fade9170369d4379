"""What the operator has at hand: all that the control plane and the library work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..matching.dataclass import dataclass
from .blocks import AutoWaitSet, ClockHanded, ClockSkewed, Kept, Loaded, WasReset, WentBack
from .clients import Clients
from .faults import Faults
from .marks import Moment, Moments
from .node import LocalNode
from .pacer import Clock
from .replica import Reads
from .requests import Requests
from .streams import Streams

if TYPE_CHECKING:
    from .app import Options
    from .recorder import Recorder
    from .stage import Stage


@dataclass(slots=True)
class Console:
    """One running exchange from the operator's side. To be used in its event loop."""

    node: LocalNode
    options: Options
    """How it started."""
    clients: Clients
    requests: Requests
    """What clients sent and got."""
    streams: Streams
    faults: Faults
    reads: Reads
    """What queries are answered from."""
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

    recorder: Recorder | None = None
    """What writes the journal, if anything does."""
    open_stage: Callable[[], Stage] | None = None
    """Makes what plays scenarios here."""
    _stage: Stage | None = None

    @property
    def stage(self) -> Stage:
        """Where scenarios are played, made when somebody first wants it. Raises ValueError where
        there is none.
        """
        if self._stage is None:
            if self.open_stage is None:
                raise ValueError("nobody plays scenarios here")
            self._stage = self.open_stage()
        return self._stage

    def hand_clock(self, clock: Clock, speed: float) -> None:
        """Lets `clock` move exchange time from now on, from where it is."""
        self.node.switch(clock, speed)
        self.node.note(ClockHanded(clock, speed))

    def skew_clock(self, ms: int) -> None:
        """Sets the nonce clock so far ahead of clients' from now on."""
        self.node.pacer.skew_ms = ms
        self.node.note(ClockSkewed(ms))

    def set_auto_wait(self, ms: int) -> None:
        """Lets an auto clock wait so long for another request from now on, of real time."""
        self.node.set_auto_wait(ms)
        self.node.note(AutoWaitSet(ms))

    def keep(self) -> int:
        """Keeps everything as it is now: exchange, actors of the market, clock, rate limits,
        faults, and what those see yet who are answered late.

        Returns the id for `restore`.
        """
        name = self.moments.keep(self._moment())
        self.node.note(Kept(name))
        return name

    def restore(self, name: int) -> None:
        """Makes everything what it was at a kept moment. Raises ValueError for an unknown one."""
        self._go_back(self.moments.find(name))
        self.node.note(WentBack(name))

    def load(self, saved: bytes) -> None:
        """Goes on from what `LocalNode.save` gave. Raises ValueError for anything else."""
        self.node.load(saved)
        self.node.note(Loaded(saved))

    def reset(self) -> None:
        """Makes everything what it was at the start; the requests until now are forgotten.

        The first time takes as long as a start, for nobody else has to wait for a mark then.
        """
        if self.start is None:
            self.node.load(self.reopen())
            self.node.pacer.skew_ms = 0
            self.node.pacer.auto_wait_ms = self.options.auto_wait_ms
            self.node.switch(self.options.clock, self.options.speed)
            self.clients.rewind({})
            self.faults.restore(self.first_faults)
            self.start = self._moment()
        else:
            self._go_back(self.start)
        self.requests.clear()
        self.node.note(WasReset())

    def _go_back(self, moment: Moment) -> None:
        """Sockets stay; their subscriptions begin anew."""
        # Before those are told who lift their own faults when time goes back.
        self.faults.restore(moment.faults)
        self.node.rewind(moment.node)
        self.clients.rewind(moment.clients)
        self.reads.rewind(moment.reads)

    def _moment(self) -> Moment:
        node, clients = self.node.mark(), self.clients.mark()
        return Moment(node, clients, self.faults.state(), self.reads.mark())
