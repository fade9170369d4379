"""Asks five per cent above the market for all that it can sell now: scenario max-size."""

from connect import ADDRESS, GTC, connect, entry, mid

LEVERAGE = 20

exchange, info = connect()
exchange.update_leverage(LEVERAGE, "ETH")
free = float(info.user_state(ADDRESS)["withdrawable"])
px = mid(info, "ETH")
sz = round(free * LEVERAGE / px - 0.0001, 4)  # the price of now, not of the order
print("sell:", sz, entry(exchange.order("ETH", False, sz, round(px * 1.05), GTC)))
