"""What faults do to the frames of one socket on their way to the client."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import msgspec

from ..scenarios.faults import Effect
from .faults import Entry, Faults
from .topics import Topic
from .wire import Wire

OVERTAKEN_S = 1.0
"""How long a frame waits for one that overtakes it."""

_ALSO = {"user": "userEvents", "activeSpotAssetCtx": "activeAssetCtx"}
"""Channels that are called otherwise than their subscription; faults know them by either name."""


class Interference:
    """The frames of one socket, once there were faults of frames."""

    def __init__(self, faults: Faults, wire: Wire, close: Callable[[int], None]) -> None:
        self._faults = faults
        self._wire = wire
        self._close = close
        self._lost: set[tuple[str, str | None]] = set()
        """(channel, user) of subscriptions; None: whoever it is about."""
        self._overtaken: dict[str, list[bytes]] = {}
        """Frames that wait for one that overtakes them, by channel, the oldest first."""

    def write(self, frame: bytes, topic: Topic | None, *, is_first: bool) -> None:
        """Passes a frame on, or what is left of it. `topic`: of which subscription it is,
        `is_first`: the first one.
        """
        channels, coin = self._read(frame)
        user = getattr(topic, "user", None)
        if self._wire.is_silent or any((channels[-1], one) in self._lost for one in (user, None)):
            return
        entry = None
        for channel in channels:
            entry = self._faults.on_frame(channel, coin, user, is_first=is_first)
            if entry is not None:
                break
        if entry is None:
            self._put(channels[0], frame)
        else:
            self._strike(entry, channels, frame)

    def _strike(self, entry: Entry, channels: tuple[str, ...], frame: bytes) -> None:
        match entry.fault.effect:
            case Effect.DROP:
                pass
            case Effect.DELAY:
                self._faults.later(entry.delay_s(), partial(self._put, channels[0], frame))
            case Effect.DUPLICATE:
                self._put(channels[0], frame)
                self._put(channels[0], frame)
            case Effect.REORDER:
                self._overtaken.setdefault(channels[0], []).append(frame)
                self._faults.later(OVERTAKEN_S, partial(self._catch_up, channels[0], frame))
            case Effect.LOSE:
                self._lost.add((channels[-1], entry.fault.user))
            case Effect.STALL:
                self._wire.is_silent = True
            case Effect.CLOSE:
                self._close(entry.fault.code)
            case _:
                self._wire.reset()

    def _put(self, channel: str, frame: bytes) -> None:
        self._wire.write(frame)
        # Of several in a row each comes behind its next one, so the newest is first.
        for behind in reversed(self._overtaken.pop(channel, ())):
            self._wire.write(behind)

    def _catch_up(self, channel: str, frame: bytes) -> None:
        waiting = self._overtaken.get(channel, [])
        # By identity: two frames may say the same.
        place = next((at for at, one in enumerate(waiting) if one is frame), None)
        if place is not None:
            del waiting[place]
            self._wire.write(frame)

    def _read(self, frame: bytes) -> tuple[tuple[str, ...], Callable[[], str | None]]:
        """The names of the channel of a frame, that of the subscription last; its coin."""
        parsed = msgspec.json.decode(_payload(frame))
        if not isinstance(parsed, dict):
            # The explorer's, which are the data alone.
            is_block = isinstance(parsed, list) and bool(parsed) and "blockTime" in parsed[0]
            return ("explorerBlock" if is_block else "explorerTxs",), lambda: None
        channel = str(parsed.get("channel"))
        content: Any = parsed.get("data")
        if channel == "subscriptionResponse" and content["method"] == "subscribe":
            # Whoever subscribes again has it back.
            subscription = content["subscription"]
            for user in (subscription.get("user"), None):
                self._lost.discard((subscription["type"], user))
        also = _ALSO.get(channel)
        return (channel,) if also is None else (channel, also), cache(lambda: _coin_of(content))


def _payload(frame: bytes) -> bytes:
    """The text of a frame of ours: unmasked, unfragmented."""
    size = frame[1]
    return frame[2 if size < 126 else 4 if size == 126 else 10 :]


def _coin_of(content: Any) -> str | None:
    """The coin that a frame is about; of a list, that of its first entry."""
    if isinstance(content, list) and content:
        content = content[0]
    if not isinstance(content, dict):
        return None
    coin = content.get("coin") or content.get("s")
    if coin is None and isinstance(content.get("order"), dict):
        coin = content["order"].get("coin")
    if coin is None and content.get("fills"):
        coin = content["fills"][0].get("coin")
    return coin if isinstance(coin, str) else None
