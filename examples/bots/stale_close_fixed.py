"""Closes a position, and looks again when that is refused: scenario stale-close."""

import time

from connect import GTC, IOC, connect, entry, mid, position

exchange, info = connect()
exchange.market_open("ETH", True, 0.5)
held = position(info, "ETH")
exchange.order("ETH", False, held, round(mid(info, "ETH") * 1.02), GTC, reduce_only=True)
time.sleep(1)  # makes up its mind
while held:
    px = round(mid(info, "ETH") * 0.98)
    found = entry(exchange.order("ETH", False, held, px, IOC, reduce_only=True))
    print("closing:", found)
    held = position(info, "ETH")
