"""Trades all morning, and sells what its fills add up to: scenario fill-pages."""

import time

from connect import ADDRESS, IOC, connect, mid

exchange, info = connect()
order = {"coin": "ETH", "is_buy": True, "sz": 0.01, "limit_px": round(mid(info, "ETH") * 1.02)}
order |= {"order_type": IOC, "reduce_only": False}
for _ in range(12):
    exchange.bulk_orders([order] * 189)
    time.sleep(0.1)

fills, start = [], 0
while page := info.user_fills_by_time(ADDRESS, start):
    fills += page
    start = page[-1]["time"] + 1  # the page may end in the middle of that millisecond
held = round(sum(float(fill["sz"]) for fill in fills), 4)
print(len(fills), "fills, bought", held)
exchange.market_close("ETH", sz=held)
