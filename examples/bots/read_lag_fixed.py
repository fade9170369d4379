"""Places a bid, and waits until queries know it: scenario read-lag."""

import time

from connect import ADDRESS, GTC, connect, entry, mid

exchange, info = connect()
answer = exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC)
oid = entry(answer)["resting"]["oid"]
for _ in range(20):
    time.sleep(0.2)
    found = info.query_order_by_oid(ADDRESS, oid)
    print("order", oid, "is", found["status"])
    if found["status"] == "order":
        break
print("cancel:", entry(exchange.cancel("ETH", oid)))
