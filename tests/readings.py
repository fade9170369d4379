"""The table of readings: for each contested point a story, and what a client sees under each.

A story is a function of a `World` that was started with `profile="POINT=READING"`; it talks to it
over HTTP and `/ws` and returns what it was told. `test_profile_readings.py` runs every story under
every reading and misses none. Stories stand in modules by what they concern.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from refusals import World
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Story:
    """What one point does. `start`: other words of `hlsim.start`."""

    point: str
    seen: Mapping[str, Any]
    """What the story returns, by reading."""
    tell: Callable[[World], Any]
    start: dict[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    """Readings of other points that hold, too."""


STORIES: dict[str, Story] = {}

F = TypeVar("F", bound=Callable[[World], Any])


def shows(
    point: str, seen: Mapping[str, Any], *, beside: tuple[str, ...] = (), **start: Any
) -> Callable[[F], F]:
    """Enters a story into the table."""

    def enter(tell: F) -> F:
        assert point not in STORIES, f"{point} has two stories"
        STORIES[point] = Story(point, seen, tell, start, beside)
        return tell

    return enter


class Ear:
    """A client's socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def send(self, method: str, **request: Any) -> None:
        self._socket.send(json.dumps({"method": method, **request}))

    def next(self) -> tuple[str, Any]:
        """Channel and data of the next frame."""
        frame = json.loads(self._socket.recv(PATIENCE_S))
        return frame["channel"], frame.get("data")

    def subscribe(self, type_: str, **parameters: Any) -> tuple[str, Any]:
        """What answers a subscription."""
        self.send("subscribe", subscription={"type": type_, **parameters})
        return self.next()

    def heard(self) -> list[tuple[str, Any]]:
        """All frames up to now: what was done before goes out before a ping is answered."""
        self.send("ping")
        frames: list[tuple[str, Any]] = []
        while (frame := self.next())[0] != "pong":
            frames.append(frame)
        return frames

    def end(self) -> tuple[int, str]:
        """Code and reason with which the server ends the connection, 1006 for none."""
        try:
            while True:
                self._socket.recv(PATIENCE_S)
        except ConnectionClosed as end:
            return (1006, "") if end.rcvd is None else (end.rcvd.code, end.rcvd.reason)


@contextmanager
def ear(w: World) -> Iterator[Ear]:
    with connect(w.server.ws_url) as socket:
        yield Ear(socket)


@contextmanager
def updates(w: World, user: str) -> Iterator[list[tuple[str, str]]]:
    """Status and size of every item of `orderUpdates` while the block runs."""
    found: list[tuple[str, str]] = []
    with ear(w) as listener:
        listener.subscribe("orderUpdates", user=user)
        yield found
        for channel, rows in listener.heard():
            assert channel == "orderUpdates"
            found += [(row["status"], row["order"]["sz"]) for row in rows]
