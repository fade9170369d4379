"""Bids twenty dollars on every perp, at prices that each of them has: scenario tick-sweep."""

from connect import GTC, connect, entry

exchange, info = connect()
mids, resting = info.all_mids(), []
for asset in info.meta()["universe"]:
    if asset.get("isDelisted"):
        continue
    coin, decimals = asset["name"], asset["szDecimals"]
    # Five figures first, then the decimals.
    px = round(float(f"{float(mids[coin]) * 0.9:.5g}"), 6 - decimals)
    found = entry(exchange.order(coin, True, round(20 / px, decimals), px, GTC))
    if "resting" in found:
        resting.append({"coin": coin, "oid": found["resting"]["oid"]})
    else:
        print(coin, px, found["error"])
print(len(resting), "bids")
exchange.bulk_cancel(resting)
