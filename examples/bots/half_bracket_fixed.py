"""Buys with a stop behind the entry, and another behind a part of it: scenario half-bracket."""

import time

from connect import ADDRESS, GTC, connect, entry, position, trigger

exchange, info = connect()
buy = {"coin": "ETH", "is_buy": True, "sz": 1, "limit_px": 1921, "order_type": GTC}
way_out = {"is_buy": False, "limit_px": 1690, "order_type": trigger("sl", 1880)}
orders = [{**buy, "reduce_only": False}, {**buy, **way_out, "reduce_only": True}]
answer = exchange.bulk_orders(orders, grouping="normalTpsl")
found = entry(answer)["filled"]
print("bought", found["totalSz"], "with a stop at 1880")
time.sleep(1)
print("cancel the rest:", entry(exchange.cancel("ETH", found["oid"])))
if position(info, "ETH") and not info.frontend_open_orders(ADDRESS):
    # Of size 0: whatever the position is by then.
    stop = {**buy, **way_out, "sz": 0, "reduce_only": True}
    print("a new stop:", entry(exchange.bulk_orders([stop], grouping="positionTpsl")))
