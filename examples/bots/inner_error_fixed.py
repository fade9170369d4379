"""Buys ten ETH with a stop behind them, or sells them at once: scenario inner-error."""

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
statuses = answer["response"]["data"]["statuses"] if answer["status"] == "ok" else []
errors = [status["error"] for status in statuses if "error" in status]
print(statuses)
# One error may also stand for the whole batch.
if errors or len(statuses) != len(orders):
    print("not protected, so closed:", exchange.market_close("ETH"))
