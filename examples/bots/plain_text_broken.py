"""Keeps a bid and polls its fills, and reads why a poll was refused: scenario plain-text."""

import json
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
        # The time is negative, which the exchange says in plain text.
        print("refused:", json.loads(error.error_message)["msg"])
print("cancel:", entry(exchange.cancel("ETH", oid)))
