"""Keeps three bids, each by a cloid that follows from its name: scenario cloid-format."""

import hashlib
import time

from connect import GTC, connect, entry, mid
from hyperliquid.utils.types import Cloid

BIDS = {"grid-1-bid": 0.9, "grid-2-bid": 0.89, "grid-3-bid": 0.88}
RUN = time.time_ns()  # another order the next time, so another cloid
# 16 bytes whatever the name, and the same for the same name.
digests = {name: hashlib.blake2b(f"{RUN}/{name}".encode(), digest_size=16) for name in BIDS}
cloids = {name: Cloid.from_str("0x" + digest.hexdigest()) for name, digest in digests.items()}

exchange, info = connect()
for name, factor in BIDS.items():
    px = round(mid(info, "ETH") * factor)
    print(name, entry(exchange.order("ETH", True, 0.5, px, GTC, cloid=cloids[name])))
time.sleep(1)
for name in BIDS:
    print("cancel:", entry(exchange.cancel_by_cloid("ETH", cloids[name])))
