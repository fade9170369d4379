"""Buys ETH, keeps an ask above the mid and sells below 1850: scenario over-budget."""

import time

from connect import GTC, connect, entry, mid

exchange, info = connect()
exchange.market_open("ETH", True, 0.012)
oid, stop_s = None, time.time() + 6
while (px := mid(info, "ETH")) > 1850 and time.time() < stop_s:
    # Anew each time, whether the price has moved or not: two requests every tenth of a second.
    if oid is not None:
        exchange.cancel("ETH", oid)
    found = entry(exchange.order("ETH", False, 0.012, round(px * 1.02), GTC, reduce_only=True))
    oid = found.get("resting", {}).get("oid")
    time.sleep(0.1)
if oid is not None:
    exchange.cancel("ETH", oid)
print("sold:", exchange.market_close("ETH")["response"])
