"""Buys ETH, keeps an ask above the mid and sells below 1850: scenario over-budget."""

import time

from connect import ADDRESS, GTC, connect, entry, mid

KEPT, STEP = 10, 0.01  # requests for the way out, and the move of the price that is worth two

exchange, info = connect()
exchange.market_open("ETH", True, 0.012)
oid, quoted, stop_s = None, 0.0, time.time() + 6
while (px := mid(info, "ETH")) > 1850 and time.time() < stop_s:
    budget = info.user_rate_limit(ADDRESS)
    left = budget["nRequestsCap"] - budget["nRequestsUsed"]
    if abs(px - quoted) > px * STEP and left > KEPT:
        if oid is not None:
            exchange.cancel("ETH", oid)
        found = entry(exchange.order("ETH", False, 0.012, round(px * 1.02), GTC, reduce_only=True))
        print("quoted, and may send", left, "more:", found)
        oid, quoted = found["resting"]["oid"], px
    time.sleep(0.1)
exchange.cancel("ETH", oid)
print("sold:", entry(exchange.market_close("ETH")))
