"""Bids by its API wallet, and sells what its master bought: scenario agent-stream."""

import queue

from connect import ADDRESS, GTC, URL, connect, mid
from eth_account import Account
from hyperliquid.exchange import Exchange

exchange, info = connect(skip_ws=False)
_, key = exchange.approve_agent()
agent = Exchange(Account.from_key(key), URL, account_address=ADDRESS, timeout=10)

fills = queue.Queue()
# Those of the master, who has what the agent trades.
info.subscribe({"type": "userFills", "user": ADDRESS}, fills.put)
print("snapshot:", fills.get(timeout=5)["data"]["fills"])
agent.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.99), GTC)
for fill in fills.get()["data"]["fills"]:
    agent.market_close("ETH", sz=float(fill["sz"]))
info.disconnect_websocket()
