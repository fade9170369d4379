"""Goes long fifteen times its money, to sell before it pays too much: scenario funding-squeeze."""

import time

from connect import connect, entry, mid

MOST_HOURLY = 0.0005  # of the position: at fifteen times the money 0.75 per cent of that

exchange, info = connect()
exchange.market_open("ETH", True, 8)
goal = mid(info, "ETH") * 1.05
while mid(info, "ETH") < goal:
    meta, contexts = info.meta_and_asset_ctxs()
    coins = [perp["name"] for perp in meta["universe"]]
    rate = float(contexts[coins.index("ETH")]["funding"])  # what the next hour will cost
    if rate > MOST_HOURLY:
        print("an hour costs", rate)
        break
    time.sleep(0.2)
print("sold:", entry(exchange.market_close("ETH")))
