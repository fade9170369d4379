"""Sells what its bid bought, as the account shows it each second: scenario dropped-fill."""

import queue

from connect import ADDRESS, GTC, connect, mid, position

exchange, info = connect(skip_ws=False)
fills = queue.Queue()
info.subscribe({"type": "userFills", "user": ADDRESS}, fills.put)
fills.get(timeout=5)  # the snapshot
exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.99), GTC)
while True:
    try:
        fills.get(timeout=1)  # news, or a second without any
    except queue.Empty:
        print("no news, so asked")
    if held := position(info, "ETH"):
        print("bought", held)
        exchange.market_close("ETH", sz=held)
        break
info.disconnect_websocket()
