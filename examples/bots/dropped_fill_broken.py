"""Sells what its bid buys, as the stream tells it: scenario dropped-fill."""

import queue

from connect import ADDRESS, GTC, connect, mid

exchange, info = connect(skip_ws=False)
fills = queue.Queue()
info.subscribe({"type": "userFills", "user": ADDRESS}, fills.put)
fills.get(timeout=5)  # the snapshot
exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.99), GTC)
while True:
    for fill in fills.get()["data"]["fills"]:
        print("bought", fill["sz"])
        exchange.market_close("ETH", sz=float(fill["sz"]))
