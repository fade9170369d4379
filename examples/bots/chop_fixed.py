"""Follows the price, once it leaves the range in which it swings: scenario chop."""

import time

from connect import connect, entry, mid, position

BAND = 0.025  # more than twice the swing of a per cent either way, which costs as much to follow

exchange, info = connect()
start = mid(info, "ETH")
while True:
    px, held = mid(info, "ETH"), position(info, "ETH")
    if px > start * (1 + BAND) and held <= 0:
        print("up:", px, entry(exchange.market_open("ETH", True, 5 - held)))
    elif px < start * (1 - BAND) and held >= 0:
        print("down:", px, entry(exchange.market_open("ETH", False, 5 + held)))
    time.sleep(0.1)
