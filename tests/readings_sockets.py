"""Stories of contested points: how sockets begin and end, and what goes first."""

from __future__ import annotations

from typing import Any

from hyperliquid.utils import signing
from readings import PATIENCE_S, Ear, ear, shows
from refusals import BTC, World
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from wire import nonces, order

import hlsim


@shows(
    "greeting",
    {
        "off": ['{"channel":"pong"}'],
        "on": ["Websocket connection established.", '{"channel":"pong"}'],
    },
)
def _(w: World) -> Any:
    """Contested 4."""
    found: list[Any] = []
    with connect(w.server.ws_url) as socket:
        socket.send('{"method":"ping"}')
        while not found or "pong" not in found[-1]:
            found.append(socket.recv(PATIENCE_S))
    return found


def outcome_beside(w: World, reference: str) -> Any:
    """How a socket ends, or "open" if it still answers when two of a server with the reading
    `reference`, one after the other, have ended: each lived at least as long as it takes.
    """
    with ear(w) as listener, hlsim.start(market="empty", profile=reference) as other:
        for _ in range(2):
            with connect(other.ws_url) as socket:
                Ear(socket).end()
        try:
            listener.heard()
        except ConnectionClosed:
            return listener.end()
    return "open"


@shows("idle_close", {"1006": (1006, ""), "1000": (1000, "Inactive")}, beside=("idle_s=1",))
def _(w: World) -> Any:
    """Contested 18."""
    with ear(w) as listener:
        return listener.end()


@shows("idle_s", {"60": "open", "1": (1006, "")})
def _(w: World) -> Any:
    """Contested 18: two seconds without a word."""
    return outcome_beside(w, "idle_s=1")


SOON = "rotation_scale=10000"
"""About a second instead of three hours."""


@shows("rotation", {"on": (1000, "Expired"), "off": "open"}, beside=(SOON,))
def _(w: World) -> Any:
    """Contested 19."""
    return outcome_beside(w, SOON)


@shows("rotation_scale", {"1": "open", "10000": (1000, "Expired")})
def _(w: World) -> Any:
    """Contested 19."""
    return outcome_beside(w, SOON)


@shows(
    "ws_order",
    {"after_reply": "rs" * 12, "before_reply": "sr" * 12, "seeded": "srrsrsrssrsrsrrssrsrrssr"},
    seed=7,
)
def _(w: World) -> Any:
    """Contested 39: of twelve orders that are posted, what comes first, the reply or the stream."""
    found = ""
    with ear(w) as listener:
        listener.subscribe("orderUpdates", user=w.alice.address)
        for number in range(12):
            listener.send("post", id=number, request={"type": "action", "payload": signed(w)})
            for _ in range(2):
                channel, _data = listener.next()
                found += {"post": "r", "orderUpdates": "s"}[channel]
    return found


def signed(w: World) -> dict[str, Any]:
    """An envelope of alice's with an order that rests."""
    action = {"type": "order", "orders": [order(BTC, "0.01", "60000")], "grouping": "na"}
    nonce = next(nonces)
    signature = signing.sign_l1_action(w.alice.wallet, action, None, nonce, None, False)
    return {"action": action, "nonce": nonce, "signature": signature}
