"""Buys ten ETH with a stop behind them, and takes ok for both: scenario inner-error."""

import time

from connect import IOC, connect, mid

exchange, info = connect()
px = mid(info, "ETH")
time.sleep(0.5)  # makes up its mind
stop = {"trigger": {"triggerPx": round(px * 0.995), "isMarket": True, "tpsl": "sl"}}
orders = [
    {"coin": "ETH", "is_buy": True, "sz": 10, "limit_px": round(px * 1.02)}
    | {"order_type": IOC, "reduce_only": False},
    {"coin": "ETH", "is_buy": False, "sz": 10, "limit_px": round(px * 0.9)}
    | {"order_type": stop, "reduce_only": True},
]
answer = exchange.bulk_orders(orders)
if answer["status"] == "ok":
    print("long and protected")
time.sleep(1)  # looks after something else
