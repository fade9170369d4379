"""Sells an index that is listed on the dex xyz: scenario wrong-index."""

from connect import ADDRESS, connect, entry

COIN, USDC = "xyz:XYZ100", "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"

exchange, info = connect()
exchange.send_asset(ADDRESS, "", "xyz", USDC, 5_000)
# The SDK knows the perps of the first dex only, so it is told more. XYZ100 is 0, says the list of
# xyz, and so is BTC.
exchange.info.set_perp_meta(info.meta(dex="xyz"), 0)
print("sold:", entry(exchange.market_open(COIN, False, 0.1)))
