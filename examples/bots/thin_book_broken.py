"""Buys four ETH at the market: scenario thin-book."""

from connect import connect, entry

exchange, info = connect()
# It takes all asks up to five per cent above the mid, however few there are near it.
print("bought:", entry(exchange.market_open("ETH", True, 4)))
