"""Buys with a stop behind the entry, and cancels what has not filled: scenario half-bracket."""

import time

from connect import GTC, connect, entry, trigger

exchange, info = connect()
buy = {"coin": "ETH", "is_buy": True, "sz": 1, "limit_px": 1921, "order_type": GTC}
way_out = {"is_buy": False, "limit_px": 1690, "order_type": trigger("sl", 1880)}
orders = [{**buy, "reduce_only": False}, {**buy, **way_out, "reduce_only": True}]
answer = exchange.bulk_orders(orders, grouping="normalTpsl")
found = entry(answer)["filled"]
print("bought", found["totalSz"], "with a stop at 1880")
time.sleep(1)
# The stop was a child of this order, and never woke.
print("cancel the rest:", entry(exchange.cancel("ETH", found["oid"])))
