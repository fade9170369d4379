"""Sells below 1900 by an order that it signs itself, until it is taken: scenario wrong-signer."""

import time

from connect import connect, mid, send
from hyperliquid.utils.signing import get_timestamp_ms

exchange, info = connect()
exchange.market_open("ETH", True, 10)
while mid(info, "ETH") > 1900:
    time.sleep(0.1)
for _ in range(10):
    # "10.0000" is signed, the exchange reads 10 and looks for whoever signed that.
    order = {"a": 1, "b": False, "p": f"{mid(info, 'ETH') * 0.98:.1f}", "s": f"{10:.4f}"}
    order |= {"r": True, "t": {"limit": {"tif": "Ioc"}}}
    action = {"type": "order", "orders": [order], "grouping": "na"}
    answer = send(exchange, action, get_timestamp_ms())
    if answer["status"] == "ok":
        break
    print("not yet:", answer["response"])
    time.sleep(0.2)
