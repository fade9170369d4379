"""Buys, and sells a second later, as a maker if nobody may take: scenario upgrade."""

import time

from connect import ALO, connect, entry, position

exchange, info = connect()
exchange.market_open("ETH", True, 0.5)
time.sleep(1)
found = entry(exchange.market_close("ETH"))
print("closing:", found)
if "post-only" in found.get("error", ""):
    # Nobody can take now, but a maker's order can stand in line for the moment when they can.
    _, asks = info.l2_snapshot("ETH")["levels"]
    px = float(asks[0]["px"])
    print("quoting:", entry(exchange.order("ETH", False, 0.5, px, ALO, reduce_only=True)))
while position(info, "ETH"):
    time.sleep(0.2)
print("closed")
