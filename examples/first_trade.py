"""A first trade on a running `hlsim serve` with the official SDK: `python first_trade.py [URL]`."""

import queue
import sys

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils import constants

# The first of the ten funded accounts. The key is public: never send real funds to it.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"

url = sys.argv[1] if len(sys.argv) > 1 else constants.LOCAL_API_URL  # http://localhost:3001
wallet = Account.from_key(KEY)
info, exchange = Info(url), Exchange(wallet, url)

fills = queue.Queue()
info.subscribe({"type": "userFills", "user": wallet.address}, fills.put)
fills.get(timeout=10)  # the snapshot comes first

# A resting order, ten per cent below the market.
mid = float(info.all_mids()["BTC"])
px = round(mid * 0.9)
answer = exchange.order("BTC", True, 0.01, px, {"limit": {"tif": "Gtc"}})
oid = answer["response"]["data"]["statuses"][0]["resting"]["oid"]
status = info.query_order_by_oid(wallet.address, oid)["order"]["status"]
print(f"BTC trades at {mid}\norder {oid} rests at {px}: {status}")

# Modify is cancel-and-replace: the order gets a new oid.
answer = exchange.modify_order(oid, "BTC", True, 0.02, px - 100, {"limit": {"tif": "Alo"}})
order = max(info.open_orders(wallet.address), key=lambda order: order["oid"])
now = f"order {order['oid']}, {order['sz']} at {order['limitPx']}"
print(f"modified: {answer['status']}, now {now}")
answer = exchange.cancel("BTC", order["oid"])
print("cancelled:", answer["response"]["data"]["statuses"][0])

# A market order fills at once, and its fills arrive over the WebSocket.
answer = exchange.market_open("BTC", True, 0.05)
print("market_open:", answer["response"]["data"]["statuses"][0])
for fill in fills.get(timeout=10)["data"]["fills"]:
    print(f"  fill: {fill['dir']} {fill['sz']} at {fill['px']}, fee {fill['fee']}")

answer = exchange.market_close("BTC")
print("market_close:", answer["response"]["data"]["statuses"][0])
for fill in fills.get(timeout=10)["data"]["fills"]:
    print(f"  fill: {fill['dir']} {fill['sz']} at {fill['px']}, closed {fill['closedPnl']}")

state = info.user_state(wallet.address)
positions = [row["position"]["coin"] for row in state["assetPositions"]]
print(f"account value {state['marginSummary']['accountValue']}, positions {positions}")
info.disconnect_websocket()
