"""Sells below 1900 by an order that it signs as the exchange reads it: scenario wrong-signer."""

import time

from connect import connect, mid, send
from hyperliquid.utils.signing import float_to_wire, get_timestamp_ms

exchange, info = connect()
exchange.market_open("ETH", True, 10)
while mid(info, "ETH") > 1900:
    time.sleep(0.1)
# float_to_wire writes numbers as the exchange does; the keys stand in the order of its own.
order = {"a": 1, "b": False, "p": float_to_wire(round(mid(info, "ETH") * 0.98, 1))}
order |= {"s": float_to_wire(10), "r": True, "t": {"limit": {"tif": "Ioc"}}}
action = {"type": "order", "orders": [order], "grouping": "na"}
answer = send(exchange, action, get_timestamp_ms())
if answer["status"] != "ok":
    # It would be the same the next time: what is signed is wrong, so leave that to the SDK.
    print("refused:", answer["response"])
    answer = exchange.market_close("ETH")
print("sold:", answer)
