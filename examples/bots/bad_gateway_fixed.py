"""Keeps one bid in the book, and looks before it quotes again: scenario bad-gateway."""

import time

from connect import ADDRESS, GTC, connect, entry, mid, new_cloid
from hyperliquid.utils.error import ServerError

exchange, info = connect()
cloid, is_there = new_cloid(), False
while not is_there:
    try:
        exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC, cloid=cloid)
    except ServerError as error:
        print("nobody knows, says the gateway:", error.status_code)
    rows = info.frontend_open_orders(ADDRESS)
    is_there = any(row["cloid"] == cloid.to_raw() for row in rows)
time.sleep(1)
print("cancel:", entry(exchange.cancel_by_cloid("ETH", cloid)))
