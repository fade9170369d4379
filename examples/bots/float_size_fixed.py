"""Buys an ETH and sells it in three parts that can be sent: scenario float-size."""

import math
import time

from connect import connect, entry, position

PARTS = 3

exchange, info = connect()
lots = 10 ** info.asset_to_sz_decimals[info.name_to_asset("ETH")]
exchange.market_open("ETH", True, 1)
for left in range(PARTS, 0, -1):
    time.sleep(0.3)
    held = position(info, "ETH")
    # Whole lots, and in the end whatever there is.
    part = math.floor(held / left * lots) / lots if left > 1 else held
    print("sold:", entry(exchange.market_close("ETH", sz=part)))
