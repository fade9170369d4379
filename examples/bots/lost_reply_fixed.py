"""Buys half an ETH, and asks what became of the order that got no reply: scenario lost-reply."""

import requests
from connect import ADDRESS, connect, new_cloid

exchange, info = connect()
for _ in range(3):
    cloid = new_cloid()
    try:
        exchange.market_open("ETH", True, 0.5, cloid=cloid)
    except requests.ConnectionError as error:
        print("no reply:", error)
    found = info.query_order_by_cloid(ADDRESS, cloid)
    print("it is", found["status"], found.get("order", {}).get("status"))
    if found["status"] == "order":
        break
