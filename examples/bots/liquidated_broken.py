"""Goes long at high leverage, and sells a part at a profit: scenario liquidated."""

import time

from connect import connect, mid

exchange, info = connect()
entry_px = mid(info, "ETH")
exchange.market_open("ETH", True, 15)
while mid(info, "ETH") < entry_px * 1.02:
    time.sleep(0.2)
print("sold at a profit:", exchange.market_open("ETH", False, 0.5))
