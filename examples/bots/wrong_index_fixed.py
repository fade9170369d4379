"""Sells an index that is listed on the dex xyz, and looks what it has: scenario wrong-index."""

from connect import ADDRESS, URL, WALLET, connect, entry
from hyperliquid.exchange import Exchange

COIN, USDC = "xyz:XYZ100", "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"

exchange, info = connect()
exchange.send_asset(ADDRESS, "", "xyz", USDC, 5_000)
# The SDK counts the dexes itself, when it is told which.
exchange = Exchange(WALLET, URL, perp_dexs=["", "xyz"], timeout=10)
print("sold:", entry(exchange.market_open(COIN, False, 0.1)))
rows = info.user_state(ADDRESS, "xyz")["assetPositions"]
assert [row["position"]["coin"] for row in rows] == [COIN], rows
