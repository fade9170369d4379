"""Moves its bid and cancels it by the oid that it had at first: scenario new-oid."""

import time

from connect import GTC, connect, entry, mid

exchange, info = connect()
px = round(mid(info, "ETH") * 0.9)
oid = entry(exchange.order("ETH", True, 0.5, px, GTC))["resting"]["oid"]
print("modify:", exchange.modify_order(oid, "ETH", True, 0.5, px - 10, GTC)["status"])
time.sleep(1)
print("cancel:", entry(exchange.cancel("ETH", oid)))
