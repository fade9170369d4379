"""Buys up to one ETH and sells what it got: scenario partial-fill."""

import time

from connect import IOC, connect, entry

exchange, info = connect()
found = entry(exchange.order("ETH", True, 1, 2010, IOC))
if "filled" in found:
    got = float(found["filled"]["totalSz"])
    print("bought", got)
    time.sleep(1)
    print("sold:", entry(exchange.order("ETH", False, got, 1990, IOC, reduce_only=True)))
