"""Goes long and sells when the mid falls below its stop: scenario flash-crash."""

import time

from connect import connect, entry, mid

STOP = 1850

exchange, info = connect()
exchange.market_open("ETH", True, 5)
while (px := mid(info, "ETH")) > STOP:
    time.sleep(0.2)
# One look at the book is enough to sell at its worst moment.
print("stop at", px, entry(exchange.market_close("ETH")))
