"""The TCP side of `/ws`: frames that are built already, backpressure, connections cut without a
word.

Frames go straight to the transport, as bytes that are the same for every client; an ASGI `send`
for each would cost twice as much. `SocketProtocol` is what lets an ASGI application do so.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from .door import reset

WIRE = "hlsim.wire"
"""The key of the extension in an ASGI scope."""

LINGER_S = 10.0
"""How long a client may take for what was written to a connection that ends, like uvicorn's own
wait for the answer to a close frame."""

FRAGMENTS_KEPT = 1_000
"""Fragments of one message that are kept apart; above that they are joined."""


class Wire:
    """The TCP side of one socket, for frames that are built already."""

    __slots__ = ("_transport", "_writable", "frames", "has_said_all", "is_silent")

    def __init__(self, transport: asyncio.Transport, writable: asyncio.Event) -> None:
        self._transport = transport
        self._writable = writable
        self.has_said_all = False
        self.is_silent = False
        """True: nothing more is sent, and the connection stays, as one does whose other half is
        gone.
        """
        self.frames = 0
        """How many were sent."""

    def write(self, frame: bytes) -> None:
        """Sends a frame, unless the connection is silent or about to end."""
        if not self.has_said_all and not self.is_silent and not self._transport.is_closing():
            self.frames += 1
            self._transport.write(frame)

    def say_all(self, frame: bytes) -> None:
        """Sends the last frame. The client may go on."""
        self.has_said_all = True
        self._transport.write(frame)
        self._transport.write_eof()

    def pending(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._transport.get_write_buffer_size()

    @property
    def is_stuck(self) -> bool:
        """True while the client does not take what there is."""
        return not self._writable.is_set()

    async def drained(self) -> None:
        """Waits until the client takes what there is; returns when it is gone, too."""
        await self._writable.wait()

    def hang_up(self) -> None:
        """Ends the connection without a close frame, after what was written."""
        self._transport.close()

    def abort(self) -> None:
        """Ends the connection now; what was not taken is lost."""
        self._transport.abort()

    def reset(self) -> None:
        """As `abort`, with a reset for the client to hear of."""
        reset(self._transport)


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own protocol with the extension `hlsim.wire`: for `uvicorn.Config(ws=…)`.

    ASGI has no way to drop a connection without a close frame, which is how the exchange answers
    some requests (ws 2.3), and none to ask how much a client has not read yet. What a client can
    make uvicorn keep in memory is bounded here.
    """

    _last_call: asyncio.TimerHandle | None = None
    _refusal: dict[str, Any]
    wire: Wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.wire = Wire(self.transport, self.writable)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, of clients that are listened to."""
        if not self.wire.has_said_all:
            super().data_received(data)

    async def run_asgi(self) -> None:
        extensions = cast("dict[str, Any]", self.scope.get("extensions"))
        extensions[WIRE] = self.wire
        await super().run_asgi()
        self._end_soon()

    async def send(self, message: Any) -> None:
        """As uvicorn's, which would put a date and an error in the log with every handshake that
        gets an HTTP reply.
        """
        if message["type"] == "websocket.http.response.start":
            self._refusal = message
        elif message["type"] == "websocket.http.response.body":
            self._refuse(message["body"])
        else:
            await super().send(message)

    def _refuse(self, body: bytes) -> None:
        """Answers the handshake with the headers that any other answer has."""
        status = HTTPStatus(self._refusal["status"])
        headers = [*self.default_headers, *self._refusal["headers"], (b"connection", b"close")]
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        lines += [b"%b: %b" % header for header in headers]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.handshake_complete = self.close_sent = True
        self.transport.close()

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._end_soon()

    def handle_parser_exception(self) -> None:
        """Tells the client what it did wrong, and drops what it still sends.

        uvicorn closes at once. What came and was not read then makes the kernel reset the
        connection, and the close frame is lost to a client that is still sending.
        """
        if not self.handshake_complete or self.transport.is_closing():
            super().handle_parser_exception()
            return
        ended = self.conn.close_sent
        assert ended is not None
        end = {"type": "websocket.disconnect", "code": ended.code, "reason": ended.reason}
        self.queue.put_nowait(cast(Any, end))
        self.wire.say_all(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._end_soon()
        # uvicorn closes a connection without a timer as soon as the application is done.
        self.close_timer = self._last_call

    def shutdown(self) -> None:
        """Ends the connection with close frame 1012.

        Not when it is ending anyway: uvicorn raises where the client was the first to close.
        """
        if self.transport.is_closing():
            self.transport.abort()
        else:
            super().shutdown()

    def _end_soon(self) -> None:
        """A transport that closes waits for its client as long as the client likes. We do not."""
        if self._last_call is None and not self.disconnected:
            self._last_call = self.loop.call_later(LINGER_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._last_call is not None:
            self._last_call.cancel()

    def handle_ping(self) -> None:
        """Answers, unless earlier answers are still unread or the connection is silent.

        RFC 6455 5.5.3: only the latest ping has to be answered.
        """
        output = self.conn.data_to_send()
        if self.writable.is_set() and not self.wire.is_silent:
            self.transport.write(b"".join(output))

    def send_receive_event_to_app(self) -> None:
        """As uvicorn's, which would log a traceback for every text that is no UTF-8."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            text = b"".join(self.frames)
            try:
                text.decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
            self.frames = [text]
        super().send_receive_event_to_app()

    def handle_cont(self, event: Frame) -> None:
        """Keeps a fragmented message about as large as its bytes, however small the fragments."""
        super().handle_cont(event)
        if len(self.frames) > FRAGMENTS_KEPT:
            self.frames = [b"".join(self.frames)]


SOCKET_OPTIONS: dict[str, Any] = {
    "ws": SocketProtocol,
    # Observed: no pings of the protocol, no compression (ws 1).
    "ws_ping_interval": None,
    "ws_ping_timeout": None,
    "ws_per_message_deflate": False,
}
"""What `uvicorn.Config` must be told for `serve_socket`."""
