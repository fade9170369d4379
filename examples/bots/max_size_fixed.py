"""Asks five per cent above the market for all that it can sell there: scenario max-size."""

from connect import ADDRESS, GTC, connect, entry, mid

LEVERAGE = 20

exchange, info = connect()
exchange.update_leverage(LEVERAGE, "ETH")
free = float(info.user_state(ADDRESS)["withdrawable"])
px = round(mid(info, "ETH") * 1.05)
sz = round(free * LEVERAGE / px - 0.0001, 4)  # the order reserves sz * px / leverage
print("sell:", sz, entry(exchange.order("ETH", False, sz, px, GTC)))
