"""Bids, lowers its leverage and cancels, and reads all answers alike: scenario bare-ok."""

from __future__ import annotations

import time

from connect import GTC, connect, mid

exchange, info = connect()


def first(answer: dict) -> dict:
    return answer["response"]["data"]["statuses"][0]


bid = first(exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC))
print("bid:", bid)
# It is done, says {"status": "ok", "response": {"type": "default"}}: no data, no statuses.
print("leverage:", first(exchange.update_leverage(3, "ETH")))
time.sleep(1)
print("cancel:", first(exchange.cancel("ETH", bid["resting"]["oid"])))
