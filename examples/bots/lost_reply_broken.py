"""Buys half an ETH, and buys again when it gets no reply: scenario lost-reply."""

import requests
from connect import connect

exchange, info = connect()
for _ in range(3):
    try:
        answer = exchange.market_open("ETH", True, 0.5)
    except requests.ConnectionError as error:
        print("no reply, so once more:", error)
    else:
        print("bought:", answer["response"]["data"]["statuses"][0])
        break
