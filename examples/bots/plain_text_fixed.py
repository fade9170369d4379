"""Keeps a bid and polls its fills, and takes a refusal as it comes: scenario plain-text."""

import time

from connect import ADDRESS, GTC, connect, entry, mid
from hyperliquid.utils.error import ClientError

exchange, info = connect()
oid = entry(exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC))["resting"]["oid"]
newest_ms = 0  # of a fill; there was none yet
for _ in range(3):
    time.sleep(0.5)
    try:
        fills = info.user_fills_by_time(ADDRESS, newest_ms - 60_000)
    except ClientError as error:
        print("refused:", error.status_code, error.error_message)  # whatever it is made of
        fills = info.user_fills(ADDRESS)
    newest_ms = max([fill["time"] for fill in fills], default=60_000)
print("cancel:", entry(exchange.cancel("ETH", oid)))
