"""Asks for the price twenty times a second for as long as its bid rests: scenario throttled."""

import time

from connect import GTC, connect, entry, mid
from hyperliquid.utils.error import ClientError

exchange, info = connect()
answer = exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC)
oid = entry(answer)["resting"]["oid"]
until = time.monotonic() + 3
while time.monotonic() < until:
    try:
        mid(info, "ETH")
    except ClientError as error:
        print("refused:", error.status_code)
    time.sleep(0.05)
print("cancel:", entry(exchange.cancel("ETH", oid)))
