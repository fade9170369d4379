"""Goes long at high leverage, and sells what it still has: scenario liquidated."""

import time

from connect import connect, mid, position

exchange, info = connect()
entry_px = mid(info, "ETH")
exchange.market_open("ETH", True, 15)
while held := position(info, "ETH"):
    if mid(info, "ETH") > entry_px * 1.02:
        print("sold at a profit:", exchange.market_close("ETH", sz=held))
    time.sleep(0.2)
print("nothing left")
