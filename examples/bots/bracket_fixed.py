"""Buys with a take-profit and a stop, and asks for the oids of both: scenario bracket."""

from connect import ADDRESS, IOC, connect, mid, trigger

exchange, info = connect()
px = round(mid(info, "ETH"))
buy = {"coin": "ETH", "is_buy": True, "sz": 0.5, "limit_px": px + 20, "order_type": IOC}
orders = [{**buy, "reduce_only": False}]
for kind, at in (("tp", px + 50), ("sl", px - 50)):
    way_out = {"is_buy": False, "limit_px": px - 150, "order_type": trigger(kind, at)}
    orders.append({**buy, **way_out, "reduce_only": True})
answer = exchange.bulk_orders(orders, grouping="normalTpsl")
for status in answer["response"]["data"]["statuses"]:
    # A status is an object of one key, or a bare word.
    print(status if isinstance(status, str) else next(iter(status.items())))
for row in info.frontend_open_orders(ADDRESS):
    print(row["orderType"], row["triggerCondition"], "is order", row["oid"])
