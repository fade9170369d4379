"""Buys until it holds half an ETH, in the account of its settings: scenario nobody."""

import time

from connect import ADDRESS, connect, position

exchange, info = connect()
# A digit was lost on the way, and what filled it up made a good address of another account.
account = "0x" + ADDRESS[2:-1].zfill(40)
while (held := position(info, "ETH", account)) < 0.5:
    print("holds", held, "and buys")
    exchange.market_open("ETH", True, 0.1)
    time.sleep(0.3)
