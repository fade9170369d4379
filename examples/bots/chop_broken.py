"""Follows the price: long after half a per cent up, short after half a per cent down: chop."""

import time

from connect import connect, entry, mid, position

BAND = 0.005

exchange, info = connect()
low = high = mid(info, "ETH")
while True:
    px, held = mid(info, "ETH"), position(info, "ETH")
    low, high = min(low, px), max(high, px)
    # Every swing is larger than the band, so every swing turns the position round.
    if px > low * (1 + BAND) and held <= 0:
        print("up:", px, entry(exchange.market_open("ETH", True, 5 - held)))
        high = px
    elif px < high * (1 - BAND) and held >= 0:
        print("down:", px, entry(exchange.market_open("ETH", False, 5 + held)))
        low = px
    time.sleep(0.1)
