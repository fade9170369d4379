"""Buys by its API wallet until its master has one ETH: scenario agent-address."""

from connect import ADDRESS, URL, connect, entry, position
from eth_account import Account
from hyperliquid.exchange import Exchange

exchange, info = connect()
_, key = exchange.approve_agent()
# The agent signs; the master is asked about, by the SDK itself, too (market_close for one).
agent = Exchange(Account.from_key(key), URL, account_address=ADDRESS, timeout=10)

for _ in range(3):
    if position(info, "ETH", ADDRESS) < 1:
        print("nothing there, so bought:", entry(agent.market_open("ETH", True, 1)))
