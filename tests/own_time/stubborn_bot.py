"""A bot of the official SDK that goes on whatever happens: it trades, polls in two threads, listens
to a socket, and names its orders by chance.
"""

from __future__ import annotations

import os
import random
import secrets
import threading
import time

import requests
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.error import Error
from hyperliquid.utils.types import Cloid

URL = os.environ["HYPERLIQUID_API_URL"]
ADDRESS = os.environ["HYPERLIQUID_ACCOUNT_ADDRESS"]
GTC = {"limit": {"tif": "Gtc"}}


def insist(ask):
    """What is answered in the end, None after five times nothing."""
    for _ in range(5):
        try:
            return ask()
        except (Error, OSError, requests.RequestException) as error:
            print("again after", type(error).__name__)
            time.sleep(random.uniform(0.1, 0.5))
    return None


def heard(message):
    print("heard", message["channel"], len(str(message["data"])))


def watch():
    for _ in range(6):
        state = insist(lambda: info.user_state(ADDRESS))
        print("worth", state and state["marginSummary"]["accountValue"])
        time.sleep(7)


info = insist(lambda: Info(URL))
exchange = insist(lambda: Exchange(Account.from_key(os.environ["HYPERLIQUID_PK"]), URL))
for subscription in (
    {"type": "trades", "coin": "BTC"},
    {"type": "bbo", "coin": "BTC"},
    {"type": "userFills", "user": ADDRESS},
    {"type": "orderUpdates", "user": ADDRESS},
):
    info.subscribe(subscription, heard)
watcher = threading.Thread(target=watch)
watcher.start()
for turn in range(5):
    mids = insist(info.all_mids)
    if mids is not None:
        mid = float(mids["BTC"])
        print("mid", mid)
        for side in ("buy", "sell"):
            cloid = Cloid.from_str("0x" + secrets.token_hex(16))
            away = 0.99 if side == "buy" else 1.01
            order = ("BTC", side == "buy", 0.001, round(mid * away), GTC)
            print(insist(lambda order=order, cloid=cloid: exchange.order(*order, cloid=cloid)))
        print(insist(lambda turn=turn: exchange.market_open("BTC", turn % 2 == 0, 0.001)))
    for order in insist(lambda: info.open_orders(ADDRESS)) or []:
        print("cancel", insist(lambda order=order: exchange.cancel("BTC", order["oid"])))
    time.sleep(10)
watcher.join()
info.disconnect_websocket()
print("done")
