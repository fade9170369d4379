"""Buys an ETH by its API wallet and sells its master's: scenario nothing-to-close."""

import time

from connect import ADDRESS, URL, connect, entry, position
from eth_account import Account
from hyperliquid.exchange import Exchange

exchange, info = connect()
_, key = exchange.approve_agent()
agent = Exchange(Account.from_key(key), URL, account_address=ADDRESS, timeout=10)

print("bought:", entry(agent.market_open("ETH", True, 1)))
time.sleep(1)
answer = agent.market_close("ETH")
print("closed:", "nothing" if answer is None else entry(answer))
assert position(info, "ETH") == 0
