"""A bot of the official SDK: polls and sleeps in two threads, trades, and listens to a socket."""

from __future__ import annotations

import os
import threading
import time

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

URL = os.environ["HYPERLIQUID_API_URL"]
ADDRESS = os.environ["HYPERLIQUID_ACCOUNT_ADDRESS"]
POLLS = int(os.environ.get("POLLS", "7"))

wallet = Account.from_key(os.environ["HYPERLIQUID_PK"])
info, exchange = Info(URL), Exchange(wallet, URL)
began = time.time()


def say(*words):
    print(f"{time.time() - began:.6f}", *words, flush=True)


def heard(message):
    data = message["data"]
    told = data.get("fills", data) if isinstance(data, dict) else data
    say(message["channel"], len(told), str(told)[:200])


def watch():
    for _ in range(POLLS):
        say("watch", info.user_state(ADDRESS)["marginSummary"]["accountValue"])
        time.sleep(7)


for subscription in (
    {"type": "trades", "coin": "BTC"},
    {"type": "bbo", "coin": "ETH"},
    {"type": "userFills", "user": ADDRESS},
    {"type": "orderUpdates", "user": ADDRESS},
):
    info.subscribe(subscription, heard)
watcher = threading.Thread(target=watch)
watcher.start()
for turn in range(POLLS):
    mid = float(info.all_mids()["BTC"])
    say("mid", mid)
    if turn % 3 == 0:
        answer = exchange.market_open("BTC", turn % 2 == 0, 0.001)
        say("open", answer["response"]["data"]["statuses"])
        answer = exchange.order("BTC", True, 0.001, round(mid * 0.9), {"limit": {"tif": "Gtc"}})
        say("rest", answer["response"]["data"]["statuses"])
        # No time passes between these but what requests take.
        for side in {"alpha", "beta", "gamma"}:
            say("hash order", side if os.environ.get("SHOW_SETS") else "")
        for order in info.open_orders(ADDRESS):
            say("cancel", exchange.cancel("BTC", order["oid"])["status"])
    time.sleep(10)
watcher.join()
info.disconnect_websocket()
say("done")
