"""Buys with a take-profit and a stop, and again if it cannot read the answer: scenario bracket."""

from connect import IOC, connect, mid, trigger

exchange, info = connect()
px = round(mid(info, "ETH"))
buy = {"coin": "ETH", "is_buy": True, "sz": 0.5, "limit_px": px + 20, "order_type": IOC}
orders = [{**buy, "reduce_only": False}]
for kind, at in (("tp", px + 50), ("sl", px - 50)):
    way_out = {"is_buy": False, "limit_px": px - 150, "order_type": trigger(kind, at)}
    orders.append({**buy, **way_out, "reduce_only": True})
for _ in range(2):
    answer = exchange.bulk_orders(orders, grouping="normalTpsl")
    try:
        statuses = answer["response"]["data"]["statuses"]
        # Of the exits there is a word only, "waitingForTrigger", and no object with an oid.
        oids = [next(iter(status.values()))["oid"] for status in statuses]
    except (AttributeError, TypeError, KeyError) as error:
        print("refused, so once more:", error)
    else:
        print("bought, with exits:", oids)
        break
