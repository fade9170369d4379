"""Has the price streamed for as long as its bid rests: scenario throttled."""

import time

from connect import GTC, connect, entry, mid

exchange, info = connect(skip_ws=False)
prices = []
info.subscribe({"type": "bbo", "coin": "ETH"}, prices.append)
answer = exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC)
oid = entry(answer)["resting"]["oid"]
time.sleep(3)
print("cancel:", entry(exchange.cancel("ETH", oid)), "after", len(prices), "prices")
info.disconnect_websocket()
