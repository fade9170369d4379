"""Moves its bid up, unless it was filled meanwhile: scenario cancel-race."""

import time

from connect import ADDRESS, GTC, IOC, connect, entry, mid

exchange, info = connect()
px = round(mid(info, "ETH") * 0.99)
oid = entry(exchange.order("ETH", True, 0.5, px, GTC))["resting"]["oid"]
time.sleep(1)  # makes up its mind
print("cancel:", entry(exchange.cancel("ETH", oid)))
status = info.query_order_by_oid(ADDRESS, oid)["order"]["status"]
print("the order is", status)
if status != "filled":
    exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 1.02), IOC)
