"""Buys half an ETH, again if nobody knows it after a second, and sells: scenario late-order."""

import time

import requests
from connect import ADDRESS, connect, entry, new_cloid

exchange, info = connect()
exchange.timeout = 1
for _ in range(3):
    cloid = new_cloid()
    try:
        exchange.market_open("ETH", True, 0.5, cloid=cloid)
    except requests.Timeout:
        print("no reply for a second")
    found = info.query_order_by_cloid(ADDRESS, cloid)
    print("it is", found["status"])  # unknownOid: it is still under way, and good when it arrives
    if found["status"] == "order":
        break
time.sleep(3)
print("sold:", entry(exchange.market_close("ETH", sz=0.5)))
