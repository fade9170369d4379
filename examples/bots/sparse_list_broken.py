"""Sells twenty HYPE of the perp and buys as many on spot: scenario sparse-list."""

from connect import connect, entry

PAIR = 107  # HYPE/USDC

exchange, info = connect()
perps, contexts = info.meta_and_asset_ctxs()
names = [perp["name"] for perp in perps["universe"]]
print("HYPE is at", contexts[names.index("HYPE")]["midPx"])
print("perp:", entry(exchange.market_open("HYPE", False, 20)))
# There are 41 pairs, the last of which is 209.
name = info.spot_meta()["universe"][PAIR]["name"]
print("spot:", entry(exchange.market_open(name, True, 20)))
