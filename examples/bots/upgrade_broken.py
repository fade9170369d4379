"""Buys, and sells at the market a second later, three times if need be: scenario upgrade."""

import time

from connect import connect, entry

exchange, info = connect()
exchange.market_open("ETH", True, 0.5)
time.sleep(1)
for _ in range(3):
    found = entry(exchange.market_close("ETH"))
    print("closing:", found)
    if "filled" in found:
        break
    time.sleep(0.5)
