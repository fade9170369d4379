"""Goes long with a stop at 1850 and a limit close below it: scenario gap."""

from connect import connect, entry, trigger

STOP = 1850

exchange, info = connect()
exchange.market_open("ETH", True, 5)
# Where nobody buys at 1848 any more, it rests there as a sell above the market.
stop = trigger("sl", STOP, is_market=False)
print("stop:", entry(exchange.order("ETH", False, 5, STOP - 2, stop, reduce_only=True)))
