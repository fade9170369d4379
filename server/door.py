"""uvicorn's HTTP with four things put right: offers of HTTP/2, heads of requests without end,
clients that stop in the middle, and clients that go with several requests unanswered.

What a request means is not known here; see `http.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import struct
from collections import deque
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_LIMIT = 64 * 1024
"""Longest head of a request, in bytes. Assumed: nginx, which stands before the exchange, takes
about half of it."""

PATIENCE_S = 60.0
"""How long a client may say nothing where it has something to say, before its first request or in
the middle of one, and how long it may take nothing of an answer. Assumed: nginx's defaults, which
stands before the exchange; the connection ends without a word."""

_OFFER = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)


def without_offer(data: bytes) -> bytes:
    """The bytes of a request without the header that offers to speak HTTP/2.

    Java's HttpClient and `curl --http2` make the offer to every server that speaks no TLS, along
    with the request's body. The parser takes it for the end of HTTP and the body is lost.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"", head + b"\r\n") + end[2:] + rest if end else data


def transport_of(send: Any) -> asyncio.Transport:
    """The connection behind the `send` of an ASGI request: ASGI has no way to end it unanswered."""
    transport: asyncio.Transport = send.__self__.transport
    return transport


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection at once; its client hears of a reset, unless it was ending already."""
    # Of one that is closing the number of the socket may be another connection's by now.
    of_transport = None if transport.is_closing() else transport.get_extra_info("socket")
    if of_transport is not None:
        # uvloop's own socket object takes no options.
        with socket.socket(fileno=os.dup(of_transport.fileno())) as ours:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class HttpProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`."""

    _head_size = 0
    """Bytes that came of a head that has not ended, after those that came with its beginning: the
    parser does not tell where in them it began, and they may end another request.
    """
    _in_head = False
    _began = False

    _is_partial = False
    """True from the first byte of a request to its last."""
    _silence: asyncio.TimerHandle | None = None
    """Rings when the client said nothing for too long."""
    _deafness: asyncio.TimerHandle | None = None
    """Rings when it has taken nothing for too long."""

    _earlier: deque[RequestResponseCycle]
    """Requests that were not answered when the next one came, the oldest first."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client has to say something."""
        self._earlier = deque()
        super().connection_made(cast(asyncio.Transport, transport))
        self._listen()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more.

        uvicorn tells the newest request only; the one that is being answered would write on.
        """
        self._stop_waiting()
        for cycle in self._earlier:
            cycle.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's; what it keeps of a head that does not end is bounded."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        self._began = False
        super().data_received(without_offer(data) if b"h2c" in data else data)
        if self._in_head and not self._began:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT and not self.transport.is_closing():
                self.send_400_response("Request header too large.")
        if self._is_partial:
            self._listen()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = self._began = self._is_partial = True
        self._head_size = 0

    def on_headers_complete(self) -> None:
        """A head ends."""
        self._in_head = False
        before = self.cycle
        if before is not None and not before.response_complete:
            while self._earlier and self._earlier[0].response_complete:
                self._earlier.popleft()
            self._earlier.append(before)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A body ends."""
        self._is_partial = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection goes to another protocol."""
        self._is_partial = False
        self._stop_waiting()
        super().handle_websocket_upgrade()

    # -- clients that stop -------------------------------------------------------------------------

    def _stop_waiting(self) -> None:
        for alarm in (self._silence, self._deafness):
            if alarm is not None:
                alarm.cancel()
        self._silence = self._deafness = None

    def _listen(self) -> None:
        self._silence = self.loop.call_later(PATIENCE_S, self._on_silence)

    def _on_silence(self) -> None:
        if self.flow.read_paused:
            # It is we who do not listen.
            self._listen()
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        """The client does not take what there is."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """It took most of it."""
        super().resume_writing()
        if self._deafness is not None:
            self._deafness.cancel()
            self._deafness = None

    def _watch(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._deafness = self.loop.call_later(PATIENCE_S, self._on_deafness, left)

    def _on_deafness(self, left: int) -> None:
        if self.transport.get_write_buffer_size() < left:
            self._watch()
        else:
            self.transport.abort()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came. What was not taken by now never will be."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()
