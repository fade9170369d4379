"""Keeps a bid for four seconds with the key of an agent: scenario agent-expiry."""

import time

from connect import ADDRESS, GTC, URL, connect, entry, mid
from eth_account import Account
from hyperliquid.exchange import Exchange

exchange, info = connect()
# Whoever set up the bot did this, and chose how long: days as a rule, and here three seconds.
until_ms = int(time.time() * 1000) + 3_000
_, key = exchange.approve_agent(f"bot valid_until {until_ms}")
agent = Exchange(Account.from_key(key), URL, account_address=ADDRESS, timeout=10)
found = entry(agent.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC))
print("bid:", found)
time.sleep(4)
print("cancel:", entry(agent.cancel("ETH", found["resting"]["oid"])))
