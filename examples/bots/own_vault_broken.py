"""Buys an ETH for the account that it is told, until that works: scenario own-vault."""

import time

from connect import ADDRESS, URL, WALLET, connect, entry
from hyperliquid.exchange import Exchange

exchange, info = connect()
# Its settings ask for a "vault address", so it has one: the address of the account.
exchange = Exchange(WALLET, URL, vault_address=ADDRESS, timeout=10)
for _ in range(5):
    found = entry(exchange.market_open("ETH", True, 1))
    print(found)
    if "filled" in found:
        break
    time.sleep(0.2)
