"""Trades all morning, and sells what all its fills add up to: scenario fill-pages."""

import time

from connect import ADDRESS, IOC, connect, mid, position

exchange, info = connect()
order = {"coin": "ETH", "is_buy": True, "sz": 0.01, "limit_px": round(mid(info, "ETH") * 1.02)}
order |= {"order_type": IOC, "reduce_only": False}
for _ in range(12):
    exchange.bulk_orders([order] * 189)
    time.sleep(0.1)

fills, start = {}, 0
while True:
    page = info.user_fills_by_time(ADDRESS, start)
    new = {fill["tid"]: fill for fill in page if fill["tid"] not in fills}
    if not new:
        break
    fills |= new
    start = page[-1]["time"]  # again, for the rest of that millisecond
held = round(sum(float(fill["sz"]) for fill in fills.values()), 4)
print(len(fills), "fills, bought", held)
assert held == position(info, "ETH"), "these are not all"
exchange.market_close("ETH", sz=held)
