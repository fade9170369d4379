"""Buys four ETH near the mid, as much at a time as there is: scenario thin-book."""

import time

from connect import IOC, connect, entry, mid, position

exchange, info = connect()
while (left := round(4 - position(info, "ETH"), 4)) > 0:
    _, asks = info.l2_snapshot("ETH")["levels"]
    worst = mid(info, "ETH") * 1.002
    near = [ask for ask in asks if float(ask["px"]) <= worst]
    if near:
        sz = min(left, sum(float(ask["sz"]) for ask in near))
        px = float(near[-1]["px"])
        print("buying", sz, "up to", px, entry(exchange.order("ETH", True, sz, px, IOC)))
    time.sleep(0.5)
