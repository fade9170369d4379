"""Buys at the price that it saw, and takes ok for bought: scenario no-match."""

import time

from connect import IOC, connect

exchange, info = connect()
_, asks = info.l2_snapshot("ETH")["levels"]
time.sleep(0.5)  # makes up its mind
answer = exchange.order("ETH", True, 0.5, float(asks[0]["px"]), IOC)
if answer["status"] == "ok":
    print("bought half an ETH")
