"""Quotes three bids behind a dead man's switch and dies: scenario dead-man.

The exchange lets those use the switch who traded a million dollars, so it does that first.
"""

import sys
import time

from connect import GTC, connect, mid

exchange, info = connect()
for is_buy in (True, False):
    exchange.market_open("BTC", is_buy, 8)
for factor in (0.9, 0.89, 0.88):
    print("switch:", exchange.schedule_cancel(int(time.time() * 1000) + 6_000))
    exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * factor), GTC)
sys.exit(1)
