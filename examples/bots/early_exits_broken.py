"""Bids below the market and sends its exits after it, each on its own: scenario early-exits."""

from connect import GTC, connect, entry, mid, trigger

exchange, info = connect()
px = round(mid(info, "ETH") * 0.99)
print("bid:", entry(exchange.order("ETH", True, 0.5, px, GTC)))
for kind, at in (("tp", px + 10), ("sl", px - 20)):
    # There is no position yet that they could reduce.
    found = entry(exchange.order("ETH", False, 0.5, px - 200, trigger(kind, at), reduce_only=True))
    print(f"{kind} at {at}:", found)
