"""Buys whatever is new, by the map of its start: scenario new-listing."""

import time

from connect import connect

exchange, info = connect()
known = set(info.all_mids())
while not (new := set(info.all_mids()) - known):
    time.sleep(0.1)
(coin,) = new
print("new:", coin)
print(exchange.market_open(coin, True, 10))
