"""Frames of a server, whole: the same bytes for every client."""

from __future__ import annotations

import struct

import msgspec

from .info.registry import Json

_to_json = msgspec.json.Encoder().encode


def text_frame(payload: bytes) -> bytes:
    """`payload` as an unfragmented text frame of a server: unmasked, so the same for every
    client.
    """
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def channel_frame(channel: str, data: Json) -> bytes:
    """The frame `{"channel":…,"data":…}`."""
    return text_frame(_to_json({"channel": channel, "data": data}))


def bare_frame(data: Json) -> bytes:
    """The frame that is `data` alone."""
    return text_frame(_to_json(data))
