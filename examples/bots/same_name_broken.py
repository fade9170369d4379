"""Buys PUMP and sells as much of its perp, for the funding: scenario same-name."""

from connect import connect, entry

COIN, SZ = "PUMP", 500_000

exchange, info = connect()
# There is such a market. Its PUMP is another token.
print("spot:", entry(exchange.market_open(f"{COIN}/USDC", True, SZ)))
print("perp:", entry(exchange.market_open(COIN, False, SZ)))
