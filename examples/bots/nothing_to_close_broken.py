"""Buys an ETH by its API wallet and sells it a second later: scenario nothing-to-close."""

import time

from connect import URL, connect, entry
from eth_account import Account
from hyperliquid.exchange import Exchange

exchange, info = connect()
_, key = exchange.approve_agent()
agent = Exchange(Account.from_key(key), URL, timeout=10)  # which trades for its master

print("bought:", entry(agent.market_open("ETH", True, 1)))
time.sleep(1)
agent.market_close("ETH")  # which looks for positions of the agent
print("closed")
