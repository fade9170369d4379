"""Keeps one bid in the book, and quotes again after an error: scenario bad-gateway."""

import time

from connect import GTC, connect, entry, mid
from hyperliquid.utils.error import ServerError

exchange, info = connect()
oid = None
while oid is None:
    try:
        answer = exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC)
    except ServerError as error:
        print("no order, says the gateway:", error.status_code)
    else:
        oid = entry(answer)["resting"]["oid"]
time.sleep(1)
print("cancel:", entry(exchange.cancel("ETH", oid)))
