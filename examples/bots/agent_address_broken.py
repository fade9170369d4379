"""Buys by its API wallet until it has one ETH: scenario agent-address."""

from connect import URL, connect, entry, position
from eth_account import Account
from hyperliquid.exchange import Exchange

exchange, info = connect()
_, key = exchange.approve_agent()
agent = Exchange(Account.from_key(key), URL, timeout=10)

for _ in range(3):
    # The address that signs has no positions, and never will.
    if position(info, "ETH", agent.wallet.address) < 1:
        print("nothing there, so bought:", entry(agent.market_open("ETH", True, 1)))
