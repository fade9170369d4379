"""Takes its bid back below 1900, by a cancel that it signs itself: scenario wrong-chain."""

import time

from connect import GTC, URL, connect, entry, mid, send
from hyperliquid.utils.signing import get_timestamp_ms

IS_MAINNET = "testnet" not in URL  # so it signs for mainnet wherever it is

exchange, info = connect()
oid = entry(exchange.order("ETH", True, 1, round(mid(info, "ETH") * 0.97), GTC))["resting"]["oid"]
while mid(info, "ETH") > 1900:
    time.sleep(0.1)
action = {"type": "cancel", "cancels": [{"a": 1, "o": oid}]}
answer = send(exchange, action, get_timestamp_ms(), is_mainnet=IS_MAINNET)
print("cancel:", answer["response"])
