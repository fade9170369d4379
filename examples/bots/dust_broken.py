"""Buys 23 dollars of ETH and sells a third each second: scenario dust."""

import time

from connect import connect, entry

exchange, info = connect()
exchange.market_open("ETH", True, 0.012)
for _ in range(3):
    time.sleep(1)
    # Worth eight dollars, and not all of it: under the minimum, reduce-only though it is.
    print("a third:", entry(exchange.market_close("ETH", sz=0.004)))
