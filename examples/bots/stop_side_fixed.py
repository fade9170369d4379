"""Goes short, with a stop that it words by what it holds: scenario stop-side."""

from connect import ADDRESS, connect, entry, mid, position, trigger

exchange, info = connect()
exchange.market_open("ETH", False, 5)
held, px = position(info, "ETH"), mid(info, "ETH")
side = 1 if held > 0 else -1
stop = round(px * (1 - 0.02 * side))  # sl is where it loses: above the price for a short
worst = stop - 100 * side
order = ("ETH", held < 0, abs(held), worst, trigger("sl", stop))
print(f"stop at {stop}:", entry(exchange.order(*order, reduce_only=True)))
if not any(row["isTrigger"] for row in info.frontend_open_orders(ADDRESS)):
    print("no stop, so no position:", entry(exchange.market_close("ETH")))
