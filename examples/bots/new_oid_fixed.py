"""Moves its bid and cancels it by its cloid: scenario new-oid."""

import time

from connect import GTC, connect, entry, mid, new_cloid

exchange, info = connect()
px, cloid = round(mid(info, "ETH") * 0.9), new_cloid()
exchange.order("ETH", True, 0.5, px, GTC, cloid=cloid)
answer = exchange.modify_order(cloid, "ETH", True, 0.5, px - 10, GTC, cloid=cloid)
print("modify:", answer["status"])
time.sleep(1)
print("cancel:", entry(exchange.cancel_by_cloid("ETH", cloid)))
