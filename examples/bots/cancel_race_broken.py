"""Moves its bid up, and takes a refused cancel for a cancel: scenario cancel-race."""

import time

from connect import GTC, IOC, connect, entry, mid

exchange, info = connect()
px = round(mid(info, "ETH") * 0.99)
oid = entry(exchange.order("ETH", True, 0.5, px, GTC))["resting"]["oid"]
time.sleep(1)  # makes up its mind
print("cancel:", entry(exchange.cancel("ETH", oid)))
print("bought:", entry(exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 1.02), IOC)))
