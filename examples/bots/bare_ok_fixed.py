"""Bids, lowers its leverage and cancels, and reads each answer by its type: scenario bare-ok."""

from __future__ import annotations

import time

from connect import GTC, connect, mid

exchange, info = connect()


def first(answer: dict) -> dict | str:
    """The first status of an answer; of one without any whether it was done."""
    if answer["status"] != "ok":
        return {"error": answer["response"]}
    response = answer["response"]
    return "done" if response["type"] == "default" else response["data"]["statuses"][0]


bid = first(exchange.order("ETH", True, 0.5, round(mid(info, "ETH") * 0.9), GTC))
print("bid:", bid)
print("leverage:", first(exchange.update_leverage(3, "ETH")))
time.sleep(1)
print("cancel:", first(exchange.cancel("ETH", bid["resting"]["oid"])))
