"""One client's `/ws`: reads requests, answers them, and passes on what the hub has."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from ..matching.dataclass import dataclass
from ..sim.fixed import Address
from .clients import Client
from .frames import channel_frame, text_frame
from .http import Message, Receive, Scope, Send
from .hub import Hub, WsOrder
from .info.registry import Json
from .posts import Answers, Posts, unreadable
from .topics import Refusal as TopicRefusal
from .topics import Topic
from .topics.request import Ping, Post, Subscribe, Unreadable, Unsubscribe, read_request
from .wire import WIRE, Wire

if TYPE_CHECKING:
    from .interference import Interference

logger = logging.getLogger("hlsim.session")


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketRules:
    """How the server treats its sockets. Seconds are real ones: connections live outside the
    exchange.
    """

    idle_s: float = 60.0
    """Observed: closed when the server had nothing to send for so long (ws 1.3)."""
    idle_reason: str | None = None
    """None: no close frame; "Inactive": close frame 1000 with this reason (contested 18)."""
    lifetime_s: tuple[float, float] | None = (10_000.0, 10_600.0)
    """Observed: close frame 1000 `Expired` after about this long (contested 19); None: never."""
    rotation_scale: int = 1
    """How many times sooner that is, for whoever cannot wait for it."""
    order: WsOrder = "after_reply"
    """Whether the frames of a block leave behind the replies to its actions (contested 39)."""
    greets: bool = False
    """Whether the first frame is a line of text that older clients wait for (contested 4)."""
    seed: int = 0
    """Where in that span a connection ends, and which frames go first where chance decides."""
    pending_bytes: int = 4 * 1024 * 1024
    """Most that may wait for a client to read; above that for `patience_s`, it is cut off."""
    patience_s: float = 10.0
    burst_bytes: int = 64 * 1024 * 1024
    """Above that it is cut off at once. A step of the clock makes so much before a client that
    reads all the time gets a turn."""
    subscriptions: int = 10_000
    pending_posts: int = 1_000
    """What one socket may hold, whatever the limits of clients are: memory is bounded."""


NO_CLOSE_FRAME = 1006

GREETING = text_frame(b"Websocket connection established.")
PONG = text_frame(b'{"channel":"pong"}')
"""Observed: the one frame without `data` (ws 1.1)."""


def _user_of(topic: Topic) -> Address | None:
    """Whom a topic tells of, None where it is of no single user."""
    user: Address | None = getattr(topic, "user", None)
    return user


def _as_text(echo: Json) -> str:
    """The JSON that stands in error texts."""
    return msgspec.json.encode(echo).decode()


class Session:
    """One socket after its handshake. A subscriber of the hub."""

    def __init__(
        self,
        wire: Wire,
        send: Send,
        hub: Hub,
        *,
        client: Client,
        answers: Answers,
        rules: SocketRules,
    ) -> None:
        self._wire = wire
        self._send = send
        self._hub = hub
        self._client = client
        self._faults = answers.faults
        self._interference: Interference | None = None
        self._rules = rules
        self._loop = asyncio.get_running_loop()
        self._topics: dict[Topic, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._farewell: asyncio.Task[None] | None = None
        """Sends the close frame, once the server has ended the connection with one."""
        self._posts = Posts(
            answers,
            client,
            most=rules.pending_posts,
            answer=self._answer,
            start=self._start,
            hang_up=self.hang_up,
            reset=wire.reset,
        )
        self._behind_since: float | None = None
        self._is_over = False
        self._spoke_at = self._loop.time()
        self._alarms: list[asyncio.TimerHandle] = []

    # -- to the client -----------------------------------------------------------------------------

    def deliver(self, frame: bytes, topic: Topic | None = None, is_first: bool = False) -> None:
        """Writes a frame; a client that does not read is cut off instead. `topic`: of which
        subscription it is, `is_first`: the first one.
        """
        if self._is_over:
            return
        now = self._loop.time()
        if self._is_too_slow(self._wire.pending(), now):
            logger.warning("a client left %d bytes unread and was cut off", self._wire.pending())
            self._is_over = True
            self._wire.abort()
            return
        if self._faults.frames or self._interference is not None:
            self._interfere(frame, topic, is_first=is_first)
        else:
            self._wire.write(frame)
        self._spoke_at = now

    def _interfere(self, frame: bytes, topic: Topic | None, *, is_first: bool) -> None:
        """Lets the faults of frames have their way, also with what earlier ones left to do."""
        if self._interference is None:
            from .interference import Interference

            self._interference = Interference(self._faults, self._wire, self._close_with)
        self._interference.write(frame, topic, is_first=is_first)

    def _close_with(self, code: int) -> None:
        """Ends the connection with a close frame of `code`; 1006 means without one."""
        self._close(None if code == NO_CLOSE_FRAME else "", code)

    def lose(self, topic: Topic, why: TopicRefusal) -> None:
        """Says of a subscription what would be said of it now, and ends it."""
        if self._is_over or topic not in self._topics:
            return
        del self._topics[topic]
        self._client.unsubscribe(_user_of(topic))
        if why is TopicRefusal.HANG_UP:
            self.hang_up()
        else:
            # Also what is refused as unreadable, whose text is gone.
            self._answer("error", f"Invalid subscription {_as_text(topic.echo())}")

    def _is_too_slow(self, pending: int, now: float) -> bool:
        rules = self._rules
        if pending <= rules.pending_bytes:
            self._behind_since = None
            return False
        if self._behind_since is None:
            self._behind_since = now
        return pending > rules.burst_bytes or now - self._behind_since > rules.patience_s

    def _answer(self, channel: str, data: Json) -> None:
        self.deliver(channel_frame(channel, data))

    # -- life --------------------------------------------------------------------------------------

    async def run(self, receive: Receive) -> None:
        """Serves until one of both ends it."""
        self._set_alarms()
        self._hub.enter(self)
        if self._rules.greets:
            # No channel's: what faults do to frames, they do to JSON.
            self._wire.write(GREETING)
        try:
            while not self._is_over:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    break
                self._on_message(message)
                # First frames leave and other sockets get their turn before the next request.
                await asyncio.sleep(0)
                # Whoever does not read the answers is not asked for more questions.
                await self._wire.drained()
            if self._farewell is not None:
                # uvicorn cuts a connection whose application ends without a close frame.
                await self._farewell
        finally:
            self._is_over = True
            self._hub.exit(self)
            for alarm in self._alarms:
                alarm.cancel()
            for topic in self._topics:
                self._client.unsubscribe(_user_of(topic))
                self._hub.leave(self, topic)

    def hang_up(self) -> None:
        """Ends the connection, as the servers that a network upgrade restarts do.

        Assumed: without a close frame, like every end that has no reason to tell (ws 1.3).
        """
        self._close(None)

    def _set_alarms(self) -> None:
        rules = self._rules
        self._alarms.append(self._loop.call_later(rules.idle_s, self._on_quiet))
        number = next(self._hub.numbers)
        if rules.lifetime_s is not None:
            lifetime = Random(f"{rules.seed}/rotation/{number}").uniform(*rules.lifetime_s)
            lifetime /= rules.rotation_scale
            self._alarms.append(self._loop.call_later(lifetime, self._close, "Expired"))

    def _on_quiet(self) -> None:
        """Looks whether the last frame is long enough ago; if not, looks again when it will be."""
        rest = self._spoke_at + self._rules.idle_s - self._loop.time()
        if rest > 0:
            self._alarms[0] = self._loop.call_later(rest, self._on_quiet)
        else:
            self._close(self._rules.idle_reason)

    def _close(self, reason: str | None, code: int = 1000) -> None:
        """Ends the connection with a close frame, or without one when there is no reason to
        tell. One that a fault stalled stays as it is until the client ends it.
        """
        if self._is_over or self._wire.is_silent:
            return
        self._is_over = True
        if reason is None or self._wire.is_stuck:
            # Not `hang_up`, which would wait for a client that may never read again.
            self._wire.abort()
        else:
            self._farewell = self._start(self._send_close(reason, code))

    async def _send_close(self, reason: str, code: int) -> None:
        # uvicorn raises an OSError when the client went in the same moment.
        with suppress(OSError):
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- from the client ---------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        refusal = self._client.message()
        if refusal is not None:
            self._answer("error", refusal)
            return
        text: str | None = message.get("text")
        if text is None:
            # Assumed: a binary frame is read like a text frame.
            text = str(message["bytes"], "utf-8", "replace")
        try:
            match read_request(text):
                case Ping():
                    self.deliver(PONG)
                case Subscribe(topic):
                    self._subscribe(topic)
                case Unsubscribe(topic):
                    self._unsubscribe(topic)
                case Post(number, kind, payload):
                    self._posts.take(number, kind, payload, text)
        except Unreadable:
            self._answer("error", unreadable(text))

    def _subscribe(self, topic: Topic) -> None:
        """Raises Unreadable."""
        echo = topic.echo()
        if topic in self._topics:
            self._answer("error", f"Already subscribed: {_as_text(echo)}")
            return
        refusal = topic.refusal(self._hub.view)
        if refusal is TopicRefusal.UNREADABLE:
            raise Unreadable
        if refusal is TopicRefusal.HANG_UP:
            self._is_over = True
            self._wire.hang_up()
        elif refusal is TopicRefusal.INVALID:
            self._answer("error", f"Invalid subscription {_as_text(echo)}")
        elif (no_room := self._enter(topic)) is not None:
            self._answer("error", no_room)
        else:
            self._topics[topic] = None
            ack = {"method": "subscribe", "subscription": echo}
            self._answer("subscriptionResponse", ack)
            self._hub.join(self, topic)

    def _enter(self, topic: Topic) -> str | None:
        """Counts one more subscription, or says why it would be one too many."""
        held, most = len(self._topics), self._rules.subscriptions
        if held >= most:
            return f"Cannot subscribe to more than {most} channels."
        return self._client.subscribe(_user_of(topic), held=held)

    def _unsubscribe(self, topic: Topic) -> None:
        """Raises Unreadable."""
        echo = topic.echo()
        if topic not in self._topics:
            if topic.refusal(self._hub.view) is TopicRefusal.UNREADABLE:
                raise Unreadable
            self._answer("error", f"Already unsubscribed: {_as_text(echo)}")
            return
        del self._topics[topic]
        self._client.unsubscribe(_user_of(topic))
        self._hub.leave(self, topic)
        ack = {"method": "unsubscribe", "subscription": echo}
        self._answer("subscriptionResponse", ack)


async def serve_socket(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    hub: Hub,
    client: Client,
    answers: Answers,
    rules: SocketRules | None = None,
) -> None:
    """The ASGI application of `/ws`, behind uvicorn with SOCKET_OPTIONS."""
    wire: Wire = scope["extensions"][WIRE]
    await receive()
    await send({"type": "websocket.accept"})
    session = Session(
        wire,
        send,
        hub,
        client=client,
        answers=answers,
        rules=rules or SocketRules(),
    )
    await session.run(receive)
