"""Buys one ETH and sells one ETH: scenario partial-fill."""

import time

from connect import IOC, connect, entry

exchange, info = connect()
found = entry(exchange.order("ETH", True, 1, 2010, IOC))
if "filled" in found:
    print("bought one")
    time.sleep(1)
    print("sold:", entry(exchange.order("ETH", False, 1, 1990, IOC)))
