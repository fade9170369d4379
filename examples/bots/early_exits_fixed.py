"""Bids below the market with exits that wait for the fill of the bid: scenario early-exits."""

from connect import GTC, connect, mid, trigger

exchange, info = connect()
px = round(mid(info, "ETH") * 0.99)
bid = {"coin": "ETH", "is_buy": True, "sz": 0.5, "limit_px": px, "order_type": GTC}
orders = [{**bid, "reduce_only": False}]
for kind, at in (("tp", px + 10), ("sl", px - 20)):
    way_out = {"is_buy": False, "limit_px": px - 200, "order_type": trigger(kind, at)}
    orders.append({**bid, **way_out, "reduce_only": True})
# The first is the parent: the others sleep until it is filled, and go when it is cancelled.
print(exchange.bulk_orders(orders, grouping="normalTpsl")["response"])
