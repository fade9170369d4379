"""Goes long with a stop at 1850 that sells for what there is: scenario gap."""

from connect import connect, entry, trigger

STOP = 1850

exchange, info = connect()
exchange.market_open("ETH", True, 5)
# Ten per cent, as the exchange's own pages allow: it costs the gap, and the position is gone.
stop = trigger("sl", STOP)
print("stop:", entry(exchange.order("ETH", False, 5, STOP * 0.9, stop, reduce_only=True)))
