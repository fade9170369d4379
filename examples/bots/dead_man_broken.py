"""Quotes three bids and dies: scenario dead-man."""

import sys

from connect import GTC, connect, mid

exchange, info = connect()
for factor in (0.9, 0.89, 0.88):
    exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * factor), GTC)
sys.exit(1)
