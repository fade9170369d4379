"""Buys 23 dollars of ETH and sells parts that are large enough, then the rest: scenario dust."""

import math
import time

from connect import connect, entry, mid, position

LEAST_USD, LOT = 10.1, 0.0001  # a little more than ten: the price may fall meanwhile

exchange, info = connect()
exchange.market_open("ETH", True, 0.012)
while held := position(info, "ETH"):
    time.sleep(1)
    least = math.ceil(LEAST_USD / mid(info, "ETH") / LOT) * LOT
    # The last part may be worth less than ten dollars, for it closes the position.
    part = min(held, round(max(0.004, least), 4))
    print(part, "of", held, entry(exchange.market_close("ETH", sz=part)))
