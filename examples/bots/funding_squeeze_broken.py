"""Goes long fifteen times its money, to sell at a profit: scenario funding-squeeze."""

import time

from connect import connect, entry, mid

exchange, info = connect()
exchange.market_open("ETH", True, 8)
goal = mid(info, "ETH") * 1.05
while mid(info, "ETH") < goal:
    time.sleep(0.2)  # and each hour costs half a per cent of the position
print("sold at a profit:", entry(exchange.market_close("ETH")))
