"""Buys whatever is new, by a map that it loads then: scenario new-listing."""

import time

from connect import connect

exchange, info = connect()
known = set(info.all_mids())
while not (new := set(info.all_mids()) - known):
    time.sleep(0.1)
(coin,) = new
print("new:", coin)
exchange, info = connect()
print(exchange.market_open(coin, True, 10))
