"""Goes short, with a stop that it words by where the price is: scenario stop-side."""

from connect import connect, entry, mid, trigger

exchange, info = connect()
exchange.market_open("ETH", False, 5)
px = mid(info, "ETH")
stop = round(px * 1.02)
kind = "sl" if stop < px else "tp"  # true of a long: above the price is where it takes its profit
found = entry(exchange.order("ETH", True, 5, stop + 100, trigger(kind, stop), reduce_only=True))
print(f"stop at {stop}:", found)
