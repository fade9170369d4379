"""Who listens to what, and when a frame is due. Frames are built once a topic, whoever listens.

The hub follows the blocks: what happened in a block makes updates, exchange time makes ticks. It
knows no sockets; a subscriber is anything that takes frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import field
from itertools import count
from random import Random
from typing import Literal, Protocol

from ..matching.dataclass import dataclass
from ..sim.events import Event, NetworkUpgraded, PricesChanged
from .blocks import Block
from .frames import bare_frame, channel_frame
from .info.registry import Json
from .replica import Replica
from .topics import Feed, Refusal, Source, Topic

logger = logging.getLogger("hlsim.hub")


WsOrder = Literal["after_reply", "before_reply", "seeded"]
"""When the frames of a block leave: behind the replies to its actions, before them, or either."""


class Socket(Protocol):
    """A connection, whatever it listens to."""

    def hang_up(self) -> None: ...


class Subscriber(Protocol):
    """Takes frames. Must not call the hub from either."""

    def deliver(self, frame: bytes, topic: Topic | None = None, is_first: bool = False) -> None:
        """`is_first`: the one that a subscription begins with, at first or after a restore."""
        ...

    def lose(self, topic: Topic, why: Refusal) -> None:
        """`topic` names nothing any more: what `join` began is over."""
        ...


@dataclass(slots=True, eq=False)
class Channel:
    """One topic while somebody listens."""

    topic: Topic
    feed: Feed
    name: str
    waiting: dict[Subscriber, int] = field(default_factory=dict)
    """Whose first frame is on its way, with the ticket of that frame."""
    live: dict[Subscriber, None] = field(default_factory=dict)
    held: list[Event] = field(default_factory=list)
    """The first and the last event of updates that came too soon after the last one. Not those
    between: under a manual clock any number of trades may have one time."""
    free_ms: int = 0
    """When the next update may go out."""
    last: object | None = None
    """The news of the last frame."""

    period_ms: int = 0
    """Whose clock it is on; 0 is none."""

    @property
    def rank(self) -> int:
        return self.topic.spec.rank

    def frame(self, data: Json) -> bytes:
        """`data` in a frame of this channel."""
        if self.topic.is_bare:
            return bare_frame(data)
        return channel_frame(self.name, data)


@dataclass(slots=True)
class Clock:
    """All channels of one period; `slot` counts the periods since the epoch."""

    slot: int
    channels: dict[Channel, None] = field(default_factory=dict)


@dataclass(slots=True)
class Letter:
    """A frame on its way: to all that are live, or to one that becomes live with it."""

    channel: Channel
    frame: bytes | None
    to: Subscriber | None = None
    ticket: int = 0
    is_first: bool = False
    """Live ones begin anew with it."""


class Hub:
    """The subscriptions of one API server.

    Frames leave in the order in which they were built, first frames included, one turn of the event
    loop later: the reply to an action goes out before what it caused. Other orders let the frames
    of a block go first, always or by the seed (contested 39). Before `run` there is no loop and
    they leave at once.
    """

    def __init__(self, replica: Replica, *, order: WsOrder = "after_reply", seed: int = 0) -> None:
        self.view = replica.view
        self._order = order
        self._seed = seed
        self.numbers = count(1)
        """One for each socket, in the order in which they came."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets: dict[Socket, None] = {}
        self._channels: dict[Topic, Channel] = {}
        self._listeners: dict[Source, dict[Channel, None]] = {}
        self._clocks: dict[int, Clock] = {}
        self._held: dict[Channel, None] = {}
        self._letters: list[Letter] = []
        self._batches: deque[list[Letter]] = deque()
        """What leaves in the next turn of the loop, one batch for each."""
        self._tickets = 0

    def __len__(self) -> int:
        """How many different topics somebody listens to."""
        return len(self._channels)

    def run(self) -> None:
        """From now on frames leave through the running event loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Nothing leaves any more."""
        self._channels.clear()
        self._listeners.clear()
        self._clocks.clear()
        self._held.clear()
        self._letters.clear()
        self._batches.clear()

    # -- sockets -----------------------------------------------------------------------------------

    def enter(self, socket: Socket) -> None:
        """From now on `socket` is one of those that a network upgrade ends."""
        self._sockets[socket] = None

    def exit(self, socket: Socket) -> None:
        """Ends what `enter` began."""
        del self._sockets[socket]

    @property
    def sockets(self) -> int:
        """How many are connected."""
        return len(self._sockets)

    def _hang_up(self) -> None:
        for one in self._sockets:
            one.hang_up()

    # -- subscribers -------------------------------------------------------------------------------

    def join(self, subscriber: Subscriber, topic: Topic) -> None:
        """Sends the first frame of `topic` and everything after it. The topic must not be
        refused.
        """
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._open(topic)
        self._tickets += 1
        channel.waiting[subscriber] = self._tickets
        data = channel.feed.first(self.view)
        frame = None
        if data is not None:
            channel.last = channel.feed.news(data)
            frame = channel.frame(data)
        self._letters.append(Letter(channel, frame, subscriber, self._tickets))
        self._send()

    def leave(self, subscriber: Subscriber, topic: Topic) -> None:
        """Ends what `join` began; frames that are on their way are lost."""
        channel = self._channels.get(topic)
        if channel is None:
            return
        channel.waiting.pop(subscriber, None)
        channel.live.pop(subscriber, None)
        if not channel.waiting and not channel.live:
            self._shut(channel)

    def _open(self, topic: Topic) -> Channel:
        channel = self._channels[topic] = Channel(topic, topic.feed(), topic.channel(self.view))
        for source in topic.sources():
            self._listeners.setdefault(source, {})[channel] = None
        self._wind_up(channel)
        return channel

    def _wind_up(self, channel: Channel) -> None:
        """Puts a channel on the clock of its period."""
        period = channel.period_ms = channel.topic.period_ms(self.view)
        if period:
            clock = self._clocks.get(period)
            if clock is None:
                clock = self._clocks[period] = Clock(self.view.time_ms // period)
            clock.channels[channel] = None

    def _unwind(self, channel: Channel) -> None:
        period = channel.period_ms
        if period:
            clock = self._clocks[period]
            del clock.channels[channel]
            if not clock.channels:
                del self._clocks[period]

    def _shut(self, channel: Channel) -> None:
        topic = channel.topic
        del self._channels[topic]
        self._held.pop(channel, None)
        for source in topic.sources():
            listeners = self._listeners[source]
            del listeners[channel]
            if not listeners:
                del self._listeners[source]
        self._unwind(channel)

    # -- what happens ------------------------------------------------------------------------------

    def on_block(self, block: Block) -> None:
        """Tells everybody what happened in a block. The view must be as new as the block."""
        if self._channels:
            self._tell(block)
        if self._sockets and any(type(event) is NetworkUpgraded for event in block.events):
            # After the frames of this block and the replies to its actions.
            asyncio.get_running_loop().call_soon(self._hang_up)

    def _tell(self, block: Block) -> None:
        if block.restored is not None:
            self._start_over()
        touched: dict[Channel, list[Event]] = {}
        if self._listeners:
            for event in block.events:
                for source in _sources(event):
                    for channel in self._listeners.get(source, ()):
                        touched.setdefault(channel, []).append(event)
        for channel in sorted(touched, key=_rank):
            if self._may_go(channel, block.time_ms):
                self._update(channel, touched[channel], block.time_ms)
            else:
                channel.held += touched[channel]
                del channel.held[1:-1]
                self._held[channel] = None
        self._tick(block.time_ms, touched)
        self._send(at_once=self._goes_first(block))

    def _goes_first(self, block: Block) -> bool:
        """True when the frames of a block leave before the replies to its actions."""
        if self._order == "seeded":
            return Random(f"{self._seed}/ws_order/{block.height}").random() < 0.5
        return self._order == "before_reply"

    def _tick(self, now_ms: int, touched: dict[Channel, list[Event]]) -> None:
        """The clock of all channels. Ticks stand on multiples of their period since the epoch."""
        for channel in [one for one in self._held if self._may_go(one, now_ms)]:
            del self._held[channel]
            self._update(channel, [], now_ms)
        due: list[Channel] = []
        for period, clock in self._clocks.items():
            slot = now_ms // period
            if slot != clock.slot:
                clock.slot = slot
                due += clock.channels
        for channel in sorted(due, key=_rank):
            # An update of this block has just said the same.
            if channel not in touched:
                self._build_tick(channel)

    def _may_go(self, channel: Channel, now_ms: int) -> bool:
        """False while the last update is too recent. A clock that was set back forgets the past."""
        gap = channel.topic.gap_ms
        return not gap or now_ms >= channel.free_ms or now_ms < channel.free_ms - gap

    # -- building and sending ----------------------------------------------------------------------

    def _update(self, channel: Channel, events: Sequence[Event], now_ms: int) -> None:
        """Builds the frames of an update, held events included."""
        topic, feed = channel.topic, channel.feed
        if channel.held:
            events, channel.held = [*channel.held, *events], []
            self._held.pop(channel, None)
        try:
            for data in feed.update(self.view, events):
                news = feed.news(data)
                if news is None or news != channel.last:
                    channel.last = news
                    self._letters.append(Letter(channel, channel.frame(data)))
        except Exception:
            # A bug of ours in one topic. The exchange and the other topics go on.
            logger.exception("no update of %r", topic)
        channel.free_ms = now_ms + topic.gap_ms

    def _build_tick(self, channel: Channel, *, is_first: bool = False) -> None:
        try:
            data = channel.feed.tick(self.view)
        except Exception:
            logger.exception("no frame of %r", channel.topic)
            return
        if data is not None:
            channel.last = channel.feed.news(data)
            self._letters.append(Letter(channel, channel.frame(data), is_first=is_first))

    def _start_over(self) -> None:
        """The state was replaced: everybody is told what a client is told that subscribes now.

        What was listed after the snapshot is not any more, so that may be a refusal.
        """
        for channel in list(self._channels.values()):
            channel.held.clear()
            refusal = channel.topic.refusal(self.view)
            if refusal is None:
                if channel.topic.period_ms(self.view) != channel.period_ms:
                    # A period may be a rule, which the other state has otherwise.
                    self._unwind(channel)
                    self._wind_up(channel)
                self._build_tick(channel, is_first=True)
                continue
            self._shut(channel)
            for subscriber in (*channel.waiting, *channel.live):
                self._later(subscriber.lose, channel.topic, refusal)
        self._held.clear()

    def _later(self, tell: Callable[..., None], *said: object) -> None:
        """Calls in the next turn of the loop, like all that leaves."""
        if self._loop is None:
            tell(*said)
        else:
            self._loop.call_soon(tell, *said)

    def _send(self, *, at_once: bool = False) -> None:
        if not self._letters:
            return
        batch, self._letters = self._letters, []
        self._batches.append(batch)
        if at_once:
            # Nothing overtakes what was built before it.
            while self._batches:
                _deliver(self._batches.popleft())
        else:
            self._later(self._depart, batch)

    def _depart(self, batch: list[Letter]) -> None:
        """Delivers a batch in its turn, unless one that could not wait took it along."""
        if self._batches and self._batches[0] is batch:
            _deliver(self._batches.popleft())


def _rank(channel: Channel) -> int:
    return channel.rank


def _sources(event: Event) -> tuple[Source, ...]:
    if type(event) is PricesChanged:
        return tuple([("prices", coin) for coin in event.coins])
    return event.topics()


def _deliver(letters: list[Letter]) -> None:
    for letter in letters:
        channel, frame, subscriber = letter.channel, letter.frame, letter.to
        if subscriber is None:
            assert frame is not None
            for one in channel.live:
                one.deliver(frame, channel.topic, letter.is_first)
        elif channel.waiting.get(subscriber) == letter.ticket:
            del channel.waiting[subscriber]
            channel.live[subscriber] = None
            if frame is not None:
                subscriber.deliver(frame, channel.topic, True)
