"""Buys until it holds half an ETH, in an account that exists: scenario nobody."""

import time

from connect import ADDRESS, WALLET, connect, position

exchange, info = connect()
# A digit was lost on the way, and what filled it up made a good address of another account.
account = "0x" + ADDRESS[2:-1].zfill(40)
if info.post("/info", {"type": "userRole", "user": account})["role"] == "missing":
    print("nobody has", account, "so the account of the key")
    account = WALLET.address
while (held := position(info, "ETH", account)) < 0.5:
    print("holds", held, "and buys")
    exchange.market_open("ETH", True, 0.1)
    time.sleep(0.3)
