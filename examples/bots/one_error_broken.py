"""Buys ETH and sells BTC in one batch, and again what was refused: scenario one-error."""

from connect import IOC, connect, mid

exchange, info = connect()
todo = {"ETH": 2.0, "BTC": -0.0612345}
while todo:
    orders = []
    for coin, sz in todo.items():
        px = round(mid(info, coin) * (1.02 if sz > 0 else 0.98))
        order = {"coin": coin, "is_buy": sz > 0, "sz": abs(sz), "limit_px": px}
        orders.append(order | {"order_type": IOC, "reduce_only": False})
    statuses = exchange.bulk_orders(orders)["response"]["data"]["statuses"]
    print(statuses)
    # One status for two orders: zip forgets the second one.
    refused = [coin for coin, status in zip(todo, statuses, strict=False) if "error" in status]
    todo = {coin: round(todo[coin], 4) for coin in refused}
