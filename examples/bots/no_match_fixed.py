"""Buys at the price of now, until the order itself says filled: scenario no-match."""

import time

from connect import IOC, connect, entry

exchange, info = connect()
for _ in range(5):
    _, asks = info.l2_snapshot("ETH")["levels"]
    time.sleep(0.5)  # makes up its mind
    found = entry(exchange.order("ETH", True, 0.5, float(asks[0]["px"]), IOC))
    print(found)
    if "filled" in found:
        break
