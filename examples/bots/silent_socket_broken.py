"""Sells when the streamed price falls below 1800: scenario silent-socket."""

import queue

from connect import connect

STOP = 1800.0

exchange, info = connect(skip_ws=False)
prices = queue.Queue()
info.subscribe({"type": "bbo", "coin": "ETH"}, prices.put)
prices.get(timeout=5)
exchange.market_open("ETH", True, 1)
while True:
    bid, _ = prices.get()["data"]["bbo"]
    if float(bid["px"]) < STOP:
        print("stop:", exchange.market_close("ETH")["status"])
        break
