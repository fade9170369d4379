"""Sells what its bids bought, as streams tell it, of which one ends: scenario counted-again."""

from __future__ import annotations

import queue
import time

from connect import ADDRESS, GTC, IOC, connect, entry, mid
from hyperliquid.info import Info


def listen() -> Info:
    """A socket that tells of fills, the old ones first."""
    _, info = connect(skip_ws=False)
    info.subscribe({"type": "userFills", "user": ADDRESS}, fills.put)
    return info


exchange, info = connect()
fills, bought, until = queue.Queue(), {}, time.time() + 3
stream = listen()
px = mid(info, "ETH")
for factor in (0.995, 0.98):
    exchange.order("ETH", True, 0.5, round(px * factor), GTC)
while time.time() < until:
    try:
        # Whoever tells of a fill, and however often: it is one.
        bought |= {
            fill["tid"]: float(fill["sz"]) for fill in fills.get(timeout=0.2)["data"]["fills"]
        }
    except queue.Empty:
        if not stream.ws_manager.is_alive():
            print("the socket has ended, so here is another")
            stream = listen()
stream.disconnect_websocket()
held = sum(bought.values())
print("bought", held)
print("sold:", entry(exchange.order("ETH", False, held, round(mid(info, "ETH") * 0.98), IOC)))
