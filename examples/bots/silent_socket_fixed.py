"""Sells when the price falls below 1800, streamed or asked for: scenario silent-socket."""

import queue

from connect import connect, mid

STOP, OLD_S = 1800.0, 1.5

exchange, info = connect(skip_ws=False)
prices = queue.Queue()
info.subscribe({"type": "bbo", "coin": "ETH"}, prices.put)
prices.get(timeout=5)
exchange.market_open("ETH", True, 1)
while True:
    try:
        bid, _ = prices.get(timeout=OLD_S)["data"]["bbo"]
        px = float(bid["px"])
    except queue.Empty:
        px = mid(info, "ETH")
        print("no news, so asked:", px)
    if px < STOP:
        print("stop:", exchange.market_close("ETH")["status"])
        break
info.disconnect_websocket()
