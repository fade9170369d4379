"""uvicorn's HTTP with two things put right: offers of HTTP/2, and heads of requests without end.

What a request means is not known here; see `http.py`.
"""

from __future__ import annotations

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024
"""Longest head of a request, in bytes. Assumed: nginx, which stands before the exchange, takes
about half of it."""

_OFFER = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)


def without_offer(data: bytes) -> bytes:
    """The bytes of a request without the header that offers to speak HTTP/2.

    Java's HttpClient and `curl --http2` make the offer to every server that speaks no TLS, along
    with the request's body. The parser takes it for the end of HTTP and the body is lost.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"", head + b"\r\n") + end[2:] + rest if end else data


class HttpProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`."""

    _head_size = 0
    """Bytes that came of a head that has not ended, after those that came with its beginning: the
    parser does not tell where in them it began, and they may end another request.
    """
    _in_head = False
    _began = False

    def data_received(self, data: bytes) -> None:
        """As uvicorn's; what it keeps of a head that does not end is bounded."""
        self._began = False
        super().data_received(without_offer(data) if b"h2c" in data else data)
        if self._in_head and not self._began:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT and not self.transport.is_closing():
                self.send_400_response("Request header too large.")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = self._began = True
        self._head_size = 0

    def on_headers_complete(self) -> None:
        """A head ends."""
        self._in_head = False
        super().on_headers_complete()
