"""Keeps three bids, each by a name of its own: scenario cloid-format."""

import time

from connect import GTC, connect, entry, mid
from hyperliquid.utils.error import ClientError
from hyperliquid.utils.types import Cloid

BIDS = {"grid-1-bid": 0.9, "grid-2-bid": 0.89, "grid-3-bid": 0.88}
# 0x and 32 characters, which is all that the SDK looks at.
cloids = {name: Cloid.from_str("0x" + name.ljust(32, "0")) for name in BIDS}

exchange, info = connect()
for name, factor in BIDS.items():
    order = ("ETH", True, 0.5, round(mid(info, "ETH") * factor), GTC)
    try:
        exchange.order(*order, cloid=cloids[name])
    except ClientError as error:
        print("no cloid then:", error.status_code, error.error_message)
        print(name, entry(exchange.order(*order)))
time.sleep(1)
for name in BIDS:
    try:
        print("cancel:", entry(exchange.cancel_by_cloid("ETH", cloids[name])))
    except ClientError as error:
        print("cancel:", error.status_code, error.error_message)
