"""Buys half an ETH, again when the first order is dead, and sells: scenario late-order."""

from __future__ import annotations

import time

import requests
from connect import ADDRESS, connect, entry, new_cloid

exchange, info = connect()
exchange.timeout = 1


def good_for(seconds: float) -> float:
    """Says so of all that is sent until it is said anew. Returns when that time is over."""
    over_s = time.time() + seconds
    exchange.set_expires_after(int(over_s * 1000))
    return over_s


for _ in range(3):
    cloid, over_s = new_cloid(), good_for(1.5)
    try:
        exchange.market_open("ETH", True, 0.5, cloid=cloid)
    except requests.Timeout:
        print("no reply for a second")
        time.sleep(max(0, over_s + 0.2 - time.time()))  # after that unknownOid means never
    found = info.query_order_by_cloid(ADDRESS, cloid)
    print("it is", found["status"])
    if found["status"] == "order":
        break
time.sleep(3)
good_for(1.5)
print("sold:", entry(exchange.market_close("ETH", sz=0.5)))
