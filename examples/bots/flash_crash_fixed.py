"""Goes long with a stop on the exchange, which goes by the mark: scenario flash-crash."""

from connect import connect, entry, trigger

STOP = 1850

exchange, info = connect()
exchange.market_open("ETH", True, 5)
# A median of oracle, book and last trade, every three seconds: a hole in the book is no trigger.
stop = exchange.order("ETH", False, 5, STOP * 0.9, trigger("sl", STOP), reduce_only=True)
print("stop:", entry(stop))
