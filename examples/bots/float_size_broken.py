"""Buys an ETH and sells it in three parts: scenario float-size."""

import time

from connect import connect, entry

PARTS = 3

exchange, info = connect()
exchange.market_open("ETH", True, 1)
for _ in range(PARTS):
    time.sleep(0.3)
    # 0.3333333333333333 has more places than ETH: nothing is sent.
    print("sold:", entry(exchange.market_close("ETH", sz=1 / PARTS)))
